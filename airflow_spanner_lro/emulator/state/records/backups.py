# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups, and the schedules that make them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.core.names import BackupName, BackupScheduleName, DatabaseName
    from airflow_spanner_lro.emulator.state.ddl import Schema

MAX_BACKUP_AGE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup(Record):
    """A backup: of which database, at which time, with which schema.

    :param data_bytes: the size of what it holds
    :param max_expire_time: how long it can be kept at most
    :param expired: whether its time was over while something still read from it
    :param encryption: what its creator asked for; None for Google's own keys
    :param schedules: the names of the schedules that made it
    :param chain: the id of its chain of incremental backups, or empty
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
    encryption: database_v1.CreateBackupEncryptionConfig | None = None
    schedules: tuple[BackupScheduleName, ...] = ()
    chain: str = ""

    @property
    def size_bytes(self) -> int:
        """Its size; 0 while it is being created."""
        return self.data_bytes if self.ready else 0

    @property
    def next_event(self) -> datetime | None:
        """When it expires; one that is being created does not."""
        return self.expire_time if self.ready and not self.expired else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSchedule(Record):
    """A schedule that makes backups of a database.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param due: when it makes the next backup
    """

    name: BackupScheduleName
    message: database_v1.BackupSchedule
    update_time: datetime
    due: datetime

    @property
    def next_event(self) -> datetime | None:
        """When it makes the next backup."""
        return self.due
