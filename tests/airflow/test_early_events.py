# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A trigger tells an end no sooner than Airflow knows that the worker that deferred has ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from airflow_spanner_lro.airflow_internals import USER_ACTION
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.operations.errors import OperationGoneError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.triggers import base
from airflow_spanner_lro.triggers.conditions import SpannerOperationsTrigger
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.slot import SpannerPauseTrigger, SpannerSlotTrigger
from tests.airflow.fakes import FakeTaskInstance
from tests.airflow.task_runner import backup, defer, over_the_wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from airflow.triggers.base import BaseTrigger, TriggerEvent

    from airflow_spanner_lro.triggers.base import SpannerTrigger
    from tests.airflow.fakes import FakeTask, Stage

HELD = 0.4
SPEC = ConnectionSpec(gcp_conn_id="google_cloud_default")
"""Of a worker that has decided where to ask."""


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold events back for a time that a test can wait for."""
    monkeypatch.setattr(base, "WORKER_LEAVES", HELD)


def in_triggerer(trigger: BaseTrigger) -> BaseTrigger:
    """Return a trigger as a triggerer runs it."""
    trigger.task_instance = cast("Any", FakeTaskInstance())
    return trigger


async def seconds_until_event(trigger: BaseTrigger) -> float:
    """Return after how long a trigger fires."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    await anext(events)
    fired = loop.time()
    await events.aclose()
    return fired - begun


@pytest.fixture
def done(stage: Stage, task: FakeTask) -> SpannerOperationTrigger:
    """Return the trigger of an operation that is done when it is polled first."""
    stage.finish_upon()
    return over_the_wire(cast("Any", defer(backup(deferrable=True), task).trigger))


def pause() -> SpannerPauseTrigger:
    """Return the trigger of a pause that is over."""
    until = datetime.now(tz=UTC) - timedelta(seconds=1)
    return SpannerPauseTrigger.from_connection(SPEC, until=until.isoformat())


async def test_end_of_an_operation_is_held(done: SpannerOperationTrigger) -> None:
    """What ends at once would be resumed before the executor has reported the first worker."""
    assert HELD <= await seconds_until_event(in_triggerer(done))


async def test_end_of_a_pause_is_held() -> None:
    """The same for who tries again after a refusal."""
    assert HELD <= await seconds_until_event(in_triggerer(pause()))


async def test_free_slot_is_held(stage: Stage, task: FakeTask, other: FakeTask) -> None:
    """The same for a slot that becomes free at once."""
    assert "other" == other.ti.task_id
    waiting = defer(backup(deferrable=True), task).trigger
    assert isinstance(waiting, SpannerSlotTrigger)
    stage.finish_upon("ListBackupOperations")

    assert HELD <= await seconds_until_event(in_triggerer(waiting))


async def test_sensor_that_polled_on_a_worker_is_held(done: SpannerOperationTrigger) -> None:
    """The same for a sensor that polled once on a worker."""
    sensor = SpannerOperationsTrigger(operation_name=done.operation, endpoint=done.endpoint)

    assert HELD <= await seconds_until_event(in_triggerer(sensor))


async def test_sensor_that_began_without_a_worker_is_not_held(
    done: SpannerOperationTrigger,
) -> None:
    """No worker has ended before it, and none has decided where to ask."""
    sensor = SpannerOperationsTrigger(operation_name=done.operation, endpoint=None)

    assert HELD > await seconds_until_event(in_triggerer(sensor))


async def test_trigger_in_the_process_of_its_task_is_not_held(
    done: SpannerOperationTrigger,
) -> None:
    """``dag.test()`` has no executor."""
    assert HELD > await seconds_until_event(done)


async def test_late_end_is_not_held(
    done: SpannerOperationTrigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait that took longer than that tells its end at once."""
    monkeypatch.setattr(base, "WORKER_LEAVES", 0.0)

    assert HELD > await seconds_until_event(in_triggerer(done))


async def test_error_is_held(stage: Stage, done: SpannerOperationTrigger) -> None:
    """A trigger that raises resumes its task as one that fires does."""
    stage.script.fail(method="GetOperation", code=Code.NOT_FOUND)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    with pytest.raises(OperationGoneError):
        await seconds_until_event(in_triggerer(done))

    assert HELD <= loop.time() - begun


async def test_kill_while_an_end_is_held_is_a_kill(
    done: SpannerOperationTrigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's action reaches the trigger with its message, and no event follows."""
    held, hold = asyncio.Event(), SpannerOperationTrigger._until_worker_has_left

    async def hold_and_tell(trigger: SpannerTrigger, begun: float) -> None:
        held.set()
        await hold(trigger, begun)

    monkeypatch.setattr(base, "WORKER_LEAVES", 60.0)
    monkeypatch.setattr(SpannerOperationTrigger, "_until_worker_has_left", hold_and_tell)
    waiting = asyncio.create_task(seconds_until_event(in_triggerer(done)))
    await held.wait()

    waiting.cancel(msg=USER_ACTION)
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting

    assert (USER_ACTION,) == caught.value.args
