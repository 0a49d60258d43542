# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""However a try ends its operation on a worker, log, error, ledger and metric say the same."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_spanner_lro.core.operations.errors import OperationKilledError, OperationTimeoutError
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import cancel, interrupts, pending_deferral
from airflow_spanner_lro.plugin import rejected_deferral
from tests.airflow.fake_airflow import FakeAirflow
from tests.airflow.fakes import LONG
from tests.airflow.stats_recorder import StatsRecorder
from tests.airflow.task_runner import backup, defer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.airflow.fakes import FakeTask, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stage, a task, and what there is to change Airflow with."""

    stage: Stage
    task: FakeTask
    patch: pytest.MonkeyPatch
    pass_time: Callable[[timedelta], None]


def killed_on_worker(scene: Scene) -> BaseException | None:
    """End a task that waits on a worker."""
    operator = backup()
    scene.stage.script.upon("GetOperation", operator.on_kill)
    with pytest.raises(OperationKilledError) as caught:
        operator.execute(scene.task.context)
    return caught.value


def out_of_time(scene: Scene) -> BaseException | None:
    """Let the deadline of a task pass that waits on a worker."""
    scene.stage.script.upon("GetOperation", lambda: scene.pass_time(timedelta(hours=2)))
    with pytest.raises(OperationTimeoutError) as caught:
        backup(operation_timeout=timedelta(hours=1)).execute(scene.task.context)
    return caught.value


def timed_out_by_airflow(scene: Scene) -> BaseException | None:
    """Let Airflow's own timeout strike a task that waits on a worker."""
    # in the start call, which has a thread of its own: an exception in gRPC's own code would leave
    # a channel behind that hangs when it is freed
    scene.stage.script.answer_late(0.3, method="CreateBackup")
    scene.stage.script.upon("CreateBackup", lambda: os.kill(os.getpid(), signal.SIGALRM))
    before = signal.signal(signal.SIGALRM, _strike)
    try:
        with pytest.raises(OperationTimeoutError) as caught:
            backup().execute(scene.task.context)
    finally:
        signal.signal(signal.SIGALRM, before)
    return caught.value


def _strike(*_: object) -> None:
    raise AirflowTaskTimeout


def deferral_rejected(scene: Scene) -> BaseException | None:
    """End a task just before it defers; no error is told of it any more."""
    airflow = FakeAirflow(scene.patch)
    defer(backup(deferrable=True), scene.task)
    airflow.state = "failed"
    note = pending_deferral.take()
    assert note is not None
    rejected_deferral.cancel_if_rejected(note)
    return None


def interrupted_while_deferred(scene: Scene) -> BaseException | None:
    """Press Ctrl-C while the trigger waits in the process of the command."""
    scene.patch.setattr(interrupts, "runs_tasks_in_process", lambda: True)
    with _interruptible():
        defer(backup(deferrable=True), scene.task)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    return None


@contextmanager
def _interruptible() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


EXITS = {
    "kill_on_worker": killed_on_worker,
    "deadline": out_of_time,
    "deadline by Airflow": timed_out_by_airflow,
    "rejected_deferral": deferral_rejected,
    "interrupt": interrupted_while_deferred,
}


def bring_about(ending: Ending, stage: Stage) -> None:
    """Let a cancel end in one of the five ways."""
    never: Any = None
    stage.emulator.plan(
        replace(LONG, cancel_delay=never) if ending is Ending.STILL_RUNNING else LONG
    )
    match ending:
        case Ending.FINISHED_FIRST:
            stage.finish_upon("CancelOperation")
        case Ending.REFUSED:
            stage.script.fail(method="CancelOperation", code=Code.UNIMPLEMENTED, times=None)
        case Ending.NOT_SENT:
            stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long for what never comes."""
    monkeypatch.setattr(cancel, "KILL_BUDGET", 0.5)
    monkeypatch.setattr(cancel, "_TO_CANCEL", 0.5)
    monkeypatch.setattr(rejected_deferral, "_TO_SETTLE", 0.5)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SETTLE_TIMEOUT", "1")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ending", [each for each in Ending if each is not Ending.GONE])
@pytest.mark.parametrize("exit_", EXITS)
def test_all_say_the_same(  # noqa: PLR0917  # fixtures
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: Callable[[timedelta], None],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    exit_: str,
    ending: Ending,
) -> None:
    """One word stands in the log, in the error if there is one, in the ledger and in the metric."""
    recorder = StatsRecorder.behind_stats(monkeypatch)
    bring_about(ending, stage)

    error = EXITS[exit_](Scene(stage=stage, task=task, patch=monkeypatch, pass_time=pass_time))

    cause = exit_.partition(" ")[0]
    assert ending in capsys.readouterr().out + caplog.text
    assert error is None or ending in str(error)
    assert ending == task.entry["ending"]
    assert {f"cause={cause} ending={ending.tag}": 1} == recorder.counted("spanner_lro.cancels")
