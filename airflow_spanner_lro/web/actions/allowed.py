# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a person may do to the operation of an entry, and what its task will do then: no I/O.

This is about the entry; about the person ``web/rights.py`` decides, and about the connection
``core/ledger/authority.py``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.ledger.reaping import TaskPhase
from airflow_spanner_lro.core.operations.errors import left_running_presumed

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.ledger.reaping import TaskFacts
    from airflow_spanner_lro.reaper.records import LedgerRow

_FOR_GOOD = (
    "To end it for good, mark the task as failed in Airflow instead: that cancels the operation as "
    "well, unless the task has cancel_on_kill=False."
)


def why_not_cancel(entry: LedgerEntry) -> str:
    """Return why the operation of an entry cannot be cancelled from here; empty if it can."""
    waited_for = entry.waited_for
    if waited_for is None:
        return (
            "Its start call has not been answered, so its operation is not known by name. Its next "
            "try, or the reaper, finds out what became of it."
        )
    if entry.closed:
        by_hand = left_running_presumed(waited_for.name) if entry.left else _by_hand(entry)
        return f"Nothing is owed for it any more. {by_hand}"
    if not waited_for.ours:
        return (
            "What its task has started is done. What goes on was started by Spanner itself, and is "
            "not its task's to cancel."
        )
    if not entry.may_cancel:
        return left_running_presumed(waited_for.name)
    if not entry.kind.cancellable:
        return "Spanner does not cancel operations of this kind."
    return ""


def may_cancel(entry: LedgerEntry) -> bool:
    """Tell whether the operation of an entry can be cancelled from here."""
    return not why_not_cancel(entry)


def why_not_delete(entry: LedgerEntry) -> str:
    """Return why the record of an entry's operation cannot be deleted; empty if it can."""
    if entry.waited_for is None:
        return "No operation of it is known by name."
    if entry.kind.service is not Service.INSTANCE_ADMIN:
        return (
            "Spanner deletes the records of operations of instances, instance partitions and "
            "instance configurations only; it forgets those of databases and backups by itself."
        )
    if not entry.closed:
        return (
            "Its task, or the reaper, still reads from it what became of it. Delete it when its "
            "entry is closed."
        )
    return ""


def may_delete(entry: LedgerEntry) -> bool:
    """Tell whether the record of an entry's operation can be deleted, once it is done."""
    return not why_not_delete(entry)


def is_waited_for(entry: LedgerEntry, task: TaskFacts) -> bool:
    """Tell whether the try that the entry belongs to is at work: it sees the end by itself."""
    return task.phase is TaskPhase.AT_WORK and task.try_number <= entry.try_number


def task_will(entry: LedgerEntry, task: TaskFacts, *, retries: int) -> str:
    """Return what the task of an entry does once its operation is cancelled.

    :param retries: how many tries Airflow makes after the present one
    """
    match task.phase:
        case TaskPhase.OVER:
            return f"Nothing: the task has ended ({task.state}), and does not wait for it."
        case TaskPhase.COMING:
            return (
                f"The task will be run again ({task.state}), and starts a new operation then. "
                f"{_FOR_GOOD}"
            )
    if not is_waited_for(entry, task):
        return (
            f"The task is in try {task.try_number} by now, which has taken it up or is about to: "
            "it then starts a new operation."
        )
    text = (
        f"The task is {task.state} in try {task.try_number} and waits for it: it fails as soon as "
        "it sees the end, or succeeds if the operation finishes first."
    )
    if retries <= 0:
        return f"{text} No retry is left."
    left = "1 retry is left, and" if retries == 1 else f"{retries} retries are left, and"
    return f"{text} {left} the next one starts a new operation. {_FOR_GOOD}"


def whose(row: LedgerRow, entry: LedgerEntry) -> str:
    """Return whose operation it is, in a sentence."""
    return f"{entry.kind.title} {entry.target.resource_id} of task {row.where}."


def plan_of(row: LedgerRow, entry: LedgerEntry) -> str:
    """Return a digest of what a person was told: whoever acts must have been told the same."""
    waited_for, task = entry.waited_for, row.task
    seen = [
        row.stored.row,
        str(waited_for.name) if waited_for else None,
        entry.try_number,
        entry.stage,
        task.try_number,
        task.phase,
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def _by_hand(entry: LedgerEntry) -> str:
    waited_for = entry.waited_for
    name = waited_for.name if waited_for else entry.target
    return (
        "It has ended, or its task did not wait for it. If it still runs, end it by hand: "
        f"spanner-lro cancel {name}"
    )
