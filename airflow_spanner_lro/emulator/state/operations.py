# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The table of operations, and what each of them remembers of its request.

An operation outlives its target: a cancelled backup is gone, and its operation still tells why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

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
    from airflow_spanner_lro.emulator.state.agenda import Agenda
    from airflow_spanner_lro.emulator.state.lifecycle import Lifecycle

RETENTION = timedelta(days=7)
"""For how long the instance-wide lists show operations that have ended."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    :param serial: its place in the order in which resources and operations were made
    :param details: what the behaviour of its kind remembers of the request
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

    def order(self) -> tuple[int, int]:
        """Return the sort key of lists: the latest start first."""
        return (-((self.started - _EPOCH) // _MICROSECOND), -self.serial)


class Operations:
    """The operations by name.

    :param rng: where the ids come from that callers do not choose
    :param agenda: where it is noted when they change
    """

    def __init__(self, rng: random.Random, agenda: Agenda) -> None:
        self._rng = rng
        self._agenda = agenda
        self._rows: dict[OperationName, Operation] = {}
        self._pending: dict[OperationName, Operation] = {}

    def __iter__(self) -> Iterator[Operation]:
        return iter([row for row in self._rows.values() if not row.deleted])

    def new_name(self, target: ResourceName) -> OperationName:
        """Make a name of the form that the service gives to operations on such a resource."""
        if isinstance(target, DatabaseName | BackupName):
            operation = f"_auto_op_{self._rng.getrandbits(64):016x}"
        else:
            operation = f"_auto_{self._rng.randrange(10**15, 10**16)}"
        return OperationName(resource=target, operation=operation)

    def row(self, name: OperationName) -> Operation:
        """Return an operation that exists, hidden or not."""
        return self._rows[name]

    def find(self, name: OperationName) -> Operation | None:
        """Return an operation, or None if there is none of this name."""
        row = self._rows.get(name)
        return None if row is None or row.deleted else row

    def get(self, name: OperationName) -> Operation:
        """Return an operation.

        :raises RpcError: NOT_FOUND if there is none of this name.
        """
        row = self.find(name)
        if row is None:
            raise errors.not_found(name)
        return row

    def put(self, operation: Operation) -> None:
        """Add an operation, or replace it with its changed self."""
        self._rows[operation.name] = operation
        if operation.settled:
            self._pending.pop(operation.name, None)
        else:
            self._pending[operation.name] = operation
        self._agenda.note(operation.name, at=operation.next_event, serial=operation.serial)

    def delete(self, operation: Operation) -> None:
        """Hide an operation; if it is running, it goes on."""
        self.put(replace(operation, deleted=True))

    def pending(
        self, *, kind: OperationKind | None = None, target: ResourceName | None = None
    ) -> list[Operation]:
        """Return the operations that have not ended, in the order in which they started."""
        return [
            row
            for row in self._pending.values()
            if kind in (None, row.kind) and target in (None, row.target)
        ]

    def of(self, target: ResourceName, *, since: int) -> list[Operation]:
        """Return the operations on one resource, without those of its earlier namesakes.

        :param since: the serial number of the resource
        """
        return [row for row in self if row.target == target and row.serial > since]

    def within(
        self, instance: InstanceName, collection: type[ResourceName], *, now: datetime
    ) -> list[Operation]:
        """Return the operations on all resources of a collection of an instance.

        Includes those of resources that are gone, and leaves out what ended long ago.
        """
        return [
            row
            for row in self
            if type(row.target) is collection
            and _instance_of(row.target) == instance
            and ((ended := row.lifecycle.ended(now)) is None or ended.at > now - RETENTION)
        ]


def _instance_of(target: ResourceName) -> InstanceName | None:
    """Return the instance a resource is in; None for what is in no instance."""
    if not isinstance(target, InstanceName):
        return None
    return InstanceName(project=target.project, instance=target.instance)
