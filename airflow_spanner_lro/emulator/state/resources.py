# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of instances, databases and backups: what exists, and in which state.

Records are frozen; a change replaces the record. Each record carries the serial number of its
creation, so that the operations of an earlier resource of the same name are not taken for its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    ResourceName,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.state.ddl import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud import spanner_admin_instance_v1 as instance_v1

VERSION_RETENTION = timedelta(hours=1)
MAX_BACKUP_AGE = timedelta(days=366)


class DatabaseState(IntEnum):
    """The states of a database, with the numbers of ``google.spanner.admin.database.v1``."""

    CREATING = 1
    READY = 2
    READY_OPTIMIZING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance: what the caller asked for, and whether it is ready."""

    name: InstanceName
    serial: int
    ready: bool
    create_time: datetime
    config: InstanceConfigName
    requested: instance_v1.Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The backup that a database was restored from, as it was then."""

    backup: BackupName
    backup_serial: int
    version_time: datetime
    create_time: datetime
    source_database: DatabaseName


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database: its state, its schema now and at earlier times, and where it came from."""

    name: DatabaseName
    serial: int
    state: DatabaseState
    create_time: datetime
    dialect: int
    history: tuple[tuple[datetime, Schema], ...]
    origin: Origin | None = None
    drop_protection: bool = False

    @property
    def schema(self) -> Schema:
        """The schema with everything that is committed."""
        return self.history[-1][1]

    def schema_at(self, time: datetime) -> Schema:
        """Return the schema as it was at a time."""
        return next((schema for at, schema in reversed(self.history) if at <= time), Schema())

    @property
    def needs_origin(self) -> bool:
        """Whether it still reads from the backup that it was restored from."""
        return self.origin is not None and self.state != DatabaseState.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup: of which database, at which time, with which schema."""

    name: BackupName
    serial: int
    ready: bool
    create_time: datetime
    database: DatabaseName
    version_time: datetime
    expire_time: datetime
    dialect: int
    schema: Schema

    @property
    def size_bytes(self) -> int:
        """Its size: made up, but the same for the same schema; 0 while it is being created."""
        return (1 + len(self.schema.statements)) * 2**30 if self.ready else 0


_Name = TypeVar("_Name", InstanceName, DatabaseName, BackupName)
_Record = TypeVar("_Record", Instance, Database, Backup)


class Table(Generic[_Name, _Record]):
    """The resources of one kind, by name."""

    def __init__(self) -> None:
        self._rows: dict[_Name, _Record] = {}

    def __iter__(self) -> Iterator[_Record]:
        return iter(list(self._rows.values()))

    def find(self, name: _Name) -> _Record | None:
        """Return a resource, or None if there is none of this name."""
        return self._rows.get(name)

    def get(self, name: _Name) -> _Record:
        """Return a resource.

        :raises RpcError: NOT_FOUND if there is none of this name.
        """
        found = self._rows.get(name)
        if found is None:
            raise errors.not_found(name)
        return found

    def require_new(self, name: _Name) -> None:
        """Make sure that there is no resource of this name.

        :raises RpcError: ALREADY_EXISTS if there is one.
        """
        if name in self._rows:
            raise errors.already_exists(name)

    def put(self, name: _Name, record: _Record) -> None:
        """Add a resource, or replace it with its changed self."""
        self._rows[name] = record

    def remove(self, name: _Name) -> None:
        """Remove a resource, if it is there."""
        self._rows.pop(name, None)


@dataclass(slots=True)
class Resources:
    """Everything that exists in the emulated world, operations aside."""

    instances: Table[InstanceName, Instance] = field(default_factory=Table)
    databases: Table[DatabaseName, Database] = field(default_factory=Table)
    backups: Table[BackupName, Backup] = field(default_factory=Table)

    def find(self, name: ResourceName) -> Instance | Database | Backup | None:
        """Return the resource of any kind that has this name, or None."""
        match name:
            case DatabaseName():
                return self.databases.find(name)
            case BackupName():
                return self.backups.find(name)
            case InstanceName():
                return self.instances.find(name)
            case _:
                return None

    def ready_instance(self, name: InstanceName) -> Instance:
        """Return an instance on which something can be made.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        instance = self.instances.get(name)
        if not instance.ready:
            raise errors.not_ready(name)
        return instance

    def usable_database(self, name: DatabaseName) -> Database:
        """Return a database that can be used, optimized or not yet.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        database = self.databases.get(name)
        if database.state == DatabaseState.CREATING:
            raise errors.not_ready(name)
        return database

    def databases_of(self, instance: InstanceName) -> list[Database]:
        """Return the databases of an instance, by name."""
        rows = (row for row in self.databases if row.name.instance_name == instance)
        return sorted(rows, key=lambda row: row.name.database)

    def backups_of(self, instance: InstanceName) -> list[Backup]:
        """Return the backups of an instance, the latest first."""
        rows = (row for row in self.backups if row.name.instance_name == instance)
        return sorted(rows, key=lambda row: (row.create_time, row.serial), reverse=True)

    def readers_of(self, backup: Backup) -> list[DatabaseName]:
        """Return the databases that are being restored from a backup, or still read from it."""
        return [
            row.name
            for row in self.databases
            if row.needs_origin
            and row.origin is not None
            and (row.origin.backup, row.origin.backup_serial) == (backup.name, backup.serial)
        ]
