# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What exists already, and not through this task, is never taken for its own work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.operations.errors import ResumeConflictError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock
from tests.airflow.fakes import BACKUP, DATABASE, LONG, RESTORED, SOURCE, FakeTask
from tests.airflow.task_runner import backup, defer, restore

if TYPE_CHECKING:
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
