# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups: what is remembered of them, and how clients see them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.databases.encryption import encryption_info
from airflow_spanner_lro.emulator.instances.model import is_free
from airflow_spanner_lro.emulator.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import (
        BackupName,
        BackupScheduleName,
        DatabaseName,
        InstanceName,
    )
    from airflow_spanner_lro.emulator.databases.model import DatabaseTable
    from airflow_spanner_lro.emulator.filter_expressions import Value
    from airflow_spanner_lro.emulator.instances.model import Instance
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.tables import EventQueue


MIN_BACKUP_AGE = timedelta(hours=6)
MAX_BACKUP_AGE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup(Row):
    """A backup: of which database, at which time, with which schema.

    :param data_bytes: the size of what it holds, that of older backups of its chain included
    :param max_expire_time: how long it can be kept at most
    :param expired: whether its time was over while something still read from it
    :param kms_keys: the customer's keys that encrypt it; none for Google's own
    :param schedules: the names of the schedules that made it
    :param source: the backup it is a copy of, and its serial number; None for an original
    :param chain: the id of its chain of incremental backups, or empty
    :param own_bytes: what its creation has to store of ``data_bytes``; None for all of it
    :param oldest_version_time: of its chain; None for its own version time
    """

    name: BackupName
    ready: bool
    database: DatabaseName
    version_time: datetime
    expire_time: datetime
    max_expire_time: datetime
    dialect: int
    schema: Schema
    data_bytes: int
    expired: bool = False
    kms_keys: tuple[str, ...] = ()
    schedules: tuple[BackupScheduleName, ...] = ()
    source: tuple[BackupName, int] | None = None
    chain: str = ""
    own_bytes: int | None = None
    oldest_version_time: datetime | None = None

    @property
    def size_bytes(self) -> int:
        """Its size; 0 while it is being created."""
        return self.data_bytes if self.ready else 0

    @property
    def partitions(self) -> list[str]:
        """The partitions that store it: those in which its database had placements."""
        parent = self.name.instance_name
        # as the schema spells them, where nobody checks them
        return [f"{parent}/instancePartitions/{each}" for each in self.schema.placements]

    @property
    def being_created_from(self) -> DatabaseName | None:
        """The database it is being made from; None for a copy, and once it is ready."""
        return None if self.ready or self.source is not None else self.database

    @property
    def being_copied_from(self) -> tuple[BackupName, int] | None:
        """The backup that it is being copied from; None for others, and once it is ready."""
        return None if self.ready else self.source

    @property
    def next_event(self) -> datetime | None:
        """When it expires; one that is being created does not."""
        return self.expire_time if self.ready and not self.expired else None


class BackupTable(Table["BackupName", Backup]):
    """The backups, and what reads from them.

    :param databases: some of which still read from a backup
    """

    def __init__(self, events: EventQueue, *, databases: DatabaseTable) -> None:
        super().__init__(events)
        self._databases = databases
        self._by_instance = self.index(lambda row: row.name.instance_name)
        self._creations = self.index(lambda row: row.being_created_from)
        self._copies = self.index(lambda row: row.being_copied_from)
        self._chains = self.index(lambda row: row.chain or None)

    def of_instance(self, instance: InstanceName) -> list[Backup]:
        """Return the backups of an instance, the latest first."""
        rows = self._by_instance.of(instance)
        return sorted(rows, key=lambda row: (row.create_time, row.serial), reverse=True)

    def pending_of(self, database: DatabaseName) -> list[Backup]:
        """Return the backups of a database that are being created, on demand or by a schedule."""
        return self._creations.of(database)

    def count_pending_of(self, database: DatabaseName) -> int:
        """Return how many backups of a database are being created, whoever asked for them."""
        return self._creations.count(database)

    def copies_of(self, backup: Backup) -> list[BackupName]:
        """Return the backups that are being made by copying a backup."""
        return [row.name for row in self._copies.of((backup.name, backup.serial))]

    def readers_of(self, backup: Backup) -> list[DatabaseName]:
        """Return the databases that are being restored from a backup, or still read from it."""
        return self._databases.readers_of(backup.name, serial=backup.serial)

    def in_use(self, backup: Backup) -> bool:
        """Tell whether a restore, an optimization or a copy reads from a backup."""
        return bool(self.readers_of(backup) or self.copies_of(backup))

    def expire(self, name: BackupName) -> None:
        """Delete a backup whose time is over; one that something still reads from goes later."""
        backup = self.get(name)
        if self.in_use(backup):
            self.put(name, replace(backup, expired=True))
        else:
            self.remove(name)

    def release(self, name: BackupName) -> None:
        """Delete a backup that has expired while something read from it, now that nothing does."""
        backup = self.find(name)
        if backup is not None and backup.expired and not self.in_use(backup):
            self.remove(name)

    def message_of(self, backup: Backup) -> database_v1.Backup:
        """Return a backup as clients see it."""
        encryption = encryption_info(backup.kms_keys)
        return database_v1.Backup(
            name=str(backup.name),
            database=str(backup.database),
            version_time=backup.version_time,
            create_time=backup.create_time,
            expire_time=backup.expire_time,
            max_expire_time=backup.max_expire_time,
            oldest_version_time=backup.oldest_version_time or backup.version_time,
            size_bytes=backup.size_bytes,
            freeable_size_bytes=self._freeable_bytes(backup),
            exclusive_size_bytes=self._exclusive_bytes(backup),
            state=state_of(backup),
            referencing_databases=[str(name) for name in self.readers_of(backup)],
            referencing_backups=[str(name) for name in self.copies_of(backup)],
            database_dialect=backup.dialect,
            encryption_info=encryption[0],
            encryption_information=encryption,
            backup_schedules=[str(name) for name in backup.schedules],
            incremental_backup_chain_id=backup.chain,
            instance_partitions=[
                database_v1.BackupInstancePartition(instance_partition=each)
                for each in backup.partitions
            ],
        )

    def _exclusive_bytes(self, backup: Backup) -> int:
        """Return what it needs on top of the backup before it; 0 while it is being created.

        The one before is the latest that is still there: what is gone of a chain leaves its data to
        the next younger one. So these add up to what the youngest of a chain needs, which is all
        that is stored of it.
        """
        if not backup.ready:
            return 0
        older = [row for row in self._chain_of(backup) if row.serial < backup.serial and row.ready]
        return backup.data_bytes - (older[-1].data_bytes if older else 0)

    def _freeable_bytes(self, backup: Backup) -> int:
        """Return what deleting it would free: nothing while younger ones of its chain need it."""
        youngest = self._chain_of(backup)[-1]
        return self._exclusive_bytes(backup) if youngest.serial == backup.serial else 0

    def _chain_of(self, backup: Backup) -> list[Backup]:
        """Return the backups that are there of a chain, the oldest first; one without is alone."""
        if not backup.chain:
            return [backup]
        return sorted(self._chains.of(backup.chain), key=lambda row: row.serial)


def state_of(backup: Backup) -> str:
    """Return the name of the state that a backup is in."""
    return "READY" if backup.ready else "CREATING"


def backup_fields(backup: Backup) -> Callable[[str], Value]:
    """Return a function that gives the value of each field that a list filter can ask about."""

    def value(path: str) -> Value:
        return _FILTERABLE[path](backup)

    return value


_FILTERABLE: dict[str, Callable[[Backup], Value]] = {
    "name": lambda backup: str(backup.name),
    "database": lambda backup: str(backup.database),
    "state": state_of,
    "create_time": lambda backup: backup.create_time,
    "expire_time": lambda backup: backup.expire_time,
    "version_time": lambda backup: backup.version_time,
    "size_bytes": lambda backup: backup.size_bytes,
    "backup_schedules": lambda backup: [str(name) for name in backup.schedules],
}

FILTERABLE = frozenset(_FILTERABLE)
"""The fields that a list filter can ask about."""


def require_backups(instance: Instance) -> None:
    """Make sure that an instance is of a type that has backups.

    :raises RpcError: FAILED_PRECONDITION if it is a free one.
    """
    if is_free(instance.message):
        raise errors.no_backups_in_free_instance(instance.name)
