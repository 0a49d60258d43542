# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a task's process is lost, or its calls fail; Airflow's components are well."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.triggers.operation import KILL_TIMEOUT
from tests.cluster.rest_api import TaskState
from tests.e2e.guarantee.disruptions import LOST_TASKS_AND_CALLS
from tests.e2e.guarantee.reaper_actions import WITHIN, by_itself
from tests.e2e.guarantee.rows import ANY, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario, Seen

OUTLIVES = Plan(duration=timedelta(minutes=60))
"""Ends when a next try waits or all errors are over: after a minute."""
TRANSIENT = (
    Code.UNAVAILABLE,
    Code.INTERNAL,
    Code.ABORTED,
    Code.DEADLINE_EXCEEDED,
    Code.RESOURCE_EXHAUSTED,
    Code.UNKNOWN,
)
EACH = 2
"""How many polls fail with each of them."""


@row(
    "E18",
    "running: process and supervisor killed, no retry",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def worker_lost(act: RowActions) -> Scenario:
    """Airflow fails the task when it misses its heartbeats, and calls nothing."""
    waiting = act.on_worker()
    yield
    process = process_of(act, waiting)
    supervisor = psutil.Process(process).ppid()
    # in this order, else the supervisor would tell
    for pid in (supervisor, process):
        os.kill(pid, signal.SIGKILL)
    failed = act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    assert failed.ended is not None
    yield
    return by_itself(act, waiting, since=failed.ended.timestamp())


@row(
    "E19",
    "deferred: marked failed, and the cancel fails",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
)
def cancel_fails(act: RowActions) -> Scenario:
    """Airflow calls on_kill, whose cancels get no answer before its time is over."""
    waiting = act.deferred()
    act.world.emulator.faults.fail(
        method="CancelOperation", resource=waiting.operation, code=Code.UNAVAILABLE, times=None
    )
    yield
    act.mark(waiting, TaskState.FAILED)
    asked = act.until(lambda: act.cancels(waiting.operation), what="the first cancel")[0].real_time
    # its log may not tell: in Python 3.11 Airflow closes it seconds after the second cancel
    act.until(lambda: time.time() > asked + KILL_TIMEOUT, what="the time of on_kill to be over")
    yield
    # Spanner answers again
    act.world.faults.clear_of(act.instance)
    return by_itself(act, waiting, since=time.time())


@row(
    "E22",
    "worker lost, marked failed before the retry",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def marked_before_the_retry(act: RowActions) -> Scenario:
    """Airflow changes the state of a task that nobody executes, and calls nothing."""
    waiting = act.on_worker()
    yield
    os.kill(process_of(act, waiting), signal.SIGKILL)
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.UP_FOR_RETRY)
    since = act.mark(waiting, TaskState.FAILED)
    yield
    return by_itself(act, waiting, since=since)


@row(
    "K4",
    "running: its process is killed; a retry follows",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
    core=True,
)
def process_lost_while_running(act: RowActions) -> Scenario:
    """Airflow starts the next try after the retry's delay."""
    act.plan(OUTLIVES)
    waiting = act.on_worker()
    yield
    os.kill(process_of(act, waiting), signal.SIGKILL)
    yield
    return taken_up(act, waiting)


@row(
    "K5", "deferred: the trigger fails; a retry follows", group=LOST_TASKS_AND_CALLS, executors=ANY
)
def trigger_fails(act: RowActions) -> Scenario:
    """Airflow resumes the task with the error, and starts the next try after its delay."""
    act.plan(OUTLIVES)
    waiting = act.deferred()
    yield
    act.world.emulator.faults.fail(
        method="GetOperation", resource=waiting.operation, code=Code.PERMISSION_DENIED
    )
    yield
    return taken_up(act, waiting)


@row("K9a", "deferred: polls fail with each transient error", group=LOST_TASKS_AND_CALLS)
def polls_fail_while_deferred(act: RowActions) -> Scenario:
    """Airflow sees nothing of it."""
    act.plan(OUTLIVES)
    waiting = act.deferred()
    yield
    let_polls_fail(act, waiting)
    yield
    return after_trouble(act, waiting)


@row(
    "K9b",
    "running: polls fail with each transient error",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def polls_fail_while_running(act: RowActions) -> Scenario:
    """Airflow sees nothing of it."""
    act.plan(OUTLIVES)
    waiting = act.on_worker()
    yield
    let_polls_fail(act, waiting)
    yield
    return after_trouble(act, waiting)


def process_of(act: RowActions, waiting: WaitingTask) -> int:
    """Return the process that executes a task."""
    process = act.world.airflow.task_process(act.task(waiting))
    assert process is not None, "there is no process that executes the task"
    return process.pid


def wait_until_gone(act: RowActions, *processes: int) -> None:
    """Wait until processes have ended."""
    act.until(
        lambda: {each.pid for each in act.world.airflow.run.survivors()} & set(processes),
        accept=lambda alive: not alive,
        what="processes to end",
        interval=0.5,
    )


def taken_up(act: RowActions, waiting: WaitingTask) -> Seen:
    """Wait for the end of a task whose first try was lost, and return what was seen."""
    seen = act.succeeded(waiting)
    tries = act.task(waiting).try_number
    if tries == 1:
        return replace(seen, wrong=f"{seen.wrong}; there was no second try".lstrip("; "))
    return replace(seen, words=f"succeeded in try {tries}")


def let_polls_fail(act: RowActions, waiting: WaitingTask) -> None:
    """Answer polls with each of the transient errors, and wait until all are told."""
    for code in TRANSIENT:
        act.world.emulator.faults.fail(
            method="GetOperation", resource=waiting.operation, code=code, times=EACH
        )
    act.until(lambda: errors_told(act, waiting) == set(TRANSIENT), what="all errors to be told")
    act.wait_for_poll(waiting.operation)


def errors_told(act: RowActions, waiting: WaitingTask) -> set[Code]:
    """Return what whoever polled was told but answers."""
    polls = act.world.emulator.calls.of("GetOperation").on(waiting.operation)
    return {poll.code for poll in polls} - {Code.OK}


def after_trouble(act: RowActions, waiting: WaitingTask) -> Seen:
    """Wait for the end of a task that nothing has become of, and return what was seen."""
    seen = act.succeeded(waiting)
    if act.task(waiting).try_number > 1:
        return replace(seen, wrong=f"{seen.wrong}; there was a second try".lstrip("; "))
    return seen
