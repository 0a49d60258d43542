# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators around backups to execute, and what to look at in what they return."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backup_schedules import (
    SpannerCreateBackupScheduleOperator,
    SpannerDeleteBackupScheduleOperator,
    SpannerUpdateBackupScheduleOperator,
)
from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerUpdateBackupOperator,
)

from .doubles import DATABASE, SOURCE

FAR = "projects/other/instances/far"
COPY = f"{FAR}/backups/copy"
SCHEDULE = f"{DATABASE}/backupSchedules/nightly"
HERE, THERE = (f"projects/p/locations/{at}/keyRings/r/cryptoKeys/k" for at in ("here", "there"))
CUSTOMER, GOOGLE = "CUSTOMER_MANAGED_ENCRYPTION", "GOOGLE_DEFAULT_ENCRYPTION"
DAYS, HOURS = timedelta(days=1), timedelta(hours=1)

_WHICH: dict[str, Any] = {
    "project_id": "test",
    "instance_id": "main",
    "database_id": "orders",
    "schedule_id": "nightly",
}


def copy_backup(**parameters: Any) -> SpannerCopyBackupOperator:
    """Return an operator that copies the backup to the other project."""
    usual: dict[str, Any] = {
        "task_id": "copy",
        "project_id": "other",
        "instance_id": "far",
        "backup_id": "copy",
        "source_backup": SOURCE,
        "expire_time": 30 * DAYS,
    }
    return SpannerCopyBackupOperator(**usual | parameters)


def update_backup(**parameters: Any) -> SpannerUpdateBackupOperator:
    """Return an operator that changes when the backup expires."""
    usual: dict[str, Any] = {
        "task_id": "update",
        "project_id": "test",
        "instance_id": "main",
        "backup_id": "source",
        "expire_time": 7 * DAYS,
    }
    return SpannerUpdateBackupOperator(**usual | parameters)


def create_schedule(**parameters: Any) -> SpannerCreateBackupScheduleOperator:
    """Return an operator that has the database backed up every night."""
    usual = {"task_id": "create", "cron": "0 2 * * *", "retention": 7 * DAYS}
    return SpannerCreateBackupScheduleOperator(**_WHICH | usual | parameters)


def update_schedule(**parameters: Any) -> SpannerUpdateBackupScheduleOperator:
    """Return an operator that changes the schedule."""
    return SpannerUpdateBackupScheduleOperator(**_WHICH | {"task_id": "update"} | parameters)


def delete_schedule(**parameters: Any) -> SpannerDeleteBackupScheduleOperator:
    """Return an operator that deletes the schedule."""
    return SpannerDeleteBackupScheduleOperator(**_WHICH | {"task_id": "delete"} | parameters)


def moment(backup: dict[str, Any], field: str = "expire_time") -> datetime:
    """Return a time of a backup as XComs hold it."""
    return datetime.fromisoformat(backup[field])


def keys(backup: dict[str, Any]) -> list[str]:
    """Return the customer's keys that encrypt a backup; an empty one for Google's own."""
    return [each["kms_key_version"].split("/cryptoKeyV")[0] for each in _encryption_of(backup)]


def _encryption_of(backup: dict[str, Any]) -> list[dict[str, Any]]:
    infos: list[dict[str, Any]] = backup["encryption_information"]
    return infos


def rendered(operator: Any, params: dict[str, Any]) -> Any:
    """Return an operator with its templates rendered, as Airflow does before it is executed."""
    operator.dag = DAG("dag", schedule=None)
    operator.render_template_fields(cast("Any", {"params": params}))
    return operator
