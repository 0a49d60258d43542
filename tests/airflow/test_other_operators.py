# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators without an operation of their own: delete a backup, drop a database, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.errors import CancelNotSettledError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.backups import SpannerDeleteBackupOperator
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator

from .doubles import BACKUP, DATABASE, LONG, LONG_TIME, FakeTask
from .playing import backup

if TYPE_CHECKING:
    from .doubles import Stage

WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main"}


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that somebody started."""
    stage.emulator.plan(LONG)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


def cancel(name: str, **parameters: Any) -> SpannerCancelOperationOperator:
    """Return an operator that cancels an operation."""
    return SpannerCancelOperationOperator(task_id="cancel", operation_name=name, **parameters)


def test_delete_backup(stage: Stage, task: FakeTask) -> None:
    """A backup is deleted."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    SpannerDeleteBackupOperator(task_id="delete", backup_id="nightly", **WHERE).execute(
        task.context
    )

    assert not stage.has(BACKUP)


def test_delete_missing_backup(stage: Stage, task: FakeTask) -> None:
    """A backup that is not there is deleted already."""
    operator = SpannerDeleteBackupOperator(task_id="delete", backup_id="nightly", **WHERE)

    operator.execute(task.context)

    assert [Code.OK] == [call.code for call in stage.emulator.calls]


def test_delete_backup_that_is_being_made(stage: Stage, task: FakeTask, running: str) -> None:
    """Deleting a backup that is still being made ends its operation as well."""
    operator = SpannerDeleteBackupOperator(task_id="delete", backup_id="nightly", **WHERE)

    operator.execute(task.context)

    assert running == stage.operation.name
    assert stage.operation.done
    assert not stage.has(BACKUP)


def test_drop_database(stage: Stage, task: FakeTask) -> None:
    """A database is dropped, and its backups stay."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    SpannerDropDatabaseOperator(task_id="drop", database_id="orders", **WHERE).execute(task.context)

    assert not stage.has(DATABASE)
    assert stage.has(BACKUP)


def test_drop_missing_database(stage: Stage, task: FakeTask) -> None:
    """A database that is not there is dropped already."""
    operator = SpannerDropDatabaseOperator(task_id="drop", database_id="other", **WHERE)

    operator.execute(task.context)

    assert ["DropDatabase"] == [call.method for call in stage.emulator.calls]


def test_cancel(stage: Stage, task: FakeTask, running: str) -> None:
    """A running operation is cancelled."""
    ending = cancel(running).execute(task.context)

    assert "cancelled" == ending
    assert stage.operation.done
    assert not stage.has(BACKUP)


def test_cancel_of_what_is_done(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation that is done already is no error."""
    stage.clock.advance(LONG_TIME)

    ending = cancel(running).execute(task.context)

    assert "finished first" == ending
    assert stage.has(BACKUP)


def test_cancel_of_what_is_gone(stage: Stage, task: FakeTask) -> None:
    """An operation that Spanner does not know is no error either."""
    ending = cancel(f"{DATABASE}/operations/none").execute(task.context)

    assert "gone" == ending
    assert 1 == len(stage.cancels)


def test_cancel_that_is_refused(stage: Stage, task: FakeTask, running: str) -> None:
    """A refused cancel fails the task, which says why."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, message="not you")

    with pytest.raises(CancelNotSettledError, match=r"refused to cancel it .*: not you"):
        cancel(running).execute(task.context)

    assert not stage.operation.done


def test_cancel_that_takes_too_long(stage: Stage, task: FakeTask) -> None:
    """An operation that is still running when the time is up fails the task."""
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))
    name = backup(wait_for_completion=False).execute(FakeTask().context)

    with pytest.raises(CancelNotSettledError, match=f"describe {name}"):
        cancel(name, settle_timeout=0.1).execute(task.context)

    assert 1 == len(stage.cancels)


def test_cancel_only_asks(stage: Stage, task: FakeTask) -> None:
    """With no time to settle the operation is asked to cancel all the same."""
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))
    name = backup(wait_for_completion=False).execute(FakeTask().context)

    with pytest.raises(CancelNotSettledError):
        cancel(name, settle_timeout=0).execute(task.context)

    assert 1 == len(stage.cancels)
