# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a start call is answered late or never.

Where it is never answered, what it has begun must be told from others'. These rows are played where
Spanner's clock differs from ours by five minutes: nothing may depend on that.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee import other_clients
from tests.e2e.guarantee.disruptions import LOST_TASKS_AND_CALLS
from tests.e2e.guarantee.foreign_operations import (
    CONFLICT,
    HELD,
    NOT_OURS,
    RUNNING,
    SUCCEEDED,
    TAKEN,
    UNTOUCHED,
    judged,
)
from tests.e2e.guarantee.reaper_actions import GRACE, WITHIN, by_itself, reap, said_of
from tests.e2e.guarantee.row_actions import NEVER
from tests.e2e.guarantee.rows import ANY, DEADLINES, row
from tests.e2e.guarantee.task_tries import play, unsaid, wait_until_held
from tests.e2e.guarantee.worker_loss import process_of, wait_until_gone
from tests.e2e.skewed_emulators import AHEAD, BEHIND

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario


METHOD = "CreateBackup"
SOON = 3.0
"""Seconds until an answer that comes while the process that is told to end still lives."""
TERMINATING = "the task shouldn't be running anymore"
"""What Airflow 3.3.2 writes into the log of a task right when it ends its process."""
TOO_LATE = 58.0
"""Seconds until an answer that no process waits for any more; nobody waits longer than a minute."""


@row("E21a", "SIGTERM in the start call, answered 3 s later", within=5, executors=ANY, core=True)
def terminated_in_the_start_call(act: RowActions) -> Scenario:
    """Airflow calls on_kill, which has no name to cancel yet."""
    yield
    act.world.faults.answer_late(SOON, method=METHOD, resource=f"{act.instance}/backups/*")
    waiting = act.waiting_task(act.start(), "backup")
    process = process_of(act, waiting)
    since = time.time()
    os.kill(process, signal.SIGTERM)
    seen = act.cancelled(waiting, since=since)
    yield
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    return seen


@row(
    "E21b",
    "marked failed in the start call, never answered",
    within=WITHIN,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def killed_in_the_start_call(act: RowActions) -> Scenario:
    """Airflow calls on_kill and kills the process five seconds later, before any answer."""
    yield
    act.world.faults.answer_late(TOO_LATE, method=METHOD, resource=f"{act.instance}/backups/*")
    waiting = act.waiting_task(act.start(), "backup")
    process = process_of(act, waiting)
    act.mark(waiting, TaskState.FAILED)
    wait_until_gone(act, process)
    over = time.time()
    yield
    return by_itself(act, waiting, since=over)


@row(
    "E21d",
    "marked failed in the start call, answered 3 s later",
    within=5,
    group=LOST_TASKS_AND_CALLS,
    executors=ANY,
)
def marked_in_the_start_call(act: RowActions) -> Scenario:
    """Airflow calls on_kill at its next heartbeat, with the answer on its way or just there.

    Measured from when Airflow says that it ends the process: its heartbeats are five seconds apart,
    and each line of the log that it gets puts the next one off (3.3.2).
    """
    yield
    act.world.faults.answer_late(SOON, method=METHOD, resource=f"{act.instance}/backups/*")
    waiting = act.waiting_task(act.start(), "backup")
    process = process_of(act, waiting)
    marked = act.mark(waiting, TaskState.FAILED)
    seen = act.cancelled(waiting, since=marked)
    wait_until_gone(act, process)
    if seen.wrong:
        return seen
    lines = act.world.api.log_lines(act.task(waiting))
    told = [line.at for line in lines if TERMINATING in line.text]
    assert told, f"the log does not say {TERMINATING!r}"
    assert told[0] is not None
    seconds = act.cancels(waiting.operation)[0].real_time - told[0].timestamp()
    return replace(seen, seconds=max(0.0, seconds))


@row("E21c", "execution_timeout in the start call", within=5, group=DEADLINES, executors=ANY)
def timed_out_in_the_start_call(act: RowActions) -> Scenario:
    """Airflow interrupts the wait for an answer, which comes two seconds after that."""
    act.world.faults.answer_at(
        lambda: deadline(act) + 2.0, method=METHOD, resource=f"{act.instance}/backups/*"
    )
    waiting = act.waiting_task(act.start(), "backup")
    yield
    seen = act.cancelled(waiting, since=act.deadline(waiting))
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    log = act.world.api.task_log(act.task(waiting))
    assert "was cancelled: out of time after" in log
    return seen


def deadline(act: RowActions) -> float:
    """Return the deadline that the row's task has published before its start call."""
    record = act.world.api.xcom(act.world.task(act.runs[-1]), RECORD_KEY)
    entry = LedgerEntry.from_record(record)
    assert entry.deadline is not None
    return entry.deadline.timestamp()


FOUND = "found, started once"
BRIEF = Plan(duration=timedelta(seconds=4))
"""Long enough to be found under way, where time goes as fast as ours."""
PRESUMED = "ts start call was never answered, so it is only presumed to be"


def databases(act: RowActions, *names: str) -> None:
    """Make databases of the row, and a backup of each."""
    for name in names:
        database = f"{act.instance}/databases/{name}"
        act.world.emulator.create_database(database)
        act.world.emulator.create_backup(f"{act.instance}/backups/{name}", database)


def refuse_slowly(act: RowActions, *, method: str, resource: str) -> None:
    """Hold the next such call for a while, do nothing of it, and answer UNAVAILABLE."""
    faults = act.world.emulator.faults
    faults.delay(HELD, method=method, resource=resource, times=1)
    faults.fail(method=method, resource=resource, code=Code.UNAVAILABLE)


@row("N5a", "no answer; another's differs from the request", expected=CONFLICT, group=NOT_OURS)
def unanswered_beside_another_request(act: RowActions) -> Scenario:
    """Let somebody restore another backup into the same database while our call is held."""
    act.world = act.world.at(AHEAD)
    databases(act, "n5a-source", "n5a-other")
    restored = f"{act.instance}/databases/n5a-restored"
    refuse_slowly(act, method="RestoreDatabase", resource=restored)
    yield
    played = play(act, NEVER, task_id="restore", target=restored)
    wait_until_held(act, restored)
    other_clients.restore(act, "n5a-restored", backup_id="n5a-other")
    return played.ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.OK, Code.UNAVAILABLE, Code.ALREADY_EXISTS),
        says=(TAKEN, UNTOUCHED, "source backup: asked for"),
        run=RunState.FAILED,
    )


@row("N5b", "no answer; another's is the very same", expected="waited for, left", group=NOT_OURS)
def unanswered_beside_the_same_request(act: RowActions) -> Scenario:
    """Nothing tells it from ours, so the task waits for it; then it is marked failed, and reaped.

    The task wants what it started deleted, if it is done before a cancel.
    """
    act.world = act.world.at(BEHIND)
    databases(act, "n5b-source")
    restored = f"{act.instance}/databases/n5b-restored"
    refuse_slowly(act, method="RestoreDatabase", resource=restored)
    yield
    played = play(act, NEVER, task_id="restore", target=restored)
    wait_until_held(act, restored)
    operation = other_clients.restore(act, "n5b-restored", backup_id="n5b-source")
    act.wait_for_task(played.run, played.task_id, TaskState.DEFERRED)
    act.wait_for_poll(operation)
    act.world.api.set_task_state(played.task, TaskState.FAILED)
    act.until(lambda: PRESUMED in played.log(1), what="on_kill to say that it is left alone")
    act.let_pass(seconds=GRACE + 1)
    told = reap(act, "--grace", f"{GRACE:g}s", "--dag-id", played.run.dag_id)
    seen = played.ends(
        "waited for, left",
        states=(RUNNING,),
        answers=(Code.OK, Code.UNAVAILABLE),
        tries=1,
        says=(PRESUMED, operation),
        run=RunState.FAILED,
    )
    left = unsaid(
        said_of(act, operation, told=told), "Left running: its start call was never answered"
    )
    return judged(seen.words, [seen.wrong, *left] if seen.wrong else left)


@row("N6a", "Spanner's clock is five minutes ahead", expected=FOUND, group=NOT_OURS)
def clock_ahead(act: RowActions) -> Scenario:
    """Begin at once what somebody else has just done, without an answer."""
    return unanswered_after_another(act, connection=AHEAD)


@row("N6b", "Spanner's clock is five minutes behind", expected=FOUND, group=NOT_OURS)
def clock_behind(act: RowActions) -> Scenario:
    """Begin at once what somebody else has just done, without an answer."""
    return unanswered_after_another(act, connection=BEHIND)


def unanswered_after_another(act: RowActions, *, connection: str) -> Scenario:
    """Update as somebody else has done a moment ago: nothing is started, then it is unanswered.

    The first call does nothing, and what is there is not taken for it. The second one does its
    work, and that is found.
    """
    act.world = act.world.at(connection)
    name = f"{act.row.key}-protected"
    database = f"{act.instance}/databases/{name}"
    act.world.emulator.create_database(database)
    act.world.emulator.plan(BRIEF, target=database)
    act.world.wait_for_end(other_clients.protect(act, name))
    faults = act.world.emulator.faults
    faults.fail(method="UpdateDatabase", resource=database, code=Code.UNAVAILABLE)
    faults.lose_answer(method="UpdateDatabase", resource=database)
    yield
    return play(act, BRIEF, task_id="protect", target=database).ends(
        FOUND,
        states=(SUCCEEDED, SUCCEEDED),
        answers=(Code.OK, Code.UNAVAILABLE, Code.UNAVAILABLE),
        says=("was started, though the call answered", "(presumed)"),
    )
