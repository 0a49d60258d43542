# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What exists already, and not through this task, is never taken for its own work.

What a target has before a start is listed where nothing else shows what the call began.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.operations.errors import ResumeConflictError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.execution import start
from tests.airflow.fakes import BACKUP, DATABASE, LONG, RESTORED, SOURCE, FakeTask
from tests.airflow.operator_builders import update_instance
from tests.airflow.task_runner import backup, change_schema, defer, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import Stage


DEFER = {"deferrable": True}


@pytest.fixture
def emulator_clock() -> ManualClock:
    """Return a clock an hour behind: what starts now was there long before the task."""
    return ManualClock(datetime.now(tz=UTC) - timedelta(hours=1))


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let there be a backup to restore."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)


def test_somebody_elses_backup_is_a_conflict(stage: Stage, task: FakeTask) -> None:
    """A backup that was there already is an error that no retry can cure, not a success."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(AirflowFailException) as caught:
        backup().execute(task.context)

    assert isinstance(caught.value.__cause__, ResumeConflictError)
    assert BACKUP in str(caught.value)
    assert "Choose another id, or delete the existing one first." in str(caught.value)
    assert task.entry["closed"]


def test_operation_of_somebody_else_is_a_conflict(stage: Stage, task: FakeTask) -> None:
    """An operation on the same target that began before our intent is not taken for ours."""
    defer(backup(**DEFER), FakeTask())

    with pytest.raises(AirflowFailException) as caught:
        backup(**DEFER).execute(task.context)

    assert isinstance(caught.value.__cause__, ResumeConflictError)
    assert not stage.operation.done
    assert not stage.cancels


def test_not_durable_starts_whatever_was(stage: Stage, task: FakeTask) -> None:
    """A task that is not durable does not look back: its target is taken, and it says so."""
    defer(backup(**DEFER, durable=False), task)
    task.next_try()

    with pytest.raises(AirflowFailException, match="exists already"):
        backup(**DEFER, durable=False).execute(task.context)

    assert 2 == len(stage.starts)


def test_restored_database_that_is_there(stage: Stage, task: FakeTask) -> None:
    """A restore into a database that exists is a conflict."""
    stage.emulator.create_database(RESTORED)

    with pytest.raises(AirflowFailException, match="exists already"):
        restore().execute(task.context)

    assert not stage.cancels


def test_refused_start_owes_nothing(stage: Stage, task: FakeTask) -> None:
    """A start that was refused leaves a closed entry."""
    stage.script.fail(method="CreateBackup", code=Code.OUT_OF_RANGE, message="too far ahead")

    with pytest.raises(Exception, match="too far ahead"):
        backup().execute(task.context)

    assert task.entry["closed"]
    assert task.entry["operation"] is None


@pytest.mark.parametrize(
    ("make", "listed"),
    [
        pytest.param(lambda: backup(**DEFER), 0, id="a signed backup"),
        pytest.param(lambda: change_schema(**DEFER), 0, id="a schema change, named by us"),
        pytest.param(
            lambda: backup(**DEFER, expire_time=datetime.now(tz=UTC) + timedelta(days=3)),
            1,
            id="a backup that expires at a fixed time",
        ),
        pytest.param(lambda: restore(**DEFER), 1, id="a restore"),
        pytest.param(lambda: update_instance(**DEFER, node_count=3), 1, id="an update"),
    ],
)
def test_one_list_and_only_where_it_is_needed(
    stage: Stage, task: FakeTask, make: Callable[[], SpannerOperationOperator], listed: int
) -> None:
    """An operation that is known by its id or by a mark costs no request more than its start."""
    defer(make(), task)

    assert listed == len(stage.emulator.calls.of("ListOperations"))
    assert (listed == 0) == (task.entry["before"] is None)
    assert 1 == len(stage.starts)


def test_unsigned_backups_are_listed(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment that wants expiries as they were asked for pays a list for each backup."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SIGN_EXPIRE_TIME", "False")

    defer(backup(**DEFER), task)

    assert 1 == len(stage.emulator.calls.of("ListOperations"))
    assert ([], False) == (task.entry["before"], task.entry["signed"])


def test_who_may_not_list_may_still_start(
    stage: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account that may restore and not list restores; that it could not look is in the log."""
    stage.script.fail(method="ListOperations", code=Code.PERMISSION_DENIED, times=None)

    defer(restore(**DEFER), task)

    assert "Operations before the start are not known" in capsys.readouterr().out
    assert (None, "answered") == (task.entry["before"], task.entry["evidence"])


def test_who_could_not_list_presumes_nothing(stage: Stage, task: FakeTask) -> None:
    """Without that list no operation is taken for the one of a call that was never answered."""
    stage.script.fail(method="ListOperations", code=Code.PERMISSION_DENIED, times=1)
    stage.script.lose_answer(method="RestoreDatabase")

    with pytest.raises(UnavailableError, match="lose this answer"):
        restore(**DEFER).execute(task.context)

    assert task.entry["operation"] is None
    assert not stage.cancels


def test_a_list_that_fails_for_a_moment_is_asked_for_again(stage: Stage, task: FakeTask) -> None:
    """A passing trouble is waited out, for seconds."""
    stage.script.fail(method="ListOperations", code=Code.UNAVAILABLE, times=1)

    defer(restore(**DEFER), task)

    # a target that does not exist has no operations
    assert [Code.UNAVAILABLE, Code.NOT_FOUND] == [
        call.code for call in stage.emulator.calls.of("ListOperations")
    ]
    assert [] == task.entry["before"]


def test_a_list_that_fails_for_long_is_done_without(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is at stake before the start call, so it is not put off for long."""
    monkeypatch.setattr(start, "TO_LIST", 0.1)
    stage.script.fail(method="ListOperations", code=Code.UNAVAILABLE, times=None)

    defer(restore(**DEFER), task)

    assert task.entry["before"] is None
    assert 1 == len(stage.starts)
