# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a task ends during its start call: Spanner has begun, and has not answered yet."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from tests.cluster.rest_api import TaskState
from tests.e2e.guarantee.healthy import process_of, wait_until_gone
from tests.e2e.guarantee.injuries import LOST_TASKS_AND_CALLS
from tests.e2e.guarantee.reaping import WITHIN, by_itself
from tests.e2e.guarantee.rows import ANY, DEADLINES, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.acting import Act
    from tests.e2e.guarantee.rows import Scenario

METHOD = "CreateBackup"
SOON = 3.0
"""Seconds until an answer that comes while the process that is told to end still lives."""
TERMINATING = "the task shouldn't be running anymore"
"""What Airflow 3.3.2 writes into the log of a task right when it ends its process."""
TOO_LATE = 58.0
"""Seconds until an answer that no process waits for any more; nobody waits longer than a minute."""


@row("E21a", "SIGTERM in the start call, answered 3 s later", within=5, executors=ANY, core=True)
def terminated_in_the_start_call(act: Act) -> Scenario:
    """Airflow calls on_kill, which has no name to cancel yet."""
    yield
    act.world.faults.answer_late(SOON, method=METHOD, resource=f"{act.instance}/backups/*")
    going = act.going(act.start(), "backup")
    process = process_of(act, going)
    since = time.time()
    os.kill(process, signal.SIGTERM)
    seen = act.cancelled(going, since=since)
    yield
    act.wait_for_task(going.run, going.task_id, TaskState.FAILED)
    return seen


@row(
    "E21b",
    "marked failed in the start call, never answered",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def killed_in_the_start_call(act: Act) -> Scenario:
    """Airflow calls on_kill and kills the process five seconds later, before any answer."""
    yield
    act.world.faults.answer_late(TOO_LATE, method=METHOD, resource=f"{act.instance}/backups/*")
    going = act.going(act.start(), "backup")
    process = process_of(act, going)
    act.mark(going, TaskState.FAILED)
    wait_until_gone(act, process)
    over = time.time()
    yield
    return by_itself(act, going, since=over)


@row(
    "E21d",
    "marked failed in the start call, answered 3 s later",
    within=5,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def marked_in_the_start_call(act: Act) -> Scenario:
    """Airflow calls on_kill at its next heartbeat, with the answer on its way or just there.

    Measured from when Airflow says that it ends the process: its heartbeats are five seconds apart,
    and each line of the log that it gets puts the next one off (3.3.2).
    """
    yield
    act.world.faults.answer_late(SOON, method=METHOD, resource=f"{act.instance}/backups/*")
    going = act.going(act.start(), "backup")
    process = process_of(act, going)
    marked = act.mark(going, TaskState.FAILED)
    seen = act.cancelled(going, since=marked)
    wait_until_gone(act, process)
    if seen.wrong:
        return seen
    lines = act.world.api.log_lines(act.task(going))
    told = [line.at for line in lines if TERMINATING in line.text]
    assert told, f"the log does not say {TERMINATING!r}"
    assert told[0] is not None
    seconds = act.cancels(going.operation)[0].real_time - told[0].timestamp()
    return replace(seen, seconds=max(0.0, seconds))


@row("E21c", "execution_timeout in the start call", within=5, group=DEADLINES, executors=ANY)
def timed_out_in_the_start_call(act: Act) -> Scenario:
    """Airflow interrupts the wait for an answer, which comes two seconds after that."""
    act.world.faults.answer_at(
        lambda: deadline(act) + 2.0, method=METHOD, resource=f"{act.instance}/backups/*"
    )
    going = act.going(act.start(), "backup")
    yield
    seen = act.cancelled(going, since=act.deadline(going))
    act.wait_for_task(going.run, going.task_id, TaskState.FAILED)
    log = act.world.api.task_log(act.task(going))
    assert "was cancelled: out of time after" in log
    return seen


def deadline(act: Act) -> float:
    """Return the deadline that the row's task has published before its start call."""
    record = act.world.api.xcom(act.world.task(act.runs[-1]), RECORD_KEY)
    entry = LedgerEntry.from_record(record)
    assert entry.deadline is not None
    return entry.deadline.timestamp()
