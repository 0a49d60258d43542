# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors with usual parameters, and the ways in which a sensor can wait."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.sensors.sensors import (
    SpannerBackupSensor,
    SpannerDatabaseSensor,
    SpannerNoOperationInProgressSensor,
    SpannerOperationSensor,
)
from tests.airflow.fakes import BACKUP

WHERE: dict[str, Any] = {
    "task_id": "wait",
    "project_id": "test",
    "instance_id": "main",
    "poke_interval": 0.02,
}
WAYS = [
    pytest.param({}, id="poke"),
    pytest.param({"mode": "reschedule"}, id="reschedule"),
    pytest.param({"deferrable": True}, id="deferrable"),
]


def backup_sensor(**parameters: Any) -> SpannerBackupSensor:
    """Return a sensor on the backup that the others are about."""
    usual = {} if "database_id" in parameters else {"backup_id": "nightly"}
    return SpannerBackupSensor(**WHERE | usual | parameters)


def database_sensor(**parameters: Any) -> SpannerDatabaseSensor:
    """Return a sensor on a database that somebody is going to restore."""
    usual = {"database_id": "restored", "state": ["READY", "READY_OPTIMIZING"]}
    return SpannerDatabaseSensor(**WHERE | usual | parameters)


def quiet_sensor(**parameters: Any) -> SpannerNoOperationInProgressSensor:
    """Return a sensor on the database."""
    usual = {} if "backup_id" in parameters else {"database_id": "orders"}
    return SpannerNoOperationInProgressSensor(**WHERE | usual | parameters)


def operation_sensor(**parameters: Any) -> SpannerOperationSensor:
    """Return a sensor that waits for an operation."""
    usual = {"operation_name": f"{BACKUP}/operations/some"}
    return SpannerOperationSensor(task_id="sensor", **usual | parameters)
