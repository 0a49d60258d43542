# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is said of an entry: one sentence for each thing that may be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.tries.reaping import ReapStep
from airflow_spanner_lro.reaper.clients import told
from airflow_spanner_lro.reaper.records import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.reaper.looking import Sight
    from airflow_spanner_lro.reaper.records import Record
    from airflow_spanner_lro.reaper.rounds import Tally

_DENIED = "Grant the connection's account a role that may see it, such as spanner.viewer."


def subject(record: Record, sight: Sight | None = None) -> str:
    """Return what a line is about: the task, and its operation if that is known."""
    entry = sight.entry if sight else record.entry
    if entry is None:
        return record.where
    waited_for = entry.waited_for
    return f"{record.where}: {waited_for.name if waited_for else entry.target}"


def done(step: ReapStep, sight: Sight) -> str:
    """Return what was done about an entry whose operation was not cancelled."""
    if step is ReapStep.LEAVE:
        return f"{_presumed(sight)} The entry is closed as left."
    if step is ReapStep.CLOSE:
        return f"{_ended(sight)} The entry is closed."
    return f"{_ended(sight)} What it has done stays; clear the task to have it delivered."


def to_do(step: ReapStep, sight: Sight) -> str:
    """Return what would be done about an entry."""
    match step:
        case ReapStep.STOP:
            state = state_of(sight.snapshot)
            also = ", and what it made deleted" if sight.entry.may_clean_up else ""
            return f"It would be cancelled{also}; it is {state}."
        case ReapStep.LEAVE:
            return f"{_presumed(sight)} The entry would be closed as left."
        case ReapStep.CLOSE:
            return f"{_ended(sight)} The entry would be closed."
        case ReapStep.EXEMPT:
            return f"{_ended(sight)} What it has done would be left for a later try to deliver."


def not_asked(exc: Exception) -> str:
    """Return why Spanner could not be asked about one operation, and what to do."""
    advice = f" {_DENIED}" if code_of(exc) is Code.PERMISSION_DENIED else ""
    return f"Spanner could not be asked about it: {told(exc)}{advice}"


def ambiguous(operations: Sequence[OperationSnapshot]) -> str:
    """Return why operations are left alone of which each may be an intent's."""
    names = ", ".join(str(each.name) for each in operations)
    return (
        "Left alone: its start call was never answered, and nothing tells which of these it has "
        f"begun, if any: {names}. End the right one yourself, with `spanner-lro cancel`."
    )


def unproven(sight: Sight) -> str:
    """Return why an operation is left alone that is not what its entry says."""
    return (
        f"Left alone: it cannot be this task's. {sight.disproof} If the entry is a mistake, delete "
        "its key from the task's state store."
    )


def named_by(other: Record) -> str:
    """Return why an operation is left alone that another entry names."""
    if other.entry is None:
        return (
            f"Left alone: entry {shown(other.stored.key)} of the same task names it as well, and "
            f"cannot be read: {other.trouble}."
        )
    return (
        f"Left alone: another task's entry names it as well ({other.where}), so nothing tells "
        "whose it is. End it yourself if it is nobody's; if one entry is a mistake, delete its key "
        "from that task's state store."
    )


def others_deployment(number: int, *, name: str, ours: str) -> str:
    """Return the line about all entries that one other deployment has written."""
    entries = "1 entry is" if number == 1 else f"{number} entries are"
    writer = f"deployment {shown(name)}" if name else "a deployment without a name"
    return (
        f"Left alone: {entries} not ours; {writer} wrote them, and this is "
        f"{ours or 'one without a name'} ([spanner_lro] deployment)."
    )


def unreadable(record: Record) -> str:
    """Return why an entry is left alone, and what to do."""
    return (
        f"The entry cannot be read and is left alone: {record.trouble.rstrip('.')}. See to its "
        "operation yourself, then delete the key from the task's state store."
    )


def state_of(snapshot: OperationSnapshot | None) -> str:
    """Return the state of an operation in a word or two."""
    if snapshot is None:
        return "gone"
    percent = "" if snapshot.done or snapshot.percent is None else f" {snapshot.percent} %"
    return f"{snapshot.state}{percent}"


def summary(tally: Tally, *, dry_run: bool) -> str:
    """Return the last line of a round."""
    number = tally.kept + tally.reaped + tally.left
    entries = "1 open entry" if number == 1 else f"{number} open entries"
    text = (
        f"{entries}: {tally.kept} left to their tasks, "
        f"{tally.reaped} {'would be reaped' if dry_run else 'reaped'}, {tally.left} to be seen to."
    )
    return f"{text} Told to end before all were seen." if tally.interrupted else text


def _presumed(sight: Sight) -> str:
    waited_for = sight.entry.waited_for
    name = waited_for.name if waited_for else sight.entry.target
    return (
        "Left running: its start call was never answered, so it is only presumed to be this "
        f"task's, and {state_of(sight.snapshot)}. If it is, end it: `spanner-lro cancel {name}`."
    )


def _ended(sight: Sight) -> str:
    snapshot, entry = sight.snapshot, sight.entry
    if snapshot is None:
        return (
            "Spanner does not know this operation any more."
            if entry.operation
            else "Nothing can be told to have come of this start."
        )
    if not snapshot.done:
        return "It goes on with what the task has finished, and is not the task's to cancel."
    if snapshot.error:
        return f"It has ended already ({snapshot.error.code.name}: {snapshot.error.message})."
    return "It has succeeded, and nobody was told."
