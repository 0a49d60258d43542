# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations: what is remembered of each, and the table of all of them.

An operation outlives its target: a cancelled backup is gone, and its operation still tells why. The
table finds operations by name, by target, and by the collection that their targets are in. They
are always added in the order in which they start, so each index is a list that grows at its end,
and the latest of thousands are found without sorting them. Those that nobody can see any more
leave it; of them only the ids stay that callers chose, which are used up.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.core.kinds import MOVE_INSTANCE
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceName,
    OperationName,
    ResourceName,
)
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.lifecycle import Lifecycle
    from airflow_spanner_lro.emulator.tables import EventQueue


RETENTION = timedelta(days=7)
"""For how long an operation that has ended can still be seen."""

MADE_UP = "_auto_"
"""What the ids begin with that callers do not choose, and may not."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class OperationMoment(StrEnum):
    """The two moments in the life of an operation that an audit log tells."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    :param serial: its place in the order in which resources and operations were made
    :param details: what the handler of its kind remembers of the request
    :param described: the part of its metadata that never changes
    :param steps_settled: of how many steps the effects are in the tables
    :param settled: whether the effects of its end are in the tables
    :param response: the message it answers with, once it has succeeded
    :param deleted: whether a caller deleted it, which hides it and does not stop it
    """

    name: OperationName
    kind: OperationKind
    serial: int
    lifecycle: Lifecycle
    details: object
    described: Message
    steps_settled: int = 0
    settled: bool = False
    response: Message | None = None
    deleted: bool = False
    # made once, because lists and filters want it from thousands of operations
    full_name: str = field(init=False, compare=False, repr=False)
    """The name as it travels."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "full_name", str(self.name))

    @property
    def target(self) -> ResourceName:
        """The resource it works on."""
        return self.name.resource

    @property
    def started(self) -> datetime:
        """When its request was received."""
        return self.lifecycle.started

    @property
    def next_event(self) -> datetime | None:
        """When it will next change anything in the tables; None if never, or not known yet."""
        return None if self.settled else self.lifecycle.next_event(self.steps_settled)

    def retained(self, now: datetime) -> bool:
        """Tell whether it can still be seen."""
        ending = self.lifecycle.ending
        return not self.deleted and (ending is None or ending.at + RETENTION > now)

    def order(self) -> tuple[int, int]:
        """Return the sort key of lists: the latest start first."""
        return (-((self.started - _EPOCH) // _MICROSECOND), -self.serial)


_Scope = tuple[type[ResourceName], str, str]


class OperationTable:
    """The operations.

    :param rng: where the ids come from that callers do not choose
    :param events: where it is noted when they change
    """

    def __init__(self, rng: random.Random, events: EventQueue) -> None:
        self._rng = rng
        self._events = events
        self._serials: dict[OperationName, int] = {}
        self._rows: dict[int, Operation] = {}
        self._by_target: dict[ResourceName, list[int]] = defaultdict(list)
        self._by_scope: dict[_Scope, list[int]] = defaultdict(list)
        # dictionaries serve as sets that remember the order
        self._pending: dict[int, None] = {}
        self._pending_by_target: dict[ResourceName, dict[int, None]] = defaultdict(dict)
        # when those that have ended are forgotten, the first of them first
        self._fading: list[tuple[datetime, int]] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter([row for row in self._rows.values() if not row.deleted])

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> list[Operation]:
        """Return all operations, hidden or not, in the order in which they started."""
        return list(self._rows.values())

    def new_name(self, target: ResourceName) -> OperationName:
        """Make a name of the form that the service gives to operations on such a resource."""
        if isinstance(target, DatabaseName | BackupName):
            operation = f"{MADE_UP}op_{self._rng.getrandbits(64):016x}"
        else:
            operation = f"{MADE_UP}{self._rng.randrange(10**15, 10**16)}"
        return OperationName(resource=target, operation=operation)

    def row(self, name: OperationName) -> Operation:
        """Return an operation that exists, hidden or not."""
        return self._rows[self._serials[name]]

    def find(self, name: OperationName) -> Operation | None:
        """Return an operation, hidden or not, or None if there is none, or none any more."""
        serial = self._serials.get(name)
        return None if serial is None else self._rows.get(serial)

    def last_serial_of(self, name: OperationName) -> int | None:
        """Return the serial number of the latest operation of a name that its caller chose.

        However long ago it ended; None if there was none.
        """
        return self._serials.get(name)

    def get(self, name: OperationName, *, now: datetime) -> Operation:
        """Return an operation that can still be seen.

        :raises RpcError: NOT_FOUND if there is none of this name, or if it ended long ago.
        """
        row = self.find(name)
        if row is None or not row.retained(now):
            raise errors.not_found(name)
        return row

    def put(self, operation: Operation) -> None:
        """Add an operation, or replace it with its changed self."""
        serial, target = operation.serial, operation.target
        if serial not in self._rows:
            self._serials[operation.name] = serial
            self._by_target[target].append(serial)
            self._by_scope[_scope_of(target)].append(serial)
        before = self._rows.get(serial)
        self._rows[serial] = operation
        if operation.settled:
            self._settle(operation, before=before)
        else:
            self._pending[serial] = None
            self._pending_by_target[target][serial] = None
        self._events.note(operation.name, at=operation.next_event, serial=serial)

    def _settle(self, operation: Operation, *, before: Operation | None) -> None:
        serial, target = operation.serial, operation.target
        ending = operation.lifecycle.ending
        if ending is not None and (before is None or not before.settled):
            heapq.heappush(self._fading, (ending.at + RETENTION, serial))
        self._pending.pop(serial, None)
        pending = self._pending_by_target.get(target)
        if pending is not None:
            pending.pop(serial, None)
            if not pending:
                del self._pending_by_target[target]

    def forget(self, now: datetime) -> None:
        """Let go of those that ended so long ago that nobody can see them any more."""
        while self._fading and self._fading[0][0] <= now:
            _, serial = heapq.heappop(self._fading)
            row = self._rows.pop(serial)
            # an id that its caller chose is used up for good
            if row.name.operation.startswith(MADE_UP) and self._serials.get(row.name) == serial:
                del self._serials[row.name]
            _leave(self._by_target, row.target, serial)
            _leave(self._by_scope, _scope_of(row.target), serial)

    def chosen(self) -> tuple[tuple[OperationName, int], ...]:
        """Return the names of forgotten operations whose ids callers chose, with their serials."""
        return tuple(each for each in self._serials.items() if each[1] not in self._rows)

    def spend(self, name: OperationName, *, serial: int) -> None:
        """Note that the id of an operation that is forgotten is used up."""
        self._serials.setdefault(name, serial)

    def free(self, name: OperationName) -> None:
        """Forget that an id is used up, as what it was used for is gone."""
        self._serials.pop(name, None)

    def delete(self, operation: Operation) -> None:
        """Hide an operation; if it is running, it goes on."""
        self.put(replace(operation, deleted=True))

    def pending(
        self, *, kind: OperationKind | None = None, target: ResourceName | None = None
    ) -> list[Operation]:
        """Return the operations that have not ended, in the order in which they started."""
        serials = self._pending if target is None else self._pending_by_target.get(target, {})
        rows = (self._rows[serial] for serial in serials)
        return [row for row in rows if kind in (None, row.kind)]

    def require_none_on(self, target: ResourceName) -> None:
        """Make sure that no operation is at work on a resource, not even one that is being undone.

        :raises RpcError: FAILED_PRECONDITION if there is one.
        """
        for operation in self.pending(target=target):
            raise errors.being_changed(target, operation=operation.name)

    def require_no_move(self, instance: InstanceName) -> None:
        """Make sure that an instance is not moving, not even back after the move was cancelled.

        :raises RpcError: FAILED_PRECONDITION if it is.
        """
        for operation in self.pending(kind=MOVE_INSTANCE, target=instance):
            raise errors.moving(instance, operation=operation.name)

    def of(
        self, target: ResourceName, *, since: int, now: datetime, before: int | None = None
    ) -> Iterator[Operation]:
        """Yield the operations on one resource, the latest first.

        Leaves out those of its earlier namesakes, and what ended long ago.

        :param since: the serial number of the resource
        :param before: only those with a lower serial number
        """
        for row in self._latest_first(self._by_target.get(target, []), before=before):
            if row.serial <= since:
                return
            if row.retained(now):
                yield row

    def within(
        self,
        parent: ResourceName,
        collection: type[ResourceName],
        *,
        now: datetime,
        before: int | None = None,
    ) -> Iterator[Operation]:
        """Yield the operations on all resources of a collection, the latest first.

        Includes those of resources that are gone, and leaves out what ended long ago.

        :param parent: the project or instance that the resources are in
        :param before: only those with a lower serial number
        """
        scope = (collection, parent.project, getattr(parent, "instance", ""))
        for row in self._latest_first(self._by_scope.get(scope, []), before=before):
            if row.retained(now):
                yield row

    def _latest_first(self, serials: list[int], *, before: int | None) -> Iterator[Operation]:
        end = len(serials) if before is None else bisect_right(serials, before - 1)
        for index in range(end - 1, -1, -1):
            yield self._rows[serials[index]]


_Key = TypeVar("_Key")


def _leave(index: dict[_Key, list[int]], key: _Key, serial: int) -> None:
    """Take an operation out of an index, in which serial numbers rise."""
    serials = index[key]
    del serials[bisect_left(serials, serial)]
    if not serials:
        del index[key]


def _scope_of(target: ResourceName) -> _Scope:
    """Return which collection a resource is in."""
    instance = target.instance if isinstance(target, InstanceName) else ""
    return type(target), target.project, instance
