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
    from tests.e2e.guarantee.row_actions import Act, WaitingTask
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
def worker_lost(act: Act) -> Scenario:
    """Airflow fails the task when it misses its heartbeats, and calls nothing."""
    going = act.on_worker()
    yield
    process = process_of(act, going)
    supervisor = psutil.Process(process).ppid()
    # in this order, else the supervisor would tell
    for pid in (supervisor, process):
        os.kill(pid, signal.SIGKILL)
    failed = act.wait_for_task(going.run, going.task_id, TaskState.FAILED)
    assert failed.ended is not None
    yield
    return by_itself(act, going, since=failed.ended.timestamp())


@row(
    "E19",
    "deferred: marked failed, and the cancel fails",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
)
def cancel_fails(act: Act) -> Scenario:
    """Airflow calls on_kill, whose cancels get no answer before its time is over."""
    going = act.deferred()
    act.world.emulator.faults.fail(
        method="CancelOperation", resource=going.operation, code=Code.UNAVAILABLE, times=None
    )
    yield
    act.mark(going, TaskState.FAILED)
    asked = act.until(lambda: act.cancels(going.operation), what="the first cancel")[0].real_time
    # its log may not tell: in Python 3.11 Airflow closes it seconds after the second cancel
    act.until(lambda: time.time() > asked + KILL_TIMEOUT, what="the time of on_kill to be over")
    yield
    # Spanner answers again
    return by_itself(act, going, since=time.time())


@row(
    "E22",
    "worker lost, marked failed before the retry",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def marked_before_the_retry(act: Act) -> Scenario:
    """Airflow changes the state of a task that nobody executes, and calls nothing."""
    going = act.on_worker()
    yield
    os.kill(process_of(act, going), signal.SIGKILL)
    act.wait_for_task(going.run, going.task_id, TaskState.UP_FOR_RETRY)
    since = act.mark(going, TaskState.FAILED)
    yield
    return by_itself(act, going, since=since)


@row(
    "K4",
    "running: its process is killed; a retry follows",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
    core=True,
)
def process_lost_while_running(act: Act) -> Scenario:
    """Airflow starts the next try after the retry's delay."""
    act.plan(OUTLIVES)
    going = act.on_worker()
    yield
    os.kill(process_of(act, going), signal.SIGKILL)
    yield
    return taken_up(act, going)


@row(
    "K5", "deferred: the trigger fails; a retry follows", group=LOST_TASKS_AND_CALLS, executors=ANY
)
def trigger_fails(act: Act) -> Scenario:
    """Airflow resumes the task with the error, and starts the next try after its delay."""
    act.plan(OUTLIVES)
    going = act.deferred()
    yield
    act.world.emulator.faults.fail(
        method="GetOperation", resource=going.operation, code=Code.PERMISSION_DENIED
    )
    yield
    return taken_up(act, going)


@row("K9a", "deferred: polls fail with each transient error", group=LOST_TASKS_AND_CALLS)
def polls_fail_while_deferred(act: Act) -> Scenario:
    """Airflow sees nothing of it."""
    act.plan(OUTLIVES)
    going = act.deferred()
    yield
    let_polls_fail(act, going)
    yield
    return after_trouble(act, going)


@row(
    "K9b",
    "running: polls fail with each transient error",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def polls_fail_while_running(act: Act) -> Scenario:
    """Airflow sees nothing of it."""
    act.plan(OUTLIVES)
    going = act.on_worker()
    yield
    let_polls_fail(act, going)
    yield
    return after_trouble(act, going)


def process_of(act: Act, going: WaitingTask) -> int:
    """Return the process that executes a task."""
    process = act.world.airflow.task_process(act.task(going))
    assert process is not None, "there is no process that executes the task"
    return process.pid


def wait_until_gone(act: Act, *processes: int) -> None:
    """Wait until processes have ended."""
    act.until(
        lambda: {each.pid for each in act.world.airflow.run.survivors()} & set(processes),
        accept=lambda alive: not alive,
        what="processes to end",
        interval=0.5,
    )


def taken_up(act: Act, going: WaitingTask) -> Seen:
    """Wait for the end of a task whose first try was lost, and return what was seen."""
    seen = act.succeeded(going)
    tries = act.task(going).try_number
    if tries == 1:
        return replace(seen, wrong=f"{seen.wrong}; there was no second try".lstrip("; "))
    return replace(seen, words=f"succeeded in try {tries}")


def let_polls_fail(act: Act, going: WaitingTask) -> None:
    """Answer polls with each of the transient errors, and wait until all are told."""
    for code in TRANSIENT:
        act.world.emulator.faults.fail(
            method="GetOperation", resource=going.operation, code=code, times=EACH
        )
    act.until(lambda: errors_told(act, going) == set(TRANSIENT), what="all errors to be told")
    act.wait_for_poll(going.operation)


def errors_told(act: Act, going: WaitingTask) -> set[Code]:
    """Return what whoever polled was told but answers."""
    polls = act.world.emulator.calls.of("GetOperation").on(going.operation)
    return {poll.code for poll in polls} - {Code.OK}


def after_trouble(act: Act, going: WaitingTask) -> Seen:
    """Wait for the end of a task that nothing has become of, and return what was seen."""
    seen = act.succeeded(going)
    if act.task(going).try_number > 1:
        return replace(seen, wrong=f"{seen.wrong}; there was a second try".lstrip("; "))
    return seen
