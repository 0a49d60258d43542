# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.partitions.model import partitions_of_backup
from airflow_spanner_lro.emulator.state.messages.databases import google_encryption

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.filters import Value
    from airflow_spanner_lro.emulator.state.records.backups import Backup
    from airflow_spanner_lro.emulator.state.tables import Resources


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


def value_of(backup: Backup) -> Callable[[str], Value]:
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
