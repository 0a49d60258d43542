# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task whose deferral Airflow has rejected stops its operation as its process ends (row E12)."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk._shared.listeners.listener import ListenerManager
from airflow.sdk._shared.listeners.spec import lifecycle
from airflow.sdk._shared.plugins_manager import integrate_listener_plugins
from airflow.sdk.api.datamodels._generated import TaskInstanceState
from airflow.sdk.execution_time import task_runner

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry, Stage as LifeStage
from airflow_spanner_lro.core.ledger.ownership import liveness_of
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import pending_deferral
from airflow_spanner_lro.plugin import SpannerLroPlugin, rejected_deferral
from tests.airflow.fake_airflow import DELETED, NO_ANSWER, FakeAirflow
from tests.airflow.fakes import BACKUP, LATER, LONG
from tests.airflow.task_runner import backup, defer

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> FakeAirflow:
    """Return an Airflow in which the task was marked failed while it ran."""
    pending_deferral.take()
    return FakeAirflow(monkeypatch)


@pytest.fixture
def listeners() -> ListenerManager:
    """Return Airflow's listeners, with ours among them."""
    manager = ListenerManager()
    manager.add_hookspecs(lifecycle)
    integrate_listener_plugins(manager, plugins=[SpannerLroPlugin()])
    return manager


@pytest.fixture
def left(stage: Stage, task: FakeTask, airflow: FakeAirflow) -> BaseOperator:
    """Let a task have started a backup and asked to be deferred; return its operator."""
    return _left(stage, task, airflow)


def _left(stage: Stage, task: FakeTask, airflow: FakeAirflow, **parameters: Any) -> BaseOperator:
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True, **parameters)
    defer(operator, task)
    airflow.record = task.ti.xcoms[RECORD_KEY]
    return operator


def _end_process(listeners: ListenerManager) -> None:
    listeners.hook.before_stopping(component=task_runner.TaskRunnerMarker())


def test_the_task_runner_calls_it(
    stage: Stage,
    left: BaseOperator,
    listeners: ListenerManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Airflow's task runner does after a rejected deferral reaches our listener."""
    monkeypatch.setattr(task_runner, "get_listener_manager", lambda: listeners)
    ti: Any = SimpleNamespace(
        start_date=None, end_date=None, task=SimpleNamespace(operator_extra_links=())
    )

    task_runner.finalize(ti, TaskInstanceState.DEFERRED, {}, task_runner.log)

    assert "backup" == left.task_id
    assert 1 == len(stage.cancels)


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    "state", ["failed", "success", "skipped", "removed", "upstream_failed", "restarting", DELETED]
)
def test_nobody_will_wait(
    stage: Stage, task: FakeTask, airflow: FakeAirflow, listeners: ListenerManager, state: str
) -> None:
    """The operation of a task that was ended while it ran is cancelled, and its entry closed."""
    airflow.state = state

    _end_process(listeners)

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)
    assert task.entry["closed"]


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    "state", ["deferred", "scheduled", "queued", "running", None, "up_for_retry"]
)
def test_somebody_waits(
    stage: Stage, airflow: FakeAirflow, listeners: ListenerManager, state: str | None
) -> None:
    """A task that is deferred, or went on already, keeps its operation; one question is asked."""
    airflow.state = state

    _end_process(listeners)

    assert not stage.cancels
    assert 1 == airflow.asked


@pytest.mark.usefixtures("left")
def test_adopted_meanwhile(
    stage: Stage, task: FakeTask, airflow: FakeAirflow, listeners: ListenerManager
) -> None:
    """An operation that a newer try has published is that try's."""
    airflow.record |= {"try_number": task.ti.try_number + 1}

    _end_process(listeners)

    assert not stage.cancels


@pytest.mark.usefixtures("left")
def test_done_meanwhile(stage: Stage, listeners: ListenerManager) -> None:
    """What was done before anybody asked is left as it is."""
    stage.clock.advance(LATER)

    _end_process(listeners)

    assert not stage.cancels
    assert stage.has(BACKUP)


@pytest.mark.usefixtures("left")
def test_finished_before_the_cancel(stage: Stage, listeners: ListenerManager) -> None:
    """A backup that was finished while it was being cancelled is deleted."""
    stage.finish_upon("CancelOperation")

    _end_process(listeners)

    assert not stage.has(BACKUP)


def test_cancel_on_kill_off(
    stage: Stage, task: FakeTask, airflow: FakeAirflow, listeners: ListenerManager
) -> None:
    """An operation that is to survive its task is not even asked about."""
    _left(stage, task, airflow, cancel_on_kill=False)

    _end_process(listeners)

    assert not stage.cancels
    assert 0 == airflow.asked


@pytest.mark.usefixtures("left")
def test_only_at_the_end_of_a_task(
    stage: Stage, airflow: FakeAirflow, listeners: ListenerManager
) -> None:
    """Airflow's other components stop without a question."""
    listeners.hook.before_stopping(component=object())

    assert not stage.cancels
    assert 0 == airflow.asked


@pytest.mark.usefixtures("left")
def test_a_note_serves_once(stage: Stage, airflow: FakeAirflow, listeners: ListenerManager) -> None:
    """The next task in the same process, as with dag.test(), does not find the note of this one."""
    airflow.state = "deferred"
    _end_process(listeners)
    airflow.state = "failed"

    _end_process(listeners)

    assert not stage.cancels


@pytest.mark.usefixtures("left")
def test_cancel_refused(
    stage: Stage, task: FakeTask, listeners: ListenerManager, caplog: pytest.LogCaptureFixture
) -> None:
    """A cancel that is refused leaves the entry to the reaper, and the log says so."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=None)

    _end_process(listeners)

    assert LifeStage.STOPPING is LedgerEntry.from_record(task.entry).stage
    assert "spanner.backupAdmin" in caplog.text
    assert "the reaper ends it (by itself, or `airflow spanner-lro reap`)" in caplog.text


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("state", [NO_ANSWER, "a state of tomorrow"], ids=["no answer", "unknown"])
def test_state_is_not_known(
    stage: Stage,
    airflow: FakeAirflow,
    listeners: ListenerManager,
    caplog: pytest.LogCaptureFixture,
    state: object,
) -> None:
    """Without a state nothing is cancelled, and the process ends with a line in its log."""
    airflow.state = state

    _end_process(listeners)

    assert not stage.cancels
    assert "the reaper ends it (by itself, or `airflow spanner-lro reap`)" in caplog.text


@pytest.mark.usefixtures("left")
def test_unreadable_record(
    stage: Stage,
    airflow: FakeAirflow,
    listeners: ListenerManager,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The state alone is enough for a task that has ended."""
    airflow.record = {"version": 7}

    _end_process(listeners)

    assert 1 == len(stage.cancels)
    assert "The task's record cannot be read" in caplog.text


@pytest.mark.usefixtures("left")
def test_the_process_is_not_held_up(
    stage: Stage,
    airflow: FakeAirflow,
    listeners: ListenerManager,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An Airflow that does not answer is not waited for until the process is killed."""
    monkeypatch.setattr(rejected_deferral, "TIMEOUT", 0.05)
    airflow.quiet.clear()
    airflow.state = "deferred"

    _end_process(listeners)
    told = caplog.text
    airflow.quiet.set()

    assert not stage.cancels
    assert "within 0.05 s. If it goes on, the reaper ends it" in told


def test_killed_before(
    stage: Stage,
    left: BaseOperator,
    listeners: ListenerManager,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A process that a heartbeat has already told to end has stopped the operation by that."""
    left.on_kill()

    with caplog.at_level(logging.WARNING):
        _end_process(listeners)

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)


@pytest.mark.parametrize("state", list(TaskInstanceState))
def test_every_state_of_airflow_is_known(state: TaskInstanceState) -> None:
    """The installed Airflow has no state that we would not know what to make of."""
    assert liveness_of("a state of tomorrow") is not liveness_of(state.value)
