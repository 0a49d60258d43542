# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which others have what a task asks for: their operations and resources stay as they are.

Each row goes its own way from beginning to end, side by side with the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee import other_clients
from tests.e2e.guarantee.row_actions import GET_READY, NEVER, SOON
from tests.e2e.guarantee.rows import ANY, Group, Seen, row
from tests.e2e.guarantee.task_tries import BACKUP, ENDS, hold, play, unsaid, wait_until_held

if TYPE_CHECKING:
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario

NOT_OURS = Group(name="not ours", at_once=True, beside=True)
"""Rows that wait for themselves only; nothing is measured."""

ONE_EACH = "one starts, one fails"
CONFLICT = "conflict, left alone"
TAKEN = "exists already, and this task has not made it"
UNTOUCHED = "It was left as it is."
HELD = 4.0
"""Seconds that a start call is held: somebody else is faster then."""
AN_HOUR = timedelta(hours=1)
"""A minute of ours."""
SHORTER = timedelta(days=5)
"""How long the backup of somebody else lives."""
RUNNING, SUCCEEDED = OperationState.RUNNING, OperationState.SUCCEEDED


@row(
    "N1a",
    "two Dags, one backup id, two databases",
    expected=ONE_EACH,
    group=NOT_OURS,
    executors=ANY,
)
def two_dags_with_one_id(act: RowActions) -> Scenario:
    """Start both at once, and mark both failed in the end."""
    yield
    runs = [act.start(), act.start(beside="_other")]
    winner, loser = winner_and_loser(act, *((run, BACKUP) for run in runs))
    wrong = unsaid(act.world.api.task_log(loser), (TAKEN, UNTOUCHED, "source database: asked for"))
    # it has failed already; whoever looks at it marks it once more
    act.world.api.set_task_state(loser, TaskState.SUCCESS)
    act.let_pass()
    wrong += only_one_runs(act)
    act.world.api.set_task_state(winner, TaskState.FAILED)
    return ended_alone(act, wrong)


@row("N1b", "two runs of a Dag, one backup id", expected=ONE_EACH, group=NOT_OURS)
def two_runs_with_one_id(act: RowActions) -> Scenario:
    """Start both at once; the one that has started times out in the end."""
    yield
    runs = [act.start(), act.start()]
    _, loser = winner_and_loser(act, *((run, BACKUP) for run in runs))
    wrong = unsaid(act.world.api.task_log(loser), (TAKEN, UNTOUCHED, "it was made", "runs on it"))
    wrong += only_one_runs(act)
    return ended_alone(act, wrong)


@row(
    "N1c",
    "three mapped tasks, one backup id",
    expected="one succeeds, two fail",
    group=NOT_OURS,
    executors=ANY,
)
def mapped_tasks_with_one_id(act: RowActions) -> Scenario:
    """Let the one that has started succeed; each has a database of its own."""
    databases = {index: f"{act.instance}/databases/n1c-{index}" for index in range(3)}
    for name in databases.values():
        act.world.emulator.create_database(name)
    act.plan(SOON)
    yield
    run = act.world.api.wait_for_run(act.start(), timeout=GET_READY, interval=1.0)
    tasks = act.world.api.task_instances(run)
    states = sorted(str(each.state) for each in tasks)
    wrong = [] if states == ["failed", "failed", "success"] else [f"the tasks are {states}"]
    for task in tasks:
        if task.state is TaskState.SUCCESS:
            made = cast("dict[str, str]", act.world.api.xcom(task))
            if made["database"] != databases[task.map_index]:
                wrong.append(f"task {task.map_index} has a backup of {made['database']}")
        else:
            hint = "put what is mapped into the backup id."
            wrong += unsaid(act.world.api.task_log(task), (TAKEN, hint))
    wrong += touched(act, operations=(SUCCEEDED,))
    return judged("one succeeds, two fail", wrong)


@row("N2a", "another Airflow starts the same a moment earlier", expected=CONFLICT, group=NOT_OURS)
def another_airflow_is_faster(act: RowActions) -> Scenario:
    """Hold our start call until another client has made the very same request."""
    yield
    held = hold(act, "CreateBackup", "backups", seconds=HELD)
    played = play(act, NEVER)
    wait_until_held(act, held)
    other_clients.back_up(act, "n2a-backup-shared")
    return played.ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.OK, Code.ALREADY_EXISTS),
        tries=1,
        says=(TAKEN, UNTOUCHED, "runs on it"),
        run=RunState.FAILED,
    )


@row("N2b", "the same, an hour earlier, and it is done", expected=CONFLICT, group=NOT_OURS)
def another_airflow_was_there_before(act: RowActions) -> Scenario:
    """Ask for a backup when another client's has long been finished."""
    act.plan(SOON)
    database = f"{act.instance}/databases/n2b"
    act.world.emulator.create_database(database)
    backup = other_clients.back_up(act, "n2b-backup-shared", keep=SHORTER)
    begun = act.world.view(backup).started
    yield
    act.until(
        lambda: act.world.emulator.clock.now() - begun > AN_HOUR,
        what="an hour to pass",
        timeout=90,
    )
    seen = play(act, NEVER).ends(
        CONFLICT,
        states=(SUCCEEDED,),
        answers=(Code.OK, Code.ALREADY_EXISTS),
        tries=1,
        says=(TAKEN, UNTOUCHED, f"from {database}", "expiry: asked for"),
        run=RunState.FAILED,
    )
    assert act.world.exists(backup)
    return seen


@row("N3a", "a person makes it between our start and retry", expected=CONFLICT, group=NOT_OURS)
def a_person_is_faster_than_the_retry(act: RowActions) -> Scenario:
    """Answer UNAVAILABLE to our start call, and do nothing of it."""
    act.world.emulator.faults.fail(
        method="CreateBackup", resource=f"{act.instance}/backups/*", code=Code.UNAVAILABLE
    )
    yield
    played = play(act, NEVER)
    act.wait_for_task(played.run, played.task_id, TaskState.UP_FOR_RETRY)
    other_clients.back_up(act, "n3a-backup-shared")
    return played.ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.UNAVAILABLE, Code.OK, Code.ALREADY_EXISTS),
        says=(TAKEN, UNTOUCHED),
        run=RunState.FAILED,
    )


@row("N3b", "the same with a restore, which bears no mark", expected=CONFLICT, group=NOT_OURS)
def a_person_restores_before_the_retry(act: RowActions) -> Scenario:
    """Nothing tells one restore of a backup from another one."""
    act.world.emulator.create_database(f"{act.instance}/databases/n3b")
    act.world.emulator.create_backup(
        f"{act.instance}/backups/n3b-source", f"{act.instance}/databases/n3b"
    )
    restored = f"{act.instance}/databases/n3b-restored"
    act.world.emulator.faults.fail(
        method="RestoreDatabase", resource=restored, code=Code.UNAVAILABLE
    )
    yield
    played = play(act, NEVER, task_id="restore", target=restored)
    act.wait_for_task(played.run, played.task_id, TaskState.UP_FOR_RETRY)
    other_clients.restore(act, "n3b-restored", backup_id="n3b-source")
    return played.ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.UNAVAILABLE, Code.OK, Code.ALREADY_EXISTS),
        says=(TAKEN, UNTOUCHED),
        run=RunState.FAILED,
    )


@row("N4a", "refused: FAILED_PRECONDITION, another's runs", expected="failed", group=NOT_OURS)
def refused_while_another_runs(act: RowActions) -> Scenario:
    """Update a database that somebody else updates in the same way at this moment."""
    database = f"{act.instance}/databases/n4a-protected"
    act.world.emulator.create_database(database)
    act.world.emulator.plan(NEVER, target=database)
    other_clients.protect(act, "n4a-protected")
    yield
    return play(act, NEVER, task_id="protect", target=database).ends(
        "failed",
        states=(RUNNING,),
        answers=(Code.OK, Code.FAILED_PRECONDITION),
        tries=1,
        says="another update of it is still in progress",
        run=RunState.FAILED,
    )


@row("N4b", "refused: INVALID_ARGUMENT, another's runs", expected="failed", group=NOT_OURS)
def refused_as_invalid(act: RowActions) -> Scenario:
    """Refuse the start call for good, while the same of somebody else runs."""
    act.world.emulator.create_database(f"{act.instance}/databases/n4b")
    other_clients.back_up(act, "n4b-backup-shared")
    act.world.emulator.faults.fail(
        method="CreateBackup", resource=f"{act.instance}/backups/*", code=Code.INVALID_ARGUMENT
    )
    yield
    return play(act, NEVER).ends(
        "failed",
        states=(RUNNING,),
        answers=(Code.OK, Code.INVALID_ARGUMENT),
        tries=1,
        says="The emulator was told to refuse this call",
        run=RunState.FAILED,
    )


@row("N4c", "refused: 429, waited out; another's runs", expected=CONFLICT, group=NOT_OURS)
def refused_for_now(act: RowActions) -> Scenario:
    """Answer that there are too many requests, while the same of somebody else runs."""
    act.world.emulator.create_database(f"{act.instance}/databases/n4c")
    other_clients.back_up(act, "n4c-backup-shared")
    act.world.emulator.faults.fail(
        method="CreateBackup",
        resource=f"{act.instance}/backups/*",
        code=Code.RESOURCE_EXHAUSTED,
        times=2,
    )
    yield
    waited = (Code.RESOURCE_EXHAUSTED, Code.RESOURCE_EXHAUSTED)
    return play(act, NEVER).ends(
        CONFLICT,
        states=(RUNNING,),
        answers=(Code.OK, *waited, Code.ALREADY_EXISTS),
        tries=1,
        says=("Trying again in", TAKEN, UNTOUCHED),
        run=RunState.FAILED,
    )


def winner_and_loser(
    act: RowActions, *two: tuple[DagRun, str]
) -> tuple[TaskInstance, TaskInstance]:
    """Wait until one of two tasks has failed, and the other waits in the triggerer.

    :param two: their runs and ids
    """
    ends = (TaskState.DEFERRED, TaskState.FAILED)
    tasks = act.until(
        lambda: [act.world.task(run, task_id) for run, task_id in two],
        accept=lambda seen: (
            all(each.state in ends for each in seen) and {each.state for each in seen} == set(ends)
        ),
        what="one task to be deferred and one to have failed",
        timeout=GET_READY,
        interval=1.0,
    )
    deferred = tasks[0].state is TaskState.DEFERRED
    return (tasks[0], tasks[1]) if deferred else (tasks[1], tasks[0])


def only_one_runs(act: RowActions) -> list[str]:
    """Return what is wrong where one operation runs, and nobody has touched it."""
    return touched(act, operations=(RUNNING,))


def touched(act: RowActions, *, operations: tuple[OperationState, ...]) -> list[str]:
    """Return what is wrong where nobody is to cancel or to delete anything.

    :param operations: how those of the row are to be
    """
    calls = [call for call in act.world.emulator.calls.of(*ENDS) if _of(act, call.resource)]
    states = tuple(each.state for each in act.world.emulator.operations() if _of(act, each.target))
    wrong = [f"there was {call.method} of {call.resource}" for call in calls]
    if states != operations:
        wrong.append(f"the operations are {', '.join(states) or 'none'}")
    return wrong


def ended_alone(act: RowActions, wrong: list[str]) -> Seen:
    """Wait until the one operation of the row has been cancelled; nothing else was."""
    operation = act.operation()
    ended = act.world.wait_for_end(operation)
    ends = [call for call in act.world.emulator.calls.of(*ENDS) if _of(act, call.resource)]
    if ended.state is not OperationState.CANCELLED:
        wrong.append(f"the operation is {ended.state} in the end")
    if [call.resource for call in ends] != [operation]:
        wrong.append(f"there were {len(ends)} calls that end or delete something")
    return judged(ONE_EACH, wrong)


def judged(words: str, wrong: list[str]) -> Seen:
    """Return what was seen: what was to be, or something else."""
    return Seen(words="something else" if wrong else words, wrong="; ".join(wrong))


def _of(act: RowActions, name: str) -> bool:
    return name.startswith(f"{act.instance}/")
