# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What operations do to the resources: with each step, when they succeed, and when they do not.

One entry per kind. Everything an effect needs is in the operation's record and in the world, so
that nothing is lost if a world is ever written down and read again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, ResourceName
from airflow_spanner_lro.emulator.state import messages
from airflow_spanner_lro.emulator.state.operations import DdlDetails, NoDetails, RestoreDetails
from airflow_spanner_lro.emulator.state.resources import DatabaseState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import proto
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.state.operations import Operation
    from airflow_spanner_lro.emulator.state.world import World

_Name = TypeVar("_Name", bound=ResourceName)


class Effects:
    """What a kind of operation does; by itself, nothing."""

    def step(self, world: World, operation: Operation, step: int, at: datetime) -> None:
        """Do what a step does.

        :raises RpcError: if it turns out that it cannot be done; the operation then fails.
        """

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Do what the operation does when it succeeds, and return its response."""
        del world, operation, at
        return None

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Do what follows when it was cancelled or has failed."""


class CreateInstance(Effects):
    """The instance becomes ready, or goes away."""

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Make the instance ready."""
        del at
        name = _name(operation, InstanceName)
        instance = replace(world.resources.instances.get(name), ready=True)
        world.resources.instances.put(name, instance)
        return messages.instance_message(instance)

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the instance."""
        del at
        world.resources.instances.remove(_name(operation, InstanceName))


class CreateDatabase(Effects):
    """The database becomes ready with all of its statements, or goes away."""

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Make the database ready, with its first schema."""
        database = world.resources.databases.get(_name(operation, DatabaseName))
        schema = database.schema
        if isinstance(operation.details, DdlDetails):
            for statement in operation.details.statements:
                schema = schema.apply(statement)
        database = replace(database, state=DatabaseState.READY, history=((at, schema),))
        world.resources.databases.put(database.name, database)
        return messages.database_message(database, now=at)

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the database."""
        del at
        world.resources.databases.remove(_name(operation, DatabaseName))


class RestoreDatabase(CreateDatabase):
    """The database can be used, and its optimization begins."""

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Make the database usable, and start the operation that was announced."""
        database = world.resources.databases.get(_name(operation, DatabaseName))
        database = replace(database, state=DatabaseState.READY_OPTIMIZING)
        world.resources.databases.put(database.name, database)
        if isinstance(operation.details, RestoreDetails):
            world.start(
                kind=OPTIMIZE_RESTORED_DATABASE,
                target=database.name,
                details=NoDetails(),
                now=at,
                name=operation.details.optimize,
            )
        return messages.database_message(database, now=at)


class OptimizeRestoredDatabase(Effects):
    """The database no longer needs its backup."""

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Make the database ready."""
        database = world.resources.databases.get(_name(operation, DatabaseName))
        database = replace(database, state=DatabaseState.READY)
        world.resources.databases.put(database.name, database)
        # the reference does not say which response there is; Google's client expects this one
        return messages.database_message(database, now=at)


class UpdateDatabaseDdl(Effects):
    """Each statement is committed when its turn is over, and stays."""

    def step(self, world: World, operation: Operation, step: int, at: datetime) -> None:
        """Commit one statement."""
        database = world.resources.databases.get(_name(operation, DatabaseName))
        if isinstance(operation.details, DdlDetails):
            schema = database.schema.apply(operation.details.statements[step])
            history = (*database.history, (at, schema))
            world.resources.databases.put(database.name, replace(database, history=history))

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Let the next schema change begin."""
        self._begin_next(world, operation, at)
        return empty_pb2.Empty()

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Let the next schema change begin; what is committed stays."""
        self._begin_next(world, operation, at)

    @staticmethod
    def _begin_next(world: World, operation: Operation, at: datetime) -> None:
        queue = world.operations.pending(kind=operation.kind, target=operation.target)
        # one that waited and was cancelled leaves the first of the others where it is
        if queue and queue[0].lifecycle.begins is None:
            first = queue[0]
            world.operations.put(replace(first, lifecycle=replace(first.lifecycle, begins=at)))


class CreateBackup(Effects):
    """The backup becomes ready, or goes away."""

    def succeed(
        self, world: World, operation: Operation, at: datetime
    ) -> proto.Message | Message | None:
        """Make the backup ready."""
        del at
        backup = replace(world.resources.backups.get(_name(operation, BackupName)), ready=True)
        world.resources.backups.put(backup.name, backup)
        return messages.backup_message(backup, resources=world.resources)

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the backup."""
        del at
        world.resources.backups.remove(_name(operation, BackupName))


EFFECTS: Mapping[OperationKind, Effects] = {
    CREATE_INSTANCE: CreateInstance(),
    CREATE_DATABASE: CreateDatabase(),
    RESTORE_DATABASE: RestoreDatabase(),
    OPTIMIZE_RESTORED_DATABASE: OptimizeRestoredDatabase(),
    UPDATE_DATABASE_DDL: UpdateDatabaseDdl(),
    CREATE_BACKUP: CreateBackup(),
}
"""What each kind does that the emulator knows."""


def _name(operation: Operation, type_: type[_Name]) -> _Name:
    """Return the operation's target, which its kind says is of this type."""
    target = operation.target
    if not isinstance(target, type_):
        message = f"{operation.name} works on {target}, not on a {type_.noun}"
        raise TypeError(message)
    return target
