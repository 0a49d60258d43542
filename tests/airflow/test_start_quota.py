# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A start that Spanner refuses because it takes no more requests for now is waited out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeStartError,
    RefusedForNowError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import wait
from tests.airflow.fakes import BACKUP, DATABASE, LONG, SOURCE
from tests.airflow.task_runner import backup, change_schema, defer, play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage

SHORT = 3
"""Seconds until the deadline."""


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let there be a backup to restore."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a start that was refused for now be tried again soon."""
    monkeypatch.setattr(wait, "FIRST_PAUSE", 0.01)


@pytest.mark.usefixtures("quick_pauses")
@pytest.mark.parametrize(
    ("make", "method"),
    [
        pytest.param(backup, "CreateBackup", id="backup"),
        pytest.param(restore, "RestoreDatabase", id="restore"),
        pytest.param(change_schema, "UpdateDatabaseDdl", id="ddl"),
    ],
)
def test_a_quota_is_waited_out(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator], method: str
) -> None:
    """K9: Spanner that takes no more requests for now gets this one a little later, once."""
    stage.script.fail(method=method, code=Code.RESOURCE_EXHAUSTED, times=3)

    defer(make(deferrable=True), task)

    refused = Code.RESOURCE_EXHAUSTED
    assert [refused, refused, refused, Code.OK] == [call.code for call in stage.starts]
    assert 1 == len(stage.emulator.operations())
    assert stage.operation.name == task.entry["operation"]


@pytest.mark.usefixtures("quick_pauses")
def test_a_quota_is_waited_out_until_the_deadline(stage: Stage, task: FakeTask) -> None:
    """What is still refused then was not started, and a retry may fare better."""
    stage.script.fail(method="CreateBackup", code=Code.RESOURCE_EXHAUSTED, times=None)

    with pytest.raises(RefusedForNowError, match="was not started yet"):
        play(backup(operation_timeout=SHORT), task)

    assert 1 < len(stage.starts)
    assert not stage.emulator.operations()
    assert task.entry["closed"]


def test_a_kill_ends_the_wait_for_a_quota(stage: Stage, task: FakeTask) -> None:
    """A task that is killed while it waits for Spanner to take its request has started nothing."""
    operator = backup()
    stage.script.fail(method="CreateBackup", code=Code.RESOURCE_EXHAUSTED, times=None)
    keep_value = task.store.set

    def set_(key: str, value: Any, **options: Any) -> None:
        keep_value(key, value, **options)
        if key in task.entries and value["closed"]:
            operator.on_kill()

    task.store.set = set_  # type: ignore[method-assign]

    with pytest.raises(KilledBeforeStartError, match=BACKUP):
        operator.execute(task.context)

    assert 1 == len(stage.starts)
    assert not stage.cancels
