# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Check each promise of the demo against what the emulator saw.

The same checks are printed as a table and become the exit code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
)
from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.cluster.rest_api import RunState
from tests.demo.orders import ORDERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from airflow_spanner_lro.emulator.controller import OperationView, ResourceView
    from airflow_spanner_lro.emulator.pipeline import Call
    from tests.cluster.rest_api import DagRun

CANCEL_WITHIN = timedelta(seconds=3)
"""How soon after a deadline the cancel must reach Spanner, on a machine that is not busy."""

_EXPECTED = sorted(
    [
        (CREATE_BACKUP.title, OperationState.SUCCEEDED),
        (CREATE_BACKUP.title, OperationState.CANCELLED),
        (RESTORE_DATABASE.title, OperationState.SUCCEEDED),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """What is known when the runs have ended.

    :param deadline: when the patience of the overrunning task ended, as it recorded it itself
    :param databases: full names of the databases that were there before
    :param rows_left: how many rows the source has at the end; None where there are no rows
    :param rows_found: how many rows the drill has found in what it restored
    :param cancel_within: how soon after the deadline the cancel must reach Spanner here
    """

    runs: Sequence[DagRun]
    deadline: datetime | None
    operations: Sequence[OperationView]
    resources: Sequence[ResourceView]
    calls: Sequence[Call]
    databases: Collection[str]
    rows_left: int | None = None
    rows_found: int = 0
    cancel_within: timedelta = CANCEL_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCheck:
    """One thing that was promised, and what was seen."""

    promise: str
    kept: bool
    seen: str


def check_promises(outcome: DemoOutcome) -> tuple[PromiseCheck, ...]:
    """Return one check for each promise."""
    return tuple(_checks(outcome))


def _checks(outcome: DemoOutcome) -> Iterator[PromiseCheck]:
    failed = [run.dag_id for run in outcome.runs if run.state is not RunState.SUCCESS]
    yield PromiseCheck(
        promise="Both Dags ended as they should",
        kept=not failed,
        seen=f"failed: {', '.join(failed)}" if failed else "both succeeded",
    )
    seen = sorted((each.kind.title, each.state) for each in outcome.operations)
    # this one ends with the scratch database, which may be dropped before it is optimised
    optimised = [state for title, state in seen if title == OPTIMIZE_RESTORED_DATABASE.title]
    others = [each for each in seen if each[0] != OPTIMIZE_RESTORED_DATABASE.title]
    yield PromiseCheck(
        promise="Each operation was started once, and ended",
        kept=others == _EXPECTED
        and optimised in ([OperationState.CANCELLED], [OperationState.SUCCEEDED]),
        seen=", ".join(f"{title} {state.lower()}" for title, state in seen),
    )
    if outcome.rows_left is not None:
        yield PromiseCheck(
            promise="Rows that were lost since are in the backup",
            kept=outcome.rows_left == 0 and outcome.rows_found == ORDERS,
            seen=f"{outcome.rows_found:,} found, {outcome.rows_left:,} left in the original",
        )
    yield _cancelled_alone(outcome)
    yield _cancelled_promptly(outcome)
    left = [each.name for each in outcome.resources if each.noun == "backup"]
    yield PromiseCheck(
        promise="No backup is left behind",
        kept=not left,
        seen=", ".join(left) or "none",
    )
    extra = [
        each.name
        for each in outcome.resources
        if each.noun == "database" and each.name not in outcome.databases
    ]
    yield PromiseCheck(
        promise="No scratch database is left behind",
        kept=not extra,
        seen=", ".join(extra) or "none",
    )


def _cancels(outcome: DemoOutcome) -> list[Call]:
    return [call for call in outcome.calls if call.method == "CancelOperation"]


def _cancelled_alone(outcome: DemoOutcome) -> PromiseCheck:
    overran = {each.name for each in outcome.operations if "/overrun-" in each.target}
    cancelled = {call.resource for call in _cancels(outcome)}
    return PromiseCheck(
        promise="Only the operation that overran was cancelled",
        kept=bool(cancelled) and cancelled == overran,
        seen=", ".join(sorted(cancelled)) or "nothing was cancelled",
    )


def _cancelled_promptly(outcome: DemoOutcome) -> PromiseCheck:
    promise = f"It was cancelled within {outcome.cancel_within.total_seconds():g} s of its deadline"
    cancels = _cancels(outcome)
    if not cancels or outcome.deadline is None:
        return PromiseCheck(promise=promise, kept=False, seen="no cancel")
    first = datetime.fromtimestamp(min(call.real_time for call in cancels), tz=UTC)
    late = first - outcome.deadline
    return PromiseCheck(
        promise=promise,
        kept=timedelta() <= late <= outcome.cancel_within,
        seen=f"{late.total_seconds() * 1000:.0f} ms after it",
    )
