# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a wait ended, as the trigger's event says it, and what that means for the task.

Everything the worker needs is in the event, because ``dag.test()`` drops what was given to
``defer()`` (Airflow 3.3.2). On the wire it is primitives only.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
    UnknownEventError,
)
from airflow_spanner_lro.core.operations.settlement import Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spanner_lro.core.kinds import OperationKind


VERSION = 2
"""Of the event; version 1 had none. A reader ignores what it does not know."""


@contextmanager
def decode_event(event: object) -> Iterator[None]:
    """Raise one clear error if an event has another form: a triggerer may be of another release.

    :raises UnknownEventError: if what is read within lacks something
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise UnknownEventError(event, missing=repr(exc)) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOutcome:
    """How a wait ended: the operation is done, or the deadline passed.

    :param name: the operation that was waited for
    :param snapshot: the operation when it was done; None if the deadline passed first
    :param settlement: what became of the operation after the deadline; None if it was left alone
    """

    name: OperationName
    snapshot: OperationSnapshot | None = None
    settlement: Settlement | None = None

    @property
    def timed_out(self) -> bool:
        """The deadline passed before the operation was done."""
        return self.snapshot is None

    @property
    def settled(self) -> bool:
        """Nothing of the operation goes on."""
        return self.snapshot is not None or bool(self.settlement and self.settlement.settled)

    @property
    def last(self) -> OperationSnapshot | None:
        """The last thing known about the operation, if anything."""
        return self.snapshot or (self.settlement.snapshot if self.settlement else None)

    def to_event(self) -> dict[str, Any]:
        """Return the outcome as primitives."""
        return {
            "version": VERSION,
            "name": str(self.name),
            "snapshot": self.snapshot.to_event() if self.snapshot else None,
            "settlement": self.settlement.to_event() if self.settlement else None,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> WaitOutcome:
        """Return the outcome that ``to_event`` described."""
        snapshot, settlement = event["snapshot"], event["settlement"]
        return cls(
            name=OperationName.parse(event["name"]),
            snapshot=OperationSnapshot.from_event(snapshot) if snapshot else None,
            settlement=Settlement.from_event(settlement) if settlement else None,
        )


def raise_unless_succeeded(
    outcome: WaitOutcome,
    *,
    kind: OperationKind | None = None,
    late: str = "out of time",
    report: str = "",
    left: str = "",
    cancelled_by: str = "",
) -> OperationSnapshot:
    """Return the operation if it succeeded; otherwise raise what its task fails with.

    An operation that succeeded before the cancel of its deadline took hold has succeeded, unless
    what it made was deleted again, or should have been.

    :param kind: what the operation is, if the caller knows
    :param late: what to say if the deadline passed: by which limit
    :param report: what became of each part of it, if it did not succeed
    :param left: why it goes on, if it does and nobody has cancelled it; empty if that was asked for
    :param cancelled_by: the user who has asked for its cancel, if that is known
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
        raise OperationCancelledError(snapshot, report=report, by=cancelled_by)
    if not snapshot.succeeded:
        raise OperationFailedError(snapshot, report=report)
    return snapshot


def _finished_first(outcome: WaitOutcome) -> OperationSnapshot | None:
    settlement = outcome.settlement
    if settlement is None or settlement.cleaned_up or settlement.left_behind:
        return None
    return settlement.snapshot if settlement.succeeded_first else None
