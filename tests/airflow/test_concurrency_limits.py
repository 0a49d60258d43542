# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for a slot where Spanner allows only so many operations at a time."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout, TaskDeferred
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.flows.limits import LimitReachedError, SlotWaitEndedError
from airflow_spanner_lro.core.operations.errors import (
    ResumeConflictError,
    TargetExistsError,
    UnknownEventError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.triggers.slot import SpannerSlotTrigger
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, RESTORED, SOURCE, FakeTask
from tests.airflow.task_runner import backup, defer, over_the_wire, play, restore, resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.fakes import Stage


LISTS = "ListBackupOperations"
DENIED = "Cannot create backup"


def leave_upon_second_list(stage: Stage, method: str = LISTS) -> None:
    """Let all operations end when the holders of slots are listed for the second time."""
    stage.script.upon(method, lambda: stage.finish_upon(method))


@pytest.mark.usefixtures("other")
def test_a_second_backup_waits_for_the_first(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A backup that Spanner refuses because another is pending is made when that has ended."""
    leave_upon_second_list(stage)
    stage.script.upon("GetOperation", lambda: stage.finish_upon("GetOperation"))

    result = play(backup(deferrable=deferrable), task)

    assert (BACKUP, "READY") == (result["name"], result["state"])
    assert [Code.OK, Code.FAILED_PRECONDITION, Code.OK] == [call.code for call in stage.starts]
    assert not stage.cancels


@pytest.mark.usefixtures("other")
def test_waiting_for_a_turn_holds_no_worker(stage: Stage, task: FakeTask) -> None:
    """A deferrable task waits for a slot in the triggerer, and has started nothing yet."""
    deferred = defer(backup(deferrable=True), task)

    trigger = over_the_wire(deferred.trigger)
    assert isinstance(trigger, SpannerSlotTrigger)
    assert "execute_after_slot" == deferred.method_name
    assert [stage.first.name] == trigger.holders
    assert task.entry["closed"]
    assert "operation_name" not in task.ti.xcoms


@pytest.mark.usefixtures("other")
def test_many_refusals_leave_one_entry(stage: Stage, task: FakeTask) -> None:
    """However often a task is refused, its ledger grows by one entry."""
    operator = backup(deferrable=True)
    for _ in range(3):
        with pytest.raises(LimitReachedError):
            backup(wait_for_slot=False).execute(task.context)
    leave_upon_second_list(stage)
    deferred = defer(operator, task)

    with pytest.raises(TaskDeferred):
        resume(operator, deferred, task)

    assert 1 == len(task.entries)
    assert stage.operation.name == task.entry["operation"]


@pytest.mark.usefixtures("other")
def test_no_waiting_for_a_turn_if_not_wanted(task: FakeTask, *, deferrable: bool) -> None:
    """With wait_for_slot=False the refusal fails the task, and names who is in the way."""
    with pytest.raises(LimitReachedError) as caught:
        play(backup(deferrable=deferrable, wait_for_slot=False), task)

    assert f"{INSTANCE}/backups/other/operations/" in str(caught.value)
    assert "one backup of a database at a time" in str(caught.value)


@pytest.mark.usefixtures("other")
def test_the_deadline_counts_while_waiting_for_a_slot(
    stage: Stage, task: FakeTask, pass_time: Callable[[timedelta], None], *, deferrable: bool
) -> None:
    """A task whose deadline passes before a slot is free has started nothing, and says so."""
    stage.script.upon(LISTS, lambda: pass_time(timedelta(hours=1)))
    operator = backup(deferrable=deferrable, operation_timeout=timedelta(minutes=30))

    with pytest.raises(
        SlotWaitEndedError, match="was not started: out of time while it waited for a slot"
    ) as caught:
        play(operator, task)

    assert BACKUP in str(caught.value)
    assert 2 == len(stage.starts)
    assert not stage.has(BACKUP)
    assert not stage.cancels


@pytest.mark.usefixtures("other")
def test_a_kill_ends_the_wait_for_a_slot(stage: Stage, task: FakeTask) -> None:
    """A task that is killed while it waits for a slot stops waiting, and cancels nothing."""
    operator = backup()
    stage.script.upon(
        LISTS, lambda: stage.script.upon(LISTS, threading.Thread(target=operator.on_kill).start)
    )

    with pytest.raises(SlotWaitEndedError, match="was killed"):
        operator.execute(task.context)

    assert not stage.cancels


@pytest.mark.usefixtures("other")
def test_the_backstop_of_a_slot_wait_is_a_plain_timeout(task: FakeTask) -> None:
    """When Airflow itself ends the wait for a slot, there is nothing to stop."""
    operator = backup(deferrable=True, operation_timeout=timedelta(hours=1))
    deferred = defer(operator, task)

    assert deferred.timeout is not None
    with pytest.raises(TaskDeferralTimeout):
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, task.context)


def test_a_slot_that_is_free_by_now_is_taken(stage: Stage, task: FakeTask) -> None:
    """A start that is refused although nobody is pending any more is made once more at once."""
    stage.script.fail(method="CreateBackup", code=Code.FAILED_PRECONDITION, message=DENIED)

    play(backup(wait_for_completion=False), task)

    assert [Code.FAILED_PRECONDITION, Code.OK] == [call.code for call in stage.starts]


def test_another_failed_precondition_is_no_lack_of_slots(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A refusal that no pending operation explains fails the task with Spanner's own words."""
    stage.script.fail(
        method="CreateBackup", code=Code.FAILED_PRECONDITION, message=DENIED, times=None
    )

    with pytest.raises(Exception, match=DENIED) as caught:
        play(backup(deferrable=deferrable), task)

    assert not isinstance(caught.value, LimitReachedError)
    assert 2 == len(stage.starts)


@pytest.mark.usefixtures("other")
def test_a_backup_of_another_database_is_not_in_the_way(stage: Stage, task: FakeTask) -> None:
    """Only backups of the very same database hold the slot, not those of its namesakes."""
    longer = f"{DATABASE}2"
    stage.emulator.create_database(longer)

    play(backup(database_id="orders2", wait_for_completion=False), task)

    assert [Code.OK, Code.OK] == [call.code for call in stage.starts]


def test_an_eleventh_restore_waits(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A restore beyond what an instance takes at a time is made when another has ended."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)
    for number in range(10):
        other = FakeTask()
        other.ti.task_id = f"other{number}"
        play(restore(database_id=f"other{number}", wait_for_completion=False), other)
    leave_upon_second_list(stage, "ListDatabaseOperations")
    stage.script.upon("GetOperation", lambda: stage.finish_upon("GetOperation"))

    result = play(restore(deferrable=deferrable), task)

    assert RESTORED == result["name"]
    assert [Code.OK] * 10 + [Code.FAILED_PRECONDITION, Code.OK] == [
        call.code for call in stage.starts
    ]


REFUSAL = "Cannot create backup"


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.UNAVAILABLE], ids=lambda c: c.name)
def test_a_list_that_fails_does_not_hide_the_refusal(
    stage: Stage, task: FakeTask, code: Code, *, deferrable: bool
) -> None:
    """Who cannot see the holders of slots is told what Spanner refused, and a retry may cure it."""
    stage.script.fail(method=LISTS, code=code)

    with pytest.raises(FailedPrecondition):
        play(backup(deferrable=deferrable), task)

    assert task.entry["closed"]
    assert 2 == len(stage.starts)


def test_a_search_that_fails_does_not_hide_the_refusal(stage: Stage, task: FakeTask) -> None:
    """Who may not list hears that the target exists all the same, and owes nothing."""
    stage.emulator.create_backup(BACKUP, DATABASE)
    stage.script.fail(method="ListOperations", code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="Spanner said: Backup already exists") as caught:
        backup().execute(task.context)

    assert isinstance(caught.value.__cause__, TargetExistsError)
    assert task.entry["closed"]
    assert task.entry["operation"] is None


@pytest.mark.usefixtures("other")
def test_a_second_wait_on_a_worker_is_as_good_as_the_first(stage: Stage, task: FakeTask) -> None:
    """A refusal without a holder to be seen is tried once more at once, in each wait anew."""
    stage.script.upon(LISTS, lambda: stage.finish_upon(LISTS))
    stage.script.upon(
        LISTS,
        lambda: stage.script.upon(
            LISTS,
            lambda: stage.script.fail(
                method="CreateBackup", code=Code.FAILED_PRECONDITION, message=REFUSAL
            ),
        ),
    )

    play(backup(wait_for_completion=False), task)

    refused = Code.FAILED_PRECONDITION
    assert [Code.OK, refused, refused, Code.OK] == [call.code for call in stage.starts]


@pytest.mark.usefixtures("other")
def test_nothing_starts_after_the_deadline(
    stage: Stage, task: FakeTask, pass_time: Callable[[timedelta], None]
) -> None:
    """A task whose slot was free in time, and whose worker came too late, starts nothing."""
    operator = backup(deferrable=True, operation_timeout=timedelta(minutes=30))
    defer(operator, task)
    pass_time(timedelta(hours=1))

    with pytest.raises(SlotWaitEndedError, match="out of time while it waited for a slot"):
        operator.resume_execution(
            "execute_after_slot", {"event": {"timed_out": False, "limit": "one"}}, task.context
        )

    assert 2 == len(stage.starts)


@pytest.mark.usefixtures("other")
def test_somebody_makes_it_meanwhile(stage: Stage, task: FakeTask) -> None:
    """What exists when the slot is free, and is not ours, is a conflict and no success."""
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.clock.advance(timedelta(hours=11))
    stage.emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(AirflowFailException) as caught:
        resume(operator, deferred, task)

    assert isinstance(caught.value.__cause__, ResumeConflictError)


@pytest.mark.usefixtures("other")
def test_without_durability_it_waits_too(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """Waiting for a slot needs no memory of other tries."""
    stage.script.upon(LISTS, lambda: stage.finish_upon(LISTS))
    stage.script.upon("GetOperation", stage.finish_upon)

    result = play(backup(deferrable=deferrable, durable=False), task)

    assert BACKUP == result["name"]


@pytest.mark.usefixtures("other")
def test_a_kill_while_deferred_has_nothing_to_stop(stage: Stage, task: FakeTask) -> None:
    """The trigger that waits for a slot owns nothing; the task may be killed and tried again."""
    deferred = defer(backup(deferrable=True), task)
    task.next_try()

    again = defer(backup(deferrable=True), task)

    assert type(deferred.trigger) is type(again.trigger)
    assert not stage.cancels
    assert 1 == len(task.entries)
    with pytest.raises(LimitReachedError):
        backup(wait_for_slot=False).execute(task.context)


@pytest.mark.parametrize("event", [{}, {"name": BACKUP}, None, {"timed_out": False}], ids=repr)
@pytest.mark.parametrize("method", ["execute_complete", "execute_after_slot"])
def test_an_event_of_another_release_is_named(
    stage: Stage, task: FakeTask, method: str, event: Any
) -> None:
    """What a trigger of another release tells is no riddle, and the next try adopts."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)

    with pytest.raises(UnknownEventError, match="the same release"):
        getattr(backup(deferrable=True), method)(task.context, event)
    task.next_try()
    defer(backup(deferrable=True), task)

    assert 1 == len(stage.starts)
