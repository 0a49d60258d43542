# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is said of an entry: one sentence for each thing that may be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.tries.reaping import ReapStep
from airflow_spanner_lro.reaper.clients import told

if TYPE_CHECKING:
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.reaper.looking import Sight
    from airflow_spanner_lro.reaper.records import Record

_DENIED = "Grant the connection's account a role that may see it, such as spanner.viewer."


def subject(record: Record, sight: Sight | None = None) -> str:
    """Return what a line is about: the task, and its operation if that is known."""
    entry = sight.entry if sight else record.entry
    if entry is None:
        return record.where
    waited_for = entry.waited_for
    return f"{record.where}: {waited_for.name if waited_for else entry.target}"


def done(step: ReapStep, sight: Sight) -> str:
    """Return what was done about an entry whose operation needed no cancel."""
    if step is ReapStep.CLOSE:
        return f"{_ended(sight)} The entry is closed."
    return f"{_ended(sight)} What it has done stays; clear the task to have it delivered."


def to_do(step: ReapStep, sight: Sight) -> str:
    """Return what would be done about an entry."""
    match step:
        case ReapStep.STOP:
            state = state_of(sight.snapshot)
            also = ", and what it made deleted" if sight.entry.cleans_up else ""
            return f"It would be cancelled{also}; it is {state}."
        case ReapStep.CLOSE:
            return f"{_ended(sight)} The entry would be closed."
        case ReapStep.SPARE:
            return f"{_ended(sight)} What it has done would be left for a later try to deliver."


def not_asked(exc: Exception) -> str:
    """Return why Spanner could not be asked about one operation, and what to do."""
    advice = f" {_DENIED}" if code_of(exc) is Code.PERMISSION_DENIED else ""
    return f"Spanner could not be asked about it: {told(exc)}{advice}"


def unsure(operation: OperationSnapshot) -> str:
    """Return why an operation is left alone that may be an intent's."""
    return (
        f"{operation.name} runs for the same target, and nothing tells whether this task has "
        "started it; it is left alone until it has ended."
    )


def unreadable(record: Record) -> str:
    """Return why an entry is left alone, and what to do."""
    return (
        f"The entry cannot be read and is left alone: {record.trouble}. See to its operation "
        "yourself, then delete the key from the task's state store."
    )


def state_of(snapshot: OperationSnapshot | None) -> str:
    """Return the state of an operation in a word or two."""
    if snapshot is None:
        return "gone"
    percent = "" if snapshot.done or snapshot.percent is None else f" {snapshot.percent} %"
    return f"{snapshot.state}{percent}"


def _ended(sight: Sight) -> str:
    snapshot, entry = sight.snapshot, sight.entry
    if snapshot is None:
        return (
            "Spanner does not know this operation any more."
            if entry.operation
            else "Nothing came of this start."
        )
    if not snapshot.done:
        return "It goes on with what the task has finished, and is not the task's to cancel."
    if snapshot.error:
        return f"It has ended already ({snapshot.error.code.name}: {snapshot.error.message})."
    return "It has succeeded, and nobody was told."
