# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting and cancelling as pure decisions: generators that say what to do next.

A flow yields a command and is sent the answer; it never sleeps, never calls, never reads a clock,
so a test drives it by hand. The two drivers in ``admin/drive.py`` perform the commands, one in
sync code and one in async, and so the two cannot drift apart. Deadlines belong to the drivers: one
that finds its deadline passed throws ``DeadlinePassedError`` into the flow instead of sleeping.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.error_text import error_text
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.commands import (
    Answer,
    Cancel,
    DeleteResource,
    Flow,
    Get,
    GetResource,
    GetResult,
    Sleep,
)
from airflow_spanner_lro.core.flows.pace import Pace
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.policy import CancelPolicy, PollPolicy
    from airflow_spanner_lro.core.names import OperationName


class DeadlinePassedError(SpannerLroError):
    """A driver's deadline passed. Whoever set the deadline knows what to do about it."""


def wait(*, name: OperationName, policy: PollPolicy) -> Flow[OperationSnapshot]:
    """Get until the operation is done.

    Transient errors say nothing about the operation and are waited out, up to the policy's
    patience without a single answer; any other error propagates.
    """
    pace, waited, silence = Pace(policy=policy, since=0.0), 0.0, 0.0
    now: Answer = None
    while True:
        match (yield Get(name)):
            case OperationSnapshot(done=True) as snapshot:
                return snapshot
            case OperationSnapshot() as snapshot:
                silence = 0.0
                pace.heard(snapshot, at=waited, now=now if isinstance(now, datetime) else None)
            case Exception() as exc if policy.gives_up(exc, silence=silence):
                raise exc
        delay = policy.jittered(pace.interval(at=waited))
        now = yield Sleep(delay)
        waited += delay
        silence += delay


def cancel_and_settle(*, name: OperationName, policy: CancelPolicy) -> Flow[Settlement]:
    """Ask for cancellation, then get until it is known what became of the operation.

    Never raises for an ending: a refusal and a spent budget are outcomes too.
    """
    last: OperationSnapshot | None = None
    trouble: Exception | None = None
    asked = False
    try:
        for delay in policy.delays():
            if not asked:
                trouble = _as_error((yield Cancel(name)))
                # a lost answer is asked again: to cancel twice does no harm
                asked = trouble is None or not is_transient(trouble)
            match (yield Get(name)):
                case OperationSnapshot(done=True) as snapshot:
                    ending = Ending.CANCELLED if snapshot.cancelled else Ending.FINISHED_FIRST
                    return Settlement(name=name, ending=ending, snapshot=snapshot)
                case OperationSnapshot() as snapshot:
                    last = snapshot
                    if trouble and asked:
                        return _refused(name=name, snapshot=snapshot, refusal=trouble)
                case Exception() as exc if code_of(exc) is Code.NOT_FOUND:
                    return Settlement(name=name, ending=Ending.GONE)
                case Exception() as exc if asked and not is_transient(exc):
                    if trouble:
                        return _refused(name=name, snapshot=last, refusal=trouble)
                    # the cancel was not refused, only its outcome cannot be seen
                    trouble = exc
                    break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return Settlement(
        name=name,
        ending=Ending.STILL_RUNNING if asked else Ending.NOT_SENT,
        snapshot=last,
        detail=error_text(trouble) if trouble else "",
    )


def clean_up(settlement: Settlement, *, policy: CancelPolicy) -> Flow[Settlement]:
    """Delete what a create operation made in spite of its cancel, if and only if it made it.

    A resource of the same name may be somebody else's by now, so the one that exists must have
    been created at the very moment the operation tells. Transient errors are waited out.
    """
    kind = settlement.snapshot.kind if settlement.snapshot else None
    # an update answers the resource as well, and that one was there before
    if not settlement.succeeded_first or kind is None or not kind.creates:
        return settlement
    cleaned_up = settlement.with_clean_up(str(settlement.name.resource))
    trouble: Exception | None = None
    asked = False
    try:
        for delay in policy.delays():
            made = yield GetResult(settlement.name)
            there = yield GetResource(settlement.name.resource)
            trouble = _as_error(made) or _as_error(there)
            if isinstance(there, Exception) and code_of(there) is Code.NOT_FOUND:
                # if we asked for it, the deletion was done and only its answer was lost
                return cleaned_up if asked else settlement
            if trouble is None:
                if not _same(made, there):
                    return settlement
                asked = True
                trouble = _as_error((yield DeleteResource(settlement.name.resource)))
                if trouble is None:
                    return cleaned_up
            if not is_transient(trouble):
                break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return settlement.with_leftover(error_text(trouble)) if trouble else settlement


def stop(*, name: OperationName, policy: CancelPolicy, cleans_up: bool) -> Flow[Settlement]:
    """Cancel, settle and, if asked to, clean up: everything that stopping an operation means."""
    settlement = yield from cancel_and_settle(name=name, policy=policy)
    if not cleans_up:
        return settlement
    return (yield from clean_up(settlement, policy=policy))


def _same(made: Answer, there: Answer) -> bool:
    """Tell whether two looks at a resource saw the very same one, not a namesake."""
    return (
        isinstance(made, ResourceState)
        and isinstance(there, ResourceState)
        and made.create_time is not None
        and made.create_time == there.create_time
    )


def _as_error(answer: Answer) -> Exception | None:
    return answer if isinstance(answer, Exception) else None


def _refused(
    *, name: OperationName, snapshot: OperationSnapshot | None, refusal: Exception
) -> Settlement:
    return Settlement(
        name=name,
        ending=Ending.REFUSED,
        snapshot=snapshot,
        detail=error_text(refusal),
        code=code_of(refusal),
    )
