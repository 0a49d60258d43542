# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tables: what exists, by name, with indexes, and the queue of what time does to it.

Thousands of operations may be pending, and every call asks whether something is due: so the next
event must be at hand without looking at all of them.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ResourceName,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import Backup
from airflow_spanner_lro.emulator.configs.model import InstanceConfig
from airflow_spanner_lro.emulator.databases.model import Database, DatabaseState
from airflow_spanner_lro.emulator.instances.model import Instance
from airflow_spanner_lro.emulator.partitions.model import InstancePartition
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import datetime


EventKey = OperationName | ResourceName


class EventQueue:
    """The next event of each operation and resource that has one."""

    def __init__(self) -> None:
        self._times: dict[EventKey, tuple[datetime, int]] = {}
        # may hold entries that no longer count; those are dropped when they come up
        self._heap: list[tuple[datetime, int, int, EventKey]] = []
        self._pushed = 0

    def note(self, key: EventKey, *, at: datetime | None, serial: int = 0) -> None:
        """Note the next event of something, in place of the one it had.

        :param at: when; None if it has none any more
        :param serial: who comes first among those of the same time
        """
        if at is None:
            self._times.pop(key, None)
            return
        if self._times.get(key) == (at, serial):
            return
        self._times[key] = (at, serial)
        self._pushed += 1
        # names are not comparable, so a number that never repeats stands before them
        heapq.heappush(self._heap, (at, serial, self._pushed, key))

    def upcoming(self) -> tuple[datetime, EventKey] | None:
        """Return the next event, or None if there is none."""
        while self._heap:
            at, serial, _, key = self._heap[0]
            if self._times.get(key) == (at, serial):
                return at, key
            heapq.heappop(self._heap)
        return None


class Row(Protocol):
    """What a table needs to know of its records."""

    @property
    def serial(self) -> int:
        """Its place in the order in which everything was made."""
        ...

    @property
    def next_event(self) -> datetime | None:
        """When time will change it."""
        ...


_Name = TypeVar("_Name", bound=ResourceName)
_Record = TypeVar("_Record", bound=Row)


class Index(Generic[_Record]):
    """The rows of a table by something that several of them have in common.

    Lists and limits ask for the rows of one instance, database or backup, and there may be
    thousands of others.
    """

    def __init__(self, key: Callable[[_Record], Hashable | None]) -> None:
        self._key = key
        self._groups: dict[Hashable, dict[Hashable, _Record]] = {}

    def of(self, key: Hashable) -> list[_Record]:
        """Return the rows that have this in common, in the order in which they came to have it."""
        return list(self._groups.get(key, {}).values())

    def count(self, key: Hashable) -> int:
        """Return how many rows have this in common."""
        return len(self._groups.get(key, {}))

    def note(self, name: Hashable, old: _Record | None, new: _Record | None) -> None:
        """Note that a row has changed from what it was, if it was, to what it is, if it still is.

        A row whose key is None is in no group.
        """
        before = None if old is None else self._key(old)
        after = None if new is None else self._key(new)
        if before is not None and before != after:
            group = self._groups[before]
            del group[name]
            if not group:
                del self._groups[before]
        if after is not None and new is not None:
            self._groups.setdefault(after, {})[name] = new


class Table(Generic[_Name, _Record]):
    """The resources of one kind, by name.

    Some are hidden: their creation was cancelled and is being undone, so that they cannot be read,
    and their names are not free yet.
    """

    def __init__(self, events: EventQueue) -> None:
        self._events = events
        self._rows: dict[_Name, _Record] = {}
        self._indexes: list[Index[_Record]] = []

    def index(self, key: Callable[[_Record], Hashable | None]) -> Index[_Record]:
        """Make an index of an empty table; hidden rows are in it, too."""
        made = Index(key)
        self._indexes.append(made)
        return made

    def __iter__(self) -> Iterator[_Record]:
        return iter([row for row in self._rows.values() if not getattr(row, "hidden", False)])

    def row(self, name: _Name) -> _Record | None:
        """Return a resource, hidden or not, or None if there is none of this name."""
        return self._rows.get(name)

    def find(self, name: _Name) -> _Record | None:
        """Return a resource that can be read, or None if there is none of this name."""
        found = self._rows.get(name)
        return None if getattr(found, "hidden", False) else found

    def get(self, name: _Name) -> _Record:
        """Return a resource that can be read.

        :raises RpcError: NOT_FOUND if there is none of this name.
        """
        found = self.find(name)
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
        for index in self._indexes:
            index.note(name, self._rows.get(name), record)
        self._rows[name] = record
        self._events.note(name, at=record.next_event, serial=record.serial)

    def remove(self, name: _Name) -> None:
        """Remove a resource, if it is there."""
        old = self._rows.pop(name, None)
        for index in self._indexes:
            index.note(name, old, None)
        self._events.note(name, at=None)


AnyRecord = Instance | InstanceConfig | InstancePartition | Database | Backup | BackupSchedule


class Resources:
    """Everything that exists in the emulated world, operations aside."""

    def __init__(self, events: EventQueue) -> None:
        self.configs: Table[InstanceConfigName, InstanceConfig] = Table(events)
        self.instances: Table[InstanceName, Instance] = Table(events)
        self.partitions: Table[InstancePartitionName, InstancePartition] = Table(events)
        self.databases: Table[DatabaseName, Database] = Table(events)
        self.backups: Table[BackupName, Backup] = Table(events)
        self.schedules: Table[BackupScheduleName, BackupSchedule] = Table(events)
        self._tables: dict[type[ResourceName], Table[Any, Any]] = {
            InstanceConfigName: self.configs,
            InstanceName: self.instances,
            InstancePartitionName: self.partitions,
            DatabaseName: self.databases,
            BackupName: self.backups,
            BackupScheduleName: self.schedules,
        }
        self._backups_in = self.backups.index(lambda row: row.name.instance_name)
        self._creations = self.backups.index(lambda row: row.being_created_from)
        self._copies = self.backups.index(lambda row: row.being_copied_from)
        self._chains = self.backups.index(lambda row: row.chain or None)
        self._readers = self.databases.index(_backup_needed_by)
        self._schedules_of = self.schedules.index(lambda row: row.name.database_name)

    def find(self, name: ResourceName) -> AnyRecord | None:
        """Return the resource of any kind that has this name and can be read, or None."""
        table = self._tables.get(type(name))
        found: AnyRecord | None = None if table is None else table.find(name)
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

    def partition(self, name: InstancePartitionName) -> InstancePartition:
        """Return a partition, ready or not.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.partitions.get(name)

    def databases_of(self, instance: InstanceName) -> list[Database]:
        """Return the databases of an instance, by name."""
        rows = (row for row in self.databases if row.name.instance_name == instance)
        return sorted(rows, key=lambda row: row.name.database)

    def backups_of(self, instance: InstanceName) -> list[Backup]:
        """Return the backups of an instance, the latest first."""
        rows = self._backups_in.of(instance)
        return sorted(rows, key=lambda row: (row.create_time, row.serial), reverse=True)

    def pending_backups_of(self, database: DatabaseName) -> list[Backup]:
        """Return the backups of a database that are being created, on demand or by a schedule."""
        return self._creations.of(database)

    def count_pending_backups_of(self, database: DatabaseName) -> int:
        """Return how many backups of a database are being created, whoever asked for them."""
        return self._creations.count(database)

    def copies_of(self, backup: Backup) -> list[BackupName]:
        """Return the backups that are being made by copying a backup."""
        return [row.name for row in self._copies.of((backup.name, backup.serial))]

    def chain_of(self, backup: Backup) -> list[Backup]:
        """Return the backups of a backup's incremental chain, the oldest first."""
        return self._chains.of(backup.chain) if backup.chain else []

    def partitions_of(self, instance: InstanceName) -> list[InstancePartition]:
        """Return the partitions of an instance, by name."""
        rows = (row for row in self.partitions if row.name.instance_name == instance)
        return sorted(rows, key=lambda row: row.name.partition)

    def schedules_of(self, database: DatabaseName) -> list[BackupSchedule]:
        """Return the backup schedules of a database, by name."""
        return sorted(self._schedules_of.of(database), key=lambda row: row.name.schedule)

    def readers_of(self, backup: Backup) -> list[DatabaseName]:
        """Return the databases that are being restored from a backup, or still read from it."""
        return [row.name for row in self._readers.of((backup.name, backup.serial))]


def _backup_needed_by(database: Database) -> tuple[BackupName, int] | None:
    """Return the backup that a database still reads from, and its serial number."""
    if database.origin is None or not database.needs_origin:
        return None
    return database.origin.backup, database.origin.backup_serial
