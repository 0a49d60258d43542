# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The errors about an operation, and about the resource that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import SpannerLroError

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class OperationFailedError(SpannerLroError):
    """The operation ended with an error of its own."""

    def __init__(self, snapshot: OperationSnapshot, *, advice: str = "", report: str = "") -> None:
        error = snapshot.error
        told = f"{error.code.name}: {error.message}" if error else "no error was given"
        message = f"{snapshot.title} {snapshot.name} ended with {told}"
        if snapshot.statements and not report:
            total = len(snapshot.statements)
            message += f" ({snapshot.committed} of {total} statements were committed and stay)"
        message = f"{message}. {advice}" if advice else message
        super().__init__(f"{message}\n{report}" if report else message)
        self.snapshot = snapshot


class OperationCancelledError(OperationFailedError):
    """The operation was cancelled, by whomever."""


class _StoppedWaitingError(SpannerLroError):
    """Common part of the two errors that say why a wait ended before its operation did."""

    def __init__(self, reason: str, *, name: OperationName, settlement: Settlement | None) -> None:
        became = settlement.sentence if settlement else "It was left running, as asked."
        super().__init__(f"{reason} while waiting for {name}. {became}")
        self.name = name
        self.settlement = settlement


class OperationTimeoutError(_StoppedWaitingError):
    """Our deadline passed before the operation was done; ``settlement`` says what became of it."""


class OperationKilledError(_StoppedWaitingError):
    """The task was killed while it waited; ``settlement`` says what became of the operation."""


class CancelNotSettledError(SpannerLroError):
    """A cancellation was asked for, and the operation goes on or left something behind.

    ``settlements`` has one entry for each such operation.
    """

    def __init__(self, settlement: Settlement, *others: Settlement) -> None:
        self.settlements = (settlement, *others)
        super().__init__("\n".join(f"{each.name}: {each.sentence}" for each in self.settlements))


class OperationRunningError(SpannerLroError):
    """The record of an operation was to be deleted, and the operation still runs."""

    def __init__(self, name: OperationName) -> None:
        super().__init__(
            f"{name} is still running, and deleting its record would not stop it: nobody could "
            "see or cancel it any more. Cancel it first, or wait until it is done."
        )
        self.name = name


class ResumeConflictError(SpannerLroError):
    """The target exists already, and no operation of this task made it."""

    def __init__(self, target: ResourceName, *, told: str) -> None:
        super().__init__(
            f"{target} exists already, says Spanner ({told}), and no operation that this task "
            "started made it. Choose another id, or delete the existing one first."
        )
        self.target = target


class ResourceDiffersError(ResumeConflictError):
    """The target exists already, and is not what this task was to make."""

    def __init__(self, target: ResourceName, *, differences: tuple[str, ...], advice: str) -> None:
        # not the base's message: where no operation makes a resource, none can be missing
        SpannerLroError.__init__(
            self,
            f"{target} exists already, and is not what was asked for: {'; '.join(differences)}. "
            f"{advice}",
        )
        self.target = target
        self.differences = differences


class UnexpectedStateError(SpannerLroError):
    """The operation is done without error, yet its resource is not in a state that means done."""

    def __init__(self, *, target: ResourceName, state: str, expected: tuple[str, ...]) -> None:
        super().__init__(
            f"The operation on {target} is done, but its state is {state}, "
            f"not {' or '.join(expected)}. Someone may have changed or deleted it meanwhile."
        )
        self.target = target
        self.state = state
