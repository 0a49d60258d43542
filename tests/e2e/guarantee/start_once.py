# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows about starting once: what a try makes of what the try before it has left behind.

Each row goes its own way from beginning to end, side by side with the others.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.row_actions import GET_READY, NEVER, SOON
from tests.e2e.guarantee.rows import ANY, Group, row
from tests.e2e.guarantee.task_tries import BACKUP, SCHEMA, hold, play, wait_until_held

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario
    from tests.e2e.guarantee.task_tries import PlayedTask

ONCE = Group(name="starting once", at_once=True, beside=True)
"""Rows that wait for themselves only; nothing is measured."""

HELD_AT_THE_END = 9.0
"""Seconds that the look at a finished backup is held; nobody waits longer for its answer."""
SLOW_CANCEL = timedelta(minutes=40)
"""Until a cancel has taken hold: 40 s, longer than a try needs to start on a busy machine."""
LATER = Plan(duration=timedelta(minutes=75))
"""Ends after 75 s: when the next try has taken it up."""
FAILING = Plan(duration=timedelta(minutes=60), fail_at=0.5)
"""Fails after 30 s; of three statements one is committed then."""

CANCELLED, FAILED, SUCCEEDED = (
    OperationState.CANCELLED,
    OperationState.FAILED,
    OperationState.SUCCEEDED,
)


def lose_worker_with_the_answer(
    act: RowActions, *, method: str, task_id: str = BACKUP
) -> PlayedTask:
    """Kill a task's process when Spanner has answered its start call, and it has not read that."""
    held = hold(act, method, "databases" if task_id == SCHEMA else "backups")
    played = play(act, LATER, task_id=task_id)
    wait_until_held(act, held)
    played.freeze()
    assert not played.operations, "the process was stopped too late"
    played.operation()
    played.kill()
    return played


def clear_when(state: RunState, act: RowActions, played: PlayedTask) -> None:
    """Clear a task whose run has ended, and wait until its next try has started an operation.

    A task that is marked and cleared again before the scheduler has looked at its run has no state
    for ever, in a run that has failed (Airflow 3.3.2).
    """
    act.world.api.wait_for_run(played.run, state, timeout=GET_READY)
    act.world.api.clear(played.task)
    played.operation(2)


@row("S1", "the answer of the start call is lost", expected="started once", group=ONCE)
def start_answer_lost(act: RowActions) -> Scenario:
    """Find what was started, in the same try."""
    backups = f"{act.instance}/backups/{act.row.key}-*"
    act.world.emulator.faults.lose_answer(method="CreateBackup", resource=backups)
    yield
    return play(act, SOON).ends(
        "started once",
        answers=(Code.UNAVAILABLE,),
        tries=1,
        says="was started, though the call answered",
    )


@row(
    "S2a",
    "worker lost with the answer of the start call",
    expected="started once",
    group=ONCE,
    executors=ANY,
)
def worker_lost_with_the_answer(act: RowActions) -> Scenario:
    """Find the operation of an intent by its target."""
    yield
    played = lose_worker_with_the_answer(act, method="CreateBackup")
    return played.ends("started once", says="of an earlier try was adopted")


@row("S2b", "the same with a schema change", expected="started once", group=ONCE, executors=ANY)
def worker_lost_with_the_answer_of_a_schema_change(act: RowActions) -> Scenario:
    """Find the operation by the name that was chosen for it before."""
    yield
    played = lose_worker_with_the_answer(act, method="UpdateDatabaseDdl", task_id=SCHEMA)
    assert "/operations/lro_" in played.operation().name
    return played.ends("started once", says="of an earlier try was adopted")


@row(
    "S2c",
    "the same, and the task waits on the worker",
    expected="started once",
    group=ONCE,
    executors=ANY,
)
def worker_lost_with_the_answer_on_the_worker(act: RowActions) -> Scenario:
    """Find the operation of an intent, and wait for it on the worker."""
    yield
    played = lose_worker_with_the_answer(act, method="CreateBackup")
    return played.ends("started once", says="of an earlier try was adopted")


@row(
    "S2d",
    "worker lost before Spanner takes its start call",
    expected="started once",
    group=ONCE,
    executors=ANY,
)
def worker_lost_before_the_start(act: RowActions) -> Scenario:
    """Start after an intent of which nothing has come."""
    held = hold(act, "CreateBackup", "backups")
    yield
    played = play(act, SOON)
    wait_until_held(act, held)
    played.kill()
    return played.ends("started once", answers=(Code.CANCELLED, Code.OK))


@row("S3", "somebody else's backup has that id", expected="failed, left alone", group=ONCE)
def backup_of_others(act: RowActions) -> Scenario:
    """Fail for good: that something exists is no success."""
    database, backup = f"{act.instance}/databases/s3", f"{act.instance}/backups/s3-backup-of-others"
    act.world.emulator.create_database(database, if_missing=True)
    act.world.emulator.create_backup(backup, database)
    yield
    seen = play(act).ends(
        "failed, left alone",
        states=(),
        answers=(Code.ALREADY_EXISTS,),
        tries=1,
        says="exists already, and this task has not made it",
        run=RunState.FAILED,
    )
    assert backup in [each.name for each in act.world.emulator.resources()]
    return seen


@row("S4", "goes on, and the next try asks for something else", expected="replaced", group=ONCE)
def request_changed(act: RowActions) -> Scenario:
    """Mark a task failed that leaves its operation running then, and clear it."""
    yield
    played = play(act, NEVER, SOON)
    waiting = act.deferred(run=played.run)
    act.mark(waiting, TaskState.FAILED)
    clear_when(RunState.FAILED, act, played)
    seen = played.ends(
        "replaced",
        states=(CANCELLED, SUCCEEDED),
        answers=(Code.OK, Code.OK),
        cancels=1,
        says="Cancelling the earlier operation: the request has changed",
    )
    made = cast("dict[str, Any]", act.world.api.xcom(played.task))
    expires = datetime.fromisoformat(made["expire_time"])
    assert expires - datetime.now(tz=UTC) > timedelta(days=45), "that is not what was asked for"
    return seen


@row("S5", "retried while a cancel is under way", expected="waited, started anew", group=ONCE)
def cancel_under_way(act: RowActions) -> Scenario:
    """Mark a task failed, and clear it before the cancel has taken hold."""
    yield
    played = play(act, Plan(duration=NEVER.duration, cancel_delay=SLOW_CANCEL), SOON)
    waiting = act.deferred(run=played.run)
    act.mark(waiting, TaskState.FAILED)
    act.until(lambda: act.cancels(waiting.operation), what="the cancel")
    clear_when(RunState.FAILED, act, played)
    return played.ends(
        "waited, started anew",
        states=(CANCELLED, SUCCEEDED),
        answers=(Code.OK, Code.OK),
        cancels=1,
        says="is being cancelled; waiting for that to end",
    )


@row(
    "S6a",
    "done, and the resumed worker is lost",
    expected="started once",
    group=ONCE,
    executors=ANY,
)
def worker_lost_when_resumed(act: RowActions) -> Scenario:
    """Kill the process that goes on when the trigger has fired, before it has delivered."""
    held = hold(act, "GetBackup", "backups", seconds=HELD_AT_THE_END)
    yield
    played = play(act, SOON)
    wait_until_held(act, held)
    played.kill()
    return played.ends("started once", says="found done and not yet delivered")


@row(
    "S6b",
    "done, and the worker that waits is lost",
    expected="started once",
    group=ONCE,
    executors=ANY,
)
def worker_lost_while_waiting(act: RowActions) -> Scenario:
    """Let the operation end while the process that waits for it cannot see that."""
    yield
    played = play(act, SOON)
    waiting = act.on_worker(run=played.run)
    played.freeze()
    act.world.wait_for_end(waiting.operation)
    played.kill()
    return played.ends("started once", says="found done and not yet delivered")


@row("S7", "done and delivered, then cleared by a user", expected="started anew", group=ONCE)
def cleared_when_done(act: RowActions) -> Scenario:
    """Do the work once more, as the user asks; this schema change can be made twice."""
    yield
    played = play(act, SOON, task_id=SCHEMA)
    clear_when(RunState.SUCCESS, act, played)
    return played.ends("started anew", states=(SUCCEEDED, SUCCEEDED), answers=(Code.OK, Code.OK))


@row("S8", "failed, then retried", expected="started anew", group=ONCE)
def failed_then_retried(act: RowActions) -> Scenario:
    """Nothing is left to take up."""
    yield
    played = play(act, FAILING, SOON)
    return played.ends("started anew", states=(FAILED, SUCCEEDED), answers=(Code.OK, Code.OK))


@row("S9", "a schema change fails half-way, then retried", expected="went on", group=ONCE)
def failed_half_way(act: RowActions) -> Scenario:
    """Make two of three tables; Spanner would refuse to make the first one again."""
    yield
    played = play(act, FAILING, SOON, task_id=SCHEMA)
    seen = played.ends(
        "went on",
        states=(FAILED, SUCCEEDED),
        answers=(Code.OK, Code.OK),
        says="1 of 3 statements were committed by earlier tries.",
    )
    first, second = played.operations
    made = cast("dict[str, Any]", act.world.api.xcom(played.task))
    times = [datetime.fromisoformat(each["commit_time"]) for each in made["statements"]]
    by_first = [first.ended is not None and each <= first.ended for each in times]
    by_second = [each >= second.started for each in times]
    assert [True, False, False] == by_first
    assert [False, True, True] == by_second
    return seen
