# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The wall time of 100 schema changes of a minute each, with four worker slots, ours and theirs.

One side at a time, each with an Airflow and an emulator of its own, so that a side that waits on
its workers, and so takes half an hour, may run beside something else. The provider's side takes as
long as the slots make it take, 25 minutes and more, so it is measured with fewer changes and
computed from them, unless ``FULL=1`` is set.

``python -m tests.benchmarks.real_airflow.schema_changes`` measures both sides;
``--side provider --tasks 100`` measures a side alone. Each measurement leaves a file in
``.bench/results``; ``OURS_RESULT=FILE`` and ``PROVIDER_RESULT=FILE`` take a side's figures from
there instead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.benchmarks.real_airflow import packages
from tests.benchmarks.real_airflow.runner import RESULTS, in_scratch, run, say
from tests.benchmarks.report import Row, Table, markdown_of
from tests.cluster.airflow import LocalAirflow
from tests.cluster.configuration import AirflowSettings
from tests.cluster.emulator_process import running_emulator
from tests.cluster.rest_api import RunState
from tests.cluster.task_queries import Records
from tests.cluster.watchdog import package_path

if TYPE_CHECKING:
    from collections.abc import Mapping


HERE = Path(__file__).parent
SLOTS = 4
CHANGE_SECONDS = 60.0
_DAG = "schema_changes"
_SETTINGS = {"DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600"}
_CONNECTION = {
    "conn_type": "google_cloud_platform",
    # both sides ask as nobody, since nobody else is known to the emulator
    "extra": {"project": "bench", "is_anonymous": True},
}


class Side(StrEnum):
    """Whose operator; the value is the folder with its Dag."""

    OURS = "ours"
    PROVIDER = "provider"

    @property
    def environment(self) -> Mapping[str, str]:
        """What its processes need beyond the usual."""
        return {} if self is Side.OURS else packages.environment(path=package_path())


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one side took.

    :param tasks: how many schema changes
    :param seconds: from the start of the Dag run to the end of its last task
    :param succeeded: how many of them succeeded
    :param at: when, as ISO 8601
    """

    side: Side
    tasks: int
    seconds: float
    succeeded: int
    at: str

    @property
    def rounds(self) -> int:
        """How often all slots must be filled if each change holds one from begin to end."""
        return -(-self.tasks // SLOTS)

    def extrapolated(self, tasks: int) -> float:
        """Return the seconds for another number of changes, if each round takes as long."""
        return self.seconds / self.rounds * -(-tasks // SLOTS)

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from a file."""
        found = json.loads(path.read_text())
        return cls(**{**found, "side": Side(found["side"])})


def measure(side: Side, *, tasks: int, home: Path) -> Took:
    """Run so many schema changes, each of a database of its own.

    :param home: an empty folder
    """
    home = home / side
    home.mkdir()
    with running_emulator(folder=home) as emulator:
        emulator.plan(kind="UpdateDatabaseDdl", duration=CHANGE_SECONDS)
        for number in range(tasks):
            emulator.create_database(f"projects/bench/instances/i0/databases/d{number}")
        settings = AirflowSettings(
            home=home / "airflow",
            dags_folder=HERE / "dags" / side,
            parallelism=SLOTS,
            environment={
                "SPANNER_EMULATOR_HOST": emulator.endpoint,
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(_CONNECTION),
                "BENCH_TASKS": str(tasks),
                **{f"AIRFLOW__{option}": value for option, value in _SETTINGS.items()},
                **side.environment,
            },
        )
        say(f"{side}: starting Airflow")
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=240)
            with airflow.api() as api, Records.of(airflow) as records:
                api.wait_for_dags(_DAG, timeout=240)
                api.unpause(_DAG)
                say(f"{side}: {tasks} schema changes of {CHANGE_SECONDS:g} s, {SLOTS} slots")
                begun = datetime.now(UTC)
                run = api.trigger(_DAG)
                patience = timedelta(seconds=300 + 2 * CHANGE_SECONDS * tasks)
                api.wait_for_run(
                    run,
                    RunState.SUCCESS,
                    RunState.FAILED,
                    timeout=patience.total_seconds(),
                    interval=2.0,
                )
                took = (records.last_end() - begun).total_seconds()
                succeeded = records.states().get("success", 0)
    return Took(
        side=side,
        tasks=tasks,
        seconds=took,
        succeeded=succeeded,
        at=begun.isoformat(timespec="seconds"),
    )


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
