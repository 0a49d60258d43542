# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.state.encryption import keys_of
from airflow_spanner_lro.emulator.state.records.databases import DatabaseState

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
        version_retention_period=database.retention_text,
        earliest_version_time=database.earliest_version_time(now),
        default_leader=database.default_leader,
        database_dialect=database.dialect,
        enable_drop_protection=database.drop_protection,
        reconciling=database.reconciling,
    )
    if database.encryption is not None:
        message.encryption_config = database.encryption
        # which versions of the keys are used is known once there is something to encrypt
        if database.state != DatabaseState.CREATING:
            message.encryption_info = [customer_encryption(key) for key in keys_of(database)]
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


def customer_encryption(key: str) -> database_v1.EncryptionInfo:
    """Return the encryption with a customer's key; here every key has one version."""
    return database_v1.EncryptionInfo(
        encryption_type=database_v1.EncryptionInfo.Type.CUSTOMER_MANAGED_ENCRYPTION,
        kms_key_version=f"{key}/cryptoKeyVersions/1",
    )
