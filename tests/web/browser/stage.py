# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A night in the life of an Airflow, for a browser: operations of every state, users of two roles.

Some run, one waits for others, one has failed, two have lost their tasks, one has an entry that
cannot be read, and one is behind a connection that the api-server does not have.
"""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator, SystemClock
from airflow_spanner_lro.execution.store import KEY_PREFIX
from tests.cluster.airflow import Component, LocalAirflow
from tests.cluster.configuration import FORK_SUPPORT, AirflowSettings, Login
from tests.cluster.rest_api import TaskState
from tests.cluster.waiting import wait_until
from tests.e2e.skewed_emulators import connection_to
from tests.e2e.writing_api import WritingApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.core.operations.snapshot import OperationState
    from airflow_spanner_lro.emulator import OperationView
    from tests.cluster.rest_api import DagRun, TaskInstance

TIME_SCALE = 60.0
INSTANCE = "projects/shop/instances/main"
RUN_ID = "night"
"""Of all runs, so that pictures show the same each time."""
SCHEMAS = {
    "catalog": ("CREATE TABLE Products (Id INT64 NOT NULL, Name STRING(99)) PRIMARY KEY (Id)",),
    **dict.fromkeys(
        ("orders", "customers", "reports", "invoices", "payments", "events", "stock", "partners"),
        (),
    ),
}
RUNNING = (
    *(("nightly_backups", "orders"), ("nightly_backups", "customers")),
    *(("schema_change", "add_indexes"), ("restore_test", "restore")),
    *(("too_long", "backup"), ("damaged_entry", "backup"), ("elsewhere", "backup")),
)
"""Dag and task of what runs while the browser looks."""
WAITING = ("backup_by_hand", "backup")
FAILED = ("weekly_backup", "backup")
ORPHANED = (("one_off_backups", "invoices"), ("one_off_backups", "payments"))
"""What nobody waits for any more."""
OPERATOR, VIEWER = Login(username="olga", role="user"), Login(username="vera", role="viewer")
ENTRY = f"{KEY_PREFIX}1"
"""The key of a task's first entry in its ledger."""
NOT_ON_THE_SERVER = "partner_cloud"
"""A connection that workers and triggerers have, and the api-server has not."""
_DAGS = Path(__file__).parent / "dags"
_OPTIONS = {
    "CORE__DEFAULT_TASK_RETRY_DELAY": "5",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
    "SPANNER_LRO__POLL_INTERVAL": "2",
    # after its first round, as all begins, what is left to nobody is to be seen and ended by hand
    "SPANNER_LRO__REAPER_INTERVAL": "3600",
    "SPANNER_LRO__REAPER_GRACE": "5",
    "SPANNER_LRO__WORKER_WAIT": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Airflow and the emulator, with everything on it, and what tests ask besides the browser."""

    airflow: LocalAirflow
    api: WritingApi
    emulator: SpannerAdminEmulator

    def run(self, dag_id: str) -> DagRun:
        """Return the run of a Dag."""
        found = self.api.latest_run(dag_id)
        assert found, f"{dag_id} was not started"
        return found

    def task(self, dag_id: str, task_id: str) -> TaskInstance:
        """Return a task instance as it is now."""
        return self.api.task_instance(self.run(dag_id), task_id)

    def operation(self, resource_id: str) -> OperationView:
        """Return the operation that makes or changes a resource, as the emulator knows it."""
        found = [each for each in self.emulator.operations() if each.target.endswith(resource_id)]
        assert found, f"nothing was started for {resource_id}"
        return found[-1]

    def wait_for_state(self, resource_id: str, *states: OperationState) -> OperationView:
        """Wait until an operation is in one of the states."""
        return wait_until(
            lambda: self.operation(resource_id),
            accept=lambda seen: seen.state in states,
            timeout=60,
            what=f"the operation on {resource_id} to be {' or '.join(states)}",
        )


@contextmanager
def running_stage(folder: Path) -> Iterator[Stage]:
    """Run it until everything is where the browser is to find it; nothing is left afterwards."""
    dags = folder / "dags"
    shutil.copytree(_DAGS, dags)
    with _emulator() as emulator:
        connection = connection_to(emulator)
        settings = AirflowSettings(
            home=folder / "airflow",
            dags_folder=dags,
            parallelism=8,
            users=(OPERATOR, VIEWER),
            environment={
                # off in this process only, see the Makefile
                FORK_SUPPORT: "true",
                "SPANNER_EMULATOR_HOST": "",
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": connection,
                f"AIRFLOW_CONN_{NOT_ON_THE_SERVER.upper()}": connection,
                **{f"AIRFLOW__{option}": value for option, value in _OPTIONS.items()},
            },
            component_environment={
                Component.API_SERVER: {f"AIRFLOW_CONN_{NOT_ON_THE_SERVER.upper()}": ""}
            },
        )
        with LocalAirflow(settings) as airflow:
            airflow.wait_until_ready(timeout=240)
            with WritingApi.of(airflow) as api:
                stage = Stage(airflow=airflow, api=api, emulator=emulator)
                _play(stage)
                yield stage
        assert not airflow.run.survivors()


@contextmanager
def _emulator() -> Iterator[SpannerAdminEmulator]:
    with SpannerAdminEmulator(clock=SystemClock(scale=TIME_SCALE)) as emulator:
        emulator.create_instance(INSTANCE)
        for name, statements in SCHEMAS.items():
            emulator.create_database(f"{INSTANCE}/databases/{name}", statements)
        emulator.create_database(f"{INSTANCE}/databases/archive")
        emulator.create_backup(f"{INSTANCE}/backups/archive", f"{INSTANCE}/databases/archive")
        # none ends while somebody looks at it, also on a busy machine, and all of them move
        for kind, hours in ((CREATE_BACKUP, 20), (RESTORE_DATABASE, 15), (UPDATE_DATABASE_DDL, 18)):
            emulator.plan(Plan(duration=timedelta(hours=hours)), kind=kind)
        emulator.plan(
            Plan(
                duration=timedelta(minutes=10),
                fail_at=0.4,
                fail_with=(Code.RESOURCE_EXHAUSTED, "The instance has no storage left."),
            ),
            target="*/backups/reports-*",
        )
        yield emulator


def _play(stage: Stage) -> None:
    """Let everything begin, in the order in which it must."""
    api = stage.api
    runs: dict[str, DagRun] = {}

    def begin(dag_id: str) -> None:
        api.unpause(dag_id)
        runs[dag_id] = api.trigger(dag_id, run_id=RUN_ID)

    api.wait_for_dags(*(dag_id for dag_id, _ in (*ORPHANED, FAILED, *RUNNING, WAITING)))
    for dag_id in dict.fromkeys(dag_id for dag_id, _ in (*ORPHANED, FAILED, *RUNNING)):
        begin(dag_id)
    for dag_id, task_id in ORPHANED:
        _orphan(stage, api.task_instance(runs[dag_id], task_id))
    for dag_id, task_id in RUNNING:
        api.wait_for_task(runs[dag_id], task_id, TaskState.DEFERRED)
    begin(WAITING[0])
    damage(stage, stage.task("damaged_entry", "backup"))
    api.wait_for_task(runs[WAITING[0]], WAITING[1], TaskState.DEFERRED)
    api.wait_for_task(runs[FAILED[0]], FAILED[1], TaskState.FAILED)


def _orphan(stage: Stage, task: TaskInstance) -> None:
    """End a task in a way of which Airflow tells nobody.

    Its process is lost while it waits on a worker, and it is marked before its next try.
    """
    run = stage.run(task.dag_id)
    wait_until(
        lambda: stage.api.state_store(task, ENTRY),
        accept=lambda seen: isinstance(seen, dict) and bool(seen.get("operation")),
        timeout=60,
        what=f"{task.task_id} to have started its operation",
    )
    running = stage.api.task_instance(run, task.task_id)
    process = stage.airflow.task_process(running)
    assert process, f"no process executes {task.task_id}"
    os.kill(process.pid, signal.SIGKILL)
    stage.api.wait_for_task(run, task.task_id, TaskState.UP_FOR_RETRY)
    stage.api.set_task_state(running, TaskState.FAILED)


def damage(stage: Stage, task: TaskInstance) -> None:
    """Write into a task's ledger what nobody can read."""
    written = stage.api.state_store(task, ENTRY)
    assert isinstance(written, dict)
    stage.api.write_state(task, ENTRY, {**written, "try_number": "one", "kind": "\x1b[31m"})
