# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner knows of an entry that nobody waits for, and the messages that say so.

An intent names no operation; which one it may have begun, and the evidence for it, is found as a
next try of its task would find it. What an entry names is not yet what its task has started: so it
is compared with what Spanner says, and with what all other entries name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.driver import retry_transient
from airflow_spanner_lro.core.ledger.reaping import ReapStep
from airflow_spanner_lro.core.status import Code, code_of, error_text
from airflow_spanner_lro.execution.lookup import Lookup
from airflow_spanner_lro.reaper.records import rows_naming, shown

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.driver import SyncClock
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.reaper.records import LedgerRow

_TRANSIENT_LIMIT = 2.0
"""Seconds for one entry; what lasts longer is left to the next round."""
_DENIED = "Grant the connection's account a role that may see it, such as spanner.viewer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An entry and what Spanner knows of it.

    :param entry: with the name of its operation, if that was found
    :param snapshot: the operation that the task waited for last; None if Spanner knows none
    :param ambiguous: operations that may be the entry's, or somebody else's
    :param disproof: why the operation cannot be what the entry says; empty if it can
    :param others: the other entries that name it
    """

    row: LedgerRow
    entry: LedgerEntry
    snapshot: OperationSnapshot | None = None
    ambiguous: tuple[OperationSnapshot, ...] = ()
    disproof: str = ""
    others: tuple[LedgerRow, ...] = ()

    @property
    def subject(self) -> str:
        """What a line is about."""
        return self.row.subject_of(self.entry)

    @property
    def is_ending(self) -> bool:
        """A cancel has taken hold already, and only its outcome is not there yet."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.done:
            return False
        return self.entry.stopping is not None and snapshot.cancel_time is not None

    def objection(self) -> str | None:
        """Return why the operation is left alone that may not be the entry's; None if it is."""
        if self.ambiguous:
            names = ", ".join(str(each.name) for each in self.ambiguous)
            return (
                "Left alone: its start call was never answered, and nothing tells which of these "
                f"it has begun, if any: {names}. End the right one yourself, with `spanner-lro "
                "cancel`."
            )
        if self.disproof:
            return (
                f"Left alone: it cannot be this task's. {self.disproof} If the entry is a mistake, "
                "delete its key from the task's state store."
            )
        return None

    def done(self, step: ReapStep) -> str:
        """Return what was done about an entry whose operation was not cancelled."""
        if step is ReapStep.LEAVE:
            return f"{self._presumed} The entry is closed as left."
        if step is ReapStep.CLOSE:
            return f"{self._ended} The entry is closed."
        return f"{self._ended} What it has done stays; clear the task to have it delivered."

    def to_do(self, step: ReapStep) -> str:
        """Return what would be done about an entry."""
        match step:
            case ReapStep.STOP:
                also = ", and what it made deleted" if self.entry.may_clean_up else ""
                return f"{self._label} would be cancelled{also}; it is {state_of(self.snapshot)}."
            case ReapStep.LEAVE:
                return f"{self._presumed} The entry would be closed as left."
            case ReapStep.CLOSE:
                return f"{self._ended} The entry would be closed."
            case ReapStep.EXEMPT:
                return f"{self._ended} What it has done would be left for a later try to deliver."

    @property
    def _label(self) -> str:
        return f"{self.entry.kind.title} {self.entry.target.resource_id}"

    @property
    def _presumed(self) -> str:
        return (
            "Left running: its start call was never answered, so it is only presumed to be this "
            f"task's, and {state_of(self.snapshot)}. If it is, end it with `spanner-lro cancel`."
        )

    @property
    def _ended(self) -> str:
        snapshot = self.snapshot
        if snapshot is None:
            return (
                f"{self._label} is not known to Spanner any more."
                if self.entry.operation
                else f"{self._label}: no operation can have come of this start."
            )
        if not snapshot.done:
            return f"{snapshot.label} goes on with what the task has finished, and is not its own."
        if snapshot.error:
            error = snapshot.error
            return f"{self._label} has ended already ({error.code.name}: {error.message})."
        return f"{self._label} has succeeded, and nobody was told."


def inspect(
    row: LedgerRow, *, entry: LedgerEntry, client: SpannerAdminClient, clock: SyncClock
) -> Inspection:
    """Ask Spanner about an entry; a transient error is waited out for a moment.

    :raises GoogleAPIError: if Spanner cannot be asked; GoogleAuthError if it cannot be reached
    :raises AirflowDatabaseError: if Airflow's database cannot be read
    """
    lookup = Lookup(client=client, claimed=lambda name: bool(rows_naming(name, besides=row)))
    if waited_for := entry.waited_for:
        snapshot = retry_transient(
            lambda: lookup.operation(waited_for.name), clock=clock, limit=_TRANSIENT_LIMIT
        )
    else:
        found = retry_transient(
            lambda: lookup.follow_up(entry), clock=clock, limit=_TRANSIENT_LIMIT
        )
        snapshot = found.snapshot
        if snapshot is None or found.evidence is None:
            return Inspection(row=row, entry=entry, ambiguous=found.ambiguous)
        entry = entry.started_as(snapshot.name, evidence=found.evidence)
    if snapshot is None:
        return Inspection(row=row, entry=entry)
    return Inspection(
        row=row,
        entry=entry,
        snapshot=snapshot,
        disproof=entry.disproof(snapshot, began=row.task.began) or "",
        others=tuple(rows_naming(snapshot.name, besides=row)),
    )


def state_of(snapshot: OperationSnapshot | None) -> str:
    """Return the state of an operation in a word or two."""
    if snapshot is None:
        return "gone"
    percent = "" if snapshot.done or snapshot.percent is None else f" {snapshot.percent} %"
    return f"{snapshot.state}{percent}"


def not_asked(exc: Exception) -> str:
    """Return why Spanner could not be asked about one operation, and what to do."""
    advice = f" {_DENIED}" if code_of(exc) is Code.PERMISSION_DENIED else ""
    return f"Not checked: Spanner answered {error_text(exc)}.{advice}"


def named_by(other: LedgerRow) -> str:
    """Return why an operation is left alone that another entry names."""
    if other.entry is None:
        return (
            f"Left alone: entry {shown(other.stored.key)} of the same task names it as well, and "
            f"cannot be read: {other.trouble.rstrip('.')}."
        )
    return (
        f"Left alone: another task's entry names it as well ({other.where}), so nothing tells "
        "whose it is. End it yourself if it is nobody's; if one entry is a mistake, delete its key "
        "from that task's state store."
    )


def unreadable(row: LedgerRow) -> str:
    """Return why an entry is left alone, and what to do."""
    return (
        f"The entry cannot be read and is left alone: {row.trouble.rstrip('.')}. Look after its "
        "operation yourself, then delete the key from the task's state store."
    )


def others_deployment(number: int, *, name: str, ours: str) -> str:
    """Return the line about all entries that one other deployment has written."""
    entries = "1 entry is" if number == 1 else f"{number} entries are"
    writer = f"deployment {shown(name)}" if name else "a deployment without a name"
    return (
        f"Left alone: {entries} not ours; {writer} wrote them, and this is "
        f"{ours or 'one without a name'} ([spanner_lro] deployment)."
    )
