# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.state.messages.databases import google_encryption

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.records.backups import Backup
    from airflow_spanner_lro.emulator.state.tables import Resources


def backup_message(backup: Backup, *, resources: Resources) -> database_v1.Backup:
    """Return a backup as clients see it."""
    state = database_v1.Backup.State
    return database_v1.Backup(
        name=str(backup.name),
        database=str(backup.database),
        version_time=backup.version_time,
        create_time=backup.create_time,
        expire_time=backup.expire_time,
        max_expire_time=backup.max_expire_time,
        oldest_version_time=backup.version_time,
        size_bytes=backup.size_bytes,
        freeable_size_bytes=backup.size_bytes,
        exclusive_size_bytes=backup.size_bytes,
        state=state.READY if backup.ready else state.CREATING,
        referencing_databases=[str(name) for name in resources.readers_of(backup)],
        database_dialect=backup.dialect,
        encryption_info=google_encryption(),
    )
