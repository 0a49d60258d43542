# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger entry as a value: the durable record that a try of a task started an operation.

An entry begins as an intent, written before the start call; after it, the entry gets the
operation's name. A crash between the two leaves an intent, and the operation can be found by its
target. An entry is closed when its outcome was delivered or nothing of it goes on. Where entries
are kept is the operators' business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.kinds import OperationKind, kind_of_metadata
from airflow_spanner_lro.core.names import OperationName, ResourceName, parse_resource
from airflow_spanner_lro.core.operations.follow_up import FollowUp
from airflow_spanner_lro.core.operations.statements import Statement, after

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def started_as(self, operation: OperationName) -> LedgerEntry:
        """Return the entry completed with the name that the start call answered."""
        return replace(self, operation=operation)

    def owned_by(self, try_number: int, *, deadline: datetime | None) -> LedgerEntry:
        """Return the entry as the property of another try, which has a deadline of its own.

        Its outcome is owed again, also if the try before did not wait for it.
        """
        return replace(self, try_number=try_number, deadline=deadline, closed=False)

    def goes_on_as(self, follow_up: FollowUp) -> LedgerEntry:
        """Return the entry with the operation that goes on with the work."""
        return replace(self, follow_up=follow_up)

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
        return replace(self, closed=True, statements=self.statements_after(snapshot))

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
        operation, deadline = record["operation"], record["deadline"]
        follow_up = record.get("follow_up")
        return cls(
            kind=kind,
            target=parse_resource(record["target"]),
            fingerprint=record["fingerprint"],
            intended=datetime.fromisoformat(record["intended"]),
            try_number=record["try_number"],
            access=Access.from_dict(record["access"]),
            deadline=datetime.fromisoformat(deadline) if deadline else None,
            operation=OperationName.parse(operation) if operation else None,
            closed=record["closed"],
            # a record without them was written before there were any
            statements=tuple(map(Statement.from_record, record.get("statements", ()))),
            carried=record.get("carried", 0),
            follow_up=FollowUp.from_record(follow_up) if follow_up else None,
        )


def fingerprint(parts: Mapping[str, object]) -> str:
    """Return a digest of what was asked for: equal for equal requests, in any process.

    :param parts: what makes two requests the same to their author; a moment that is computed anew
        on each try, such as "30 days from now", must come in as it was written.
    """
    # what was not given is left out: a release with one more parameter must not see another request
    given = {key: _plain(value) for key, value in parts.items() if value is not None}
    text = "\n".join(f"{key}={given[key]!r}" for key in sorted(given))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """Return a value whose ``repr`` tells all of it.

    The results of a mapped task arrive as a sequence that tells neither its items nor, before it
    was read, how many there are.
    """
    # these always told all of themselves, and earlier releases wrote them down as they are
    told = isinstance(value, str | bytes | list | tuple)
    return list(value) if isinstance(value, Sequence) and not told else value
