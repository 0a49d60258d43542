# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A deferred task that is ended by a user cancels its operation; nothing else cancels it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.jobs import triggerer_job_runner
from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro.airflow_internals import USER_ACTION
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.ownership import TaskLiveness
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.triggers.task_state import TaskView
from tests.airflow.fakes import BACKUP, LATER, LONG, FakeTaskInstance
from tests.airflow.task_runner import backup, defer, over_the_wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from pytest_mock import MockerFixture

    from airflow_spanner_lro.core.ledger.ownership import Published
    from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
    from tests.airflow.fakes import FakeTask, Stage

TRY = 2


@pytest.fixture
def trigger(stage: Stage, task: FakeTask) -> SpannerOperationTrigger:
    """Return the trigger that waits for a backup on behalf of the second try."""
    stage.emulator.plan(LONG)
    return _trigger(task)


def _trigger(task: FakeTask, **parameters: Any) -> SpannerOperationTrigger:
    deferred = defer(backup(deferrable=True, **parameters), task)
    waiting = over_the_wire(cast("Any", deferred.trigger))
    waiting.task_instance = cast("Any", FakeTaskInstance(try_number=TRY))
    return waiting


def _record(operation: str, *, try_number: int = TRY) -> LedgerEntry:
    return LedgerEntry(
        kind=CREATE_BACKUP,
        target=BackupName.parse(BACKUP),
        fingerprint="as rendered",
        intended=datetime.now(tz=UTC),
        try_number=try_number,
        connection_spec=ConnectionSpec(gcp_conn_id="google_cloud_default"),
        operation=OperationName.parse(operation),
    )


@pytest.fixture
def airflow_says(mocker: MockerFixture) -> Callable[..., None]:
    """Return a function that decides what Airflow's database tells the trigger."""

    def say(liveness: TaskLiveness, record: Published) -> None:
        view = TaskView(liveness=liveness, record=record)
        mocker.patch("airflow_spanner_lro.triggers.task_state.view_task_soon", return_value=view)

    return say


def _events(trigger: SpannerOperationTrigger) -> AsyncGenerator[TriggerEvent, None]:
    return cast("AsyncGenerator[TriggerEvent, None]", trigger.run())


@pytest.mark.parametrize("still_recorded", [True, False], ids=["failed", "dag-deleted"])
async def test_ended_by_a_user_cancels(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow_says: Callable[..., None],
    *,
    still_recorded: bool,
) -> None:
    """A task that is no longer deferred and whose operation is its own cancels it."""
    record = _record(trigger.operation) if still_recorded else None
    airflow_says(TaskLiveness.ENDED, record)

    await trigger.on_kill()

    assert [trigger.operation] == [call.resource for call in stage.cancels]
    assert not stage.has(BACKUP)


async def test_kill_cleans_up(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A backup that was finished before the cancel took hold is deleted."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))
    stage.finish_upon("CancelOperation")

    await trigger.on_kill()

    assert not stage.has(BACKUP)


async def test_moved_to_another_triggerer(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A task that is still deferred for this operation waits elsewhere: nothing is cancelled."""
    airflow_says(TaskLiveness.DEFERRED, _record(trigger.operation))

    await trigger.on_kill()

    assert not stage.cancels


@pytest.mark.parametrize("liveness", TaskLiveness, ids=lambda liveness: liveness.name)
async def test_adopted_by_a_newer_try(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow_says: Callable[..., None],
    liveness: TaskLiveness,
) -> None:
    """An operation that a newer try has adopted is not cancelled by the old trigger."""
    airflow_says(liveness, _record(trigger.operation, try_number=TRY + 1))

    await trigger.on_kill()

    assert not stage.cancels


async def test_deferred_for_another_operation(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A task that waits for another operation by now has no use for this one."""
    airflow_says(TaskLiveness.DEFERRED, _record(f"{BACKUP}/operations/another"))

    await trigger.on_kill()

    assert 1 == len(stage.cancels)


async def test_unknown_owner(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A deferred task without a record is a mystery: nothing is cancelled."""
    airflow_says(TaskLiveness.DEFERRED, None)

    await trigger.on_kill()

    assert not stage.cancels


async def test_without_a_task_instance(stage: Stage, trigger: SpannerOperationTrigger) -> None:
    """A trigger that does not know its task cannot ask about it, and cancels nothing."""
    trigger.task_instance = None

    await trigger.on_kill()

    assert not stage.cancels


async def test_cancel_on_kill_off(
    stage: Stage, task: FakeTask, airflow_says: Callable[..., None]
) -> None:
    """A trigger that is not to cancel on kill does not even ask."""
    airflow_says(TaskLiveness.ENDED, None)
    stage.emulator.plan(LONG)
    trigger = await asyncio.to_thread(_trigger, task, cancel_on_kill=False)

    await trigger.on_kill()

    assert not stage.cancels


async def test_outcome_delivered(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A kill after the event was fired cancels nothing and deletes nothing."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))
    stage.finish_upon()
    await anext(_events(trigger))

    await trigger.on_kill()

    assert not stage.cancels
    assert stage.has(BACKUP)


async def test_delivered_by_another_triggerer(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow_says: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A triggerer that was stalled while another one saw the task to its end deletes nothing."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))
    stage.clock.advance(LATER)

    await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.cancels
    assert stage.has(BACKUP)
    assert "finished first: it was done already" in output
    assert "ended by a user" not in output


async def test_cancels_do_not_stop_a_kill(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """A kill that is itself cancelled ten times a second is completed all the same."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))
    stage.script.delay(0.5, method="CancelOperation")
    killing = asyncio.create_task(trigger.on_kill())

    while not (await asyncio.wait({killing}, timeout=0.1))[0]:
        killing.cancel("by the supervisor")

    assert not killing.cancelled()
    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)


async def test_the_log_stays_open_until_a_kill_is_over(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow_says: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However often the supervisor cancels it, a trigger is not over before its kill is logged."""

    async def life() -> None:
        # as Airflow 3.3.2 does it; on Python 3.11 the second cancel ends this wait
        try:
            await asyncio.wait_for(trigger.on_kill(), timeout=30)
        finally:
            await trigger.cleanup()

    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))
    stage.script.delay(0.5, method="CancelOperation")
    killed = asyncio.create_task(life())

    while not (await asyncio.wait({killed}, timeout=0.1))[0]:
        killed.cancel("by the supervisor")
    output = capsys.readouterr().out

    assert "Cancel sent: the task was ended by a user" in output
    assert "nightly was cancelled" in output


def test_the_message_is_airflows() -> None:
    """What tells a user's action from a shutdown is what Airflow's triggerer says."""
    assert USER_ACTION == triggerer_job_runner._USER_ACTION_CANCEL_MSG


async def _cancelled_while_it_waits(
    stage: Stage, trigger: SpannerOperationTrigger, *message: str
) -> None:
    """Let a trigger be cancelled, and clean up, as Airflow does when it cannot call ``on_kill``."""
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    stage.script.upon("GetOperation", lambda: loop.call_soon_threadsafe(arrived.set))
    waiting = asyncio.ensure_future(anext(_events(trigger)))
    await arrived.wait()
    waiting.cancel(*message)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await trigger.cleanup()


async def test_a_kill_that_airflow_fails_to_call(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """E23: a user's action is acted on although the second cancel came before ``on_kill``."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))

    await _cancelled_while_it_waits(stage, trigger, USER_ACTION)

    assert 1 == len(stage.cancels)


@pytest.mark.parametrize("message", [(), ("shutting down",)], ids=["none", "another"])
async def test_a_shutdown_is_no_kill(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow_says: Callable[..., None],
    message: tuple[str, ...],
) -> None:
    """K1: without the message of a user's action nothing is cancelled, whatever Airflow says."""
    airflow_says(TaskLiveness.ENDED, _record(trigger.operation))

    await _cancelled_while_it_waits(stage, trigger, *message)

    assert not stage.cancels


async def test_a_kill_that_airflow_skips_after_the_deadline(
    stage: Stage, trigger: SpannerOperationTrigger, airflow_says: Callable[..., None]
) -> None:
    """E4: when the deadline has passed, a worker does the rest."""
    airflow_says(TaskLiveness.ON_ITS_WAY, _record(trigger.operation))
    trigger._ended_by_user = True
    trigger.deadline = "2020-01-01T00:00:00+00:00"

    await trigger.cleanup()

    assert not stage.cancels


async def test_cleanup_without_a_kill_waits_for_nothing(
    stage: Stage, trigger: SpannerOperationTrigger
) -> None:
    """A trigger that is only stopped cleans up at once, and cancels nothing."""
    await asyncio.wait_for(trigger.cleanup(), timeout=1)

    assert not stage.cancels


async def test_cancel_keeps_its_message(stage: Stage, trigger: SpannerOperationTrigger) -> None:
    """A cancel that lands during a call tells Airflow why, and cancels no operation."""
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    stage.script.upon("GetOperation", lambda: loop.call_soon_threadsafe(arrived.set))
    stage.script.delay(0.5, method="GetOperation")
    waiting = asyncio.ensure_future(anext(_events(trigger)))
    await arrived.wait()

    waiting.cancel("a user acted")
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting

    assert ("a user acted",) == caught.value.args
    assert not stage.cancels
    assert not stage.operation.done


async def test_shutdown_before_the_first_call(
    stage: Stage, trigger: SpannerOperationTrigger
) -> None:
    """A trigger that is stopped while it connects keeps the message too, and cancels nothing."""
    waiting = asyncio.ensure_future(anext(_events(trigger)))
    await asyncio.sleep(0)

    waiting.cancel("shutting down")
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting

    assert ("shutting down",) == caught.value.args
    assert not stage.cancels


@pytest.mark.parametrize("how", ["aclose", "athrow"])
async def test_end_at_the_event_cancels_nothing(
    stage: Stage, trigger: SpannerOperationTrigger, how: str
) -> None:
    """A trigger that is thrown away after its event does nothing more, as dag.test() does it."""
    stage.finish_upon()
    events = _events(trigger)
    event = await anext(events)

    if how == "aclose":
        await events.aclose()
    else:
        with pytest.raises(asyncio.CancelledError):
            await events.athrow(asyncio.CancelledError())

    assert isinstance(event, TriggerEvent)
    assert not stage.cancels
    assert stage.has(BACKUP)
