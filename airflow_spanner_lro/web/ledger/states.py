# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What state an operation is shown in, from its entry, its task, and what a poller saw: pure.

The first row that fits (*tried*: the state that the owning try has come to):

======== =========== ============== ============ =====================
entry    operation   ended as       tried        shown
======== =========== ============== ============ =====================
damaged  any         any            any          UNREADABLE
any      seen done   any            any          as Spanner said
closed   none        all committed  any          SUCCEEDED
closed   none        waits a turn   any          WAITING
closed   none        no             any          FAILED: not started
left     known       any            any          RUNNING where seen
left     known       any            any          UNKNOWN
closed   known       cancelled      any          CANCELLED
closed   known       gone           any          GONE
closed   known       else           any          UNKNOWN
closed   failed      no             any          FAILED
closed   known       no             success      SUCCEEDED
closed   known       no             failed       FAILED
closed   known       no             else         UNKNOWN
open     none        no             at work      STARTING
open     none        no             over, newer  UNKNOWN
open     known       stopping       any          CANCELLING
open     known       asked to end   any          CANCELLING
open     known       finished first any          SUCCEEDED
open     known       no             any          RUNNING
======== =========== ============== ============ =====================

*Seen done* is a poller's word about the operation that the task waits for last. What an open entry
names is shown as running until somebody has seen its end: whoever would be wrong otherwise pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.reaping import TaskPhase
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import OperationState

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.ledger.reaping import TaskFacts
    from airflow_spanner_lro.core.operations.schema_change import StatementRecord


class State(StrEnum):
    """What the page calls the state of an operation."""

    WAITING = "WAITING"
    """Its task waits for its turn; nothing was started yet."""
    STARTING = "STARTING"
    """The start call was made, or is about to be, and not answered yet."""
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    """Its end is decided, and not seen yet."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    GONE = "GONE"
    """Spanner did not know it any more when it was to be cancelled."""
    UNKNOWN = "UNKNOWN"
    """What became of it was not written down."""
    UNREADABLE = "UNREADABLE"
    """Its ledger entry cannot be read."""


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.GONE})
"""Nothing of such an operation goes on."""

_SEEN = {
    OperationState.SUCCEEDED: (State.SUCCEEDED, "Succeeded."),
    OperationState.FAILED: (State.FAILED, "Failed."),
    OperationState.CANCELLED: (State.CANCELLED, "Was cancelled."),
}
_ENDINGS = {
    Ending.CANCELLED: (State.CANCELLED, "Was cancelled."),
    Ending.GONE: (State.GONE, "Spanner did not know it any more when it was to be cancelled."),
    Ending.FINISHED_FIRST: (State.UNKNOWN, "Finished before its cancel took hold."),
    Ending.STILL_RUNNING: (State.UNKNOWN, "Still ran when its task stopped waiting for its end."),
    Ending.NOT_SENT: (State.UNKNOWN, "Its cancel was not sent; it may go on."),
    Ending.REFUSED: (State.UNKNOWN, "Spanner would not cancel it; it may go on."),
}
_STOPPING = {
    None: "Is being cancelled.",
    Ending.STILL_RUNNING: "Was asked to end, and has not been seen to.",
    Ending.NOT_SENT: "Is to be cancelled; the cancel could not be sent yet.",
    Ending.REFUSED: "Is to be cancelled; Spanner has refused, and the reaper tries again.",
}
_FAILED = frozenset({"failed", "up_for_retry", "skipped", "upstream_failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownState:
    """A state, and what it means in a sentence."""

    state: State
    text: str

    @property
    def ended(self) -> bool:
        """Nothing of the operation goes on, for all that is known."""
        return self.state in ENDED


def shown_state(  # noqa: PLR0911  # the rows of a table
    entry: LedgerEntry | None,
    *,
    task: TaskFacts,
    tried: str | None,
    seen: OperationState | None = None,
    waits: bool = False,
) -> ShownState:
    """Return what an entry is shown as, by the table above.

    :param entry: None if it cannot be read
    :param tried: the state that the try that owns it has come to; None if that is not known
    :param seen: the operation as a poller saw it last; None if none has
    :param waits: the try that owns it waits for its turn
    """
    if entry is None:
        return _shown(State.UNREADABLE, "The ledger entry cannot be read.")
    if seen is not None and seen in _SEEN:
        return _shown(*_SEEN[seen])
    if entry.waited_for is None:
        return _intent(entry, task=task, waits=waits)
    if not entry.closed:
        return _open(entry)
    if entry.left:
        if seen is OperationState.RUNNING:
            return _shown(State.RUNNING, "Left running: it is only presumed to be the task's.")
        return _shown(
            State.UNKNOWN, "Was left running: it is only presumed to be the task's, nobody watches."
        )
    if entry.ending is not None:
        return _shown(*_ENDINGS[entry.ending])
    if entry.failure:
        return _shown(State.FAILED, "Failed.")
    return _delivered(entry, tried)


def _shown(state: State, text: str) -> ShownState:
    return ShownState(state=state, text=text)


def _intent(entry: LedgerEntry, *, task: TaskFacts, waits: bool) -> ShownState:
    if entry.closed:
        if _all_committed(entry.statements):
            return _shown(State.SUCCEEDED, "Earlier tries had committed every statement.")
        if waits:
            return _shown(State.WAITING, "Waits for its turn; nothing was started yet.")
        return _shown(State.FAILED, "Was not started: Spanner refused, or nothing came of it.")
    if task.phase is TaskPhase.OVER or task.try_number > entry.try_number:
        return _shown(
            State.UNKNOWN, "Its start call was never answered: an operation may have come of it."
        )
    return _shown(State.STARTING, "Is being started.")


def _open(entry: LedgerEntry) -> ShownState:
    if entry.stopping:
        return _shown(
            State.CANCELLING, _STOPPING.get(entry.ending, "Is to end; that was not seen yet.")
        )
    if entry.cancelled_by:
        return _shown(
            State.CANCELLING, "Its cancel was asked for; its task sees the end by itself."
        )
    if entry.ending is Ending.FINISHED_FIRST:
        return _shown(
            State.SUCCEEDED, "Succeeded before its cancel took hold; a later try delivers it."
        )
    if entry.exempt:
        return _shown(State.RUNNING, "Runs on purpose, whatever becomes of its task.")
    return _shown(State.RUNNING, "Runs.")


def _delivered(entry: LedgerEntry, tried: str | None) -> ShownState:
    if tried == "success" or _all_committed(entry.statements):
        return _shown(State.SUCCEEDED, "Succeeded.")
    if tried in _FAILED:
        return _shown(State.FAILED, "Failed, or its task did after it.")
    return _shown(State.UNKNOWN, "Has ended; how was not written down.")


def _all_committed(statements: tuple[StatementRecord, ...]) -> bool:
    return bool(statements) and all(each.committed for each in statements)
