# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Why an operation is thought to be ours, and what that allows: two pure decisions.

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
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.core.comparison import Difference
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


def judge(candidates: Iterable[Candidate], *, window: StartWindow) -> LookupResult:
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
