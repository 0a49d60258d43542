# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an operation is the one that a task started: what speaks for it, and what against.

What may be done with an operation, by the evidence that a task's own start call began it:

======== ======= ====== ======
evidence deliver cancel delete
======== ======= ====== ======
answered yes     yes    yes
named    yes     yes    no
signed   yes     yes    yes
presumed yes     no     no
======== ======= ====== ======

*deliver*: wait for it and report its success; *cancel*: on kills, timeouts and by the reaper;
*delete*: clean up what it made in spite of a cancel. Without evidence nothing of it is allowed.

A start call that was never answered is followed up by looking at the operations of its kind and
target. What one of them is, by the first row that fits:

========= ======= ======= ========= ============ ========
listed    claimed differs signature in time      it is
========= ======= ======= ========= ============ ========
before    any     any     any       any          none
any       other   any     any       any          none
any       nobody  yes     any       any          none
any       nobody  no      other's   any          none
any       nobody  no      ours      any          signed
since     nobody  no      not seen  no           none
since     nobody  no      not seen  yes          presumed
unknown   nobody  no      not seen  any          none
========= ======= ======= ========= ============ ========

*listed before*: it was there when this try listed the target's operations just before its call, so
no clock has to be trusted to know that it is somebody else's. *claimed*: another ledger entry names
it. *differs*: what Spanner tells of it is not what was asked for. *signature*: a mark that only our
request can have put there; *not seen* also where the request bore none. *in time*: begun between
the intent and the end of the call, with an allowance for clocks that differ.

Where several are presumed, none is: they cannot be told apart.

A ledger entry may name any operation, so before one is cancelled, or anything is concluded from it,
Spanner says what it is. The first of these that does not hold disproves the entry, and the
operation is left alone:

- it is an operation of the target, by id or number of the project;
- it is of the kind that the task starts, or of a kind that may go on with the work;
- it began within the life of the task's run, clocks allowed for; one that tells no time may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import same_resource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_spanner_lro.core.comparison import Difference
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


CLOCK_ALLOWANCE = timedelta(minutes=6)
"""How far the clocks of a worker and of Spanner may differ, with a minute to spare."""


class Evidence(StrEnum):
    """How it is known that a task's start call began an operation."""

    ANSWERED = "answered"
    """The start call answered with its name."""
    NAMED = "named"
    """Its id was chosen by the task."""
    SIGNED = "signed"
    """What it makes bears a mark that only the task's request can have put there."""
    PRESUMED = "presumed"
    """The call was never answered, and this is the only operation that it can have begun."""

    @property
    def may_cancel(self) -> bool:
        """Whether it may be cancelled on behalf of the task."""
        return self is not Evidence.PRESUMED

    @property
    def may_delete(self) -> bool:
        """Whether what it made may be deleted on behalf of the task."""
        return self in (Evidence.ANSWERED, Evidence.SIGNED)


class Mark(StrEnum):
    """What the signature on what an operation makes says."""

    OURS = "ours"
    OTHERS = "somebody else's"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWindow:
    """When an operation must have begun to be that of an unanswered call, by the worker's clock.

    :param intended: when the intent was written, just before the call
    :param ended: when the wait for the answer ended; at the latest, if nobody knows
    """

    intended: datetime
    ended: datetime

    def holds(self, began: datetime | None) -> bool:
        """Tell whether an operation has begun in time; one that tells no time has not."""
        if began is None:
            return False
        return self.intended - CLOCK_ALLOWANCE <= began <= self.ended + CLOCK_ALLOWANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An operation of the kind and target of an unanswered call.

    :param began: when, by Spanner's clock
    :param known_before: it was listed just before the call; None if nothing was listed then
    :param claimed: another ledger entry names it
    :param differs: how it is not what was asked for
    """

    snapshot: OperationSnapshot
    began: datetime | None = None
    known_before: bool | None = None
    claimed: bool = False
    differs: tuple[Difference, ...] = ()
    mark: Mark = Mark.NOT_SEEN


def evidence_for(candidate: Candidate, *, window: StartWindow) -> Evidence | None:
    """Return what speaks for a candidate, by the table above; None if nothing does."""
    if candidate.known_before or candidate.claimed or candidate.differs:
        return None
    match candidate.mark:
        case Mark.OURS:
            return Evidence.SIGNED
        case Mark.OTHERS:
            return None
    if candidate.known_before is None or not window.holds(candidate.began):
        return None
    return Evidence.PRESUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """What following up an unanswered call has come to.

    :param snapshot: the operation that it began; None if none can be told
    :param evidence: why
    :param ambiguous: operations that it may have begun, where they cannot be told apart
    """

    snapshot: OperationSnapshot | None = None
    evidence: Evidence | None = None
    ambiguous: tuple[OperationSnapshot, ...] = ()


def identify_started(candidates: Iterable[Candidate], *, window: StartWindow) -> LookupResult:
    """Decide which operation an unanswered call has begun."""
    judged = [(each.snapshot, evidence_for(each, window=window)) for each in candidates]
    signed = [snapshot for snapshot, evidence in judged if evidence is Evidence.SIGNED]
    presumed = [snapshot for snapshot, evidence in judged if evidence is Evidence.PRESUMED]
    # the same mark on two operations: one was cancelled or deleted, and its request sent again
    # by somebody who had read it; neither is certain then
    found, evidence = (signed, Evidence.SIGNED) if signed else (presumed, Evidence.PRESUMED)
    match found:
        case [snapshot]:
            return LookupResult(snapshot=snapshot, evidence=evidence)
        case _:
            return LookupResult(ambiguous=tuple(found))


def run_began(run: object) -> datetime | None:
    """Return when a Dag run began, or earlier, from what a context tells of it; None if nothing.

    A clear gives a run another start, but not another moment after which it was to run.

    :param run: an object with these moments as attributes, or their texts by the same names
    """
    moments = []
    for name in ("run_after", "start_date"):
        value = run.get(name) if isinstance(run, Mapping) else getattr(run, name, None)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            moments.append(value)
    return min(moments, default=None)


def disproof(
    snapshot: OperationSnapshot,
    *,
    target: ResourceName,
    kinds: Collection[OperationKind],
    began: datetime | None,
) -> str | None:
    """Return why an operation cannot be what a task waits for; None if it can.

    :param snapshot: the operation that the task waited for last
    :param kinds: one of these it must be
    :param began: when the run of the task did, or earlier; None if that is not known
    """
    if not same_resource(snapshot.name.resource, target):
        return f"It works on {snapshot.name.resource}, and the task on {target}."
    if snapshot.kind not in kinds:
        titles = " or ".join(kind.title for kind in kinds) or "no such operation"
        known = snapshot.kind.title if snapshot.kind else "an operation of a kind not known here"
        return f"It is {known}, and the task starts: {titles}."
    return too_early(snapshot, began=began)


def too_early(snapshot: OperationSnapshot, *, began: datetime | None) -> str | None:
    """Return that an operation began before the run of its task; None if it may not have."""
    if snapshot.start_time is None or began is None:
        return None
    if snapshot.start_time >= began - CLOCK_ALLOWANCE:
        return None
    return (
        f"It began at {snapshot.start_time.isoformat(timespec='seconds')}, before the run of the "
        f"task ({began.isoformat(timespec='seconds')})."
    )
