# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a process freezes, and goes on when others have long taken over its task."""

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
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.disruptions import LOST_TASKS_AND_CALLS, SECOND, TRIGGERER_STALLED
from tests.e2e.guarantee.rows import ANY, Seen, row
from tests.e2e.guarantee.triggerer_loss import wait_until_moved
from tests.e2e.guarantee.worker_loss import process_of, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario

DELIVERED = Plan(duration=timedelta(minutes=50))
"""Ends after 50 s: when another triggerer, or the next try, is there to see it."""
LOOKS = ("GetOperation", "ListBackupOperations", "ListDatabaseOperations")
TROUBLES = 3
"""How many looks of each kind get no answer when it has woken up; then it sees what there is."""
WOKEN = ("not cancelled here: ", "is not cancelled: ", "invoking on_kill")
"""What the log says then: the deadline comes first, or Airflow's kill of a stray trigger.

More of the kill may not get into it: on Python 3.11 Airflow 3.3.2 closes it after two seconds.
"""


@row("N7", "its triggerer wakes behind delivery and deadline", group=TRIGGERER_STALLED)
def triggerer_wakes_behind_the_deadline(act: RowActions) -> Scenario:
    """Let the triggerer that comes back get no answer, when its deadline has passed."""
    act.plan(DELIVERED)
    waiting = act.deferred()
    deadline = act.deadline(waiting)
    yield
    wait_until_moved(act, waiting, to=SECOND)
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.SUCCESS)
    assert time.time() < deadline, "the deadline had passed before it was delivered"
    for method in LOOKS:
        act.world.emulator.faults.fail(
            method=method, resource=f"{act.instance}*", code=Code.UNAVAILABLE, times=TROUBLES
        )
    act.until(lambda: time.time() > deadline + 1, what="the deadline to pass", timeout=90)
    yield
    log = act.until(
        lambda: act.world.api.task_log(act.task(waiting), try_number=1),
        accept=lambda log: any(each in log for each in WOKEN),
        what="the first trigger to say why it does not cancel",
        interval=1.0,
    )
    act.let_pass()
    assert "Cancelling: out of time" not in log, log
    return still_there(act, waiting, act.succeeded(waiting))


@row(
    "N8a",
    "a frozen worker wakes behind adoption, SIGTERM",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def worker_wakes_behind_the_adoption(act: RowActions) -> Scenario:
    """Stop the task's process and its supervisor; wake them when the next try has adopted."""
    waiting = act.on_worker()
    yield
    processes = frozen(act, waiting)
    wait_until_adopted(act, waiting)
    yield
    since = woken(act, processes)
    seen = act.untouched(waiting, since=since)
    # the next try has a worker, which others need
    act.mark(waiting, TaskState.FAILED)
    return seen


@row(
    "N8b",
    "a frozen worker wakes behind delivery, SIGTERM",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def worker_wakes_behind_the_delivery(act: RowActions) -> Scenario:
    """Stop the task's process and its supervisor; wake them when the next try has delivered."""
    act.plan(DELIVERED)
    waiting = act.on_worker()
    yield
    processes = frozen(act, waiting)
    act.world.api.wait_for_run(waiting.run, RunState.SUCCESS, timeout=150, interval=1.0)
    yield
    woken(act, processes)
    act.let_pass()
    seen = act.succeeded(waiting)
    return still_there(act, waiting, replace(seen, words="delivered, stays"))


@row(
    "N8c",
    "a worker without supervisor, adopted, SIGTERM",
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def worker_without_a_supervisor(act: RowActions) -> Scenario:
    """Kill the supervisor only: Airflow misses the heartbeats of a process that goes on waiting."""
    waiting = act.on_worker()
    yield
    process = process_of(act, waiting)
    os.kill(psutil.Process(process).ppid(), signal.SIGKILL)
    wait_until_adopted(act, waiting)
    yield
    since = time.time()
    if psutil.pid_exists(process):
        os.kill(process, signal.SIGTERM)
        wait_until_gone(act, process)
    seen = act.untouched(waiting, since=since)
    act.mark(waiting, TaskState.FAILED)
    return seen


def frozen(act: RowActions, waiting: WaitingTask) -> tuple[int, int]:
    """Stop the process of a task, and its supervisor, whose heartbeats Airflow then misses."""
    process = process_of(act, waiting)
    supervisor = psutil.Process(process).ppid()
    for pid in (supervisor, process):
        os.kill(pid, signal.SIGSTOP)
    return process, supervisor


def woken(act: RowActions, processes: tuple[int, int]) -> float:
    """Tell the process to end, and wake both up; return when that was."""
    process, supervisor = processes
    since = time.time()
    os.kill(process, signal.SIGTERM)
    for pid in (process, supervisor):
        os.kill(pid, signal.SIGCONT)
    wait_until_gone(act, process)
    return since


def wait_until_adopted(act: RowActions, waiting: WaitingTask) -> None:
    """Wait until the next try waits for the operation."""
    act.until(
        lambda: act.record(waiting).try_number,
        accept=lambda number: number > 1,
        what="the next try to adopt",
        timeout=150,
        interval=1.0,
    )
    act.wait_for_poll(waiting.operation)


def still_there(act: RowActions, waiting: WaitingTask, seen: Seen) -> Seen:
    """Return what was seen, and whether the backup is there."""
    wrong = [each for each in (seen.wrong, *_missing(act, waiting)) if each]
    return replace(seen, wrong="; ".join(wrong))


def _missing(act: RowActions, waiting: WaitingTask) -> Iterator[str]:
    if not act.world.exists(waiting.operation):
        yield "the backup is gone"
