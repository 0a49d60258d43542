# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger entry as a value: the durable record that a try of a task started an operation.

An entry begins as an intent, written before the start call; after it, the entry gets the
operation's name. A crash between the two leaves an intent, and the operation can be found by its
target. An entry is closed when its outcome was delivered or nothing of it goes on; which ways there
are between is the table in ``stages.py``. Where entries are kept is the operators' business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.kinds import OperationKind, kind_of_metadata
from airflow_spanner_lro.core.names import OperationName, ResourceName, parse_resource
from airflow_spanner_lro.core.operations.follow_up import FollowUp
from airflow_spanner_lro.core.operations.statements import Statement, after
from airflow_spanner_lro.core.tries.stages import Stage, stage_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

RECORD_KEY = "spanner_lro_record"
"""XCom under which a task publishes its ledger entry before it defers."""

OPERATION_NAME_KEY = "operation_name"
"""XCom that holds the operation's name from right after its start, whatever happens later."""

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What one try of a task instance started, or was about to start.

    :param kind: which call
    :param target: the resource it works on
    :param fingerprint: digest of the rendered request; a changed Dag gives another one
    :param intended: when the intent was written
    :param try_number: which try owns it now; adoption changes it
    :param access: how to reach the operation
    :param deadline: when the patience of that try ends, None if it has no limit
    :param operation: its name, None while this is only an intent
    :param closed: nothing is owed any more
    :param statements: of a schema change, all that were asked for, with what is committed
    :param carried: how many of them were committed before this operation, which runs the others
    :param follow_up: the operation that goes on with the work, once this one has succeeded
    :param cleans_up: whoever stops the operation deletes what it made in spite of that
    :param spared: the reaper leaves the operation alone: it is to go on whatever becomes of its
        task, or its outcome waits for a later try
    :param stopping: since when a cancel is decided whose outcome is not known
    :param adopted: when a later try took the operation up, None if the first one still has it
    """

    kind: OperationKind
    target: ResourceName
    fingerprint: str
    intended: datetime
    try_number: int
    access: Access
    deadline: datetime | None = None
    operation: OperationName | None = None
    closed: bool = False
    statements: tuple[Statement, ...] = ()
    carried: int = 0
    follow_up: FollowUp | None = None
    cleans_up: bool = False
    spared: bool = False
    stopping: datetime | None = None
    adopted: datetime | None = None

    @property
    def stage(self) -> Stage:
        """Where the life of the operation has got to."""
        if self.closed:
            return Stage.CLOSED
        if self.operation is None:
            return Stage.INTENDED
        return Stage.STOPPING if self.stopping else Stage.RUNNING

    def started_as(self, operation: OperationName) -> LedgerEntry:
        """Return the entry completed with the name that the start call answered."""
        return self._go(LedgerEntry.started_as, operation=operation)

    def owned_by(
        self,
        try_number: int,
        *,
        deadline: datetime | None,
        now: datetime,
        cleans_up: bool = False,
        spared: bool = False,
    ) -> LedgerEntry:
        """Return the entry as the property of another try, which has a deadline of its own.

        Its outcome is owed again, also if the try before did not wait for it.
        """
        return self._go(
            LedgerEntry.owned_by,
            try_number=try_number,
            deadline=deadline,
            adopted=now,
            cleans_up=cleans_up,
            spared=spared,
            closed=False,
            stopping=None,
        )

    def goes_on_as(self, follow_up: FollowUp) -> LedgerEntry:
        """Return the entry with the operation that goes on with the work; what is done stays."""
        return self._go(LedgerEntry.goes_on_as, follow_up=follow_up, cleans_up=False)

    def stop(self, now: datetime) -> LedgerEntry:
        """Return the entry with the note that the operation's end is decided.

        It holds until the outcome is known. A try that finds it does not adopt.
        """
        return self._go(LedgerEntry.stop, stopping=self.stopping or now)

    def spare(self) -> LedgerEntry:
        """Return the entry with the note that the reaper leaves the operation alone."""
        return self._go(LedgerEntry.spare, spared=True, stopping=None)

    @property
    def operations(self) -> tuple[OperationName, ...]:
        """The operations of the entry: its own, and its follow-up."""
        follow_up = self.follow_up.name if self.follow_up else None
        return tuple(name for name in (self.operation, follow_up) if name)

    @property
    def waited_for(self) -> FollowUp | None:
        """The operation that the task waits for last; None while this is only an intent."""
        own = FollowUp(name=self.operation, ours=True) if self.operation else None
        return self.follow_up or own

    def statements_after(self, snapshot: OperationSnapshot | None) -> tuple[Statement, ...]:
        """Return the statements with what the operation has committed.

        :param snapshot: the operation at its end, if that is known
        """
        return after(self.statements, snapshot, carried=self.carried)

    def close(self, snapshot: OperationSnapshot | None = None) -> LedgerEntry:
        """Return the entry with nothing owed any more.

        :param snapshot: the operation at its end, if that is known
        """
        return self._go(
            LedgerEntry.close,
            closed=True,
            stopping=None,
            statements=self.statements_after(snapshot),
        )

    def _go(self, by: Callable[..., LedgerEntry], **changes: Any) -> LedgerEntry:
        """Return the changed entry, by one of the ways that there are."""
        after_ = stage_after(self.stage, by=by.__name__)
        changed = replace(self, **changes)
        if changed.stage is not after_:
            message = f"{by.__name__} led from {self.stage} to {changed.stage}, not to {after_}"
            raise AssertionError(message)
        return changed

    def to_record(self) -> dict[str, Any]:
        """Return the entry as primitives, fit for the state store and for XCom."""
        return {
            "version": _VERSION,
            "kind": self.kind.metadata_type_url,
            "target": str(self.target),
            "fingerprint": self.fingerprint,
            "intended": self.intended.isoformat(),
            "try_number": self.try_number,
            "access": self.access.to_dict(),
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "operation": str(self.operation) if self.operation else None,
            "closed": self.closed,
            "statements": [each.to_record() for each in self.statements],
            "carried": self.carried,
            "follow_up": self.follow_up.to_record() if self.follow_up else None,
            "cleans_up": self.cleans_up,
            "spared": self.spared,
            "stopping": self.stopping.isoformat() if self.stopping else None,
            "adopted": self.adopted.isoformat() if self.adopted else None,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LedgerEntry:
        """Return the entry that ``to_record`` described.

        :raises ValueError: if a later release, or something else, wrote the record
        """
        kind = kind_of_metadata(str(record.get("kind")))
        if record.get("version") != _VERSION or kind is None:
            message = f"this is no ledger entry of version {_VERSION}: {record!r}"
            raise ValueError(message)
        operation, follow_up = record["operation"], record.get("follow_up")
        return cls(
            kind=kind,
            target=parse_resource(record["target"]),
            fingerprint=record["fingerprint"],
            intended=datetime.fromisoformat(record["intended"]),
            try_number=record["try_number"],
            access=Access.from_dict(record["access"]),
            deadline=_moment(record["deadline"]),
            operation=OperationName.parse(operation) if operation else None,
            closed=record["closed"],
            # a record without them was written before there were any
            statements=tuple(map(Statement.from_record, record.get("statements", ()))),
            carried=record.get("carried", 0),
            follow_up=FollowUp.from_record(follow_up) if follow_up else None,
            cleans_up=record.get("cleans_up", False),
            spared=record.get("spared", False),
            stopping=_moment(record.get("stopping")),
            adopted=_moment(record.get("adopted")),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
