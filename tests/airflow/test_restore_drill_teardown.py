# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A restore drill as a group: how its tasks hang together, and what its teardowns take away."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.drill import NewBackup, NewestBackup, spanner_restore_drill
from airflow_spanner_lro.operators.drill_tasks import (
    DrillDeleteBackup,
    DrillDropScratch,
    NotOfThisRunError,
)
from tests.airflow.fakes import BACKUP, DATABASE, RESTORED, SOURCE, FakeTask
from tests.airflow.task_runner import backup, play, restore

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

WHERE = {"project_id": "test", "instance_id": "main", "database_id": "orders"}


# what is cleaned up


def drop(record: Any, task: FakeTask, *, drawn: str = "drawn") -> None:
    """Drop what a restore has made, by its record."""
    DrillDropScratch(task_id="drop", project_id="test", record=record, drawn=drawn).execute(
        task.context
    )


def test_the_restored_database_is_dropped(stage: Stage, task: FakeTask) -> None:
    """What the restore of this run has made is dropped."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    play(restore(), restoring)

    drop(restoring.ti.xcoms[RECORD_KEY], task)

    assert not stage.has(RESTORED)


def test_a_database_of_that_name_of_somebody_else_stays(stage: Stage, task: FakeTask) -> None:
    """A restore that finds its name taken has made nothing, so nothing is dropped."""
    stage.emulator.create_database(RESTORED)
    stage.emulator.create_backup(SOURCE, DATABASE)
    restoring = FakeTask()
    with pytest.raises(AirflowFailException):
        play(restore(), restoring)

    drop(restoring.ti.xcoms[RECORD_KEY], task)

    assert stage.has(RESTORED)


def test_a_database_that_took_the_name_since_stays(stage: Stage, task: FakeTask) -> None:
    """Another database under that name is told from what was restored, and fails the teardown."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    play(restore(), restoring)
    SpannerAdminHook().delete_resource(name=RESTORED)
    stage.emulator.create_database(RESTORED)

    with pytest.raises(NotOfThisRunError, match="was left"):
        drop(restoring.ti.xcoms[RECORD_KEY], task)

    assert stage.has(RESTORED)


def test_a_forged_record_drops_no_other_database(stage: Stage, task: FakeTask) -> None:
    """Whoever edits XComs cannot let a teardown drop a database that no restore has made."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    play(restore(), restoring)
    forged = restoring.ti.xcoms[RECORD_KEY] | {
        "target": DATABASE,
        "operation": f"{DATABASE}/operations/_auto_op_1",
    }

    with pytest.raises(NotOfThisRunError):
        drop(forged, task)

    assert stage.has(DATABASE)


def test_a_restore_that_never_began_leaves_nothing_to_drop(stage: Stage, task: FakeTask) -> None:
    """A restore that was killed in its queue, or whose backup has failed, has written nothing."""
    drop(None, task)

    assert stage.has(DATABASE)


def test_a_presumed_restore_is_dropped_by_hand_only(stage: Stage, task: FakeTask) -> None:
    """That a database under a chosen name is this run's has to be proven."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    play(restore(), restoring)
    presumed = restoring.ti.xcoms[RECORD_KEY] | {"evidence": "presumed"}

    with pytest.raises(NotOfThisRunError, match="only presumed"):
        drop(presumed, task)

    assert stage.has(RESTORED)


def test_under_a_drawn_name_a_presumed_restore_is_dropped(stage: Stage, task: FakeTask) -> None:
    """Nobody else has a name that this run has drawn, so nothing is left to be paid for."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    play(restore(), restoring)
    presumed = restoring.ti.xcoms[RECORD_KEY] | {"evidence": "presumed"}

    drop(presumed, task, drawn="restored")

    assert not stage.has(RESTORED)


def test_the_new_backup_is_deleted(stage: Stage, task: FakeTask) -> None:
    """What the backup of this run has made is deleted."""
    stage.finish_upon()
    backing_up = FakeTask()
    play(backup(), backing_up)

    DrillDeleteBackup(
        task_id="delete", project_id="test", record=backing_up.ti.xcoms[RECORD_KEY], drawn=""
    ).execute(task.context)

    assert not stage.has(BACKUP)


def test_a_backup_of_that_name_of_somebody_else_stays(stage: Stage, task: FakeTask) -> None:
    """A backup task that finds its name taken has made nothing, so nothing is deleted."""
    stage.emulator.create_backup(BACKUP, DATABASE)
    backing_up = FakeTask()
    with pytest.raises(AirflowFailException):
        play(backup(), backing_up)

    DrillDeleteBackup(
        task_id="delete", project_id="test", record=backing_up.ti.xcoms[RECORD_KEY], drawn=""
    ).execute(task.context)

    assert stage.has(BACKUP)


# the group


def group(**parameters: Any) -> DAG:
    """Return a Dag with one drill."""
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        spanner_restore_drill(**WHERE | parameters)
    return dag


BackupChoice = NewBackup | NewestBackup | str | None


@pytest.mark.parametrize(
    ("choice", "tasks"),
    [
        (None, {"backup", "delete_backup"}),
        (NewBackup(keep=True), {"backup"}),
        (NewestBackup(), set()),
        ("nightly", set()),
    ],
)
def test_only_a_backup_of_its_own_is_deleted(choice: BackupChoice, tasks: set[str]) -> None:
    """An existing backup has no task that could delete it."""
    dag = group(backup=choice)

    shared = {"plan", "count_source", "restore", "check", "drop_scratch", "result"}
    assert {f"restore_drill.{name}" for name in shared | tasks} == set(dag.task_ids)


def test_whatever_fails_fails_the_run() -> None:
    """The last task is downstream of all others, and the only one that decides the run's state.

    A Dag run does not fail by a task whose only successors are teardowns that count.
    """
    dag = group()
    last = dag.get_task("restore_drill.result")

    upstream = last.get_flat_relative_ids(upstream=True)
    assert set(dag.task_ids) - {last.task_id} == upstream
    assert not last.is_teardown
    assert "all_success" == last.trigger_rule


def test_the_cleaning_up_runs_whatever_fails() -> None:
    """Teardowns wait for everything, and run as soon as the plan was made."""
    dag = group()
    for name, setups in (
        ("drop_scratch", {"plan", "restore"}),
        ("delete_backup", {"plan", "backup"}),
    ):
        teardown = dag.get_task(f"restore_drill.{name}")
        above = {task.task_id for task in teardown.upstream_list if task.is_setup}
        assert teardown.is_teardown
        assert {f"restore_drill.{each}" for each in setups} <= above


def test_several_drills_stand_in_one_dag() -> None:
    """A loop over databases makes a group for each."""
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        for database in ("orders", "users"):
            spanner_restore_drill(
                instance_id="main", database_id=database, group_id=f"drill_{database}"
            )

    assert {"drill_orders", "drill_users"} == set(dag.task_group.children)


def test_default_args_reach_the_drill() -> None:
    """Where and as whom may be said once for the Dag."""
    arguments = WHERE | {"gcp_conn_id": "elsewhere", "retries": 3}
    with DAG(
        "dag",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        default_args=arguments,
    ) as dag:
        spanner_restore_drill()

    tasks: list[Any] = [
        dag.get_task(f"restore_drill.{name}") for name in ("backup", "drop_scratch")
    ]
    backing_up, dropping = tasks
    assert ("main", "elsewhere", 3) == (
        backing_up.instance_id,
        backing_up.gcp_conn_id,
        backing_up.retries,
    )
    assert ("elsewhere", 3) == (dropping.gcp_conn_id, dropping.retries)


def test_a_mistake_in_a_check_does_not_break_the_dag_file() -> None:
    """What is wrong with a check is told by the task, not by the import of the Dag."""
    dag = group(checks="SELECT 1")

    assert "restore_drill.check" in dag.task_ids


def test_a_drill_that_has_passed_is_an_event() -> None:
    """A Dag may run because a backup has proven good; the event has the report."""
    asset = Asset("proven")
    dag = group(outlets=[asset])
    told: dict[str, Any] = {}
    result: Any = dag.get_task("restore_drill.result")
    result.report = {"verdict": "Restore drill passed", "rows": 2000}

    result.execute({"outlet_events": {asset: SimpleNamespace(extra=told)}})

    assert {"verdict": "Restore drill passed", "rows": 2000} == told
    assert [asset] == result.outlets
    assert [] == dag.get_task("restore_drill.check").outlets
