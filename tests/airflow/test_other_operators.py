# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators without an operation of their own: delete a backup, drop a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.operators.backups import SpannerDeleteBackupOperator
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from tests.airflow.fakes import BACKUP, DATABASE, LONG, FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main"}


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that somebody started."""
    stage.emulator.plan(LONG)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


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
