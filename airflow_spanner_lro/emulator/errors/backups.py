# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses about backups, restores and backup schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from airflow_spanner_lro.core.names import (
        BackupName,
        BackupScheduleName,
        DatabaseName,
        InstanceName,
    )


def bad_expire_time(expire_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a new backup's expire_time is out of range."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: it must be at least 6 hours and at most "
        f"366 days after the backup's creation, that is from {earliest.isoformat()} to "
        f"{latest.isoformat()}."
    )


def bad_copy_expire_time(
    expire_time: datetime, *, earliest: datetime, latest: datetime
) -> RpcError:
    """Say that a copy's expire_time is out of range."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: that of a copy must be at least 6 hours "
        "after the creation of its source, in the future, and at most the max_expire_time of its "
        f"source, that is from {earliest.isoformat()} to {latest.isoformat()}."
    )


def bad_new_expire_time(expire_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that an expire_time cannot be moved there."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: it can be moved to a time in the future, "
        "at least 6 hours after the backup's creation and at most its max_expire_time, that is "
        f"from {earliest.isoformat()} to {latest.isoformat()}."
    )


def bad_time(field: str, *, reason: str) -> RpcError:
    """Say that a timestamp or duration is none."""
    return invalid(f"Invalid {field}: {reason}")


def bad_version_time(version_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's version_time is out of range."""
    return invalid(
        f"Invalid version_time {version_time.isoformat()}: it must lie within the database's "
        f"version retention, from {earliest.isoformat()} to {latest.isoformat()}."
    )


def bad_encryption(reason: str) -> RpcError:
    """Say that an encryption_config does not say how to encrypt."""
    return invalid(f"Invalid encryption_config: {reason}")


def database_elsewhere(name: DatabaseName, *, instance: InstanceName) -> RpcError:
    """Say that a backup is made in the instance of its database."""
    return invalid(f"Database {name} is not in instance {instance}.")


def second_backup(name: DatabaseName, *, pending: BackupName, limit: int) -> RpcError:
    """Say that a database has a limited number of pending backups."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot create a backup of database {name} because the maximum number of pending backups "
        f"({limit}) for the database has been reached: {pending} is still being created. "
        "Please retry the operation once the pending backup completes.",
    )


def backup_in_use(
    name: BackupName, *, databases: Sequence[DatabaseName], copies: Sequence[BackupName]
) -> RpcError:
    """Say that a backup cannot be deleted while something reads from it."""
    reasons = []
    if databases:
        names = ", ".join(map(str, databases))
        reasons.append(f"it is referenced by these databases until they are READY: {names}")
    if copies:
        names = ", ".join(map(str, copies))
        reasons.append(f"it is being copied to these backups: {names}")
    return about(
        Code.FAILED_PRECONDITION, name, f"Cannot delete backup {name} because {'; '.join(reasons)}."
    )


def source_not_ready(name: BackupName) -> RpcError:
    """Say that a backup cannot be copied before it is complete."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot copy source backup {name} because the backup is still being created. "
        "Please retry the operation once the pending backup completes.",
    )


def source_expired(name: BackupName) -> RpcError:
    """Say that a backup has expired and waits only for those who still read from it."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot copy source backup {name} because the backup has expired.",
    )


def restored_source_expired(name: BackupName) -> RpcError:
    """Say that nothing can be restored any more from a backup that has expired."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot restore from backup {name} because the backup has expired.",
    )


def no_backups_in_free_instance(name: InstanceName) -> RpcError:
    """Say that free instances have neither backups nor schedules nor restored databases."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Backup and restore are not available for free trial instance {name}. Upgrade it first.",
    )


def immutable_field(path: str) -> RpcError:
    """Say that an update mask names what cannot be updated."""
    return invalid(f"Invalid update_mask: {path!r} cannot be updated; only expire_time can.")


def other_config(name: BackupName, *, instance: InstanceName) -> RpcError:
    """Say that a restore would cross instance configurations."""
    return invalid(
        f"Cannot restore backup {name} to instance {instance} because the two instances have "
        "different instance configurations."
    )


def too_many_restores(name: DatabaseName, *, instance: InstanceName, limit: int) -> RpcError:
    """Say that an instance has a limited number of pending restores."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot restore database {name} because the maximum number of pending restores "
        f"({limit}) for the instance {instance} has been reached. "
        "Please retry the operation once the pending restores complete.",
    )


def bad_crontab(text: str, *, reason: str) -> RpcError:
    """Say that a schedule's times cannot be read."""
    return invalid(f"Invalid spec.cron_spec.text {text!r}: {reason}.")


def too_frequent(text: str, *, gap: timedelta, least: timedelta, what: str) -> RpcError:
    """Say that a schedule would make its backups too often."""
    hours = int(least.total_seconds()) // 3600
    return invalid(
        f"Invalid spec.cron_spec.text {text!r}: {what} backups must be scheduled at least {hours} "
        f"hours apart, and two of these are {gap} apart."
    )


def bad_retention_duration(retention: timedelta) -> RpcError:
    """Say that a schedule's backups would be kept too short or too long."""
    return invalid(
        f"Invalid retention_duration {retention.total_seconds():.0f}s: it must be at least 6 hours "
        "and at most 366 days."
    )


def no_backup_type() -> RpcError:
    """Say that a schedule does not say which kind of backup it makes."""
    return invalid("One of full_backup_spec and incremental_backup_spec is required.")


def bad_schedule_mask(allowed: Iterable[str]) -> RpcError:
    """Say that an update mask names nothing, or what cannot be updated."""
    return invalid(
        "Invalid field mask for UpdateSchedule request. Field mask must contain at least one valid "
        f"path. Allowed paths are: {', '.join(sorted(allowed))}."
    )


def too_many_schedules(name: BackupScheduleName, *, limit: int) -> RpcError:
    """Say that a database has a limited number of schedules."""
    return about(
        Code.FAILED_PRECONDITION, name, f"Reached maximum limit of {limit} schedules per database."
    )


def edition_too_low(name: BackupScheduleName, *, instance: InstanceName) -> RpcError:
    """Say that an instance's edition has no incremental backups."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Incremental backups are not available for instance {instance} of the STANDARD edition.",
    )
