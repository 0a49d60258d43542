# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules, and the chains of incremental backups that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
    )

    from airflow_spanner_lro.core.names import (
        BackupName,
        BackupScheduleName,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain of incremental backups that a schedule is adding to.

    :param first: the version time of its first backup, a full one
    :param length: how many backups have been added
    :param newest: the latest of them, and its serial number
    """

    id: str
    first: datetime
    length: int
    newest: tuple[BackupName, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSchedule(Record):
    """A schedule that makes backups of a database.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param due: when it makes the next backup
    :param retention: for how long its backups are kept
    :param chain: what the next backup is added to; None if that will be a full one
    """

    name: BackupScheduleName
    message: database_v1.BackupSchedule
    update_time: datetime
    due: datetime
    retention: timedelta
    chain: Chain | None = None

    @property
    def crontab(self) -> str:
        """Its times, as five fields."""
        return str(self.message.spec.cron_spec.text)

    @property
    def incremental(self) -> bool:
        """Whether its backups form chains."""
        return "incremental_backup_spec" in self.message

    @property
    def next_event(self) -> datetime | None:
        """When it makes the next backup."""
        return self.due
