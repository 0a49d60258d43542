# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A kill in the triggerer that cannot do its work says so and what ends the operation instead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.operations.errors import OperationGoneError, OperationTimeoutError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.triggers import operation
from tests.airflow.fake_airflow import DELETED, NO_ANSWER, FakeAirflow
from tests.airflow.fakes import BACKUP, LONG, FakeTaskInstance
from tests.airflow.task_runner import backup, defer, over_the_wire, resume

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> FakeAirflow:
    """Return an Airflow in which the task has failed, asked the way a triggerer asks it."""
    return FakeAirflow(monkeypatch)


@pytest.fixture
def trigger(stage: Stage, task: FakeTask, airflow: FakeAirflow) -> SpannerOperationTrigger:
    """Return the trigger that waits for a backup, whose task has published what it should."""
    stage.emulator.plan(LONG)
    waiting = over_the_wire(cast("Any", defer(backup(deferrable=True), task).trigger))
    waiting.task_instance = cast("Any", FakeTaskInstance())
    airflow.record = task.ti.xcoms[RECORD_KEY]
    return waiting


def _events(trigger: SpannerOperationTrigger) -> AsyncGenerator[Any, None]:
    return cast("AsyncGenerator[Any, None]", trigger.run())


def _names_a_way_out(text: str, trigger: SpannerOperationTrigger) -> bool:
    return f"airflow spanner-lro reap`); by hand: spanner-lro cancel {trigger.operation}" in text


@pytest.mark.parametrize("map_index", [-1, 0, 7])
async def test_asks_for_its_own_task(
    stage: Stage, trigger: SpannerOperationTrigger, airflow: FakeAirflow, map_index: int
) -> None:
    """A trigger finds its task among Airflow's answers, mapped or not."""
    trigger.task_instance = cast("Any", FakeTaskInstance(map_index=map_index))
    airflow.state = "deferred"

    await trigger.on_kill()
    kept = not stage.cancels
    airflow.state = "failed"
    await trigger.on_kill()

    assert kept
    assert 1 == len(stage.cancels)


async def test_dag_deleted(
    stage: Stage, trigger: SpannerOperationTrigger, airflow: FakeAirflow
) -> None:
    """E15: a task instance that is no longer there does not wait any more."""
    airflow.state, airflow.record = DELETED, None

    await trigger.on_kill()

    assert 1 == len(stage.cancels)


UNREADABLE = [
    pytest.param({"version": 7}, id="of another release"),
    pytest.param({}, id="empty"),
    pytest.param("a text", id="a text"),
    pytest.param({"version": 1, "kind": None}, id="incomplete"),
    pytest.param(ConnectionError("the bucket is away"), id="not fetched"),
]


@pytest.mark.parametrize("record", UNREADABLE)
async def test_unreadable_record_of_an_ended_task(
    stage: Stage, trigger: SpannerOperationTrigger, airflow: FakeAirflow, record: object
) -> None:
    """The state alone is enough when the task has ended: its operation is cancelled."""
    airflow.record = record

    await trigger.on_kill()

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)


@pytest.mark.parametrize("state", ["deferred", "running", None])
async def test_unreadable_record_of_a_task_that_may_wait(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow: FakeAirflow,
    capsys: pytest.CaptureFixture[str],
    state: str | None,
) -> None:
    """Without a record it cannot be told whose it is: told, and nothing is cancelled."""
    airflow.state, airflow.record = state, {"version": 7}

    await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.cancels
    assert "The task's record cannot be read: " in output
    assert _names_a_way_out(output, trigger)


async def test_airflow_cannot_be_asked(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow: FakeAirflow,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """When Airflow does not know the task's state, nothing is cancelled, and that is said."""
    airflow.state = NO_ANSWER

    await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.cancels
    assert "is not cancelled, the cancel was not sent: Airflow could not be asked" in output
    assert "the api-server is away" in output
    assert _names_a_way_out(output, trigger)


async def test_airflow_does_not_answer(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow: FakeAirflow,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A triggerer whose main process is too busy is not waited for until the kill is killed."""
    monkeypatch.setattr(operation, "ASK_TIMEOUT", 0.05)
    airflow.quiet.clear()

    await trigger.on_kill()
    # the event loop does not end before its threads do
    airflow.quiet.set()
    output = capsys.readouterr().out

    assert not stage.cancels
    assert "(no answer in time)" in output
    assert _names_a_way_out(output, trigger)


def test_the_cancel_has_its_time() -> None:
    """However slow Airflow is, ten seconds are left for Spanner, within Airflow's thirty."""
    assert operation.KILL_TIMEOUT - operation._TO_SPARE - operation.ASK_TIMEOUT >= 10
    assert operation.KILL_TIMEOUT < 30


async def test_connection_deleted(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that was deleted meanwhile is named, with what to do about it."""
    monkeypatch.delenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT")
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.cancels
    assert "could not be cancelled, the cancel was not sent: " in output
    assert "gcp_conn_id='google_cloud_default': there is no such connection" in output
    assert _names_a_way_out(output, trigger)


async def test_permission_missing(
    stage: Stage, trigger: SpannerOperationTrigger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A caller that may not cancel is told which role may, and that the operation goes on."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=None)

    await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.operation.done
    assert "Spanner refused to cancel it" in output
    assert "goes on: Spanner refused" in output
    assert "spanner.backupAdmin" in output
    assert _names_a_way_out(output, trigger)


async def test_spanner_unreachable(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E19: an outage as long as the kill itself ends it with a line that names the reaper."""
    monkeypatch.setattr(operation, "KILL_TIMEOUT", operation._TO_SPARE + 0.5)

    with stage.script.outage():
        await trigger.on_kill()
    output = capsys.readouterr().out

    assert not stage.operation.done
    assert "was not sent, or did not get through (UNAVAILABLE" in output
    assert _names_a_way_out(output, trigger)


async def test_short_outage(stage: Stage, trigger: SpannerOperationTrigger) -> None:
    """Spanner that comes back within the kill's time gets the cancel."""
    stage.script.fail(times=3)

    await trigger.on_kill()

    assert stage.operation.done
    assert not stage.has(BACKUP)


async def test_not_finished_in_time(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill that hangs is reported, and what it does goes on without anybody waiting."""
    monkeypatch.setattr(operation, "KILL_TIMEOUT", 0.05)
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    stage.script.upon("CancelOperation", lambda: loop.call_soon_threadsafe(arrived.set))
    stage.script.delay(0.3, method="GetOperation", times=1)

    await trigger.on_kill()
    output = capsys.readouterr().out
    await arrived.wait()

    assert "was not finished within 0.05 s" in output
    assert _names_a_way_out(output, trigger)


@pytest.mark.parametrize(
    ("state", "changes", "cancelled"),
    [
        pytest.param("deferred", {}, True, id="this try waits"),
        pytest.param("deferred", {"try_number": 2}, False, id="a newer try has adopted"),
        pytest.param("deferred", None, False, id="nothing is published"),
        pytest.param("deferred", {"version": 7}, False, id="a later release has published"),
        pytest.param("running", {}, False, id="another triggerer has fired"),
        pytest.param("success", {}, False, id="delivered"),
        pytest.param("failed", {}, False, id="ended"),
        pytest.param("up_for_retry", {}, False, id="a retry follows"),
        pytest.param(DELETED, {}, False, id="deleted"),
        pytest.param(NO_ANSWER, {}, False, id="no answer"),
    ],
)
async def test_deadline_in_a_triggerer_that_was_stalled(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow: FakeAirflow,
    state: object,
    changes: dict[str, Any] | None,
    *,
    cancelled: bool,
) -> None:
    """N7: a trigger that sees its deadline cancels only what its task certainly waits for."""
    trigger.deadline = "2020-01-01T00:00:00+00:00"
    airflow.state = state
    airflow.record = None if changes is None else airflow.record | changes

    event = await anext(_events(trigger))

    assert event.payload["snapshot"] is None
    assert cancelled == bool(stage.cancels)
    assert cancelled == stage.operation.done


def test_a_kill_after_the_delivery_cancels_nothing(
    stage: Stage, task: FakeTask, airflow: FakeAirflow
) -> None:
    """N7: what a task has delivered it publishes, so no poll is needed to leave it alone."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    late = over_the_wire(cast("Any", deferred.trigger))
    late.task_instance = cast("Any", FakeTaskInstance())
    stage.finish_upon()
    resume(operator, deferred, task)
    airflow.state, airflow.record = "success", task.ti.xcoms[RECORD_KEY]
    for method in ("GetOperation", "ListBackupOperations"):
        stage.script.fail(method=method, code=Code.UNAVAILABLE, times=100)

    asyncio.run(late.on_kill())

    assert not stage.cancels
    assert stage.has(BACKUP)


async def test_deadline_without_an_answer_is_left_to_a_worker(
    stage: Stage, task: FakeTask, trigger: SpannerOperationTrigger, airflow: FakeAirflow
) -> None:
    """E4: what a trigger cannot find out at the deadline, the resumed task does, and cancels."""
    trigger.deadline = "2020-01-01T00:00:00+00:00"
    airflow.state = NO_ANSWER
    event = await anext(_events(trigger))
    left = not stage.cancels
    airflow.state = "running"
    operator = backup(deferrable=True)

    with pytest.raises(OperationTimeoutError, match="nightly was cancelled"):
        await asyncio.to_thread(operator.execute_complete, task.context, event.payload)

    assert left
    assert 1 == len(stage.cancels)
    assert task.entry["closed"]


async def test_deadline_when_airflow_is_too_busy_to_answer(
    stage: Stage,
    trigger: SpannerOperationTrigger,
    airflow: FakeAirflow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A question without an answer is given up in time, and nothing is cancelled on a guess."""
    monkeypatch.setattr(operation, "_ASK_AT_DEADLINE", 0.05)
    trigger.deadline = "2020-01-01T00:00:00+00:00"
    airflow.quiet.clear()

    event = await anext(_events(trigger))
    airflow.quiet.set()

    assert event.payload["snapshot"] is None
    assert not stage.cancels


async def test_operation_vanishes(stage: Stage, trigger: SpannerOperationTrigger) -> None:
    """A wait for an operation that Spanner no longer knows ends, saying what a retry will do."""
    stage.script.fail(method="GetOperation", code=Code.NOT_FOUND)

    with pytest.raises(
        OperationGoneError, match=r"is gone: it was deleted, .* a retry starts anew"
    ):
        await anext(_events(trigger))


async def test_waiting_without_the_connection(
    trigger: SpannerOperationTrigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait that cannot begin because its connection was deleted says which one is missing."""
    monkeypatch.delenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT")
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    with pytest.raises(UnusableConnectionError, match="there is no such connection"):
        await anext(_events(trigger))
