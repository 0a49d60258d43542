# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which backup a restore drill restores: a new one, or the newest there is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.text import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spanner_lro.core.arguments.times import TimeLike
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBackup:
    """Take a backup for the drill.

    :param backup_id: its id; by default one that is drawn for each run
    :param expire_time: when Spanner deletes it, should nobody else do
    :param keep: leave it where it is when the drill has ended, instead of deleting it
    :param kms_key_names: full names of the Cloud KMS keys to encrypt it with
    """

    backup_id: str | None = None
    expire_time: TimeLike = _DAY
    keep: bool = False
    kms_key_names: str | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestBackup:
    """Restore the newest complete backup of the database, whoever made it; it is never deleted.

    :param filter_: only of those that match, in the filter language of ListBackups
    :param max_age: fail if it shows the database as it was longer ago than this
    """

    filter_: str = ""
    max_age: timedelta | None = None


class NoUsableBackupError(SpannerLroError):
    """There is no backup that the drill could restore."""


def newest(
    backups: Iterable[BackupFacts],
    *,
    query: BackupQuery,
    max_age: timedelta | None,
    now: datetime,
) -> BackupFacts:
    """Return the newest backup that is complete.

    :param query: what was asked for, for the error
    :raises NoUsableBackupError: if there is none, or it is too old
    """
    of = query.database.database if query.database else query.instance.instance
    matching = f" that matches {query.filter_}" if query.filter_ else ""
    ready = [backup for backup in backups if backup.ready]
    if not ready:
        message = (
            f"No backup to restore: {of} has no complete backup{matching}. Check its backup "
            f"schedules, and the filter. {query.instance}"
        )
        raise NoUsableBackupError(message)
    found = max(ready, key=lambda backup: backup.create_time)
    age = now - (found.version_time or found.create_time)
    if max_age is not None and age > max_age:
        message = (
            f"Newest backup too old: it shows {of} as it was {format_duration(age.total_seconds())}"
            f" ago, and max_age is {format_duration(max_age.total_seconds())}. Check the backup "
            f"schedules. {found.name}"
        )
        raise NoUsableBackupError(message)
    return found


def draw_id(*, now: datetime) -> str:
    """Return an id for a scratch database or a backup that nothing else has or gets."""
    return f"drill-{now.strftime('%m%d-%H%M%S')}-{secrets.token_hex(4)}"
