# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Set up the demo: an emulator with two databases, and a real Airflow beside it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.emulator.clock import SystemClock
from airflow_spanner_lro.emulator.data.binary import HOW_TO_GET_IT, find_binary
from airflow_spanner_lro.emulator.plans import Plan
from airflow_spanner_lro.emulator.server import SpannerAdminEmulator
from tests.cluster.airflow import LocalAirflow
from tests.cluster.configuration import FORK_SUPPORT, AirflowSettings
from tests.cluster.errors import ExamplesMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.cluster.rest_api import AirflowApi, DagRun, TaskInstance

TIME_SCALE = 60.0
"""Emulated seconds per second: a backup of 25 minutes takes 25 seconds."""
WITH_ROWS = (
    (CREATE_BACKUP, Plan(duration=timedelta(seconds=20))),
    (RESTORE_DATABASE, Plan(duration=timedelta(seconds=15))),
)
"""How long things take where there are rows: they know no time but the real one."""
HOW_TO_HAVE_ROWS = f"Google's Spanner emulator is not on this machine: {HOW_TO_GET_IT}."
_ROWS_TIMEOUT = 30.0

INSTANCE = "projects/demo-project/instances/demo-instance"
DATABASES = {
    f"{INSTANCE}/databases/orders": (
        "CREATE TABLE Orders (Id STRING(36) NOT NULL, Placed TIMESTAMP NOT NULL) PRIMARY KEY (Id)",
        "CREATE INDEX OrdersByPlaced ON Orders(Placed)",
    ),
    f"{INSTANCE}/databases/clickstream": (
        "CREATE TABLE Clicks (Id STRING(36) NOT NULL, Url STRING(MAX)) PRIMARY KEY (Id)",
    ),
}
DRILL = "example_spanner_restore_drill"
OVERRUN = "example_spanner_timeout_cancel"
DAGS = (DRILL, OVERRUN)
STAYS_BUSY = "example_spanner_backup"
"""What runs on where Airflow stays open, so that there is something to watch."""
_BUSY_TIME = timedelta(minutes=20)

_EXAMPLES = Path(__file__).parents[2] / "example_dags"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDemo:
    """Everything that acts in the demo, while it runs."""

    emulator: SpannerAdminEmulator
    airflow: LocalAirflow
    api: AirflowApi

    @property
    def without_rows(self) -> str:
        """Why the databases have no rows, in one sentence; empty if they have."""
        data = self.emulator.data
        return HOW_TO_HAVE_ROWS if data is None else data.problem

    def start(self, dag_id: str) -> DagRun:
        """Start a run of a Dag."""
        self.api.wait_for_dags(dag_id)
        self.api.unpause(dag_id)
        return self.api.trigger(dag_id)

    def keep_busy(self) -> None:
        """Begin something that takes a while, in real time."""
        self.emulator.plan(Plan(duration=_BUSY_TIME * time_scale()), kind=CREATE_BACKUP)
        self.start(STAYS_BUSY)

    @property
    def triggerer_is_warm(self) -> bool:
        """The triggerer has polled an operation.

        Its first poll takes seconds of imports, more on a busy machine, in which it serves no
        deadline; so what is to overrun begins after it.
        """
        return bool(self.emulator.calls.of("GetOperation"))


def time_scale() -> float:
    """Return how fast time passes: as it really does where there are rows."""
    return TIME_SCALE if find_binary() is None else 1.0


@contextmanager
def start_demo(*, home: Path) -> Iterator[RunningDemo]:
    """Start the emulator and Airflow, wait until they work, and stop them at the end.

    :param home: an empty folder for Airflow's database and logs.
    :raises ExamplesMissingError: if the example Dags are not where a checkout has them.
    """
    if not _EXAMPLES.is_dir():
        raise ExamplesMissingError(folder=_EXAMPLES)
    has_rows = find_binary() is not None
    emulator = SpannerAdminEmulator(clock=SystemClock(scale=time_scale()), data=has_rows)
    for kind, plan in WITH_ROWS if has_rows else ():
        emulator.plan(plan, kind=kind)
    for name, statements in DATABASES.items():
        emulator.create_database(name, statements)
    emulator.plan(
        Plan(duration=timedelta(hours=10)), kind=CREATE_BACKUP, target="*/backups/overrun-*"
    )
    with emulator:
        if emulator.data is not None:
            emulator.data.wait_until_started(_ROWS_TIMEOUT)
            has_rows = not emulator.data.problem
        settings = AirflowSettings(
            home=home,
            dags_folder=_EXAMPLES,
            environment={
                "SPANNER_EMULATOR_HOST": emulator.endpoint,
                "SPANNER_DRILL_ROWS": "1" if has_rows else "0",
                # off in this process only, see __main__
                FORK_SUPPORT: "true",
            },
        )
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=180)
            with airflow.api() as api:
                yield RunningDemo(emulator=emulator, airflow=airflow, api=api)


def deadline_of(api: AirflowApi, task: TaskInstance) -> datetime | None:
    """Return the deadline that a task published with its ledger entry, None if it has none.

    It is counted from the start that Airflow told the task, which on a busy machine is seconds
    later than the start that its REST API shows.
    """
    record = api.xcom(task, RECORD_KEY)
    return LedgerEntry.from_record(record).deadline if isinstance(record, dict) else None
