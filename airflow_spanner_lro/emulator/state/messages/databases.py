# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.state.records.databases import VERSION_RETENTION

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.records.databases import Database, Origin


def origin_message(origin: Origin) -> database_v1.BackupInfo:
    """Return the backup of a restored database as clients see it."""
    return database_v1.BackupInfo(
        backup=str(origin.backup),
        version_time=origin.version_time,
        create_time=origin.create_time,
        source_database=str(origin.source_database),
    )


def database_message(database: Database, *, now: datetime) -> database_v1.Database:
    """Return a database as clients see it."""
    message = database_v1.Database(
        name=str(database.name),
        state=database.state.value,
        create_time=database.create_time,
        version_retention_period=f"{int(VERSION_RETENTION.total_seconds()) // 3600}h",
        earliest_version_time=max(database.create_time, now - VERSION_RETENTION),
        database_dialect=database.dialect,
        enable_drop_protection=database.drop_protection,
        encryption_info=[google_encryption()],
    )
    if database.origin is not None:
        message.restore_info = database_v1.RestoreInfo(
            source_type=database_v1.RestoreSourceType.BACKUP,
            backup_info=origin_message(database.origin),
        )
    return message


def google_encryption() -> database_v1.EncryptionInfo:
    """Return the encryption of what nobody asked to encrypt otherwise."""
    return database_v1.EncryptionInfo(
        encryption_type=database_v1.EncryptionInfo.Type.GOOGLE_DEFAULT_ENCRYPTION
    )
