# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses about backups and restores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName


def bad_expire_time(expire_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's expire_time is out of range."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: it must be at least 6 hours and at most "
        f"366 days after the backup's creation, that is from {earliest.isoformat()} to "
        f"{latest.isoformat()}."
    )


def bad_version_time(version_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's version_time is out of range."""
    return invalid(
        f"Invalid version_time {version_time.isoformat()}: it must lie within the database's "
        f"version retention, from {earliest.isoformat()} to {latest.isoformat()}."
    )


def second_backup(name: DatabaseName, *, pending: BackupName) -> RpcError:
    """Say that only one backup of a database may be pending."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot create a backup of database {name} because the maximum number of pending backups "
        f"(1) for the database has been reached: {pending} is still being created. "
        "Please retry the operation once the pending backup completes.",
    )


def backup_in_use(name: BackupName, *, database: DatabaseName) -> RpcError:
    """Say that a backup cannot be deleted while a restored database still reads from it."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot delete backup {name} because it is referenced by database {database}, which is "
        "being restored or optimized. Retry once that database is READY.",
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
