# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task that is killed while a worker waits stops its operation, and stops waiting."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.ledger.ownership import KillDecision
from airflow_spanner_lro.core.operations.errors import (
    CancelNotSettledError,
    KilledBeforeStartError,
    OperationKilledError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.execution.cancel import WorkerCancel
from tests.airflow.fake_airflow import DELETED, FakeAirflow
from tests.airflow.fakes import BACKUP, LONG, LONG_TIME
from tests.airflow.task_runner import backup, defer

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage


class Killer:
    """Whoever kills a task, from a thread of its own, as soon as the task waits."""

    def __init__(self, stage: Stage, operator: SpannerOperationOperator) -> None:
        self._thread = threading.Thread(target=operator.on_kill)
        stage.script.upon("GetOperation", self._thread.start)

    def join(self) -> None:
        """Wait until the kill is over."""
        self._thread.join()


def test_kill_cancels(stage: Stage, task: FakeTask) -> None:
    """A kill cancels the operation, and the task fails saying so."""
    stage.emulator.plan(LONG)
    operator = backup()
    killer = Killer(stage, operator)

    with pytest.raises(OperationKilledError) as caught:
        operator.execute(task.context)
    killer.join()

    expected = f"Create backup nightly was cancelled: the task was killed. {stage.operation.name}"
    assert expected == str(caught.value)
    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)


def test_kill_during_a_call_counts_as_a_kill(stage: Stage, task: FakeTask) -> None:
    """A poll that is under way during the kill, and sees its cancel, blames nobody else."""
    stage.emulator.plan(LONG)
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError, match="nightly was cancelled"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)


def test_kill_cleans_up(stage: Stage, task: FakeTask) -> None:
    """A backup that was finished before the kill's cancel took hold is deleted."""
    stage.emulator.plan(LONG)
    stage.finish_upon("CancelOperation")
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError, match="What it had made was deleted"):
        operator.execute(task.context)

    assert not stage.has(BACKUP)


def test_second_kill_changes_nothing(stage: Stage, task: FakeTask) -> None:
    """A kill may arrive twice; the operation is cancelled once."""
    stage.emulator.plan(LONG)
    operator = backup()
    killer = Killer(stage, operator)
    with pytest.raises(OperationKilledError):
        operator.execute(task.context)
    killer.join()

    operator.on_kill()

    assert 1 == len(stage.cancels)


def test_cancel_on_kill_off(stage: Stage, task: FakeTask) -> None:
    """A task that is not to cancel on kill stops waiting and leaves the operation running."""
    stage.emulator.plan(LONG)
    operator = backup(cancel_on_kill=False)
    killer = Killer(stage, operator)

    with pytest.raises(
        OperationKilledError, match="was left running, as asked: the task was killed"
    ):
        operator.execute(task.context)
    killer.join()

    assert not stage.operation.done
    assert not stage.cancels


def test_refused_kill_says_so(stage: Stage, task: FakeTask) -> None:
    """A kill whose cancel is refused says that the operation goes on, and why."""
    stage.emulator.plan(LONG)
    stage.script.fail(method="CancelOperation", code=Code.UNIMPLEMENTED, message="not for these")
    operator = backup()
    killer = Killer(stage, operator)

    with pytest.raises(OperationKilledError, match=r"refused to cancel it .*not for these"):
        operator.execute(task.context)
    killer.join()

    assert not stage.operation.done


def test_kill_before_the_task_waits(stage: Stage, task: FakeTask) -> None:
    """A kill during the start call is remembered: the operation is cancelled, not waited for."""
    stage.emulator.plan(LONG)
    stage.script.answer_late(0.5, method="CreateBackup")
    operator = backup()
    stage.script.upon("CreateBackup", threading.Thread(target=operator.on_kill).start)

    with pytest.raises(OperationKilledError, match="nightly was cancelled"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)


def test_kill_before_the_task_defers(stage: Stage, task: FakeTask) -> None:
    """A task that is killed before it defers does not defer."""
    stage.emulator.plan(LONG)
    stage.script.answer_late(0.5, method="CreateBackup")
    operator = backup(deferrable=True)
    stage.script.upon("CreateBackup", threading.Thread(target=operator.on_kill).start)

    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)


def test_kill_before_the_task_begins(stage: Stage, task: FakeTask) -> None:
    """A kill that comes before the task can do anything is remembered: nothing is started."""
    operator = backup()
    operator.on_kill()

    with pytest.raises(KilledBeforeStartError, match=BACKUP):
        operator.execute(task.context)

    assert not stage.emulator.calls
    assert not task.store.values


def test_kill_while_an_earlier_cancel_settles(stage: Stage, task: FakeTask) -> None:
    """A task that waits for the end of an earlier try's operation stops waiting, and says so."""
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=timedelta(minutes=5)))
    defer(backup(deferrable=True), task)
    stage.cancel(stage.operation.name)
    task.next_try()
    operator = backup()
    stage.script.upon("GetOperation", lambda: stage.script.upon("GetOperation", operator.on_kill))

    with pytest.raises(CancelNotSettledError, match="not confirmed yet"):
        operator.execute(task.context)

    assert 1 == len(stage.starts)


def test_kill_before_anything_happened(stage: Stage) -> None:
    """A kill of a task that has not begun does nothing."""
    backup().on_kill()

    assert not stage.emulator.calls


def _kill_after_deferring(operator: SpannerOperationOperator, task: FakeTask) -> None:
    defer(operator, task)
    operator.on_kill()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, 1, id="on"),
        pytest.param({"cancel_on_kill": False}, 0, id="off"),
        pytest.param({"cancel_on_timeout": False}, 1, id="no-timeout"),
    ],
)
def test_kill_when_the_deferral_is_rejected(
    stage: Stage, task: FakeTask, parameters: dict[str, bool], expected: int
) -> None:
    """A task that Airflow does not let defer any more is killed like one that waits."""
    stage.emulator.plan(LONG)

    _kill_after_deferring(backup(deferrable=True, **parameters), task)

    assert expected == len(stage.cancels)


def test_kill_keeps_its_budget(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill returns before Airflow's SIGKILL even if the operation does not settle."""
    monkeypatch.setattr("airflow_spanner_lro.execution.cancel.KILL_BUDGET", 0.3)
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError, match="asked for but is not confirmed yet"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)


def test_the_ledger_hears_of_a_kill_before_its_outcome_is_known(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is lost while its cancel settles has written down that the end is decided."""
    monkeypatch.setattr("airflow_spanner_lro.execution.cancel.KILL_BUDGET", 0.3)
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))
    operator = backup()
    noted: list[str | None] = []
    stage.script.upon("GetOperation", operator.on_kill)
    real_wait = WorkerCancel.kill_outcome

    def lost(cancel: WorkerCancel, name: OperationName, *, timeout: float) -> Settlement | None:
        # all that is written from here on is what a lost process would not have written
        noted.append(task.entry["stopping"])
        return real_wait(cancel, name, timeout=timeout)

    monkeypatch.setattr(WorkerCancel, "kill_outcome", lost)
    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert [task.entry["stopping"]] == noted
    assert noted[0] is not None


def test_a_kill_that_has_settled_owes_nothing(stage: Stage, task: FakeTask) -> None:
    """The entry of an operation that was cancelled is closed, and the reaper need not look."""
    stage.emulator.plan(LONG)
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)
    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert task.entry["closed"]


def test_without_waiting_a_kill_comes_too_late(stage: Stage, task: FakeTask) -> None:
    """A task that has handed its operation on does not cancel it any more."""
    stage.emulator.plan(LONG)
    operator = backup(wait_for_completion=False)
    operator.execute(task.context)

    operator.on_kill()

    assert not stage.cancels


def adopt(task: FakeTask) -> None:
    """Let the next try of the backup begin, and adopt what runs."""
    task.next_try()
    defer(backup(deferrable=True), task)


def deliver(stage: Stage, task: FakeTask) -> None:
    """Let the next try of the backup begin, and deliver what is done."""
    task.next_try()
    stage.clock.advance(LONG_TIME)
    backup().execute(task.context)


def clear(task: FakeTask) -> None:
    """Let the next try of the task begin; it has done nothing yet."""
    task.next_try()


def replace(task: FakeTask) -> None:
    """Let the next try begin, and wait for another operation instead."""
    task.next_try()
    task.ti.xcoms[RECORD_KEY] = task.entry | {
        "try_number": 2,
        "operation": f"{BACKUP}/operations/another",
    }


def fail_to_answer(task: FakeTask) -> None:
    """Let Airflow answer no question about the task any more."""
    task.ti.state = "a state of tomorrow"


def not_cancelled_because(reason: KillDecision) -> str:
    """Return what is said of an operation that was not cancelled for a reason."""
    if reason is KillDecision.UNKNOWN:
        return f"[Tt]he cancel was not sent, .*{reason}"
    return f"It was not cancelled: {reason}"


AWAKENED = [
    pytest.param(adopt, KillDecision.ADOPTED, id="adopted"),
    pytest.param(clear, KillDecision.MOVEDON, id="the next try has just begun"),
    pytest.param(replace, KillDecision.REPLACED, id="the next try waits for another operation"),
    pytest.param(fail_to_answer, KillDecision.UNKNOWN, id="it cannot be told"),
]


@pytest.mark.parametrize(("meanwhile", "reason"), AWAKENED)
def test_a_frozen_worker_that_is_killed_leaves_the_next_try_alone(
    stage: Stage, task: FakeTask, meanwhile: Callable[[FakeTask], None], reason: KillDecision
) -> None:
    """N8: a worker that was frozen until the next try has gone on cancels nothing when killed."""
    stage.emulator.plan(LONG)
    operator = backup()

    def wake_up() -> None:
        meanwhile(task)
        operator.on_kill()

    stage.script.upon("GetOperation", wake_up)

    with pytest.raises(OperationKilledError, match=not_cancelled_because(reason)) as caught:
        operator.execute(task.context)

    assert not stage.cancels
    assert not stage.operation.done
    assert not task.entry["closed"]
    assert (reason is KillDecision.UNKNOWN) == ("spanner-lro cancel" in str(caught.value))


@pytest.mark.parametrize(("meanwhile", "reason"), AWAKENED)
def test_a_frozen_worker_whose_time_is_up_leaves_the_next_try_alone(
    stage: Stage,
    task: FakeTask,
    pass_time: Callable[[timedelta], None],
    meanwhile: Callable[[FakeTask], None],
    reason: KillDecision,
) -> None:
    """N8: nor does one that wakes up behind its deadline."""
    stage.emulator.plan(LONG)

    def wake_up() -> None:
        meanwhile(task)
        pass_time(timedelta(hours=2))

    stage.script.upon("GetOperation", wake_up)

    with pytest.raises(OperationTimeoutError, match=not_cancelled_because(reason)):
        backup(operation_timeout=timedelta(hours=1)).execute(task.context)

    assert not stage.cancels
    assert not stage.operation.done
    assert not task.entry["closed"]


def test_a_frozen_worker_deletes_nothing_that_was_delivered(stage: Stage, task: FakeTask) -> None:
    """N8: what the next try has delivered stays, whatever the worker before it is told."""
    stage.emulator.plan(LONG)
    operator = backup()

    def wake_up() -> None:
        deliver(stage, task)
        operator.on_kill()

    stage.script.upon("GetOperation", wake_up)

    with pytest.raises(OperationKilledError, match=f"It was not cancelled: {KillDecision.ADOPTED}"):
        operator.execute(task.context)

    assert not stage.cancels
    assert not stage.emulator.calls.of("DeleteBackup")
    assert stage.has(BACKUP)
    assert task.entry["closed"]


def test_a_kill_does_not_wait_for_airflow_for_ever(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow that does not answer is not waited for; it is logged, and what ends the operation."""
    stage.emulator.plan(LONG)
    monkeypatch.setattr("airflow_spanner_lro.execution.cancel._TO_ASK", 0.1)
    airflow = FakeAirflow(monkeypatch)
    airflow.quiet.clear()
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError, match=r"has not answered within 0\.1 s") as caught:
        operator.execute(task.context)
    airflow.quiet.set()

    assert f"spanner-lro cancel {stage.operation.name}" in str(caught.value)
    assert not stage.cancels
    assert not task.entry["closed"]


def test_a_kill_after_the_dag_was_deleted_cancels(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E15: a task that is no longer there, and whose record went with it, waits for nothing."""
    stage.emulator.plan(LONG)
    FakeAirflow(monkeypatch).state = DELETED
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError, match="nightly was cancelled"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)
