# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The packages of the days on which Airflow's releases came out: ``python -m tests.versions.days``.

Airflow publishes a file of constraints with each release: the newest packages of that day that go
together. Those files are not to be had everywhere, so these are compiled anew from the same rule:
nothing that was uploaded later, for the release with the extras of a managed Airflow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent

DAYS = {"3.3.0": "2026-07-06", "3.3.1": "2026-08-12", "3.3.2": "2026-09-17"}
"""When each release was uploaded."""

_EXTRAS = "celery,cncf-kubernetes,fab,google,openlineage,postgres,standard"
_HEADER = """\
# Not the constraints that Airflow publishes: compiled from the same rule. Do not edit by hand.
# apache-airflow[{extras}]=={airflow},
# with nothing uploaded after {day}, for Python 3.11 on Linux; anew by: make constraints
"""


def constraints(airflow: str) -> Path:
    """Return the file with the packages of this release's day."""
    return HERE / f"constraints-{airflow}.txt"


def compile_day(airflow: str) -> str:
    """Resolve this release with what there was on its day, and return the file's text."""
    day = DAYS[airflow]
    command = [
        str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-config",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", "3.11",
        "--python-platform", "linux", "--exclude-newer", f"{day}T23:59:59Z", "-",
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603  # our own tool, with our own arguments
        command,
        input=f"apache-airflow[{_EXTRAS}]=={airflow}\n",
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    return _HEADER.format(extras=_EXTRAS, airflow=airflow, day=day) + done.stdout


def main() -> None:
    """Write the files anew, all of them or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions.days", description=__doc__)
    parser.add_argument("airflow", nargs="*", choices=[[], *DAYS], help="by default all")
    for airflow in parser.parse_args().airflow or DAYS:
        constraints(airflow).write_text(compile_day(airflow))
        sys.stdout.write(f"{constraints(airflow).relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
