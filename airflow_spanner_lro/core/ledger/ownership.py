# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an operation is still this try's, so that it may be cancelled: four pure decisions.

Airflow 3.3.2 tells too little to all who may have to cancel. A trigger's ``on_kill`` is called not
only when a user acts on a deferred task, but also when a stalled triggerer comes back after its
triggers were given to another one, and for a cleared task only after its next try may have taken
the operation up. A process that asks to be deferred is not told whether it is. A triggerer or a
worker that was frozen wakes up behind its deadline, or is told to end, when the next try has long
taken over.

All of them ask for the state of the task first and for its record afterwards. Each try publishes
whose the operation is before it asks Spanner about it, and so before it defers: a record that was
read after the state ``deferred`` is never older than that deferral.

What ``on_kill`` does, by the task's liveness and by what its record says of the operation:

=========== ========= ============ =========== ======= ==========
liveness    newer try this try     another one nothing unreadable
=========== ========= ============ =========== ======= ==========
deferred    ADOPTED   MOVED        CANCEL      UNKNOWN UNKNOWN
on its way  ADOPTED   CANCEL       CANCEL      CANCEL  UNKNOWN
restarting  ADOPTED   CANCEL       CANCEL      CANCEL  UNKNOWN
retrying    ADOPTED   RETRIED      CANCEL      RETRIED RETRIED
ended       ADOPTED   CANCEL       CANCEL      CANCEL  CANCEL
missing     ADOPTED   CANCEL       CANCEL      CANCEL  CANCEL
unknown     ADOPTED   UNKNOWN      UNKNOWN     UNKNOWN UNKNOWN
=========== ========= ============ =========== ======= ==========

A task on its way whose record is this try's was cleared, and its next try has not begun; or its
trigger has fired in another triggerer. No state tells these apart, and a triggerer cannot read the
number of the try. The operation does: in the second case it is done, and whoever cancels polls
it before (``cancel_if_running``), if it can. Whatever the liveness, no kill cancels an
operation whose outcome was delivered, which its task publishes at once (``closed``), or that was
left to itself on purpose (``exempt``). A deadline has an option of its own for that.

What a trigger does whose deadline has passed. The task that no longer waits in a triggerer is in
somebody else's hands; and what cannot be told here, a worker finds out, to which the trigger fires:

=========== ========= ============ =========== ======= ==========
liveness    newer try this try     another one nothing unreadable
=========== ========= ============ =========== ======= ==========
deferred    ADOPTED   CANCEL       REPLACED    UNKNOWN UNKNOWN
on its way  ADOPTED   WAITED       REPLACED    WAITED  WAITED
restarting  ADOPTED   WAITED       REPLACED    WAITED  WAITED
retrying    ADOPTED   RETRIED      REPLACED    RETRIED RETRIED
ended       ADOPTED   ENDED        ENDED       ENDED   ENDED
missing     ADOPTED   ENDED        ENDED       ENDED   ENDED
unknown     ADOPTED   UNKNOWN      UNKNOWN     UNKNOWN UNKNOWN
=========== ========= ============ =========== ======= ==========

What a task's process on a worker does, when it is killed and when its deadline passes. It has
published before it started anything, and Airflow deletes that only when the next try begins:

=========== ========= ============ =========== ======= ==========
liveness    newer try this try     another one nothing unreadable
=========== ========= ============ =========== ======= ==========
deferred    ADOPTED   WAITED       REPLACED    MOVEDON UNKNOWN
on its way  ADOPTED   CANCEL       REPLACED    MOVEDON UNKNOWN
restarting  ADOPTED   CANCEL       REPLACED    MOVEDON UNKNOWN
retrying    ADOPTED   RETRIED      REPLACED    RETRIED RETRIED
ended       ADOPTED   CANCEL       REPLACED    MOVEDON UNKNOWN
missing     ADOPTED   CANCEL       REPLACED    CANCEL  UNKNOWN
unknown     ADOPTED   UNKNOWN      UNKNOWN     UNKNOWN UNKNOWN
=========== ========= ============ =========== ======= ==========

*newer try* is also one that has published an intent and no operation yet: it looks for this one
first. After a deferral that Airflow may have rejected, only a task that is restarting, ended or
missing has its operation stopped, unless a newer try has it: in every other case a process of
the task goes on with it, or will.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import OperationName


class TaskLiveness(Enum):
    """What a task instance's state says about who waits for its operation."""

    DEFERRED = auto()
    """A trigger does."""
    ON_ITS_WAY = auto()
    """A process of the task does, or will."""
    RESTARTING = auto()
    """Nobody: a user has cleared it while it ran; a new try follows when that process has ended."""
    RETRYING = auto()
    """A retry will: the try has failed by itself."""
    ENDED = auto()
    """Nobody."""
    MISSING = auto()
    """Nobody: there is no such task instance any more."""
    UNKNOWN = auto()
    """That cannot be told: this release does not know the state."""


_LIVENESS_OF_STATE: dict[str | None, TaskLiveness] = {
    "deferred": TaskLiveness.DEFERRED,
    None: TaskLiveness.ON_ITS_WAY,
    "scheduled": TaskLiveness.ON_ITS_WAY,
    "queued": TaskLiveness.ON_ITS_WAY,
    "running": TaskLiveness.ON_ITS_WAY,
    "up_for_reschedule": TaskLiveness.ON_ITS_WAY,
    "awaiting_input": TaskLiveness.ON_ITS_WAY,
    "restarting": TaskLiveness.RESTARTING,
    "up_for_retry": TaskLiveness.RETRYING,
    "success": TaskLiveness.ENDED,
    "failed": TaskLiveness.ENDED,
    "skipped": TaskLiveness.ENDED,
    "upstream_failed": TaskLiveness.ENDED,
    "removed": TaskLiveness.ENDED,
}


def liveness_of(state: str | None) -> TaskLiveness:
    """Return the liveness of a task instance that exists.

    :param state: as Airflow names it; None after it was cleared
    """
    return _LIVENESS_OF_STATE.get(state, TaskLiveness.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRecord:
    """What a task published is there, and this release cannot read it.

    :param why: in words
    """

    why: str


if TYPE_CHECKING:
    # what the latest try of a task has published: nothing from the moment a new try begins until
    # it publishes, and when the Dag was deleted
    Published = LedgerEntry | UnreadableRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one try knows about itself: which operation it has waited for.

    :param try_number: its number
    """

    operation: OperationName
    try_number: int


class KillDecision(StrEnum):
    """Cancel, or why not."""

    CANCEL = "the task no longer waits for it"
    NOT_WANTED = "cancel_on_kill is off"
    PRESUMED = "its start call was never answered, so it is only presumed to be the task's"
    DELIVERED = "its outcome was delivered already"
    MOVED = "the task is still deferred and waits in another triggerer"
    ADOPTED = "a newer try of the task has adopted it"
    WAITED = "a process of the task goes on with it, or will"
    REPLACED = "the task waits for another operation by now, and its tries deal with this one"
    ENDED = "the task has ended, so its operation is delivered or in other hands"
    MOVEDON = "a newer try of the task has begun, and decides about it"
    RETRIED = "the task is going to be tried again, and that try takes it up"
    EXEMPT = "the task has left it running on purpose"
    UNKNOWN = "it cannot be told whether the task still waits for it"


def decide_kill(*, claim: Claim, liveness: TaskLiveness, record: Published) -> KillDecision:
    """Decide what an ``on_kill`` does, by the table above.

    :param claim: the operation and the try this trigger stands for
    :param record: what the task's latest try published, read after its state
    """
    if (kept := _kept_from_kills(claim, record)) is not None:
        return kept
    match liveness, _holder(claim, record):
        case TaskLiveness.ENDED | TaskLiveness.MISSING, _:
            return KillDecision.CANCEL
        case (
            (TaskLiveness.UNKNOWN, _)
            # every try publishes before it defers, so something is amiss; do no harm
            | (TaskLiveness.DEFERRED, _Holder.NOBODY | _Holder.UNREADABLE)
            | (TaskLiveness.ON_ITS_WAY | TaskLiveness.RESTARTING, _Holder.UNREADABLE)
        ):
            return KillDecision.UNKNOWN
        case TaskLiveness.RETRYING, _Holder.US | _Holder.NOBODY | _Holder.UNREADABLE:
            return KillDecision.RETRIED
        case TaskLiveness.DEFERRED, _Holder.US:
            return KillDecision.MOVED
    return KillDecision.CANCEL


def decide_deadline(  # noqa: PLR0911  # the cells of a table
    *, claim: Claim, liveness: TaskLiveness, record: Published
) -> KillDecision:
    """Decide what a trigger does whose deadline has passed, by the second table."""
    match liveness, _holder(claim, record):
        case _, _Holder.NEWER:
            return KillDecision.ADOPTED
        case TaskLiveness.UNKNOWN, _:
            return KillDecision.UNKNOWN
        case TaskLiveness.ENDED | TaskLiveness.MISSING, _:
            return KillDecision.ENDED
        case _, _Holder.OTHER:
            return KillDecision.REPLACED
        case TaskLiveness.DEFERRED, holder:
            return KillDecision.CANCEL if holder is _Holder.US else KillDecision.UNKNOWN
        case TaskLiveness.RETRYING, _:
            return KillDecision.RETRIED
    return KillDecision.WAITED


def decide_on_worker(  # noqa: PLR0911  # the cells of a table
    *, claim: Claim, liveness: TaskLiveness, record: Published
) -> KillDecision:
    """Decide what a task's process does that is killed or out of time, by the third table."""
    holder = _holder(claim, record)
    if holder is _Holder.NEWER:
        return KillDecision.ADOPTED
    if liveness is TaskLiveness.UNKNOWN:
        return KillDecision.UNKNOWN
    if holder is _Holder.OTHER:
        return KillDecision.REPLACED
    if liveness is TaskLiveness.RETRYING:
        return KillDecision.RETRIED
    match holder, liveness:
        case _Holder.UNREADABLE, _:
            return KillDecision.UNKNOWN
        case _Holder.NOBODY, TaskLiveness.MISSING:
            # the record went with the Dag
            return KillDecision.CANCEL
        case _Holder.NOBODY, _:
            return KillDecision.MOVEDON
        case _, TaskLiveness.DEFERRED:
            return KillDecision.WAITED
    return KillDecision.CANCEL


def decide_rejected(*, claim: Claim, liveness: TaskLiveness, record: Published) -> KillDecision:
    """Decide what a process does that has asked for a deferral, which may have been rejected.

    :param claim: the operation it was to be deferred for, and its own try
    :param record: what the task's latest try published, read after its state
    """
    if (kept := _kept_from_kills(claim, record)) is not None:
        return kept
    match liveness:
        case TaskLiveness.RESTARTING | TaskLiveness.ENDED | TaskLiveness.MISSING:
            return KillDecision.CANCEL
        case TaskLiveness.RETRYING:
            return KillDecision.RETRIED
        case TaskLiveness.DEFERRED | TaskLiveness.ON_ITS_WAY:
            return KillDecision.WAITED
        case TaskLiveness.UNKNOWN:
            return KillDecision.UNKNOWN


class _Holder(Enum):
    """Whom the record says the operation belongs to."""

    NEWER = auto()
    US = auto()
    OTHER = auto()
    NOBODY = auto()
    UNREADABLE = auto()


def _holder(claim: Claim, record: Published) -> _Holder:
    if record is None:
        return _Holder.NOBODY
    if isinstance(record, UnreadableRecord):
        return _Holder.UNREADABLE
    named, intent = claim.operation in record.operations, record.operation is None
    # an intent is that of the start call which has begun it, or of a newer try that has looked for
    # it before
    if (named or intent) and record.try_number > claim.try_number:
        return _Holder.NEWER
    own_intent = intent and record.try_number == claim.try_number
    return _Holder.US if named or own_intent else _Holder.OTHER


def _kept_from_kills(claim: Claim, record: Published) -> KillDecision | None:
    """Return why the record alone forbids a kill to cancel; None if it does not."""
    if record is None or isinstance(record, UnreadableRecord):
        return None
    if _holder(claim, record) is _Holder.NEWER:
        return KillDecision.ADOPTED
    if claim.operation not in record.operations:
        return None
    if record.closed:
        return KillDecision.DELIVERED
    return KillDecision.EXEMPT if record.exempt else None
