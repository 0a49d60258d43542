# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A backup is deleted as soon as nothing reads from it any more; until then its deletion waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.flows.limits import LimitReachedError, SlotWaitEndedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import wait
from airflow_spanner_lro.triggers.slot import SpannerSlotTrigger
from tests.airflow.fakes import DATABASE, LONG, RESTORED, SOURCE, FakeTask, of_another_task
from tests.airflow.operator_builders import delete_source
from tests.airflow.task_runner import defer, play, restore

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was refused for now be tried again soon."""
    monkeypatch.setattr(wait, "FIRST_PAUSE", 0.02)


def optimise(stage: Stage) -> None:
    """Let a database be restored from the backup ``source``, and let it optimise."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)
    play(restore(wait_for_completion=False), of_another_task("restore"))


def test_a_backup_is_deleted_when_nothing_reads_from_it(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """The deletion waits until what was restored from it is optimised, and then succeeds."""
    optimise(stage)
    look = "ListOperations"
    stage.script.upon(look, lambda: stage.finish_upon(look))

    def go_on() -> None:
        stage.clock.advance(timedelta(hours=11))
        stage.script.upon("DeleteBackup", go_on)

    stage.script.upon("DeleteBackup", lambda: stage.script.upon("DeleteBackup", go_on))

    play(delete_source(deferrable=deferrable), task)

    assert not stage.has(SOURCE)
    assert stage.has(RESTORED)
    codes = [call.code for call in stage.emulator.calls.of("DeleteBackup")]
    assert (Code.FAILED_PRECONDITION, Code.OK) == (codes[0], codes[-1])
    assert not stage.cancels


def test_a_deletion_waits_without_a_worker(stage: Stage, task: FakeTask) -> None:
    """It may take hours, so a deferrable task leaves the worker."""
    optimise(stage)

    deferred = defer(delete_source(deferrable=True), task)

    assert isinstance(deferred.trigger, SpannerSlotTrigger)
    assert stage.has(SOURCE)


def test_a_deletion_fails_at_once_if_that_is_wanted(stage: Stage, task: FakeTask) -> None:
    """Without waiting for a slot, the error says what reads from the backup."""
    optimise(stage)

    with pytest.raises(LimitReachedError, match=RESTORED):
        play(delete_source(wait_for_slot=False), task)

    assert stage.has(SOURCE)


def test_a_deletion_that_ran_out_of_time_says_so(stage: Stage, task: FakeTask) -> None:
    """A deadline that passes in the triggerer fails the task, and nothing was deleted."""
    optimise(stage)
    event = {"timed_out": True, "pause": 0.0, "limit": "so many"}

    with pytest.raises(SlotWaitEndedError, match="was not deleted: out of time"):
        delete_source(deferrable=True).execute_after_slot(task.context, event)

    assert stage.has(SOURCE)


def test_a_killed_deletion_waits_no_longer(stage: Stage, task: FakeTask) -> None:
    """A kill ends the wait for what reads from the backup, and nothing was deleted."""
    optimise(stage)
    operator = delete_source()
    stage.script.upon("DeleteBackup", operator.on_kill)

    with pytest.raises(SlotWaitEndedError, match="was killed"):
        operator.execute(task.context)

    assert stage.has(SOURCE)


def test_a_deletion_that_was_killed_before_it_began_does_not_wait(
    stage: Stage, task: FakeTask
) -> None:
    """A kill may come before there is anything to stop."""
    optimise(stage)
    operator = delete_source()
    operator.on_kill()

    with pytest.raises(SlotWaitEndedError, match="was killed"):
        operator.execute(task.context)

    assert stage.has(SOURCE)
