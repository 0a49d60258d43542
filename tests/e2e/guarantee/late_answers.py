# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a task ends during its start call: Spanner has begun, and has not answered yet."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.demo.records import TaskState

from .healthy import process_of, wait_until_gone
from .injuries import LOST_TASKS_AND_CALLS
from .reaping import WITHIN, reaped
from .rows import DEADLINES, row

if TYPE_CHECKING:
    from .acting import Act
    from .rows import Scenario

METHOD = "CreateBackup"
SOON = 3.0
"""Seconds until an answer that comes while the process that is told to end still lives."""
TOO_LATE = 58.0
"""Seconds until an answer that no process waits for any more; nobody waits longer than a minute."""


@row("E21a", "SIGTERM in the start call, answered 3 s later", within=5)
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
    return reaped(act, going, over=over)


@row("E21c", "execution_timeout in the start call", within=5, group=DEADLINES)
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
    assert f"passed while waiting for {going.operation}. The operation was cancelled." in log
    return seen


def deadline(act: Act) -> float:
    """Return the deadline that the row's task has published before its start call."""
    record = act.world.api.xcom(act.world.task(act.runs[-1]), RECORD_KEY)
    entry = LedgerEntry.from_record(record)
    assert entry.deadline is not None
    return entry.deadline.timestamp()
