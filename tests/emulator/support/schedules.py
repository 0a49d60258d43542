# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules for tests: made, changed, and what came of them."""

from __future__ import annotations

from datetime import timedelta

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import field_mask_pb2

from tests.emulator.conftest import DATABASE, INSTANCE

SCHEDULE = f"{DATABASE}/backupSchedules/daily"
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)
TYPES = database_v1.CreateBackupEncryptionConfig.EncryptionType
KEY = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/key"
CUSTOMER = {"encryption_type": TYPES.CUSTOMER_MANAGED_ENCRYPTION, "kms_key_name": KEY}


def a_schedule(
    text: str = "0 2 * * *", *, incremental: bool = False, **fields: object
) -> database_v1.BackupSchedule:
    """Make the message of a schedule."""
    kind = "incremental_backup_spec" if incremental else "full_backup_spec"
    values: dict[str, object] = {
        "spec": {"cron_spec": {"text": text}},
        "retention_duration": 7 * DAYS,
        kind: {},
    }
    return database_v1.BackupSchedule(**{**values, **fields})


def create(
    databases: database_v1.DatabaseAdminClient,
    schedule_id: str = "daily",
    parent: str = DATABASE,
    schedule: database_v1.BackupSchedule | None = None,
) -> database_v1.BackupSchedule:
    """Create a schedule."""
    return databases.create_backup_schedule(
        parent=parent, backup_schedule_id=schedule_id, backup_schedule=schedule or a_schedule()
    )


def update(
    databases: database_v1.DatabaseAdminClient,
    schedule: database_v1.BackupSchedule,
    *paths: str,
) -> database_v1.BackupSchedule:
    """Update a schedule."""
    schedule.name = schedule.name or SCHEDULE
    mask = field_mask_pb2.FieldMask(paths=paths)
    return databases.update_backup_schedule(backup_schedule=schedule, update_mask=mask)


def made(databases: database_v1.DatabaseAdminClient) -> list[database_v1.Backup]:
    """Return the backups there are, the oldest first."""
    return list(databases.list_backups(parent=INSTANCE))[::-1]
