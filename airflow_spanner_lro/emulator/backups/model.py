# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups: what is remembered of them, and how clients see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.databases.model import google_encryption
from airflow_spanner_lro.emulator.partitions.model import partitions_of_backup
from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import BackupName, BackupScheduleName, DatabaseName
    from airflow_spanner_lro.emulator.filters import Value
    from airflow_spanner_lro.emulator.instances.model import Instance
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.tables import Resources


MIN_BACKUP_AGE = timedelta(hours=6)
MAX_BACKUP_AGE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup(Record):
    """A backup: of which database, at which time, with which schema.

    :param data_bytes: the size of what it holds, that of older backups of its chain included
    :param max_expire_time: how long it can be kept at most
    :param expired: whether its time was over while something still read from it
    :param kms_keys: the customer's keys that encrypt it; none for Google's own
    :param schedules: the names of the schedules that made it
    :param source: the backup it is a copy of, and its serial number; None for an original
    :param chain: the id of its chain of incremental backups, or empty
    :param own_bytes: what it holds itself of ``data_bytes``; None for all of it
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
    def exclusive_bytes(self) -> int:
        """What it adds to the backups before it; 0 while it is being created."""
        own = self.data_bytes if self.own_bytes is None else self.own_bytes
        return own if self.ready else 0

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


def backup_message(backup: Backup, *, resources: Resources) -> database_v1.Backup:
    """Return a backup as clients see it."""
    encryption = _encryption(backup)
    return database_v1.Backup(
        name=str(backup.name),
        database=str(backup.database),
        version_time=backup.version_time,
        create_time=backup.create_time,
        expire_time=backup.expire_time,
        max_expire_time=backup.max_expire_time,
        oldest_version_time=backup.oldest_version_time or backup.version_time,
        size_bytes=backup.size_bytes,
        freeable_size_bytes=_freeable_bytes(backup, resources),
        exclusive_size_bytes=backup.exclusive_bytes,
        state=state_of(backup),
        referencing_databases=[str(name) for name in resources.readers_of(backup)],
        referencing_backups=[str(name) for name in resources.copies_of(backup)],
        database_dialect=backup.dialect,
        encryption_info=encryption[0],
        encryption_information=encryption,
        backup_schedules=[str(name) for name in backup.schedules],
        incremental_backup_chain_id=backup.chain,
        instance_partitions=[
            database_v1.BackupInstancePartition(instance_partition=each)
            for each in partitions_of_backup(backup)
        ],
    )


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


def _encryption(backup: Backup) -> list[database_v1.EncryptionInfo]:
    customer = database_v1.EncryptionInfo.Type.CUSTOMER_MANAGED_ENCRYPTION
    # the version that is primary when the backup is made; here a key has one version
    return [
        database_v1.EncryptionInfo(
            encryption_type=customer, kms_key_version=f"{key}/cryptoKeyVersions/1"
        )
        for key in backup.kms_keys
    ] or [google_encryption()]


def _freeable_bytes(backup: Backup, resources: Resources) -> int:
    """Return what deleting it would free: nothing while younger backups of its chain need it."""
    chain = resources.chain_of(backup)
    needed = bool(chain) and chain[-1].serial != backup.serial
    return 0 if needed else backup.exclusive_bytes


def require_backups(instance: Instance) -> None:
    """Make sure that an instance is of a type that has backups.

    :raises RpcError: FAILED_PRECONDITION if it is a free one.
    """
    if instance.message.instance_type == instance_v1.Instance.InstanceType.FREE_INSTANCE:
        raise errors.no_backups_in_free_instance(instance.name)
