# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an operation is orphaned, and what to do about it then: two pure decisions.

Airflow 3.3.2 ends tasks without calling their operator or trigger (a lost worker, a triggerer that
was away, a mark in the first second). What they had started is in the ledger, and the reaper closes
it. A false cancel is worse than a late one, so whatever might still be waited for is left alone.
What is recorded of the reaper's latest round tells whether it is at work; whoever may edit
Variables can edit that record, so nothing is done on its word but to warn.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.settlement import Ending

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class TaskPhase(StrEnum):
    """What is to be expected of a task instance."""

    COMING = "coming"
    """Airflow will start it, again or for the first time."""
    AT_WORK = "at work"
    """It runs or is deferred, or is in a state that this release does not know."""
    OVER = "over"
    """It has ended, or its run has and will start it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """A task instance as Airflow's database has it.

    :param state: what Airflow calls its state; ``none`` before it is scheduled, ``deleted`` if it
        is not there
    :param try_number: its latest try; Airflow counts it up when it schedules the next one, not when
        the one before ends
    :param started: when the latest try that has started did so, or later
    :param changed: when it came to what it is, or later
    :param began: when its run did, or earlier; None if that is not known
    """

    state: str
    phase: TaskPhase
    try_number: int
    started: datetime | None = None
    changed: datetime | None = None
    began: datetime | None = None


class ReapDecision(StrEnum):
    """Reap, or why not."""

    REAP = "nobody waits for it any more"
    CLOSED = "nothing is owed any more"
    EXEMPT = "it is to go on without its task"
    WAITS = "its task waits for it, or will be run again"
    NEWER_TRY = "a newer try of its task may still take it up"
    TOO_YOUNG = "something has happened too recently"


KILL_OVER = timedelta(seconds=35)
"""After so long nobody else is at work for a task that has ended: Airflow 3.3.2 gives a trigger's
``on_kill`` thirty seconds, and a worker's five."""


def decide_reap(
    entry: LedgerEntry,
    *,
    task: TaskFacts,
    now: datetime,
    grace: timedelta,
    kill_over: timedelta | None = None,
) -> ReapDecision:
    """Decide whether an entry is left to nobody.

    :param grace: how long everything has to be over; others get that long to do their part
    :param kill_over: the same where a task has ended and its operation is known by name: whoever
        was to cancel it has done so by then, or never will. None for the grace
    """
    if kill_over is not None and task.phase is TaskPhase.OVER and entry.operation is not None:
        grace = min(grace, kill_over)
    if entry.closed:
        return ReapDecision.CLOSED
    # a cancel that was decided later than that stands
    if entry.exempt and not entry.stopping:
        return ReapDecision.EXEMPT
    claimed = _claimed(entry, task=task, now=now, grace=grace)
    if claimed is not None:
        return claimed
    if _not_sent(entry):
        return ReapDecision.REAP
    # a cancel that somebody has just decided is theirs to see through
    recent = (entry.intended, entry.adopted, entry.stopping)
    if any(moment and now - moment < grace for moment in recent):
        return ReapDecision.TOO_YOUNG
    return ReapDecision.REAP


def _claimed(
    entry: LedgerEntry, *, task: TaskFacts, now: datetime, grace: timedelta
) -> ReapDecision | None:
    """Return why the task instance keeps the reaper away; None if it does not."""
    match task.phase:
        case TaskPhase.COMING:
            return ReapDecision.WAITS
        case TaskPhase.AT_WORK:
            if task.try_number <= entry.try_number:
                return ReapDecision.WAITS
            if task.started is None or now - task.started < grace:
                return ReapDecision.NEWER_TRY
        case TaskPhase.OVER:
            young = task.changed is not None and now - task.changed < grace
            if young and not _not_sent(entry):
                return ReapDecision.TOO_YOUNG
    return None


def _not_sent(entry: LedgerEntry) -> bool:
    """Tell whether whoever was to cancel has said that it could not: nobody else will come."""
    return entry.stopping is not None and entry.ending is Ending.NOT_SENT


class ReapStep(StrEnum):
    """What is done about an entry that is left to nobody."""

    STOP = "cancel it and wait for what becomes of it"
    LEAVE = "it is only presumed to be the task's: it goes on, and its entry is closed as left"
    CLOSE = "nothing of it goes on"
    EXEMPT = "what it has done stays, for a later try to deliver"


def reap_step(entry: LedgerEntry, snapshot: OperationSnapshot | None) -> ReapStep:
    """Decide what to do about an entry that is to be reaped.

    :param snapshot: the operation that the task waited for last, as it is now; None if Spanner does
        not know it
    """
    if snapshot is not None and not snapshot.done:
        waited_for = entry.waited_for
        # what goes on with the work by itself was not started by the task
        if waited_for is not None and not waited_for.ours:
            return ReapStep.EXEMPT
        return ReapStep.STOP if entry.may_cancel else ReapStep.LEAVE
    done = snapshot is not None and snapshot.succeeded
    if snapshot is not None and done and _finished_first(entry, snapshot):
        return ReapStep.STOP
    # what is done is not undone: it may be what a later try delivers
    return ReapStep.EXEMPT if done or entry.follow_up else ReapStep.CLOSE


def _finished_first(entry: LedgerEntry, snapshot: OperationSnapshot) -> bool:
    """Tell whether what was made is deleted, because its end was decided while it was being made.

    The process that cancelled it was lost before it saw the outcome. Had it lived it would have
    cleaned up; what was done before anybody decided anything stays.
    """
    if entry.stopping is None or snapshot.end_time is None or entry.follow_up:
        return False
    return entry.may_clean_up and entry.stopping < snapshot.end_time


def settled_as(entry: LedgerEntry, settlement: Settlement, *, now: datetime) -> LedgerEntry:
    """Return the entry of an operation that was to be cancelled, with what became of it.

    While something of it goes on its end stays decided: the next round, or try, sees to it again.
    """
    if not settlement.settled:
        return entry.stop(now, ending=settlement.ending)
    undelivered = settlement.succeeded_first and not settlement.cleaned_up
    if entry.follow_up or undelivered:
        return entry.exempt_from_reaping(ending=settlement.ending)
    return entry.close(settlement.snapshot, ending=settlement.ending)


ROUND_KEY = "spanner_lro_reaper_round"
"""The Airflow Variable that holds the record."""
OVERDUE = timedelta(minutes=10)
"""A reaper that has made no round for so long is not at work."""
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """A round of the reaper.

    :param host: the machine, and what kind of process: triggerer, scheduler or command
    :param ended: when it was over
    :param seconds: how long it took
    :param kept: entries whose tasks were active
    :param reaped: entries whose operations were cancelled, or that were closed
    :param left: entries that need attention, by a person or the next round
    """

    host: str
    ended: datetime
    seconds: float
    kept: int
    reaped: int
    left: int

    def age(self, now: datetime) -> timedelta:
        """Return how long ago it was; clocks of two machines may differ."""
        return max(now - self.ended, timedelta())

    def to_json(self) -> str:
        """Return the record as it is stored."""
        return json.dumps({**asdict(self), "ended": self.ended.isoformat(), "version": 1})

    @classmethod
    def from_json(cls, text: str | None) -> RoundRecord | None:
        """Return what ``to_json`` described; None if there is none, or it is damaged."""
        try:
            data = json.loads(text or "")
            ended = datetime.fromisoformat(data["ended"])
            return cls(
                host=str(data["host"])[:_LONGEST],
                ended=ended if ended.tzinfo else ended.replace(tzinfo=UTC),
                seconds=float(data["seconds"]),
                kept=int(data["kept"]),
                reaped=int(data["reaped"]),
                left=int(data["left"]),
            )
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return None


def overdue(record: RoundRecord | None, *, now: datetime) -> str | None:
    """Return what is wrong if no round was made for ten minutes, as a clause; None if one was."""
    if record is None:
        return "no round of the reaper was ever recorded here"
    age = record.age(now)
    if age <= OVERDUE:
        return None
    return (
        f"its last round was {age.total_seconds() / 60:.0f} minutes ago "
        f"({record.ended:%Y-%m-%d %H:%M:%S} UTC)"
    )
