# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The errors of this package, each with what a person needs: which operation, what, what now.

::

    SpannerLroError
    ├── InvalidArgumentError (ValueError)    an argument that breaks a documented rule
    │   └── InvalidNameError                 ... a resource name or id that cannot be parsed
    ├── AccessError                          no usable connection, project or endpoint
    ├── UnavailableError                     nobody answers at the endpoint, for now
    ├── OperationFailedError                 done, with an error; carries the snapshot
    │   └── OperationCancelledError          ... with code CANCELLED
    ├── OperationTimeoutError                our deadline passed; says what became of the operation
    ├── OperationKilledError                 we were told to stop; says what became of the operation
    ├── CancelNotSettledError                cancellation asked for, not confirmed
    ├── ResumeConflictError                  the target exists, but not through an operation of ours
    └── UnexpectedStateError                 done without error, but the resource says otherwise

They are plain exceptions: in Airflow 3 nothing needs to inherit ``AirflowException``, and the core
may not import it. Google's own exceptions propagate as they are unless we add knowledge; then the
original is the cause. Only ``failing.py`` decides which of them no retry can cure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.settlement import Settlement
    from airflow_spanner_lro.core.snapshot import OperationSnapshot


class SpannerLroError(Exception):
    """Any error that this package itself raises."""


class InvalidArgumentError(SpannerLroError, ValueError):
    """An argument breaks a documented rule; nothing was sent."""

    def __init__(self, *, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}={value!r} is not usable: {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class InvalidNameError(InvalidArgumentError):
    """A resource name, or one id in it, does not follow Spanner's pattern."""


class AccessError(SpannerLroError):
    """There is no usable way to reach Spanner; the message says what is missing and where."""


class UnavailableError(SpannerLroError):
    """Nobody answers at the endpoint, or says that it cannot just now; a retry may help."""

    def __init__(self, told: str) -> None:
        super().__init__(
            f"Spanner is unavailable: {told}. Check the network, and where the endpoint comes "
            "from: the connection's extra spanner_endpoint, else SPANNER_EMULATOR_HOST, else "
            "Google's own."
        )


class OperationFailedError(SpannerLroError):
    """The operation ended with an error of its own."""

    def __init__(self, snapshot: OperationSnapshot, *, advice: str = "") -> None:
        error = snapshot.error
        told = f"{error.code.name}: {error.message}" if error else "no error was given"
        message = f"{snapshot.title} {snapshot.name} ended with {told}"
        if snapshot.statements:
            total = len(snapshot.statements)
            message += f" ({snapshot.committed} of {total} statements were committed and stay)"
        super().__init__(f"{message}. {advice}" if advice else message)
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
    """A cancellation was asked for, and the operation did not end as cancelled."""

    def __init__(self, settlement: Settlement) -> None:
        super().__init__(settlement.sentence)
        self.settlement = settlement


class ResumeConflictError(SpannerLroError):
    """The target exists already, and no operation of this task made it."""

    def __init__(self, target: ResourceName) -> None:
        super().__init__(
            f"{target} exists already, and no operation that this task started made it. "
            "Choose another id, or delete the existing one first."
        )
        self.target = target


class UnexpectedStateError(SpannerLroError):
    """The operation is done without error, yet its resource is not in a state that means done."""

    def __init__(self, *, target: ResourceName, state: str, expected: tuple[str, ...]) -> None:
        super().__init__(
            f"The operation on {target} is done, but its state is {state}, "
            f"not {' or '.join(expected)}. Someone may have changed or deleted it meanwhile."
        )
        self.target = target
        self.state = state
