# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups, and the schedules that make them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, BackupScheduleName, DatabaseName
    from airflow_spanner_lro.emulator.schemas.model import Schema

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
