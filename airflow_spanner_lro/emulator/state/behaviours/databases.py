# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that make databases: new ones, restored ones, and what follows a restore."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.emulator.backups import operations
from airflow_spanner_lro.emulator.operations.handler import (
    OperationHandler,
    ReportsProgress,
    raw,
    show_progress,
)
from airflow_spanner_lro.emulator.schedules.model import add_default_schedule
from airflow_spanner_lro.emulator.state.messages import databases as messages
from airflow_spanner_lro.emulator.state.records.databases import DatabaseState, Origin

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.state.world import World


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
            operations.release(world, database.origin.backup)


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
        add_default_schedule(world, database.name, at)
        return raw(messages.database_message(database, now=at))


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
            backup_info=messages.origin_message(details.origin),
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
        return raw(messages.database_message(database, now=at))


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
            operations.release(world, database.origin.backup)
        # the reference does not say which response there is; Google's client expects this one
        return raw(messages.database_message(database, now=at))
