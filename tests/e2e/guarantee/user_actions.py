# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a user acts on a task or a run: marks it, clears it, deletes it, signals it.

All of Airflow is well.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.row_actions import SOON
from tests.e2e.guarantee.rows import ANY, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario


ATTEMPTS = 4
"""How often a row that depends on the moment of a heartbeat may be played."""
IN_THE_START_CALL = 1.0
"""Seconds that a start call is held: longer than a mark takes, shorter than a heartbeat."""


@row("E5", "deferred: a user marks the task failed", within=5)
def marked_failed_while_deferred(act: RowActions) -> Scenario:
    """Airflow calls the trigger's on_kill."""
    waiting = act.deferred()
    yield
    since = act.mark(waiting, TaskState.FAILED)
    return act.cancelled(waiting, since=since)


@row("E6", "deferred: a user marks the task success", within=5)
def marked_success_while_deferred(act: RowActions) -> Scenario:
    """Airflow calls the trigger's on_kill."""
    waiting = act.deferred()
    yield
    since = act.mark(waiting, TaskState.SUCCESS)
    return act.cancelled(waiting, since=since)


@row("E7", "deferred: a user clears the task", within=5, expected="same, or adopted", executors=ANY)
def cleared_while_deferred(act: RowActions) -> Scenario:
    """Airflow calls the old trigger's on_kill, perhaps after the new try has adopted."""
    waiting = act.deferred()
    yield
    since = act.clear(waiting)
    act.until(
        lambda: act.cancels(waiting.operation) or act.record(waiting).try_number > 1,
        what="a cancel, or a new try that adopts",
    )
    yield
    return act.served_again(waiting, since=since)


@row("E8a", "running: a user marks the task failed", within=8, executors=ANY, core=True)
def marked_failed_while_running(act: RowActions) -> Scenario:
    """Airflow calls the operator's on_kill after the next heartbeat."""
    waiting = act.on_worker()
    yield
    since = act.mark(waiting, TaskState.FAILED)
    return act.cancelled(waiting, since=since)


@row("E8b", "running: a user clears the task", within=8, executors=ANY)
def cleared_while_running(act: RowActions) -> Scenario:
    """Airflow calls the operator's on_kill after the next heartbeat, then starts another try."""
    waiting = act.on_worker()
    yield
    since = act.clear(waiting)
    seen = act.cancelled(waiting, since=since, again=True)
    yield
    return seen if seen.wrong else act.served_again(waiting, since=since)


@row("E12", "marked failed in the start call, then it defers", within=3, executors=ANY, core=True)
def marked_failed_before_it_defers(act: RowActions) -> Scenario:
    """Airflow rejects the deferral, and calls nothing but the listener of our plugin."""
    yield
    for number in range(1, ATTEMPTS + 1):
        waiting, since = _marked_in_the_start_call(act, number=number)
        seen = act.cancelled(waiting, since=since)
        # else a heartbeat came in between, which no test can time, and on_kill did it
        log = act.world.api.task_log(act.task(waiting))
        if seen.wrong or "ended while it ran, and is not deferred" in log:
            return seen
    return replace(seen, wrong=f"in {ATTEMPTS} runs it was on_kill that cancelled")


def _marked_in_the_start_call(act: RowActions, *, number: int) -> tuple[WaitingTask, float]:
    """Mark the task of a new run failed, while its start call is held; return when that was."""
    backups = f"{act.instance}/backups/{act.row.key}-*"
    faults = act.world.emulator.faults
    faults.delay(IN_THE_START_CALL, method="CreateBackup", resource=backups, times=1)
    run = act.start()
    act.until(
        lambda: all(fault.resource != backups for fault in faults.pending()),
        what="the start call",
        interval=0.05,
    )
    since = time.time()
    act.world.api.set_task_state(act.world.task(run), TaskState.FAILED)
    operation = act.operation(number=number)
    return act.waiting_task(run, "backup", operation=operation), since


@row("E13", "running: SIGTERM to the task's process", within=3, executors=ANY, core=True)
def process_terminated(act: RowActions) -> Scenario:
    """Airflow calls the operator's on_kill, and then lets execute() go on."""
    waiting = act.on_worker()
    yield
    process = act.world.airflow.task_process(act.task(waiting))
    assert process is not None, "there is no process that executes the task"
    since = time.time()
    os.kill(process.pid, signal.SIGTERM)
    seen = act.cancelled(waiting, since=since)
    yield
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    return seen


@row("E15", "deferred: a user deletes the Dag", within=5)
def dag_deleted(act: RowActions) -> Scenario:
    """Airflow calls the trigger's on_kill, when XComs and state store are gone."""
    waiting = act.deferred()
    yield
    # Airflow would find the Dag again
    (act.world.airflow.settings.dags_folder / "guarantee_deleted.py").unlink()
    since = time.time()
    act.world.api.delete_dag(waiting.run.dag_id)
    return act.cancelled(waiting, since=since)


@row("K3", "the operation succeeds, and the trigger ends", executors=ANY, core=True)
def operation_succeeded(act: RowActions) -> Scenario:
    """Airflow may call on_kill after the event, and cancels the trigger at its yield."""
    act.plan(SOON)
    waiting = act.deferred()
    yield
    yield
    seen = act.succeeded(waiting)
    backup = act.world.api.xcom(act.task(waiting))
    assert isinstance(backup, dict)
    assert "READY" == backup["state"]
    return seen


@row("K7", "deferred sensor: a user marks it failed")
def sensor_killed(act: RowActions) -> Scenario:
    """Somebody else started what a sensor watches."""
    run = act.start()
    operation = act.operation("backup")
    act.wait_for_task(run, "wait", TaskState.DEFERRED)
    act.wait_for_poll(operation)
    waiting = act.waiting_task(run, "wait", operation=operation)
    yield
    since = act.mark(waiting, TaskState.FAILED)
    yield
    act.world.api.wait_for_run(run, RunState.FAILED, interval=1.0)
    return act.untouched(waiting, since=since)


@row("K8a", "deferred: marked failed with cancel_on_kill=False")
def killed_without_cancel_while_deferred(act: RowActions) -> Scenario:
    """Nothing is cancelled where the owner wants the operation to go on."""
    waiting = act.deferred()
    yield
    since = act.mark(waiting, TaskState.FAILED)
    yield
    return act.untouched(waiting, since=since)


@row("K8b", "running: marked failed with cancel_on_kill=False", executors=ANY)
def killed_without_cancel_while_running(act: RowActions) -> Scenario:
    """Nothing is cancelled where the owner wants the operation to go on."""
    waiting = act.on_worker()
    yield
    since = act.mark(waiting, TaskState.FAILED)
    yield
    return act.untouched(waiting, since=since)


SIBLING = "sibling"
FAILED = "Task failed with exception"
"""What Airflow 3.3.2 writes into the log of a task right when it fails."""


def sibling_fails(act: RowActions, waiting: WaitingTask) -> float:
    """Let the operation of a task beside it fail; return when that task failed."""
    act.world.emulator.fail_operation(act.operation(SIBLING))
    sibling = act.wait_for_task(waiting.run, SIBLING, TaskState.FAILED)
    # Airflow takes down a task's end only after its callbacks, so this is told by its log
    failed = [line.at for line in act.world.api.log_lines(sibling) if line.text == FAILED]
    assert failed, f"the log of the sibling does not say {FAILED!r}"
    assert failed[0] is not None
    return failed[0].timestamp()


def with_sibling(act: RowActions) -> WaitingTask:
    """Start two tasks and wait until both wait in the triggerer; return the one to look at."""
    waiting = act.deferred()
    act.deferred(SIBLING, run=waiting.run)
    return waiting


@row("E9a", "deferred: a user marks the run failed", within=8)
def run_marked_failed_while_deferred(act: RowActions) -> Scenario:
    """Airflow calls the trigger's on_kill."""
    waiting = act.deferred()
    yield
    since = act.mark_run(waiting.run, RunState.FAILED)
    return act.cancelled(waiting, since=since)


@row("E9b", "running: a user marks the run failed", within=8, executors=ANY)
def run_marked_failed_while_running(act: RowActions) -> Scenario:
    """Airflow calls the operator's on_kill."""
    waiting = act.on_worker()
    yield
    since = act.mark_run(waiting.run, RunState.FAILED)
    return act.cancelled(waiting, since=since)


@row("E11a", "deferred: fail_fast, and a sibling fails", within=10)
def fail_fast_while_deferred(act: RowActions) -> Scenario:
    """Airflow skips the task and calls the trigger's on_kill."""
    waiting = with_sibling(act)
    yield
    return act.cancelled(waiting, since=sibling_fails(act, waiting))


@row("E11b", "running: fail_fast, and a sibling fails", within=10, executors=ANY)
def fail_fast_while_running(act: RowActions) -> Scenario:
    """Airflow fails the task and calls the operator's on_kill."""
    waiting = act.on_worker()
    act.deferred(SIBLING, run=waiting.run)
    yield
    return act.cancelled(waiting, since=sibling_fails(act, waiting))


@row("E20a", "a sibling fails: cancel operator with one_failed", within=10)
def cancel_operator(act: RowActions) -> Scenario:
    """Airflow runs the cancel operator as soon as one task before it has failed."""
    waiting = with_sibling(act)
    yield
    return act.cancelled(waiting, since=sibling_fails(act, waiting))


@row("E20b", "a sibling fails: the notifier is its callback", within=10)
def notifier_of_a_task(act: RowActions) -> Scenario:
    """Airflow runs the notifier on the worker of the task that fails; others still wait."""
    waiting = with_sibling(act)
    yield
    return act.cancelled(waiting, since=sibling_fails(act, waiting))


@row("E20c", "the run fails: the notifier is the Dag's callback", within=10)
def notifier_of_a_dag(act: RowActions) -> Scenario:
    """Airflow runs the notifier in the dag-processor once all tasks have ended."""
    run = act.start()
    act.wait_for_task(run, "backup", TaskState.SUCCESS)
    waiting = act.waiting_task(run, "backup")
    act.deferred(SIBLING, run=run)
    yield
    return act.cancelled(waiting, since=sibling_fails(act, waiting))
