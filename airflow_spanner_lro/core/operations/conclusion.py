# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the end of a wait means to its task: success, or which error. One pure decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.event import WaitOutcome
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


def conclude(
    outcome: WaitOutcome,
    *,
    kind: OperationKind | None = None,
    late: str = "out of time",
    report: str = "",
    left: str = "",
) -> OperationSnapshot:
    """Return the operation if it succeeded; otherwise raise what its task fails with.

    An operation that succeeded before the cancel of its deadline took hold has succeeded, unless
    what it made was deleted again, or should have been.

    :param kind: what the operation is, if the caller knows
    :param late: what to say if the deadline passed: by which limit
    :param report: what became of each part of it, if it did not succeed
    :param left: why it goes on, if it does and nobody has cancelled it; empty if that was asked for
    :raises OperationTimeoutError: if the deadline passed; says what became of the operation
    :raises OperationCancelledError: if somebody cancelled it
    :raises OperationFailedError: if it ended with an error of its own
    """
    snapshot = outcome.snapshot or _finished_first(outcome)
    if snapshot is None:
        raise OperationTimeoutError(
            late, name=outcome.name, settlement=outcome.settlement, kind=kind, left=left
        )
    if snapshot.cancelled:
        raise OperationCancelledError(snapshot, report=report)
    if not snapshot.succeeded:
        raise OperationFailedError(snapshot, report=report)
    return snapshot


def _finished_first(outcome: WaitOutcome) -> OperationSnapshot | None:
    settlement = outcome.settlement
    if settlement is None or settlement.cleaned_up or settlement.left_behind:
        return None
    return settlement.snapshot if settlement.succeeded_first else None
