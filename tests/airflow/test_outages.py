# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner is silent, refuses for lack of quota, or forgets an operation: waited out, or said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeDeliveryError,
    KilledBeforeStartError,
    OperationGoneError,
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


PASSING = [Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.INTERNAL]


@pytest.mark.parametrize("code", PASSING)
@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_a_result_that_cannot_be_read_at_once_is_read_later(
    stage: Stage, task: FakeTask, code: Code, *, deferrable: bool
) -> None:
    """A task whose work is done does not fail because its result cannot be read for a moment."""
    stage.finish_upon("GetOperation")
    stage.script.fail(method="GetBackup", code=code)

    result = play(backup(deferrable=deferrable), task)

    assert "READY" == result["state"]
    assert 1 == len(stage.starts)


@pytest.mark.parametrize("code", PASSING)
def test_a_retry_that_cannot_look_at_once_looks_later(
    stage: Stage, task: FakeTask, code: Code
) -> None:
    """A try that finds an operation in its ledger adopts it as soon as it can be seen."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    task.next_try()
    stage.script.fail(method="GetOperation", code=code, times=2)

    defer(backup(deferrable=True), task)

    assert 1 == len(stage.starts)
    assert 2 == task.entry["try_number"]


def test_a_kill_while_a_retry_cannot_look(stage: Stage, task: FakeTask) -> None:
    """A task that is killed while it cannot see its operation ends, and has started nothing."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    task.next_try()
    stage.script.lose_answer(method="GetOperation", times=None)
    operator = backup(deferrable=True)
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(KilledBeforeStartError):
        operator.execute(task.context)

    assert 1 == len(stage.starts)


def test_a_kill_while_the_result_cannot_be_read(stage: Stage, task: FakeTask) -> None:
    """A task that is killed while it cannot read its result leaves that for a next try."""
    stage.finish_upon("GetOperation")
    stage.script.lose_answer(method="GetBackup", code=Code.INTERNAL, times=None)
    operator = backup()
    stage.script.upon("GetBackup", operator.on_kill)

    with pytest.raises(KilledBeforeDeliveryError, match="The next try delivers it"):
        operator.execute(task.context)

    assert not task.entry["closed"]
    assert not stage.cancels


def test_a_worker_says_that_the_operation_is_gone(stage: Stage, task: FakeTask) -> None:
    """A wait on a worker fails with what has happened, and owes nothing any more."""
    stage.emulator.plan(LONG)
    stage.script.fail(method="GetOperation", code=Code.NOT_FOUND)

    with pytest.raises(OperationGoneError, match="a retry starts anew"):
        backup().execute(task.context)

    assert task.entry["closed"]


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
