# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on databases do: create, restore, optimize, update, change the quorum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import (
    OPTIMIZE_RESTORED_DATABASE,
    OperationKind,
    ProgressShape,
    Service,
)
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.emulator import protos
from airflow_spanner_lro.emulator.databases.model import (
    DatabaseQuorum,
    DatabaseState,
    Origin,
    database_message,
    origin_message,
)
from airflow_spanner_lro.emulator.operations.handler import (
    OperationHandler,
    ReportsProgress,
    show_progress,
)
from airflow_spanner_lro.emulator.protos import plain_message
from airflow_spanner_lro.emulator.schedules.model import default_schedule

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationDetails:
    """What CreateDatabase remembers: the first schema."""

    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreDetails:
    """What RestoreDatabase remembers, and the operation that will follow it."""

    origin: Origin
    optimize: OperationName


_Details = TypeVar("_Details")


class _MakesDatabase(OperationHandler[DatabaseName, _Details], Generic[_Details]):
    """A database that goes away if it is not made after all."""

    target_type: ClassVar = DatabaseName

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the database."""
        del at
        name = self.target(operation)
        database = world.resources.databases.get(name)
        world.resources.databases.remove(name)
        if database.origin is not None:
            world.resources.backups.release(database.origin.backup)


class CreateDatabase(_MakesDatabase[CreationDetails]):
    """The database becomes ready with all of its statements, or goes away."""

    details_type: ClassVar = CreationDetails
    changing: ClassVar = frozenset[str]()

    def describe(
        self, target: DatabaseName, details: CreationDetails
    ) -> database_v1.CreateDatabaseMetadata:
        """Return the name; there is nothing else."""
        del details
        return database_v1.CreateDatabaseMetadata(database=str(target))

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the database ready, with its first schema."""
        database = world.resources.databases.get(self.target(operation))
        schema = self.details(operation).schema
        database = replace(database, state=DatabaseState.READY, history=((at, schema),))
        world.resources.databases.put(database.name, database)
        instance = world.resources.instances.get(database.name.instance_name)
        schedule = default_schedule(instance, database.name, at=at)
        if schedule is not None:
            schedule = replace(schedule, serial=world.next_serial())
            world.resources.schedules.put(schedule.name, schedule)
        return plain_message(database_message(database, now=at))


class RestoreDatabase(
    _MakesDatabase[RestoreDetails], ReportsProgress[DatabaseName, RestoreDetails]
):
    """The database can be used and its optimization begins, or it goes away."""

    details_type: ClassVar = RestoreDetails

    def describe(
        self, target: DatabaseName, details: RestoreDetails
    ) -> database_v1.RestoreDatabaseMetadata:
        """Return which backup it comes from, and which operation will follow."""
        return database_v1.RestoreDatabaseMetadata(
            name=str(target),
            source_type=database_v1.RestoreSourceType.BACKUP,
            backup_info=origin_message(details.origin),
            optimize_database_operation_name=str(details.optimize),
        )

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the database usable, and start the operation that was announced."""
        database = world.resources.databases.get(self.target(operation))
        database = replace(database, state=DatabaseState.READY_OPTIMIZING)
        world.resources.databases.put(database.name, database)
        world.start(
            kind=OPTIMIZE_RESTORED_DATABASE,
            target=database.name,
            now=at,
            name=self.details(operation).optimize,
            size_bytes=database.size,
        )
        return plain_message(database_message(database, now=at))


class OptimizeRestoredDatabase(OperationHandler[DatabaseName, object]):
    """The database no longer needs its backup."""

    target_type: ClassVar = DatabaseName

    def describe(
        self, target: DatabaseName, details: object
    ) -> database_v1.OptimizeRestoredDatabaseMetadata:
        """Return the name."""
        del details
        return database_v1.OptimizeRestoredDatabaseMetadata(name=str(target))

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the progress."""
        show_progress(metadata, operation, now)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the database ready."""
        database = world.resources.databases.get(self.target(operation))
        database = replace(database, state=DatabaseState.READY)
        world.resources.databases.put(database.name, database)
        if database.origin is not None:
            world.resources.backups.release(database.origin.backup)
        # the reference does not say which response there is; Google's client expects this one
        return plain_message(database_message(database, now=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDetails:
    """What UpdateDatabase remembers: the request, and what it sets.

    :param drop_protection: None if that stays as it is
    :param encryption: None if that stays as it is
    """

    request: database_v1.UpdateDatabaseRequest
    drop_protection: bool | None = None
    encryption: database_v1.EncryptionConfig | None = None


class UpdateDatabase(ReportsProgress[DatabaseName, UpdateDetails]):
    """The database has its new values, or keeps the old ones."""

    target_type: ClassVar = DatabaseName
    details_type: ClassVar = UpdateDetails

    def describe(
        self, target: DatabaseName, details: UpdateDetails
    ) -> database_v1.UpdateDatabaseMetadata:
        """Return the request."""
        del target
        return database_v1.UpdateDatabaseMetadata(request=details.request)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        details = self.details(operation)
        database = world.resources.databases.get(self.target(operation))
        if details.drop_protection is not None:
            database = replace(database, drop_protection=details.drop_protection)
        if details.encryption is not None:
            database = replace(database, encryption=details.encryption)
        database = replace(database, reconciling=False)
        world.resources.databases.put(database.name, database)
        return plain_message(database_message(database, now=at))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Leave the old values; they were in force all the time."""
        del at
        database = world.resources.databases.get(self.target(operation))
        world.resources.databases.put(database.name, replace(database, reconciling=False))


def drop_database(world: World, name: DatabaseName, *, now: datetime) -> None:
    """Remove a database that is there; what it was restored from is free again."""
    database = world.resources.databases.get(name)
    world.abort_all(name, now=now)
    for schedule in world.resources.schedules.of_database(name):
        world.resources.schedules.remove(schedule.name)
    world.resources.databases.remove(name)
    if database.origin is not None:
        world.resources.backups.release(database.origin.backup)


CHANGE_QUORUM = OperationKind(
    rpc="change_quorum",
    service=Service.DATABASE_ADMIN,
    request="ChangeQuorumRequest",
    metadata="ChangeQuorumMetadata",
    response=None,
    target=DatabaseName,
    title="Change quorum",
    progress=ProgressShape.TIMES_ONLY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumDetails:
    """What ChangeQuorum remembers.

    :param serving_location: the one region of a single-region quorum; empty for both regions
    """

    request: protos.ChangeQuorumRequest
    serving_location: str


class ChangeQuorum(OperationHandler[DatabaseName, QuorumDetails]):
    """The database gets the quorum, or keeps the one it has."""

    target_type: ClassVar = DatabaseName
    details_type: ClassVar = QuorumDetails
    changing: ClassVar = frozenset({"end_time"})

    def describe(self, target: DatabaseName, details: QuorumDetails) -> Message:
        """Return the request."""
        del target
        return protos.ChangeQuorumMetadata(request=details.request)

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the times; there is no percentage, and no cancel_time either."""
        metadata.start_time.FromDatetime(operation.started)
        if (ended := operation.lifecycle.ended(now)) is not None:
            metadata.end_time.FromDatetime(ended.at)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Change the quorum. The reference does not state a response: there is nothing in it."""
        del at
        database = world.resources.databases.get(self.target(operation))
        quorum = DatabaseQuorum(
            serving_location=self.details(operation).serving_location,
            start_time=operation.started,
        )
        world.resources.databases.put(database.name, replace(database, quorum=quorum))
        return empty_pb2.Empty()
