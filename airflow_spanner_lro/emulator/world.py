# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulated world: resources, operations, and the one place where time has effects.

Operations end while nobody looks. Before each call the world catches up: it applies what was due
since the last call in the order in which it was due, each at its own time. What the world looks
like at a moment therefore depends on the calls that changed it and never on those that read it,
and the same calls at the same times make the same world again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    ResourceName,
)
from airflow_spanner_lro.core.operations.snapshot import OperationError, OperationState
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import Backup, BackupTable
from airflow_spanner_lro.emulator.configs.model import ConfigTable, InstanceConfig
from airflow_spanner_lro.emulator.databases.encryption import require_usable_keys
from airflow_spanner_lro.emulator.databases.model import Database, DatabaseState, DatabaseTable
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.instances.model import Instance, was_free
from airflow_spanner_lro.emulator.lifecycle import Breakage, Lifecycle
from airflow_spanner_lro.emulator.operations.model import (
    Operation,
    OperationMoment,
    OperationTable,
)
from airflow_spanner_lro.emulator.partitions.model import (
    DEFAULT_PARTITION,
    InstancePartition,
    PartitionTable,
    default_partition,
)
from airflow_spanner_lro.emulator.quota import Limits
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule, ScheduleTable
from airflow_spanner_lro.emulator.tables import EventQueue, PolicyTable, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.plans import Planner
    from airflow_spanner_lro.emulator.tables import EventKey


_Name = TypeVar("_Name", bound=ResourceName)

AnyRecord = Instance | InstanceConfig | InstancePartition | Database | Backup | BackupSchedule


class Resources:
    """Everything that exists in the emulated world, operations aside."""

    def __init__(self, events: EventQueue) -> None:
        self.configs = ConfigTable(events)
        self.instances: Table[InstanceName, Instance] = Table(events)
        self.databases = DatabaseTable(events)
        self.backups = BackupTable(events, databases=self.databases)
        self.partitions = PartitionTable(events, databases=self.databases, backups=self.backups)
        self.schedules = ScheduleTable(events)
        self._tables: dict[type[ResourceName], Table[Any, Any]] = {
            InstanceConfigName: self.configs,
            InstanceName: self.instances,
            InstancePartitionName: self.partitions,
            DatabaseName: self.databases,
            BackupName: self.backups,
            BackupScheduleName: self.schedules,
        }

    def find(self, name: ResourceName) -> AnyRecord | None:
        """Return the resource of any kind that has this name and can be read, or None."""
        if isinstance(name, InstancePartitionName) and name.partition == DEFAULT_PARTITION:
            instance = self.instances.find(name.instance_name)
            return None if instance is None else default_partition(instance)
        table = self._tables.get(type(name))
        found: AnyRecord | None = None if table is None else table.find(name)
        return found

    def find_row(self, name: ResourceName) -> AnyRecord | None:
        """Return the resource of any kind that has this name, hidden or not, or None."""
        table = self._tables.get(type(name))
        found: AnyRecord | None = None if table is None else table.row(name)
        return found

    def table_of(self, name: _Name) -> Table[_Name, Any]:
        """Return the table that a resource is in."""
        return self._tables[type(name)]

    def ready_instance(self, name: InstanceName) -> Instance:
        """Return an instance on which something can be made.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        instance = self.instances.get(name)
        if not instance.ready:
            raise errors.not_ready(name)
        return instance

    def free_instances_of(self, project: ProjectName) -> list[Instance]:
        """Return the instances of a project that are free, or were before they were upgraded."""
        rows = (row for row in self.instances if row.name.project == project.project)
        return [row for row in rows if was_free(row.message)]

    def database(self, name: DatabaseName) -> Database:
        """Return a database in whatever state it is.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.databases.get(name)

    def usable_database(self, name: DatabaseName) -> Database:
        """Return a database that can be used, optimized or not yet.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        database = self.database(name)
        if database.state == DatabaseState.CREATING:
            raise errors.not_ready(name)
        return database

    def backup(self, name: BackupName) -> Backup:
        """Return a backup, ready or not.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.backups.get(name)

    def require_usable_keys(self, name: InstanceName, keys: tuple[str, ...]) -> None:
        """Make sure that a customer's keys are where an instance is; it must be there.

        :raises RpcError: FAILED_PRECONDITION if they are elsewhere, too few or too many.
        """
        places = self.configs.key_places(self.instances.get(name).config)
        require_usable_keys(keys, instance=name, places=places)

    def partition(self, name: InstancePartitionName) -> InstancePartition:
        """Return a partition, ready or not; the default one is there with its instance.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        instance = self.instances.get(name.instance_name)
        if name.partition == DEFAULT_PARTITION:
            return default_partition(instance)
        return self.partitions.get(name)


class Handler(Protocol):
    """What a world wants of the handler of a kind of operations."""

    @property
    def undo_guaranteed(self) -> bool:
        """Whether one surely ends as cancelled once it has begun to be undone."""
        ...

    def described(self, target: ResourceName, details: object) -> Message:
        """Return the part of the metadata that never changes."""
        ...

    def step(self, world: World, operation: Operation, step: int, at: datetime) -> None:
        """Do what a step does.

        :raises RpcError: if it turns out that it cannot be done; the operation then fails.
        """

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Do what an operation does when it succeeds, and return its response."""
        ...

    def cancel_begins(self, world: World, operation: Operation, at: datetime) -> None:
        """Do what follows as soon as a cancel has an effect."""

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Do what follows when it was cancelled or has failed."""


Reaction = Callable[["World", Any, "datetime"], None]
"""What a resource of some type does when its next event is due: given its name and that time."""

OperationListener = Callable[[Operation, OperationMoment, "datetime"], None]
"""Is told when an operation starts and ends; it changes nothing, and must be quick."""

StepListener = Callable[[Operation, int], None]
"""Is told which step of an operation is done; it changes nothing, and must be quick."""


class World:
    """Everything there is.

    Only one thread at a time may use it, and calls :meth:`catch_up` first.

    :param handlers: what each kind of operations does
    :param reactions: what resources do at their events, by the type of their names
    :param plans: what operations are going to do
    :param limits: how many of each thing there may be
    :param seed: for the ids that the service makes up
    :ivar listener: who is told of the starts and ends of operations, in their order; None for
        nobody, as while a world is made again of what has happened before
    :ivar step_listener: who is told of the steps of operations, in the same way
    """

    def __init__(
        self,
        *,
        handlers: Mapping[OperationKind, Handler],
        reactions: Mapping[type[ResourceName], Reaction],
        plans: Planner,
        limits: Limits | None = None,
        seed: int = 0,
    ) -> None:
        self._handlers = handlers
        self._reactions = reactions
        self.plans = plans
        self.limits = limits or Limits()
        self.events = EventQueue()
        self.resources = Resources(self.events)
        self.policies = PolicyTable()
        self.rng = random.Random(seed)  # noqa: S311 - ids, not secrets
        self.operations = OperationTable(self.rng, self.events)
        self.listener: OperationListener | None = None
        self.step_listener: StepListener | None = None
        self._serial = 0

    @property
    def serial(self) -> int:
        """The number that was given last. Can be set."""
        return self._serial

    @serial.setter
    def serial(self, serial: int) -> None:
        self._serial = serial

    def next_serial(self) -> int:
        """Return the next number in the order in which things are made."""
        self._serial += 1
        return self._serial

    def start(
        self,
        *,
        kind: OperationKind,
        target: ResourceName,
        now: datetime,
        details: object = None,
        name: OperationName | None = None,
        usual: tuple[timedelta, ...] = (),
        size_bytes: int = 0,
        waits: bool = False,
    ) -> Operation:
        """Start an operation, and return it as it is now.

        :param details: what its handler wants to remember of the request
        :param name: its name if it is known already, otherwise one is made up
        :param usual: how long its steps usually take, where that depends on the request
        :param size_bytes: of the data that it works on
        :param waits: whether its work cannot begin yet, because an earlier operation goes first
        """
        plan, steps = self.plans.take(kind, target, usual=usual, size_bytes=size_bytes)
        handler = self._handlers[kind]
        lifecycle = Lifecycle(
            started=now,
            steps=steps,
            plan=plan,
            begins=None if waits else now + plan.queued,
            undo_guaranteed=handler.undo_guaranteed,
        )
        operation = Operation(
            name=name or self.operations.new_name(target),
            kind=kind,
            serial=self.next_serial(),
            lifecycle=lifecycle,
            details=details,
            described=handler.described(target, details),
        )
        self.operations.put(operation)
        self._tell(operation, OperationMoment.START, now)
        self.catch_up(now)
        return self.operations.row(operation.name)

    def cancel(self, operation: Operation, *, now: datetime) -> None:
        """Ask to cancel an operation; whether and when that has an effect is up to its plan.

        :raises RpcError: if the plan says that the call itself fails.
        """
        if operation.lifecycle.ended(now) is None and operation.lifecycle.plan.cancel_error:
            raise RpcError(*operation.lifecycle.plan.cancel_error)
        before = operation.lifecycle.cancel_effective
        changed = replace(operation, lifecycle=operation.lifecycle.cancel(now))
        self.operations.put(changed)
        if before is None and changed.lifecycle.cancel_effective is not None:
            self._handlers[operation.kind].cancel_begins(self, changed, now)
        self.catch_up(now)

    def abort_all(self, target: ResourceName, *, now: datetime) -> None:
        """End what is running on a resource that is about to be removed."""
        for operation in self.operations.pending(target=target):
            self.operations.put(replace(operation, lifecycle=operation.lifecycle.abort(now)))
        self.catch_up(now)

    def catch_up(self, now: datetime) -> None:
        """Apply everything that was due up to now, in the order in which it was due."""
        while (upcoming := self.events.upcoming()) is not None and upcoming[0] <= now:
            self._apply(upcoming[1], upcoming[0])
        self.operations.forget(now)

    def _tell(self, operation: Operation, moment: OperationMoment, at: datetime) -> None:
        if self.listener is not None:
            self.listener(operation, moment, at)

    def _apply(self, key: EventKey, at: datetime) -> None:
        if isinstance(key, OperationName):
            self._advance(self.operations.row(key), at)
        else:
            self._reactions[type(key)](self, key, at)

    def _advance(self, operation: Operation, at: datetime) -> None:
        handler = self._handlers[operation.kind]
        if operation.steps_settled < operation.lifecycle.steps_done(at):
            step = operation.steps_settled
            try:
                handler.step(self, operation, step, at)
            except RpcError as exc:
                error = OperationError(code=exc.code, message=exc.message)
                breakage = Breakage(at=at, step=step, error=error)
                lifecycle = replace(operation.lifecycle, breakage=breakage)
                self.operations.put(replace(operation, lifecycle=lifecycle))
            else:
                self.operations.put(replace(operation, steps_settled=step + 1))
                if self.step_listener is not None:
                    self.step_listener(operation, step)
            return
        succeeded = operation.lifecycle.state(at) is OperationState.SUCCEEDED
        # settled first: what an effect starts in turn must not meet this operation as pending
        self.operations.put(replace(operation, settled=True))
        self._tell(operation, OperationMoment.END, at)
        if succeeded:
            response = handler.succeed(self, operation, at)
            self.operations.put(replace(operation, settled=True, response=response))
        else:
            handler.undo(self, operation, at)
