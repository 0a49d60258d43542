# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Worker mode: the wall time of 100 schema changes of a minute each, with four worker slots.

``python -m tests.benchmarks.real_airflow.workers`` measures both sides. The provider's side takes
as long as the slots make it take, 25 minutes and more, so it is measured with fewer changes and
computed from them, unless ``FULL=1`` is set. ``--side provider --tasks 100`` measures a side alone.
Each measurement leaves a file in ``.bench/results``; ``OURS_RESULT=FILE`` and
``PROVIDER_RESULT=FILE`` take a side's figures from there instead.
"""

# ruff: noqa: T201  # a command prints
from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.benchmarks.real_airflow import packages
from tests.benchmarks.real_airflow.changes import CHANGE_SECONDS, SLOTS, Side, Took, measure
from tests.benchmarks.real_airflow.command import RESULTS, in_scratch, run, say
from tests.benchmarks.report import Row, Table, markdown_of

TASKS = 100
SAMPLE = 12
QUICK = 8
_HOW = (
    "From the start of the Dag run until its last task has ended, on a real Airflow with "
    "LocalExecutor; each change is of a database of its own. One run of each side."
)
_FULL = "FULL"


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Measure both sides, one after the other."""
    tasks = QUICK if quick else TASKS
    ours = _saved(Side.OURS) or take(Side.OURS, tasks=tasks)
    if not packages.installed():
        return (_table(ours, None),)
    full = os.environ.get(_FULL) and not quick
    theirs = _saved(Side.PROVIDER) or take(
        Side.PROVIDER, tasks=ours.tasks if full else min(ours.tasks, SAMPLE)
    )
    return (_table(ours, theirs),)


def take(side: Side, *, tasks: int) -> Took:
    """Measure a side, and leave the result in a file, too."""
    took = in_scratch(lambda home: measure(side, tasks=tasks, home=home))
    path = RESULTS / f"workers-{side}-{tasks}.json"
    took.save(path)
    say(f"{side}: {tasks} took {_minutes(took.seconds)}, see {path}")
    return took


def _saved(side: Side) -> Took | None:
    path = os.environ.get(f"{side.upper()}_RESULT")
    return Took.load(Path(path)) if path else None


def _table(ours: Took, theirs: Took | None) -> Table:
    rows = [_row("ours, deferred", ours)]
    notes = [_HOW]
    if theirs is None:
        notes.append(packages.MISSING)
    else:
        rows.append(_row("the Google provider's `SpannerUpdateDatabaseInstanceOperator`", theirs))
        notes.append(f"The provider's side was measured at {theirs.at}, ours at {ours.at}.")
        if theirs.tasks != ours.tasks:
            computed = theirs.extrapolated(ours.tasks)
            rows.append(
                Row(
                    cells=(
                        f"the same, **computed** for {ours.tasks}",
                        f"{ours.tasks:,}",
                        f"{_minutes(computed)} (computed)",
                        _per_hour(ours.tasks, computed),
                    )
                )
            )
            notes.append(
                f"Computed, not measured: {theirs.tasks} changes took {theirs.rounds} rounds of "
                f"{SLOTS} slots, {ours.tasks} take {-(-ours.tasks // SLOTS)}; "
                f"`{_FULL}=1` measures it."
            )
    return Table(
        title=f"Worker mode: schema changes of {CHANGE_SECONDS:g} s with {SLOTS} worker slots",
        columns=("operator", "changes", "wall time", "changes per hour"),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _row(name: str, took: Took) -> Row:
    lacking = took.tasks - took.succeeded
    seconds = _minutes(took.seconds) + (f", {lacking} not succeeded" if lacking else "")
    return Row(cells=(name, f"{took.tasks:,}", seconds, _per_hour(took.tasks, took.seconds)))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def _per_hour(tasks: int, seconds: float) -> str:
    return f"{tasks / seconds * 3600:,.0f}"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=[*Side], help="measure this side alone")
    parser.add_argument("--tasks", type=int, default=TASKS, help="schema changes (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a few, to see that it works")
    args = parser.parse_args()
    if args.side:
        take(Side(args.side), tasks=args.tasks)
        return
    for table in tables(quick=args.quick):
        print(markdown_of(table))


if __name__ == "__main__":
    sys.exit(run(main))
