# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in a process that plays its task itself ends the operation, and says so (row E24)."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time import supervisor, task_runner

from airflow_spanner_lro.airflow_internals import runs_tasks_in_process
from airflow_spanner_lro.core.operations.errors import OperationKilledError
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import interrupts, pending_deferral, run
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from tests.airflow.fakes import BACKUP, LONG, eventually
from tests.airflow.task_runner import backup, defer, resume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.airflow.fakes import FakeTask, Stage


_INTERRUPTED: list[object] = []
"""Never freed: a call that a signal's exception has ended keeps gRPC from ever closing its channel,
and whichever thread frees that hangs (grpcio 1.85)."""


class InProcessSupervisorComms:
    """Stands in for Airflow's class of that name, by which such a process is known."""


@pytest.fixture
def by_itself(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process play tasks without a supervisor, as ``airflow dags test`` does."""
    for module in (interrupts, run):
        monkeypatch.setattr(module, "runs_tasks_in_process", lambda: True)
    pending_deferral.take()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_such_a_process_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's class is known by its name; there is none of it anywhere else."""
    elsewhere = runs_tasks_in_process()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", InProcessSupervisorComms(), raising=False)

    assert [False, True] == [elsewhere, runs_tasks_in_process()]
    assert supervisor.InProcessSupervisorComms.__name__ == InProcessSupervisorComms.__name__


def press() -> None:
    """Press Ctrl-C: whichever thread asks for it, the main one hears it."""
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("by_itself")
def test_waiting_on_the_worker(stage: Stage, task: FakeTask) -> None:
    """The operation is cancelled, the task fails for good, and its error says both."""
    stage.emulator.plan(LONG)
    stage.script.upon("GetOperation", press)

    with pytest.raises(
        AirflowFailException, match=r"was cancelled: the task was interrupted \(Ctrl-C\)"
    ):
        backup(retries=3).execute(task.context)

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)
    assert Ending.CANCELLED == task.entry["ending"]
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


@pytest.mark.usefixtures("by_itself")
def test_during_the_start_call(stage: Stage, task: FakeTask) -> None:
    """An operation whose start call is under way is cancelled when the answer tells its name."""
    stage.emulator.plan(LONG)
    stage.script.answer_late(0.5, method="CreateBackup")
    stage.script.upon("CreateBackup", press)

    with pytest.raises(AirflowFailException, match="nightly was cancelled"):
        backup(deferrable=True).execute(task.context)

    assert 1 == len(stage.cancels)


@pytest.mark.usefixtures("by_itself")
def test_deferred(stage: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]) -> None:
    """While the trigger waits in this process the operation is cancelled before it is left."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)

    with pytest.raises(KeyboardInterrupt):
        press()

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)
    assert Ending.CANCELLED == task.entry["ending"]
    assert f"Create backup nightly was cancelled. {stage.operation.name}" in capsys.readouterr().out


@pytest.mark.usefixtures("by_itself")
def test_a_triggerer_beside_it_cancels_nothing(stage: Stage, task: FakeTask) -> None:
    """A triggerer may take the trigger for its own for a moment, and nobody kills it there."""
    stage.emulator.plan(LONG)

    trigger = defer(backup(deferrable=True), task).trigger

    assert isinstance(trigger, SpannerOperationTrigger)
    assert not trigger.cancel_on_kill


@pytest.mark.usefixtures("by_itself")
def test_after_the_trigger(stage: Stage, task: FakeTask) -> None:
    """A task that has delivered has nothing that Ctrl-C could end."""
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon()
    resume(backup(deferrable=True), deferred, task)

    with pytest.raises(KeyboardInterrupt):
        press()

    assert not stage.cancels
    assert stage.has(BACKUP)


@pytest.mark.usefixtures("by_itself")
def test_refused(stage: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be cancelled is logged, with what ends it, and written down."""
    stage.emulator.plan(LONG)
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=None)
    defer(backup(deferrable=True), task)

    with pytest.raises(KeyboardInterrupt):
        press()

    assert "Spanner refused to cancel it" in (output := capsys.readouterr().out)
    assert f"spanner-lro cancel {stage.operation.name}" in output
    assert Ending.REFUSED == task.entry["ending"]


@pytest.mark.usefixtures("by_itself")
@pytest.mark.parametrize("deferrable", [True, False])
def test_cancel_on_kill_off(stage: Stage, task: FakeTask, deferrable: bool) -> None:
    """K8: an operation that is to outlive its task outlives Ctrl-C as well."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=deferrable, cancel_on_kill=False)

    if deferrable:
        defer(operator, task)
        with pytest.raises(KeyboardInterrupt):
            press()
    else:
        stage.script.upon("GetOperation", press)
        with pytest.raises(AirflowFailException, match="was left running, as asked"):
            operator.execute(task.context)

    assert not stage.cancels


@pytest.mark.usefixtures("by_itself")
def test_twice(stage: Stage, task: FakeTask) -> None:
    """The second Ctrl-C interrupts whatever is done about the first."""
    stage.emulator.plan(LONG)
    stage.script.upon("GetOperation", press)
    stage.script.upon("CancelOperation", press)

    operator = backup()
    _INTERRUPTED.append(operator)

    with pytest.raises(KeyboardInterrupt):
        operator.execute(task.context)

    # the interrupt comes before the answer to the cancel, which is on its way then
    assert eventually(lambda: 1 == len(stage.cancels))


def test_with_a_supervisor(stage: Stage, task: FakeTask) -> None:
    """A task's process on a worker keeps what SIGINT does there."""
    stage.emulator.plan(LONG)
    handlers: list[Any] = []
    before = signal.getsignal(signal.SIGINT)
    operator = backup()

    def look() -> None:
        handlers.append(signal.getsignal(signal.SIGINT))
        operator.on_kill()

    stage.script.upon("GetOperation", look)
    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert [before] == handlers
