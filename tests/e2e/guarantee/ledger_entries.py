# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows about entries of a ledger: copied, holed, doubled, damaged, forged, of another release.

A ledger entry is a claim; what does not hold is reported, and nothing is started, cancelled or
deleted because of it. The entries are written as anybody can write them who may edit a task
instance, over Airflow's REST API; nobody must gain anything by that: neither requests to an address
of his own, nor the end of what others have started.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY, RECORD_KEY
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.execution.store import KEY_PREFIX
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee import other_clients
from tests.e2e.guarantee.database_clone import cloned
from tests.e2e.guarantee.foreign_operations import NOT_OURS, RUNNING, judged, winner_and_loser
from tests.e2e.guarantee.reaper_actions import GRACE, command, reap, said_of
from tests.e2e.guarantee.row_actions import NEVER
from tests.e2e.guarantee.rows import row
from tests.e2e.guarantee.task_tries import BACKUP, SCHEMA, PlayedTask, play, unsaid
from tests.e2e.guarantee.unanswered_starts import PRESUMED
from tests.e2e.guarantee.user_actions import SIBLING
from tests.e2e.skewed_emulators import AHEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.rest_api import TaskInstance
    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario


KEPT, LEFT = "kept by who waits", "told, left alone"
QUICK = Plan(duration=timedelta(minutes=3))
"""Ends after three seconds."""
ADOPTED = "of an earlier try was adopted"
CANNOT_BE_READ = "The entry cannot be read and is left alone"
AT_ONCE = "0s"
NEW_IN_2 = ("evidence", "asked", "signed", "before", "unanswered", "left", "deployment")
"""What entries of release 0.1.0 did not have."""
NAMES_OF_1 = {"connection_spec": "access", "exempt": "spared"}
"""What that release called two fields."""


@row("N10", "a clone of Airflow's database is reaped", expected=LEFT, group=NOT_OURS)
def clone_of_the_database(act: RowActions) -> Scenario:
    """In the clone the task has ended long ago; in the original it waits."""
    waiting = act.deferred()
    reap(act, "--grace", AT_ONCE, "--dag-id", waiting.run.dag_id)
    yield
    here = ("--dag-id", waiting.run.dag_id, "--grace", AT_ONCE)
    with cloned(act.world.airflow, ended_dag=waiting.run.dag_id) as environment:
        # that it could be, if somebody said so
        would = reap(act, *here, "--claim-deployment", "--dry-run", environment=environment)
        told = reap(act, *here, environment=environment)
    wrong = unsaid(would, " would be cancelled")
    wrong += unsaid(told, "Nothing was touched: Airflow's database is not where its ledgers were")
    act.let_pass()
    return judged(LEFT, wrong + runs_on(act, waiting))


@row("N11a", "a key expired, two entries name one operation", expected=KEPT, group=NOT_OURS)
def holes_and_doubles(act: RowActions) -> Scenario:
    """Let a task go on from its second key when the first has expired; then double the entry."""
    yield
    played = play(act, QUICK, NEVER, task_id=SCHEMA)
    act.world.api.wait_for_run(played.run, RunState.SUCCESS, timeout=150, interval=1.0)
    act.world.api.delete_state(played.task, key(1))
    act.world.api.clear(played.task)
    operation = played.operation(2).name
    act.until(lambda: entry(act, played.task, 2)["operation"] == operation, what="its second entry")
    played.kill()
    act.until(
        lambda: entry(act, played.task, 2),
        accept=lambda seen: seen["try_number"] == 3,
        what="the third try to adopt by the second key",
        timeout=90,
    )
    # what a release wrote that stopped counting at the hole
    written = entry(act, played.task, 2)
    act.forge(played.task, key(1), written | {"try_number": 2})
    told = reap(act, "--grace", AT_ONCE, "--dag-id", played.run.dag_id)
    act.let_pass()
    wrong = unsaid(played.log(3), ADOPTED) + unsaid(
        told, "2 kept (task active), 0 cancelled or closed"
    )
    state = act.world.view(operation).state
    if state is not RUNNING:
        wrong.append(f"the operation is {state}")
    return judged(KEPT, wrong)


@row("N11b", "an ended task's entry names what another awaits", expected=KEPT, group=NOT_OURS)
def entry_of_an_ended_task(act: RowActions) -> Scenario:
    """Copy the entry of a task that waits to one that has failed, and asked for the same."""
    run = act.start()
    waits, failed = winner_and_loser(act, (run, BACKUP), (run, "other"))
    waiting = act.waiting_task(run, waits.task_id, operation=act.operation())
    yield
    act.forge(failed, key(1), entry(act, waits, 1))
    act.let_pass(seconds=GRACE)
    told = reap(act, "--grace", AT_ONCE, "--dag-id", waiting.run.dag_id)
    act.let_pass()
    wrong = unsaid(told, ("another task's entry names it as well", "1 kept (task active), 0 canc"))
    return judged(KEPT, wrong + runs_on(act, waiting))


@row("N12a", "an entry of a newer release, and a retry", expected=LEFT, group=NOT_OURS)
def entry_of_a_newer_release(act: RowActions) -> Scenario:
    """Let the trigger fail, so that a retry meets an entry that it cannot read."""
    waiting = act.deferred()
    yield
    written = entry(act, act.task(waiting), 1)
    act.forge(act.task(waiting), key(1), written | {"version": 99})
    fail_trigger(act, waiting)
    seen = PlayedTask(act=act, run=waiting.run).ends(
        LEFT,
        states=(RUNNING,),
        says=("Nothing was started: the task's ledger entry", "a later release"),
        run=RunState.FAILED,
    )
    act.let_pass(seconds=GRACE)
    told = reap(act, "--grace", AT_ONCE, "--dag-id", waiting.run.dag_id)
    wrong = [seen.wrong] if seen.wrong else []
    return judged(LEFT, wrong + unsaid(told, CANNOT_BE_READ) + runs_on(act, waiting))


@row("N12b", "an entry of release 0.1.0: adopted, presumed", expected=LEFT, group=NOT_OURS)
def entry_of_an_older_release(act: RowActions) -> Scenario:
    """Let the trigger fail, so that a retry meets an entry without evidence; then mark it failed.

    Nobody may cancel by such an entry: that release did not tell an answer from a find.
    """
    waiting = act.deferred()
    yield
    written = entry(act, act.task(waiting), 1)
    older = {
        NAMES_OF_1.get(name, name): value for name, value in written.items() if name not in NEW_IN_2
    }
    act.forge(act.task(waiting), key(1), older | {"version": 1})
    fail_trigger(act, waiting)
    act.until(
        lambda: act.task(waiting),
        accept=lambda seen: seen.try_number == 2 and seen.state is TaskState.DEFERRED,
        what="the next try to be deferred",
        timeout=90,
        interval=1.0,
    )
    act.wait_for_poll(waiting.operation)
    since = act.mark(waiting, TaskState.FAILED)
    log = act.until(
        lambda: act.world.api.task_log(act.task(waiting), try_number=2),
        accept=lambda seen: PRESUMED in seen,
        what="on_kill to say that it is left alone",
    )
    act.let_pass(since=since)
    return judged(LEFT, unsaid(log, ADOPTED) + runs_on(act, waiting))


@row("N12c", "a damaged entry, and the reaper's round", expected=LEFT, group=NOT_OURS)
def damaged_entry(act: RowActions) -> Scenario:
    """Damage one task's entry; the round goes on to the next one's, and closes that."""
    waiting = act.deferred()
    sibling = act.deferred("sibling", run=waiting.run)
    yield
    for each in (waiting, sibling):
        act.mark(each, TaskState.FAILED)
    act.world.wait_for_end(sibling.operation)
    written = entry(act, act.task(waiting), 1)
    damaged = {"try_number": "1", "intended": "2026-11-28T03:00:00", "left": "\x1b[31m"}
    act.forge(act.task(waiting), key(1), written | damaged)
    act.let_pass(seconds=GRACE)
    told = reap(act, "--grace", AT_ONCE, "--dag-id", waiting.run.dag_id)
    wrong = unsaid(told, CANNOT_BE_READ)
    wrong += unsaid(said_of(act, sibling.operation, told=told), " has ended already")
    wrong += [f"the reaper says {each!r}" for each in ("Traceback", "\x1b") if each in told]
    return judged(LEFT, wrong + runs_on(act, waiting))


def key(number: int) -> str:
    """Return the key of a ledger entry."""
    return f"{KEY_PREFIX}{number}"


def entry(act: RowActions, task: TaskInstance, number: int) -> dict[str, Any]:
    """Wait for a ledger entry in a task's store, and return it as it is stored."""
    found = act.until(
        lambda: act.world.api.state_store(task, key(number)), what=f"entry {number}", interval=0.5
    )
    return cast("dict[str, Any]", found)


def fail_trigger(act: RowActions, waiting: WaitingTask) -> None:
    """Let the trigger of a task fail for good, at its next look."""
    act.world.emulator.faults.fail(
        method="GetOperation", resource=waiting.operation, code=Code.PERMISSION_DENIED
    )


def runs_on(act: RowActions, waiting: WaitingTask) -> list[str]:
    """Return what is wrong where an operation is to run on, and nobody to have touched it."""
    state = act.world.view(waiting.operation).state
    wrong = [] if state is RUNNING else [f"the operation is {state}"]
    if cancels := act.cancels(waiting.operation):
        wrong.append(f"it was cancelled {len(cancels)} times")
    if len(act.operations(BACKUP)) != 1:
        wrong.append("something else was started")
    return wrong


REFUSED = "refused and told"


@contextmanager
def listening() -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Listen at an address; yield it, and what returns that somebody has come, if so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        def visited() -> list[str]:
            try:
                server.accept()
            except BlockingIOError:
                return []
            return ["somebody has come to the address in the entry"]

        yield f"http://127.0.0.1:{server.getsockname()[1]}", visited


@row("N9a", "forged entries: reaper and ledger", expected=REFUSED, group=NOT_OURS)
def forged_entries(act: RowActions) -> Scenario:
    """Write entries with another endpoint, connection, target and project beside a task's own."""
    waiting = act.deferred()
    theirs = other_clients.back_up(act, "n9a-theirs", database="n9a-sibling")
    yield
    act.mark(waiting, TaskState.FAILED)
    act.world.wait_for_end(waiting.operation)
    task, target = act.task(waiting), theirs.partition("/operations/")[0]
    own = entry(act, task, 1)
    with listening() as (address, visited):
        forgeries: list[dict[str, Any]] = [
            {"connection_spec": own["connection_spec"] | {"endpoint": address}},
            {"connection_spec": own["connection_spec"] | {"gcp_conn_id": AHEAD, "endpoint": None}},
            {"operation": theirs, "target": target},
            {
                name: own[name].replace("projects/e2e/", "projects/payments/")
                for name in ("operation", "target")
            },
        ]
        for number, forgery in enumerate(forgeries, start=2):
            act.forge(task, key(number), own | forgery)
        act.let_pass(seconds=GRACE)
        dag = ("--dag-id", waiting.run.dag_id)
        told, listed = reap(act, *dag, "--grace", AT_ONCE), command(act, "ledger", *dag)
        wrong = visited()
    wrong += unsaid(told, f"cancelled or closed, {len(forgeries)} need attention")
    wrong += unsaid(said_of(act, waiting.operation, told=told), " has ended already")
    wrong += unsaid(listed, ("refused: another endpoint", "refused: another connection"))
    if (refused := told.count("Refused: ")) != len(forgeries):
        wrong.append(f"the reaper refuses {refused} entries, not {len(forgeries)}: {told}")
    if [call for call in act.world.skewed[AHEAD].calls if act.row.key in call.resource]:
        wrong.append("the connection in the entry was used")
    return judged(REFUSED, wrong + left_alone(act, theirs))


@row("N9b", "forged XComs: notifier and cancel operator", expected=REFUSED, group=NOT_OURS)
def forged_xcoms(act: RowActions) -> Scenario:
    """Rewrite what a task has published; then a task beside it fails, and the Dag cancels."""
    waiting = act.deferred()
    act.deferred(SIBLING, run=waiting.run)
    act.world.emulator.create_database(f"{act.instance}/databases/n9b-theirs")
    theirs = other_clients.back_up(act, "n9b-theirs", database="n9b-theirs")
    yield
    task, target = act.task(waiting), theirs.partition("/operations/")[0]
    own = act.record(waiting).to_record()
    with listening() as (address, visited):
        connection_spec = own["connection_spec"] | {"endpoint": address}
        forged = own | {"operation": theirs, "target": target, "connection_spec": connection_spec}
        act.world.api.write_xcom(task, RECORD_KEY, forged)
        act.world.api.write_xcom(task, OPERATION_NAME_KEY, theirs)
        act.world.emulator.fail_operation(act.operation(SIBLING))
        sibling = act.wait_for_task(waiting.run, SIBLING, TaskState.FAILED)
        cancel = act.wait_for_task(waiting.run, "cancel", TaskState.FAILED, TaskState.SUCCESS)
        act.let_pass()
        wrong = visited()
    wrong += unsaid(act.world.api.task_log(sibling), "Refused: ")
    wrong += unsaid(act.world.api.task_log(cancel), "Refused: ")
    return judged(REFUSED, wrong + left_alone(act, theirs))


def left_alone(act: RowActions, operation: str) -> list[str]:
    """Return what is wrong where nobody of ours is to touch what a stranger has started."""
    state = act.world.view(operation).state
    wrong = [] if state is RUNNING else [f"theirs is {state}"]
    if act.cancels(operation):
        wrong.append("theirs was asked to end")
    return wrong
