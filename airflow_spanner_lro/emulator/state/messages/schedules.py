# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules, as clients see them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.records.schedules import BackupSchedule

CREATION_WINDOW = timedelta(hours=4)
"""Within which time the service starts a backup that is due; it says so for either kind."""

TIME_ZONE = "UTC"


def schedule_message(schedule: BackupSchedule) -> database_v1.BackupSchedule:
    """Return a schedule as clients see it."""
    message = database_v1.BackupSchedule(
        name=str(schedule.name),
        spec={
            "cron_spec": {
                "text": schedule.crontab,
                "time_zone": TIME_ZONE,
                "creation_window": CREATION_WINDOW,
            }
        },
        retention_duration=schedule.retention,
        encryption_config=_encryption(schedule.message.encryption_config),
        update_time=schedule.update_time,
    )
    if schedule.incremental:
        message.incremental_backup_spec = database_v1.IncrementalBackupSpec()
    else:
        message.full_backup_spec = database_v1.FullBackupSpec()
    return message


def _encryption(
    config: database_v1.CreateBackupEncryptionConfig,
) -> database_v1.CreateBackupEncryptionConfig:
    types = database_v1.CreateBackupEncryptionConfig.EncryptionType
    if config.encryption_type != types.ENCRYPTION_TYPE_UNSPECIFIED:
        return config
    return database_v1.CreateBackupEncryptionConfig(encryption_type=types.USE_DATABASE_ENCRYPTION)
