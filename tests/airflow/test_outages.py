# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner cannot be asked for a moment, while a task neither starts nor waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeDeliveryError,
    KilledBeforeStartError,
)
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, defer, play

if TYPE_CHECKING:
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

    with pytest.raises(KilledBeforeDeliveryError, match="A next try delivers it"):
        operator.execute(task.context)

    assert not task.entry["closed"]
    assert not stage.cancels
