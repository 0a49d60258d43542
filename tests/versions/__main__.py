# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make versions``: run each row of the matrix in an environment of its own.

Rows are ``lowest``, the releases of Airflow, and other Pythons, such as ``python3.12``; an
interpreter that is not on the PATH is named by the variable PYTHONS. Everything lies in a folder
that is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.versions import report
from tests.versions.days import ROOT
from tests.versions.environments import (
    Environment,
    NotMadeError,
    clean_environment,
    interpreter,
    wheel,
    with_constraints,
    with_lowest,
)
from tests.versions.getting_started import InstallError, PageError, play
from tests.versions.report import Found
from tests.versions.rows import LEFT_OUT, ROWS, SLICE, Part, Row

ALL = "all"
_SUMMARY = re.compile(r"^=* ?(\d+ (?:passed|failed|error).*? in [\d.]+s.*?) ?=*$", re.MULTILINE)
_SLICE_SECONDS = 1800
_ONE_PAGE = threading.Lock()


def main() -> int:
    """Run what is asked for, print the table, and return 1 if something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}; or {ALL}, the default")
    parser.add_argument(
        "--quick", action="store_true", help="of each row one part: getting started, or its slice"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many rows at once (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="for each slice (%(default)s)")
    parser.add_argument("--page", type=Path, help="write what was found into this page, too")
    args = parser.parse_args()
    if unknown := set(args.rows) - {*ROWS, ALL}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    everything = not args.rows or ALL in args.rows
    rows = [row for row in ROWS.values() if everything or row.name in args.rows]
    with tempfile.TemporaryDirectory(prefix="versions-") as folder:
        try:
            built = wheel(Path(folder) / "dist")
        except NotMadeError as exc:
            sys.stderr.write(f"The wheel could not be built: {exc}\n")
            return 1
        play_one = partial(
            _row, folder=Path(folder), wheel=built, workers=args.workers, quick=args.quick
        )
        if args.jobs == 1:
            # where Ctrl-C ends what a row has begun
            found = [play_one(row) for row in rows]
        else:
            with ThreadPoolExecutor(args.jobs) as pool:
                found = list(pool.map(play_one, rows))
    sys.stdout.write(report.table(found))
    if args.page:
        report.write(args.page, found)
    # a Python that is not here is no mistake, unless it was asked for by its name
    return int(any(each.failed or (each.absent and not everything) for each in found))


def _row(row: Row, *, folder: Path, wheel: Path, workers: int, quick: bool) -> Found:
    begun = time.monotonic()
    python = interpreter(row.python)
    if python is None:
        return Found(row=row.name, absent=f"no Python {row.python} here")
    folder /= row.name
    folder.mkdir()
    found = Found(row=row.name)
    for each in row.parts[-1:] if quick else row.parts:
        _say(f"{row.name}: {each} begins")
        run = _Run(row=row, folder=folder / each, python=python, wheel=wheel, workers=workers)
        try:
            if each is Part.SLICE:
                _slice(run, found)
            else:
                # the page's emulator has the page's ports
                with _ONE_PAGE:
                    _page(run, found)
        except (NotMadeError, PageError, subprocess.TimeoutExpired) as exc:
            found.results[each] = "FAILED"
            _say(f"{row.name}: {each} failed\n{exc}")
        else:
            _say(f"{row.name}: {each}: {found.results[each]}")
    found.seconds = time.monotonic() - begun
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A part of a row, and what it is run with."""

    row: Row
    folder: Path
    python: str
    wheel: Path
    workers: int


def _slice(run: _Run, found: Found) -> None:
    environment = _environment(run)
    found.versions = environment.versions()
    temporary = run.folder / "tmp"
    temporary.mkdir()
    command = [
        str(environment.python), "-m", "pytest", "-q", "--tb=short", "-p", "no:randomly",
        "-p", "no:cacheprovider", "-n", str(run.workers), "--dist", "loadgroup",
        "--hypothesis-profile=ci", "-m", "not e2e and not slow",
        *SLICE, *(f"--ignore={each}" for each in LEFT_OUT),
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603  # our own tests
        command,
        cwd=ROOT,
        env=clean_environment(
            TMPDIR=str(temporary), AIRFLOW_HOME=str(temporary / "airflow"), COLUMNS="120"
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SLICE_SECONDS,
    )
    summaries = _SUMMARY.findall(done.stdout)
    found.results[Part.SLICE] = summaries[-1] if summaries else "no test was run"
    if done.returncode or not summaries:
        found.results[Part.SLICE] = f"FAILED: {found.results[Part.SLICE]}"
        _say(f"{run.row.name}: {done.stdout[-12000:]}{done.stderr[-2000:]}")


def _environment(run: _Run) -> Environment:
    if run.row.held_by is None:
        return with_lowest(run.folder, python=run.python, wheel=run.wheel)
    return with_constraints(
        run.folder,
        python=run.python,
        wheel=run.wheel,
        constraints=run.row.held_by,
        packages=[f"apache-airflow=={run.row.airflow}"],
    )


def _page(run: _Run, found: Found) -> None:
    folder = run.folder
    try:
        commands = play(folder, airflow=run.row.airflow, python=run.python)
    except InstallError as exc:
        _say(f"{run.row.name}: the install is tried once more\n{exc}")
        folder = folder.with_suffix(".again")
        commands = play(folder, airflow=run.row.airflow, python=run.python)
    found.results[Part.PAGE] = f"{commands} commands passed"
    if not found.versions:
        found.versions = Environment(folder=folder / "home" / "try-spanner-lro").versions()


def _say(line: str) -> None:
    sys.stderr.write(f"versions: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    sys.exit(main())
