# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A deferrable task whose kind is usually quick waits on its worker first."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.flows import operation
from airflow_spanner_lro.core.operations.errors import OperationKilledError, OperationTimeoutError
from airflow_spanner_lro.core.polling import expected_end
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import pending_deferral
from tests.airflow.fakes import LATER, LONG
from tests.airflow.task_runner import backup, change_schema, defer, resume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.airflow.fakes import FakeTask, Stage

WAIT = timedelta(seconds=15)


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait as long as is usual; find and leave no note of another test's deferral."""
    pending_deferral.take()
    monkeypatch.delenv("AIRFLOW__SPANNER_LRO__WORKER_WAIT")
    yield
    pending_deferral.take()


@pytest.fixture
def wait_passes(stage: Stage, pass_time: Callable[[timedelta], None]) -> None:
    """Let the time of the wait on the worker be over when an operation is polled."""
    stage.emulator.plan(LONG)
    stage.script.upon("GetOperation", lambda: pass_time(WAIT))


@pytest.fixture
def sleeps_pass(
    stage: Stage, pass_time: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let each sleep on the worker be over at once, and its time have passed everywhere."""

    def sleep(clock: Any, seconds: float) -> None:
        del clock
        pass_time(timedelta(seconds=seconds))
        stage.clock.advance(timedelta(seconds=seconds))

    stage.emulator.plan(LONG)
    monkeypatch.setattr("airflow_spanner_lro.admin.clock.StoppableClock.sleep", sleep)


def polls(stage: Stage) -> int:
    """Return how often operations were polled."""
    return len(stage.emulator.calls.of("GetOperation"))


def test_a_quick_change_is_never_deferred(stage: Stage, task: FakeTask) -> None:
    """What ends within the wait is delivered by the worker that started it."""
    stage.finish_upon()

    change_schema(deferrable=True).execute(task.context)

    assert 1 == len(stage.starts)
    assert task.entry["closed"]
    assert pending_deferral.current() is None


@pytest.mark.usefixtures("wait_passes")
def test_a_long_change_is_deferred_after_the_wait(stage: Stage, task: FakeTask) -> None:
    """What has not ended by then is left to the triggerer, and delivered after that."""
    operator = change_schema(deferrable=True)

    deferred = defer(operator, task)
    stage.clock.advance(LATER)
    resume(operator, deferred, task)

    assert 1 == len(stage.starts)
    assert [] == list(stage.cancels)
    assert task.entry["closed"]


@pytest.mark.usefixtures("wait_passes")
def test_a_deferral_after_the_wait_is_noted(stage: Stage, task: FakeTask) -> None:
    """Airflow may reject it like any other, and then the plugin has to find it."""
    defer(change_schema(deferrable=True), task)

    note = pending_deferral.current()
    assert note is not None
    assert stage.operation.name == str(note.name)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        pytest.param(backup, {}, id="a kind that takes long"),
        pytest.param(change_schema, {"worker_wait": 0}, id="as its author wants"),
    ],
)
def test_nothing_is_polled_before_a_deferral_at_once(
    stage: Stage, task: FakeTask, make: Callable[..., Any], parameters: dict[str, Any]
) -> None:
    """Other kinds, and who wants no wait, leave the worker as soon as the operation runs."""
    stage.emulator.plan(LONG)

    defer(make(deferrable=True, **parameters), task)

    assert 0 == polls(stage)


def test_configured_to_defer_at_once(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration speaks for all tasks whose authors say nothing."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WORKER_WAIT", "0")
    stage.emulator.plan(LONG)

    defer(change_schema(deferrable=True), task)

    assert 0 == polls(stage)


def test_an_author_can_have_any_kind_wait(stage: Stage, task: FakeTask) -> None:
    """Who knows that his backups are small saves their deferrals."""
    stage.finish_upon()

    result = backup(deferrable=True, worker_wait=30).execute(task.context)

    assert stage.operation.target == result["name"]


def test_what_is_adopted_is_deferred_at_once(stage: Stage, task: FakeTask) -> None:
    """An operation that an earlier try has left running is not quick any more."""
    stage.emulator.plan(LONG)
    defer(change_schema(deferrable=True, worker_wait=0), task)
    task.next_try()

    defer(change_schema(deferrable=True), task)

    assert 1 == len(stage.starts)
    # the one that finds it running
    assert 1 == polls(stage)


def test_a_kill_during_the_wait_cancels(stage: Stage, task: FakeTask) -> None:
    """As on a worker: the operation is cancelled, and nothing is deferred."""
    stage.emulator.plan(LONG)
    operator = change_schema(deferrable=True)
    killer = threading.Thread(target=operator.on_kill)
    stage.script.upon("GetOperation", killer.start)

    with pytest.raises(OperationKilledError, match="Schema change orders was cancelled"):
        operator.execute(task.context)
    killer.join()

    assert [stage.operation.name] == [call.resource for call in stage.cancels]


def test_a_kill_at_the_end_of_the_wait_defers_nothing(
    stage: Stage, task: FakeTask, pass_time: Callable[[timedelta], None]
) -> None:
    """Airflow lets a killed task go on, and the wait is over at this very moment."""
    stage.emulator.plan(LONG)
    operator = change_schema(deferrable=True, cancel_on_kill=False)

    def kill() -> None:
        operator.on_kill()
        pass_time(WAIT)

    stage.script.upon("GetOperation", kill)

    with pytest.raises(OperationKilledError):
        operator.execute(task.context)


@pytest.mark.usefixtures("wait_passes")
def test_a_deadline_within_the_wait_cancels(stage: Stage, task: FakeTask) -> None:
    """As on a worker: who has less time than the wait cancels there, and says so."""
    with pytest.raises(OperationTimeoutError, match=r"was cancelled: out of time after 10 s"):
        change_schema(deferrable=True, operation_timeout=10).execute(task.context)

    assert 1 == len(stage.cancels)


def test_a_wait_that_is_none_starts_nothing(stage: Stage, task: FakeTask) -> None:
    """A bad parameter is found before Spanner hears of anything."""
    with pytest.raises(Exception, match="worker_wait=-1 is not usable") as caught:
        change_schema(deferrable=True, worker_wait=-1).execute(task.context)

    assert isinstance(caught.value.__cause__, InvalidArgumentError)
    assert 0 == len(stage.starts)


@pytest.mark.usefixtures("sleeps_pass")
def test_an_outage_during_the_wait_is_left_to_the_triggerer(stage: Stage, task: FakeTask) -> None:
    """Spanner that does not answer ends no wait, and holds no worker longer than the wait."""
    stage.script.fail(method="GetOperation", code=Code.UNAVAILABLE, times=None)

    with pytest.raises(TaskDeferred):
        change_schema(deferrable=True).execute(task.context)

    assert 0 == len(stage.cancels)


@pytest.mark.usefixtures("wait_passes")
def test_each_step_of_progress_is_one_line(
    stage: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the worker has logged the triggerer does not log again."""
    operator = change_schema(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon()

    resume(operator, deferred, task)

    logged = capsys.readouterr().out
    assert 1 == logged.count("Schema change orders: 0 %"), logged


@pytest.mark.usefixtures("sleeps_pass")
def test_eight_requests_at_most(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No budget counts them, so a worker asks eight times in 15 s, where it would 22 times."""
    monkeypatch.setattr(operation, "PRICE", expected_end.PRICE)

    defer(change_schema(deferrable=True), task)

    assert 4 <= polls(stage) <= 8
