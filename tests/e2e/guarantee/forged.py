# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which somebody has written into a task's store and XComs what the task never would.

Whoever may edit a task instance may do that, and must not gain anything by it: neither requests to
an address of his own, nor the end of what others have started.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY, RECORD_KEY
from tests.cluster.rest_api import TaskState
from tests.e2e.clocks import AHEAD
from tests.e2e.guarantee import strangers
from tests.e2e.guarantee.claims import AT_ONCE, entry, key
from tests.e2e.guarantee.others import NOT_OURS, RUNNING, judged
from tests.e2e.guarantee.reaping import GRACE, command, reap
from tests.e2e.guarantee.rows import row
from tests.e2e.guarantee.tries import unsaid
from tests.e2e.guarantee.whole_runs import SIBLING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.guarantee.acting import Act
    from tests.e2e.guarantee.rows import Scenario

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
def forged_entries(act: Act) -> Scenario:
    """Write entries with another endpoint, connection, target and project beside a task's own."""
    going = act.deferred()
    theirs = strangers.back_up(act, "n9a-theirs", database="n9a-sibling")
    yield
    act.mark(going, TaskState.FAILED)
    act.world.wait_for_end(going.operation)
    task, target = act.task(going), theirs.partition("/operations/")[0]
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
        dag = ("--dag-id", going.run.dag_id)
        told, listed = reap(act, *dag, "--grace", AT_ONCE), command(act, "ledger", *dag)
        wrong = visited()
    wrong += unsaid(told, f"1 cancelled or closed, {len(forgeries)} need attention")
    wrong += unsaid(listed, ("refused: another endpoint", "refused: another connection"))
    if (refused := told.count("Refused: ")) != len(forgeries):
        wrong.append(f"the reaper refuses {refused} entries, not {len(forgeries)}: {told}")
    if [call for call in act.world.skewed[AHEAD].calls if act.row.key in call.resource]:
        wrong.append("the connection in the entry was used")
    return judged(REFUSED, wrong + left_alone(act, theirs))


@row("N9b", "forged XComs: notifier and cancel operator", expected=REFUSED, group=NOT_OURS)
def forged_xcoms(act: Act) -> Scenario:
    """Rewrite what a task has published; then a task beside it fails, and the Dag cancels."""
    going = act.deferred()
    act.deferred(SIBLING, run=going.run)
    act.world.emulator.create_database(f"{act.instance}/databases/n9b-theirs")
    theirs = strangers.back_up(act, "n9b-theirs", database="n9b-theirs")
    yield
    task, target = act.task(going), theirs.partition("/operations/")[0]
    own = act.record(going).to_record()
    with listening() as (address, visited):
        connection_spec = own["connection_spec"] | {"endpoint": address}
        forged = own | {"operation": theirs, "target": target, "connection_spec": connection_spec}
        act.world.api.write_xcom(task, RECORD_KEY, forged)
        act.world.api.write_xcom(task, OPERATION_NAME_KEY, theirs)
        act.world.emulator.fail_operation(act.operation(SIBLING))
        sibling = act.wait_for_task(going.run, SIBLING, TaskState.FAILED)
        cancel = act.wait_for_task(going.run, "cancel", TaskState.FAILED, TaskState.SUCCESS)
        act.let_pass()
        wrong = visited()
    wrong += unsaid(act.world.api.task_log(sibling), "Refused: ")
    wrong += unsaid(act.world.api.task_log(cancel), "Refused: ")
    return judged(REFUSED, wrong + left_alone(act, theirs))


def left_alone(act: Act, operation: str) -> list[str]:
    """Return what is wrong where nobody of ours is to touch what a stranger has started."""
    state = act.world.view(operation).state
    wrong = [] if state is RUNNING else [f"theirs is {state}"]
    if act.cancels(operation):
        wrong.append("theirs was asked to end")
    return wrong
