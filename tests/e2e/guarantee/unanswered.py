# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a start call is not answered, and what it has begun must be told from others'.

They are played where Spanner's clock differs from ours by five minutes: nothing may depend on that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.clocks import AHEAD, BEHIND
from tests.e2e.guarantee import strangers
from tests.e2e.guarantee.acting import NEVER
from tests.e2e.guarantee.others import (
    CONFLICT,
    HELD,
    NOT_OURS,
    RUNNING,
    SUCCEEDED,
    TAKEN,
    UNTOUCHED,
    judged,
)
from tests.e2e.guarantee.reaping import GRACE, reap
from tests.e2e.guarantee.rows import row
from tests.e2e.guarantee.tries import play, unsaid, wait_until_held

if TYPE_CHECKING:
    from tests.e2e.guarantee.acting import Act
    from tests.e2e.guarantee.rows import Scenario

FOUND = "found, started once"
BRIEF = Plan(duration=timedelta(seconds=4))
"""Long enough to be found under way, where time goes as fast as ours."""
PRESUMED = "ts start call was never answered, so it is only presumed to be"


def databases(act: Act, *names: str) -> None:
    """Make databases of the row, and a backup of each."""
    for name in names:
        database = f"{act.instance}/databases/{name}"
        act.world.emulator.create_database(database)
        act.world.emulator.create_backup(f"{act.instance}/backups/{name}", database)


def refuse_slowly(act: Act, *, method: str, resource: str) -> None:
    """Hold the next such call for a while, do nothing of it, and answer UNAVAILABLE."""
    faults = act.world.emulator.faults
    faults.delay(HELD, method=method, resource=resource, times=1)
    faults.fail(method=method, resource=resource, code=Code.UNAVAILABLE)


@row("N5a", "no answer; another's differs from the request", expected=CONFLICT, group=NOT_OURS)
def unanswered_beside_another_request(act: Act) -> Scenario:
    """Let somebody restore another backup into the same database while our call is held."""
    act.world = act.world.at(AHEAD)
    databases(act, "n5a-source", "n5a-other")
    restored = f"{act.instance}/databases/n5a-restored"
    refuse_slowly(act, method="RestoreDatabase", resource=restored)
    yield
    played = play(act, NEVER, task_id="restore", target=restored)
    wait_until_held(act, restored)
    strangers.restore(act, "n5a-restored", backup_id="n5a-other")
    return played.ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.OK, Code.UNAVAILABLE, Code.ALREADY_EXISTS),
        says=(TAKEN, UNTOUCHED, "source backup: asked for"),
        run=RunState.FAILED,
    )


@row("N5b", "no answer; another's is the very same", expected="waited for, left", group=NOT_OURS)
def unanswered_beside_the_same_request(act: Act) -> Scenario:
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
    operation = strangers.restore(act, "n5b-restored", backup_id="n5b-source")
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
    left = unsaid(told, "Left running: its start call was never answered")
    return judged(seen.words, [seen.wrong, *left] if seen.wrong else left)


@row("N6a", "Spanner's clock is five minutes ahead", expected=FOUND, group=NOT_OURS)
def clock_ahead(act: Act) -> Scenario:
    """Begin at once what somebody else has just done, without an answer."""
    return unanswered_after_another(act, connection=AHEAD)


@row("N6b", "Spanner's clock is five minutes behind", expected=FOUND, group=NOT_OURS)
def clock_behind(act: Act) -> Scenario:
    """Begin at once what somebody else has just done, without an answer."""
    return unanswered_after_another(act, connection=BEHIND)


def unanswered_after_another(act: Act, *, connection: str) -> Scenario:
    """Update as somebody else has done a moment ago: nothing is started, then it is unanswered.

    The first call does nothing, and what is there is not taken for it. The second one does its
    work, and that is found.
    """
    act.world = act.world.at(connection)
    name = f"{act.row.key}-protected"
    database = f"{act.instance}/databases/{name}"
    act.world.emulator.create_database(database)
    act.world.emulator.plan(BRIEF, target=database)
    act.world.wait_for_end(strangers.protect(act, name))
    faults = act.world.emulator.faults
    faults.fail(method="UpdateDatabase", resource=database, code=Code.UNAVAILABLE)
    faults.lose_answer(method="UpdateDatabase", resource=database)
    yield
    return play(act, BRIEF, task_id="protect", target=database).ends(
        FOUND,
        states=(SUCCEEDED, SUCCEEDED),
        answers=(Code.OK, Code.UNAVAILABLE, Code.UNAVAILABLE),
        says=("yet it had started", "(presumed)"),
    )
