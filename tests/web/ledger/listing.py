# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Lines of the list without a database: an entry, its task, and what a poller saw."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.state_store import StoredValue
from airflow_spanner_lro.core.ledger.reaping import TaskFacts, TaskPhase
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.seen import SeenOperation
from airflow_spanner_lro.reaper.records import LedgerRow
from airflow_spanner_lro.web.ledger.listed import KnownEntry, Turn, list_entry

from .ledgers import NOW

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.web.ledger.listed import ListedOperation

PHASES = {"deferred": TaskPhase.AT_WORK, "running": TaskPhase.AT_WORK, "none": TaskPhase.COMING}


def seen(state: OperationState = OperationState.RUNNING, **known: Any) -> SeenOperation:
    """Return what a poller saw a moment ago."""
    usual: dict[str, Any] = {"name": "any", "seen": NOW - timedelta(seconds=20)}
    return SeenOperation(state=state, **usual | known)


def listed(
    entry: LedgerEntry | None,
    *,
    state: str = "deferred",
    try_number: int = 1,
    key: str = "spanner_lro:1",
    number: int = 1,
    dag_id: str = "nightly",
    seen: SeenOperation | None = None,
    tried: str | None = None,
    written: datetime | None = NOW,
    turn: Turn | None = None,
    deployment: str = "",
    minutes: float = 60,
) -> ListedOperation:
    """Return the line of an entry.

    :param minutes: how long ago its task came to its state
    """
    changed = NOW - timedelta(minutes=minutes)
    phase = PHASES.get(state, TaskPhase.OVER)
    task = TaskFacts(
        state=state, phase=phase, try_number=try_number, started=changed, changed=changed
    )
    stored = StoredValue(
        row=number,
        dag_id=dag_id,
        run_id="run",
        task_id="backup",
        map_index=-1,
        key=key,
        value="{}",
        task=task,
        written=written,
    )
    row = LedgerRow(stored=stored, entry=entry, trouble="" if entry else "it is damaged.")
    known = KnownEntry.of(row, tried=tried)
    return list_entry(
        known,
        turn=turn,
        seen=seen,
        now=NOW,
        grace=timedelta(seconds=60),
        deployment=deployment,
    )
