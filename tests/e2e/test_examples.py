# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every example Dag on real Airflow: it runs unchanged, succeeds, and leaves nothing running."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.emulator_process import admin_of
from tests.cluster.rest_api import RunState, TaskState
from tests.cluster.waiting import wait_until
from tests.e2e.conftest import EXAMPLES, LONG_TIME

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import Call
    from tests.cluster.rest_api import DagRun
    from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

INSTANCE = "projects/demo-project/instances/demo-instance"
SHORT = Plan(duration=timedelta(minutes=15))
"""Still long enough that Airflow's scheduler has heard of a deferral before the task is resumed:
under load 3.3.2 fails tasks that are resumed within seconds, for a state that it did not expect."""
UPON_A_BACKUP = "example_spanner_asset_restore"
BACKS_UP = "example_spanner_asset_backup"
CHANGE_SCHEMAS = (
    "example_spanner_hook",
    "example_spanner_schema_change",
    "example_spanner_sql_files",
)
"""They change the database that the drill compares with; a change after its backup is a loss."""
COPIES = "example_spanner_copy_to_region"
WATCHED = "example_spanner_backup_watcher"
BY_THEMSELVES = (UPON_A_BACKUP, COPIES, WATCHED)
"""Airflow starts them."""
STARTED = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in BY_THEMSELVES)
OVERRUNS = "example_spanner_timeout_cancel"
FAIL_ON_PURPOSE = {OVERRUNS: {"backup"}}
"""Tasks of examples that show a failure, by the Dag."""
MIGRATIONS = "example_spanner_migrations"
MIGRATED = f"{INSTANCE}/databases/ledger"
FAILING_MIGRATION = "0002_addresses"
BATCH = "example_spanner_scaled_batch"
NIGHTLY = "example_spanner_nightly_backups"
OTHERS = "example_spanner_wait_for_others"
SHARED = f"{INSTANCE}/databases/shared"


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The runs of all examples, side by side.

    :param failing: further runs, of those that can be told to fail
    :param of_a_colleague: the operation that one of them waits for
    """

    world: World
    runs: dict[str, DagRun]
    failing: dict[str, DagRun]
    of_a_colleague: str

    def wait(self, dag_id: str) -> DagRun:
        """Wait until a run has ended; what fails half-way a person resumes, as its page says."""
        ended = self.world.api.wait_for_run(self.runs[dag_id], timeout=600)
        if dag_id == MIGRATIONS and ended.state is RunState.FAILED:
            for task in self.world.api.task_instances(ended):
                if task.state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED):
                    self.world.api.clear(task)
            return self.world.api.wait_for_run(self.runs[dag_id], timeout=300)
        return ended

    def failures(self, dag_id: str) -> dict[str, str]:
        """Return the logs of the tasks that have failed, by their ids."""
        tasks = self.world.api.task_instances(self.runs[dag_id])
        failed = [task for task in tasks if task.state is TaskState.FAILED]
        return {task.task_id: self.world.api.task_log(task) for task in failed}

    def wait_for_first(self, dag_id: str) -> DagRun:
        """Wait until a Dag that nobody started by hand has had a run."""
        run = wait_until(
            lambda: self.world.api.latest_run(dag_id), timeout=180, what=f"a run of {dag_id}"
        )
        assert run is not None
        return self.world.api.wait_for_run(run, timeout=600)


@pytest.fixture(scope="module")
def examples(world: World) -> Examples:
    """Start all examples at once: they take turns where Spanner wants them to."""
    for database in ("clickstream", "invoices", "payments", "billing", "ledger", "shared"):
        world.emulator.create_database(f"{INSTANCE}/databases/{database}")
    for dag_id in sorted(world.api.dag_ids()):
        # what rows have left for a person the reaper tells: on purpose, or since their tasks were
        # put where workers would, and Airflow has rendered nothing of them
        if dag_id.startswith(("guarantee_n", "guarantee_e23")):
            world.api.delete_dag(dag_id)
    # in a test nobody wants to wait for what usually takes half a day
    world.emulator.plan(SHORT, target="projects/demo-project/*")
    world.emulator.plan(Plan(duration=LONG_TIME), target=f"{INSTANCE}/backups/overrun-*")
    overruns = world.start(OVERRUNS)
    # its twenty seconds must not pass in the crowd, before it has begun anything
    world.api.wait_for_task(overruns, "backup", TaskState.DEFERRED, TaskState.FAILED)
    # the second of the two that follow is the one that takes effect first
    half_way = Plan(
        duration=SHORT.duration, fail_at=0.9, fail_with=(Code.FAILED_PRECONDITION, "Two are alike.")
    )
    for plan in (half_way, SHORT):
        world.emulator.plan(plan, kind=UPDATE_DATABASE_DDL, target=MIGRATED, times=1)
    # long enough that the task which looks for it has begun
    world.emulator.plan(Plan(duration=timedelta(minutes=100)), target=SHARED)
    of_a_colleague = admin_of(world.emulator.endpoint).update_database_ddl(
        database=SHARED, statements=["CREATE TABLE Visits (Id INT64) PRIMARY KEY (Id)"]
    )
    for dag_id in BY_THEMSELVES:
        world.api.wait_for_dags(dag_id)
        world.api.unpause(dag_id)
    # watchers of an asset begin when a file is read after its Dag was unpaused (Airflow 3.3.2)
    (world.airflow.settings.dags_folder / f"{WATCHED}.py").touch()
    first = {dag_id: world.start(dag_id) for dag_id in (OTHERS, MIGRATIONS, BATCH, NIGHTLY)}
    first[OVERRUNS] = overruns
    failing = {
        BATCH: world.api.trigger(BATCH, conf={"fail": True}),
        NIGHTLY: world.api.trigger(NIGHTLY, conf={"database_ids": ["billing", "missing"]}),
    }
    together = [dag_id for dag_id in STARTED if dag_id != BACKS_UP and dag_id not in first]
    examples = Examples(
        world=world,
        runs=first | {dag_id: world.start(dag_id) for dag_id in together},
        failing=failing,
        of_a_colleague=of_a_colleague.operation.name,
    )
    for dag_id in CHANGE_SCHEMAS:
        examples.wait(dag_id)
    return replace(examples, runs=examples.runs | {BACKS_UP: world.start(BACKS_UP)})


@pytest.mark.parametrize("dag_id", STARTED)
def test_an_example_succeeds(examples: Examples, dag_id: str) -> None:
    """An example Dag runs unchanged on the emulator, beside all others, and succeeds.

    A run may succeed whatever becomes of its teardowns, so each task is looked at.
    """
    ended = examples.wait(dag_id)

    failures = examples.failures(dag_id)
    assert FAIL_ON_PURPOSE.get(dag_id, set()) == set(failures), "\n".join(failures.values())
    assert RunState.SUCCESS == ended.state


def test_a_new_backup_starts_the_restore_drill(examples: Examples) -> None:
    """A backup whose task has the asset as its outlet starts the Dag that restores it."""
    examples.wait(BACKS_UP)

    ended = examples.wait_for_first(UPON_A_BACKUP)
    api = examples.world.api
    others = [each for each in api.task_instances(ended) if each.state is not TaskState.SUCCESS]

    assert RunState.SUCCESS == ended.state, [api.task_log(each) for each in others]
    assert examples.world.emulator.calls.of("RestoreDatabase")


def test_a_new_backup_is_copied(examples: Examples) -> None:
    """The same backup also starts the Dag that copies it elsewhere."""
    examples.wait(BACKS_UP)

    ended = examples.wait_for_first(COPIES)
    api = examples.world.api
    copy = api.task_instance(ended, "copy", map_index=0)

    assert RunState.SUCCESS == ended.state, api.task_log(copy)
    assert str(cast("dict[str, str]", api.xcom(copy))["name"]).endswith("-copy")


def test_a_migration_goes_on_where_it_failed(examples: Examples) -> None:
    """A file that failed half-way is cleared: what it committed before is not run again."""
    ended = examples.wait(MIGRATIONS)
    api = examples.world.api
    task = api.task_instance(ended, FAILING_MIGRATION)

    assert RunState.SUCCESS == ended.state, api.task_log(task)
    assert "Two are alike." in api.task_log(task, try_number=1)
    ends = [
        each.state.name
        for each in examples.world.emulator.operations()
        if each.target == MIGRATED and each.kind is UPDATE_DATABASE_DDL
    ]
    # a statement that was run twice would have found its table there
    assert ["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"] == ends


def test_migrations_are_applied_once(examples: Examples) -> None:
    """A second run finds all files applied, and runs none."""
    examples.wait(MIGRATIONS)
    api = examples.world.api

    second = api.wait_for_run(api.trigger(MIGRATIONS), timeout=180)
    states = {each.task_id: each.state for each in api.task_instances(second)}

    assert RunState.SUCCESS == second.state
    assert TaskState.SUCCESS == states.pop("check")
    assert {TaskState.SKIPPED} == set(states.values())


def test_a_batch_that_fails_leaves_no_large_instance(examples: Examples) -> None:
    """The instance is scaled down after a batch that has failed, and the run fails."""
    api = examples.world.api
    run = api.wait_for_run(examples.failing[BATCH], timeout=600)
    units = {
        task_id: cast("dict[str, int]", api.xcom(api.task_instance(run, task_id)))[
            "processing_units"
        ]
        for task_id in ("scale_up", "scale_down")
    }

    assert RunState.FAILED == run.state
    assert TaskState.FAILED == api.task_instance(run, "batch").state
    assert {"scale_up": 3000, "scale_down": 1000} == units


def test_a_database_that_fails_holds_up_no_other_and_is_told(examples: Examples) -> None:
    """Beside a database that is missing, the other is backed up and copied; the alert names it."""
    api = examples.world.api
    run = api.wait_for_run(examples.failing[NIGHTLY], timeout=600)
    states = {(each.task_id, each.map_index): each.state for each in api.task_instances(run)}
    failed = api.task_instance(run, "nightly.backup", map_index=1)

    assert RunState.FAILED == run.state
    assert {
        ("plan", -1): TaskState.SUCCESS,
        ("nightly.backup", 0): TaskState.SUCCESS,
        ("nightly.copy", 0): TaskState.SUCCESS,
        ("nightly.backup", 1): TaskState.FAILED,
        ("nightly.copy", 1): TaskState.UPSTREAM_FAILED,
    } == states
    assert "ALERT: nightly.backup of missing failed" in api.task_log(failed)


def test_the_operation_of_a_colleague_is_waited_for(examples: Examples) -> None:
    """The Dag has found the operation that somebody else began, and waited until it succeeded."""
    ended = examples.wait(OTHERS)
    api = examples.world.api

    assert RunState.SUCCESS == ended.state
    assert [examples.of_a_colleague] == api.xcom(api.task_instance(ended, "wait"))
    assert not examples.world.cancels_of(examples.of_a_colleague)


def test_a_watched_backup_starts_a_dag(examples: Examples) -> None:
    """A backup that no task made, such as one of a schedule, is an event of the watched asset."""
    world = examples.world

    def looks() -> tuple[Call, ...]:
        return world.emulator.calls.of("ListBackups").on(INSTANCE)

    wait_until(
        lambda: [call for call in looks() if call.code is Code.OK],
        timeout=120,
        what="the watcher to look for the first time",
    )
    world.emulator.create_backup(f"{INSTANCE}/backups/by-hand", f"{INSTANCE}/databases/invoices")

    run = examples.wait_for_first(WATCHED)

    assert [f"{INSTANCE}/backups/by-hand"] == world.api.xcom(world.task(run, "tell"))


def test_nothing_runs_on(examples: Examples) -> None:
    """When all examples have ended, no operation of theirs is left running."""
    for dag_id in examples.runs:
        examples.wait(dag_id)
    for run in examples.failing.values():
        examples.world.api.wait_for_run(run, timeout=600)

    running = [
        each.name
        for each in examples.world.emulator.operations()
        if "projects/demo-project/" in each.name and not each.done
    ]
    assert [] == running
