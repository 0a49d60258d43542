# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What other tasks, teams and people have started is never taken, cancelled or deleted."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import ServiceUnavailable

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.operations.errors import OperationTimeoutError, TargetExistsError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, RESTORED, SOURCE, FakeTask
from tests.airflow.operator_builders import (
    COPY,
    FAR,
    copy_backup,
    create_database,
    finish_at_each_look,
    update_instance,
)
from tests.airflow.task_runner import backup, change_schema, defer, play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import Stage

USERS = f"{INSTANCE}/databases/users"
YEAR = timedelta(days=365)
DEFER = {"deferrable": True}


def another_task(name: str = "other") -> FakeTask:
    """Return a task instance of another Dag."""
    task = FakeTask()
    task.ti.dag_id = name
    task.ti.__post_init__()
    return task


@pytest.fixture(autouse=True)
def databases(stage: Stage) -> None:
    """Let there be a second database, an instance to copy to, and backups to restore."""
    stage.emulator.create_database(USERS)
    stage.emulator.create_instance(FAR)
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.create_backup(f"{INSTANCE}/backups/of-users", USERS)


def conflict_of(operator: SpannerOperationOperator, task: FakeTask) -> TargetExistsError:
    """Return the conflict that a task fails with."""
    with pytest.raises(AirflowFailException) as caught:
        play(operator, task)
    cause = caught.value.__cause__
    assert isinstance(cause, TargetExistsError)
    return cause


def test_one_backup_id_for_two_databases(stage: Stage, task: FakeTask) -> None:
    """The second of two tasks fails, and its error says what is there and how it differs."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), another_task())

    conflict = conflict_of(backup(database_id="users", **DEFER), task)

    assert f"from {DATABASE}" in str(conflict)
    assert any("source database" in each for each in conflict.differences)
    assert "Create backup" in str(conflict)
    assert not stage.cancels
    assert not stage.operation.done
    assert task.entry["closed"]


@pytest.mark.parametrize("wait", [True, False], ids=["waiting", "not-waiting"])
def test_mapped_siblings_with_one_id(stage: Stage, *, wait: bool) -> None:
    """Of three mapped tasks with one backup id, one succeeds and two say what is missing."""
    stage.emulator.plan(Plan(duration=timedelta()))
    outcomes = []
    for index in range(3):
        task = FakeTask()
        task.ti.map_index = index
        try:
            outcomes.append(play(backup(wait_for_completion=wait), task))
        except AirflowFailException as exc:
            outcomes.append(str(exc))

    assert 1 == len([each for each in stage.starts if each.code is Code.OK])
    assert all("put what is mapped into the backup id." in each for each in outcomes[1:])


def test_the_same_backup_of_another_airflow_is_not_ours(stage: Stage, task: FakeTask) -> None:
    """A backup of the same database under the same id is still somebody else's."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), another_task())

    conflict_of(backup(**DEFER), task)

    assert not stage.cancels


def test_timeout_of_the_second_leaves_the_first_alone(stage: Stage, task: FakeTask) -> None:
    """Whatever becomes of the task that came second, the first one's operation goes on."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), another_task())
    operator = backup(operation_timeout=0.3)

    conflict_of(operator, task)
    operator.on_kill()

    assert not stage.cancels
    assert stage.has(BACKUP)


def test_an_expiry_that_differs_is_no_success(stage: Stage, task: FakeTask) -> None:
    """A finished backup that lives shorter than was asked for is a conflict, and is reported."""
    finish_at_each_look(stage)
    play(backup(expire_time=timedelta(hours=12)), another_task())

    conflict = conflict_of(backup(expire_time=YEAR), task)

    assert any("expiry" in each for each in conflict.differences)
    assert stage.has(BACKUP)


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        pytest.param(
            lambda: restore(wait_for_completion=False),
            lambda: restore(source_backup="of-users"),
            "source backup",
            id="restores",
        ),
        pytest.param(
            lambda: copy_backup(wait_for_completion=False),
            lambda: copy_backup(source_backup=f"{INSTANCE}/backups/of-users"),
            "",
            id="copies",
        ),
        pytest.param(
            lambda: create_database(database_id="fresh", wait_for_completion=False),
            lambda: create_database(database_id="fresh", dialect="POSTGRESQL"),
            "dialect",
            id="creations",
        ),
    ],
)
def test_other_sources_into_one_id(
    stage: Stage,
    task: FakeTask,
    first: Callable[[], SpannerOperationOperator],
    second: Callable[[], SpannerOperationOperator],
    label: str,
) -> None:
    """Restores, copies and creations of the same id are told apart by what they are made from."""
    stage.emulator.plan(LONG)
    play(first(), another_task())

    conflict = conflict_of(second(), task)

    assert not label or any(label in each for each in conflict.differences)
    assert not stage.cancels


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED])
def test_a_refused_update_is_not_another_tasks(stage: Stage, task: FakeTask, code: Code) -> None:
    """An update that was refused once is never mixed up with one that somebody else runs."""
    finish_at_each_look(stage)
    play(update_instance(node_count=3), another_task())
    stage.script.fail(method="UpdateInstance", code=code, times=1)
    result: dict[str, Any] = {}

    # a failure that a retry cures is right as well
    with suppress(ServiceUnavailable, UnavailableError):
        result = play(update_instance(node_count=10), task)

    assert 10 == result.get("node_count", 10)
    assert not stage.cancels


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.FAILED_PRECONDITION])
def test_a_person_makes_it_between_a_failed_start_and_the_retry(
    stage: Stage, task: FakeTask, code: Code
) -> None:
    """What somebody makes by hand after our start failed is a conflict for the retry."""
    # one that may be due to a lack of slots is tried once more at once
    stage.script.fail(method="CreateBackup", code=code, times=1 + (code is not Code.UNAVAILABLE))
    with pytest.raises(Exception, match="refuse this call"):
        backup(**DEFER, wait_for_slot=False).execute(task.context)
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), another_task("person"))
    task.next_try()

    conflict_of(backup(**DEFER), task)

    assert not stage.cancels
    assert stage.has(BACKUP)


def test_a_restore_by_a_person_is_a_conflict_as_well(stage: Stage, task: FakeTask) -> None:
    """Also where the request is the same in every part, and nothing could be signed."""
    stage.script.fail(method="RestoreDatabase", code=Code.UNAVAILABLE, times=1)
    with pytest.raises(Exception, match="refuse this call"):
        restore(**DEFER).execute(task.context)
    stage.emulator.plan(LONG)
    play(restore(wait_for_completion=False), another_task("person"))
    task.next_try()

    conflict_of(restore(**DEFER), task)

    assert not stage.cancels
    assert stage.has(RESTORED)


def test_a_signed_backup_is_found_and_cancelled(stage: Stage, task: FakeTask) -> None:
    """A backup whose answer was lost is known by its expiry, so a kill may cancel it."""
    stage.emulator.plan(LONG)
    stage.script.lose_answer(method="CreateBackup")
    operator = backup(operation_timeout=1)

    with pytest.raises(OperationTimeoutError, match="was cancelled"):
        play(operator, task)

    assert "signed" == task.entry["evidence"]
    assert 1 == len(stage.cancels)


def test_a_presumed_restore_is_left_running_loudly(
    stage: Stage, task: FakeTask, caplog: pytest.LogCaptureFixture
) -> None:
    """A restore whose answer was lost is waited for, and never cancelled; log and ledger say so."""
    stage.emulator.plan(LONG)
    stage.script.lose_answer(method="RestoreDatabase")

    with pytest.raises(OperationTimeoutError, match="only presumed to be this task's") as caught:
        play(restore(operation_timeout=1), task)

    assert f"spanner-lro cancel {stage.operation.name}" in str(caught.value)
    assert ("presumed", True, True) == (
        task.entry["evidence"],
        task.entry["closed"],
        task.entry["left"],
    )
    assert "only presumed" in caplog.text
    assert not stage.cancels


def test_a_presumed_restore_is_delivered(stage: Stage, task: FakeTask) -> None:
    """A restore whose answer was lost is a success once it is done, being what was asked for."""
    stage.script.lose_answer(method="RestoreDatabase")
    finish_at_each_look(stage)

    result = play(restore(), task)

    assert RESTORED == result["name"]
    assert 1 == len(stage.starts)


def test_an_operation_that_was_there_before_is_never_presumed(stage: Stage, task: FakeTask) -> None:
    """What the target had before the call is somebody else's, whatever the clocks say."""
    stage.emulator.plan(LONG, times=1)
    play(update_instance(node_count=3, wait_for_completion=False), another_task())
    stage.script.fail(method="UpdateInstance", code=Code.UNAVAILABLE, times=1)

    with pytest.raises(Exception, match="refuse this call"):
        play(update_instance(node_count=3), task)

    assert task.entry["closed"]
    assert not stage.cancels


def test_a_changed_request_does_not_cancel_what_is_presumed(stage: Stage, task: FakeTask) -> None:
    """A presumed operation is not cancelled to make room; the error says what to do."""
    stage.emulator.plan(LONG)
    stage.script.lose_answer(method="RestoreDatabase")
    defer(restore(**DEFER), task)
    task.next_try()

    with pytest.raises(
        AirflowFailException,
        match="was not cancelled, although the Dag asks for something else by now",
    ):
        restore(**DEFER, source_backup="of-users").execute(task.context)

    assert not stage.cancels
    assert 1 == len(stage.starts)


def test_a_schema_change_of_somebody_else_is_not_ours(stage: Stage, task: FakeTask) -> None:
    """A schema change has a name of our own, so nobody else's is ever taken for it."""
    stage.emulator.plan(LONG)
    play(change_schema(wait_for_completion=False), another_task())
    stage.script.fail(method="UpdateDatabaseDdl", code=Code.UNAVAILABLE, times=1)

    with pytest.raises(Exception, match="refuse this call"):
        change_schema(**DEFER).execute(task.context)

    assert 1 == len(stage.emulator.operations())
    assert not stage.cancels


def test_copy_is_there(stage: Stage, task: FakeTask) -> None:
    """A copy of the same source by another task is a conflict."""
    finish_at_each_look(stage)
    play(copy_backup(), another_task())

    conflict_of(copy_backup(), task)

    assert stage.has(COPY)
