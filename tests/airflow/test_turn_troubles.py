# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong around a turn: nothing hides what Spanner said, and nothing starts too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.flows.limits import LimitReachedError, SlotWaitEndedError
from airflow_spanner_lro.core.operations.errors import (
    ResumeConflictError,
    TargetTakenError,
    UnknownEventError,
)
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import BACKUP, DATABASE, LONG, FakeTask
from tests.airflow.task_runner import backup, defer, play, resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.fakes import Stage

LISTS = "ListBackupOperations"
REFUSAL = "Cannot create backup"


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.UNAVAILABLE], ids=lambda c: c.name)
def test_a_list_that_fails_does_not_hide_the_refusal(
    stage: Stage, task: FakeTask, code: Code, *, deferrable: bool
) -> None:
    """Who cannot see the holders of slots hears what Spanner refused, and a retry may cure it."""
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

    assert isinstance(caught.value.__cause__, TargetTakenError)
    assert task.entry["closed"]
    assert task.entry["operation"] is None


@pytest.mark.usefixtures("other")
def test_a_second_turn_on_a_worker_is_as_good_as_the_first(stage: Stage, task: FakeTask) -> None:
    """A refusal without a holder to be seen is tried once more at once, in each turn anew."""
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
    """A task whose turn came in time, and whose worker came too late, starts nothing."""
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
    """What exists when the turn has come, and is not ours, is a conflict and no success."""
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.clock.advance(timedelta(hours=11))
    stage.emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(AirflowFailException) as caught:
        resume(operator, deferred, task)

    assert isinstance(caught.value.__cause__, ResumeConflictError)


@pytest.mark.usefixtures("other")
def test_without_durability_it_waits_too(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """Waiting for a turn needs no memory of other tries."""
    stage.script.upon(LISTS, lambda: stage.finish_upon(LISTS))
    stage.script.upon("GetOperation", stage.finish_upon)

    result = play(backup(deferrable=deferrable, durable=False), task)

    assert BACKUP == result["name"]


@pytest.mark.usefixtures("other")
def test_a_kill_while_deferred_has_nothing_to_stop(stage: Stage, task: FakeTask) -> None:
    """The trigger of a turn owns nothing; the task may be killed and tried again."""
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
