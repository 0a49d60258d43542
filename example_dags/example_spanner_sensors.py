# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for what others do.

Before a release touches a database, this Dag waits until nobody else works on it.
It then starts a backup without waiting, waits for it later, and takes the newest backup that there
is of the database, whoever made it.
Nothing that a sensor waits for is ever cancelled by it.
With `deferrable=True` a sensor begins in the triggerer, and holds no worker while it waits.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_spanner_lro.operators.backups import (
    SpannerCreateBackupOperator,
    SpannerDeleteBackupOperator,
)
from airflow_spanner_lro.sensors.sensors import (
    SpannerBackupSensor,
    SpannerDatabaseSensor,
    SpannerNoOperationInProgressSensor,
    SpannerOperationSensor,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

BACKUP_ID = "sensed-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@task
def report(backup: dict[str, Any]) -> str:
    """Say which backup would be restored if the release went wrong."""
    return f"{backup['name']} shows {backup['database']} as of {backup['version_time']}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "deferrable": True,
        "poke_interval": 30,
        "retries": 2,
    },
)
def example_spanner_sensors() -> None:
    """Wait for the database, for silence, for an operation, and for a backup."""
    # [START howto_sensor_database]
    usable = SpannerDatabaseSensor(
        task_id="wait_until_usable",
        database_id=DATABASE_ID,
        state=["READY", "READY_OPTIMIZING"],
        timeout=timedelta(hours=1),
    )
    # [END howto_sensor_database]
    # [START howto_sensor_no_operation_in_progress]
    quiet = SpannerNoOperationInProgressSensor(
        task_id="wait_until_nothing_is_in_progress",
        database_id=DATABASE_ID,
        operation_types=["CreateBackup", "UpdateDatabaseDdl"],
        timeout=timedelta(hours=6),
    )
    # [END howto_sensor_no_operation_in_progress]
    # [START howto_sensor_operation]
    start = SpannerCreateBackupOperator(
        task_id="start_backup",
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        wait_for_completion=False,
    )
    made = SpannerOperationSensor(
        task_id="wait_for_backup",
        operation_name=start.output,  # type: ignore[arg-type]  # filled in at run time
    )
    # [END howto_sensor_operation]
    # [START howto_sensor_backup]
    newest = SpannerBackupSensor(
        task_id="find_newest_backup",
        database_id=DATABASE_ID,
        newer_than=timedelta(hours=24),
    )
    # [END howto_sensor_backup]
    delete = SpannerDeleteBackupOperator(task_id="delete_backup", backup_id=BACKUP_ID)
    reported = report(newest.output)  # type: ignore[arg-type]  # filled in at run time
    usable >> quiet >> start >> made >> newest >> reported
    reported >> delete.as_teardown(setups=start)


example_spanner_sensors()
