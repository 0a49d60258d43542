# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses of backup schedules."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.errors.base import RpcError, invalid, precondition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from airflow_spanner_lro.core.names import BackupScheduleName, InstanceName

_CRONTAB = "spec.cron_spec.text"


def bad_crontab(text: str, *, reason: str) -> RpcError:
    """Say that a schedule's times cannot be read."""
    return invalid(f"Invalid {_CRONTAB} {text!r}: {reason}.", field=_CRONTAB)


def too_frequent(text: str, *, gap: timedelta, least: timedelta, what: str) -> RpcError:
    """Say that a schedule would make its backups too often."""
    hours = int(least.total_seconds()) // 3600
    return invalid(
        f"Invalid {_CRONTAB} {text!r}: {what} backups must be scheduled at least {hours} "
        f"hours apart, and two of these are {gap} apart.",
        field=_CRONTAB,
    )


def bad_retention_duration(retention: timedelta) -> RpcError:
    """Say that a schedule's backups would be kept too short or too long."""
    return invalid(
        f"Invalid retention_duration {retention.total_seconds():.0f}s: it must be at least 6 hours "
        "and at most 366 days.",
        field="retention_duration",
    )


no_backup_type = partial(
    invalid,
    "One of full_backup_spec and incremental_backup_spec is required.",
    field="full_backup_spec",
)


def bad_schedule_mask(allowed: Iterable[str]) -> RpcError:
    """Say that an update mask names nothing, or what cannot be updated."""
    return invalid(
        "Invalid field mask for UpdateSchedule request. Field mask must contain at least one valid "
        f"path. Allowed paths are: {', '.join(sorted(allowed))}."
    )


def too_many_schedules(name: BackupScheduleName, *, limit: int) -> RpcError:
    """Say that a database has a limited number of schedules."""
    return precondition(name, f"Reached maximum limit of {limit} schedules per database.")


def edition_too_low(name: BackupScheduleName, *, instance: InstanceName) -> RpcError:
    """Say that an instance's edition has no incremental backups."""
    return precondition(
        name,
        f"Incremental backups are not available for instance {instance} of the STANDARD edition.",
    )
