# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What clearing a task would do about its operation: pure.

Nothing is decided here. A clear first ends what is at work, and that decides about the operation
(``core/ledger/ownership.py``); then a new try begins, and decides what to do first
(``core/ledger/resume.py``). Both are asked with what is known now: the operation as a poller saw it
last, and a request that has not changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.ownership import (
    Claim,
    KillDecision,
    TaskLiveness,
    decide_kill,
    decide_on_worker,
)
from airflow_spanner_lro.core.ledger.resume import NextStep, next_step
from airflow_spanner_lro.core.operations.schema_change import carry_over_commits, committed_prefix
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.web.ledger.listed import ListedOperation


class Clearing(StrEnum):
    """What a clear comes to."""

    ADOPTS = "adopts"
    STARTS_ANEW = "starts_anew"
    CONTINUES = "continues"
    WAITS = "waits"
    DELIVERS = "delivers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingAnswer:
    """What a clear comes to, and that in a sentence or two."""

    verdict: Clearing
    text: str


_NOTHING = ClearingAnswer(
    verdict=Clearing.STARTS_ANEW, text="Clearing the task starts a new operation."
)
_UNREADABLE = ClearingAnswer(
    verdict=Clearing.WAITS,
    text=(
        "Clearing the task starts nothing: its ledger entry cannot be read, and its operation may "
        "still run. See to that first, then delete the key from the task's state store."
    ),
)
_WAITING = ClearingAnswer(
    verdict=Clearing.WAITS,
    text="Nothing was started yet. Clearing the task lets it ask once more, and wait for its turn.",
)
_REFUSED = ClearingAnswer(
    verdict=Clearing.WAITS,
    text=(
        "Clearing the task starts nothing while the operation runs: it is only presumed to be the "
        "task's, so it is neither cancelled nor is anything started beside it."
    ),
)
_ANSWERS = {
    NextStep.START: _NOTHING,
    NextStep.SEARCH: ClearingAnswer(
        verdict=Clearing.ADOPTS,
        text=(
            "The start call was never answered. Clearing the task looks for what it has begun, and "
            "waits for that; where it finds nothing, it starts anew."
        ),
    ),
    NextStep.ADOPT: ClearingAnswer(
        verdict=Clearing.ADOPTS,
        text=(
            "Clearing the task adopts the operation: the new try waits for it, and starts none, "
            "unless the request has changed meanwhile."
        ),
    ),
    NextStep.AWAIT_CANCEL: ClearingAnswer(
        verdict=Clearing.WAITS,
        text="Clearing the task waits until the operation has ended, then starts a new one.",
    ),
    NextStep.REPLACE: ClearingAnswer(
        verdict=Clearing.STARTS_ANEW,
        text="Clearing the task cancels the operation, waits for its end, and starts a new one.",
    ),
    NextStep.REFUSE: _REFUSED,
    NextStep.DELIVER: ClearingAnswer(
        verdict=Clearing.DELIVERS,
        text=(
            "The work is done and was not delivered yet. Clearing the task delivers it at once; "
            "nothing is started."
        ),
    ),
}
_CANCELS = ClearingAnswer(
    verdict=Clearing.STARTS_ANEW,
    text=(
        "Clearing the task now cancels the operation, because the task waits for it; the new try "
        "waits for its end and starts a new one."
    ),
)
_AT_WORK = {
    "deferred": (decide_kill, TaskLiveness.ON_ITS_WAY),
    "running": (decide_on_worker, TaskLiveness.RESTARTING),
}
"""Who is told of a clear, and in which state he finds the task then."""


def clearing(latest: ListedOperation | None) -> ClearingAnswer:
    """Return what clearing a task would do.

    :param latest: its newest line; None if it has none
    """
    if latest is None:
        return _NOTHING
    entry = latest.entry
    if latest.shown.state is State.WAITING:
        return _WAITING
    if entry is None:
        return _UNREADABLE
    if latest.shown.state is State.RUNNING and _is_cancelled_by_clear(
        entry, state=latest.task.state
    ):
        return _CANCELS
    snapshot = _snapshot(latest, entry)
    step = next_step(entry=entry, snapshot=snapshot, fingerprint=entry.fingerprint)
    if step in (NextStep.START, NextStep.REPLACE, NextStep.AWAIT_CANCEL):
        return _continued(entry, snapshot) or _ANSWERS[step]
    return _ANSWERS[step]


def _is_cancelled_by_clear(entry: LedgerEntry, *, state: str) -> bool:
    waited_for = entry.waited_for
    if state not in _AT_WORK or waited_for is None or not waited_for.ours or not entry.may_cancel:
        return False
    if entry.exempt:
        # what ``cancel_on_kill=False`` leaves in the entry, and a worker is not asked about then
        return False
    decide, liveness = _AT_WORK[state]
    claim = Claim(operation=waited_for.name, try_number=entry.try_number)
    return decide(claim=claim, liveness=liveness, record=entry) is KillDecision.CANCEL


def _snapshot(latest: ListedOperation, entry: LedgerEntry) -> OperationSnapshot | None:
    """Return the operation as it is known here; what nobody has seen is as it is shown."""
    waited_for, seen = entry.waited_for, latest.seen
    if waited_for is None or latest.shown.state in (State.GONE, State.UNKNOWN):
        return None
    return OperationSnapshot(
        name=waited_for.name,
        state=_STATES.get(latest.shown.state, OperationState.RUNNING),
        cancel_time=(seen.cancel_time if seen else None) or _asked_to_end(entry),
        statements=seen.statements if seen else (),
    )


def _asked_to_end(entry: LedgerEntry) -> datetime | None:
    """Return a moment if somebody has asked for the end; when that was is not told of a person."""
    return entry.stopping or (entry.intended if entry.cancelled_by else None)


_STATES = {
    State.SUCCEEDED: OperationState.SUCCEEDED,
    State.FAILED: OperationState.FAILED,
    State.CANCELLED: OperationState.CANCELLED,
}


def _continued(entry: LedgerEntry, snapshot: OperationSnapshot | None) -> ClearingAnswer | None:
    """Return the answer of a schema change that goes on where it has stopped; None of another."""
    wanted = tuple(replace(each, committed=None) for each in entry.statements)
    before = entry.statements_after(snapshot)
    left = carry_over_commits(wanted, before=before, delivered=entry.closed)
    done = len(committed_prefix(left))
    if not done:
        return None
    return ClearingAnswer(
        verdict=Clearing.CONTINUES,
        text=(
            f"{done} of {len(wanted)} statements are committed and stay. Clearing the task goes on "
            f"with statement {min(done + 1, len(wanted))}, once what runs has ended."
        ),
    )
