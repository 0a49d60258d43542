# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The verdict of the demo: it finds each promise that was broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    OperationKind,
    Service,
)
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Call, OperationView, ResourceView
from tests.cluster.rest_api import DagRun, RunState
from tests.demo import orders
from tests.demo.promises import DemoOutcome, check_promises

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
INSTANCE = "projects/p/instances/i1"
ORDERS = f"{INSTANCE}/databases/orders"
OVERRUN = f"{INSTANCE}/backups/overrun-1"


def operation(kind: OperationKind, target: str, state: OperationState) -> OperationView:
    """Return an operation as the emulator shows it."""
    return OperationView(
        name=f"{target}/operations/_{kind.rpc}",
        kind=kind,
        target=target,
        state=state,
        percent=100,
        started=NOW,
        ended=NOW,
        cancel_requested=None,
        error=None,
    )


CANCELLED = operation(CREATE_BACKUP, OVERRUN, OperationState.CANCELLED)
DRILL = operation(CREATE_BACKUP, f"{INSTANCE}/backups/drill-1", OperationState.SUCCEEDED)
SCRATCH = f"{INSTANCE}/databases/scratch"
CANCEL = Call(
    method="CancelOperation",
    service=Service.DATABASE_ADMIN,
    resource=CANCELLED.name,
    at=NOW,
    real_time=(NOW + timedelta(seconds=1)).timestamp(),
    code=Code.OK,
)
GOOD = DemoOutcome(
    runs=(DagRun(dag_id="drill", run_id="1", state=RunState.SUCCESS),),
    deadline=NOW,
    operations=(
        CANCELLED,
        DRILL,
        operation(RESTORE_DATABASE, SCRATCH, OperationState.SUCCEEDED),
        operation(OPTIMIZE_RESTORED_DATABASE, SCRATCH, OperationState.CANCELLED),
    ),
    resources=(ResourceView(name=ORDERS, noun="database", state="READY"),),
    calls=(CANCEL,),
    databases=(ORDERS,),
)


def test_a_good_run_keeps_every_promise() -> None:
    """When all went well, every check says so."""
    assert [] == [check for check in check_promises(GOOD) if not check.kept]


@pytest.mark.parametrize(
    ("outcome", "promise"),
    [
        pytest.param(
            replace(GOOD, runs=(DagRun(dag_id="d", run_id="1", state=RunState.FAILED),)),
            "Both Dags",
            id="a Dag failed",
        ),
        pytest.param(
            replace(GOOD, operations=(*GOOD.operations, DRILL)), "started once", id="started twice"
        ),
        pytest.param(
            replace(GOOD, operations=GOOD.operations[:-1]), "started once", id="not optimised"
        ),
        pytest.param(
            replace(GOOD, calls=(CANCEL, replace(CANCEL, resource=DRILL.name))),
            "Only the operation that overran",
            id="another was cancelled",
        ),
        pytest.param(
            replace(GOOD, deadline=NOW - timedelta(seconds=5)), "within 3 s", id="cancelled late"
        ),
        pytest.param(
            replace(GOOD, deadline=NOW + timedelta(seconds=5)), "within 3 s", id="cancelled early"
        ),
        pytest.param(replace(GOOD, calls=()), "within 3 s", id="not cancelled"),
        pytest.param(
            replace(GOOD, rows_left=0, rows_found=orders.ORDERS - 1),
            "Rows that were lost",
            id="rows lost",
        ),
        pytest.param(
            replace(GOOD, rows_left=1, rows_found=orders.ORDERS),
            "Rows that were lost",
            id="none lost",
        ),
        pytest.param(
            replace(GOOD, resources=(ResourceView(name=OVERRUN, noun="backup", state="READY"),)),
            "No backup",
            id="a backup is left",
        ),
        pytest.param(
            replace(GOOD, resources=(ResourceView(name=SCRATCH, noun="database", state="READY"),)),
            "No scratch database",
            id="a database is left",
        ),
    ],
)
def test_a_broken_promise_is_found(outcome: DemoOutcome, promise: str) -> None:
    """Each thing that can go wrong breaks the promise that is about it."""
    broken = [check.promise for check in check_promises(outcome) if not check.kept]

    assert [each for each in broken if promise in each] != []


def test_rows_that_were_lost_are_found() -> None:
    """Where there are rows, they are gone from the original and in what was restored."""
    outcome = replace(GOOD, rows_left=0, rows_found=orders.ORDERS)

    promises = {check.promise for check in check_promises(outcome) if check.kept}

    assert "Rows that were lost since are in the backup" in promises


def test_a_busy_machine_is_given_more_seconds() -> None:
    """How soon is soon enough can be said, and the promise then names it."""
    outcome = replace(
        GOOD, deadline=NOW - timedelta(seconds=5), cancel_within=timedelta(seconds=30)
    )

    promises = {check.promise for check in check_promises(outcome) if check.kept}

    assert "It was cancelled within 30 s of its deadline" in promises
