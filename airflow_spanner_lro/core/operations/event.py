# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a trigger tells the worker that resumes the task: the outcome, as a value.

Everything the worker needs is in it, because ``dag.test()`` drops what was given to ``defer()``
(Airflow 3.3.2). On the wire it is primitives only.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import UnknownEventError
from airflow_spanner_lro.core.operations.settlement import Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


VERSION = 2
"""Of the event; version 1 told none. A reader passes over what it does not know."""


@contextmanager
def understanding(event: object) -> Iterator[None]:
    """Say clearly that an event has another form: triggerer and worker may differ in release.

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
