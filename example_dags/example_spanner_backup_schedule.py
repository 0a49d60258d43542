# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups by Spanner's own schedule.

Spanner can back a database up by itself, also incrementally, while no Airflow is running.
This Dag makes such a schedule, then lets its backups be kept longer, and deletes it in the end.
Making it once more succeeds if it is there already, just as asked for.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.backup_schedules import (
    SpannerCreateBackupScheduleOperator,
    SpannerDeleteBackupScheduleOperator,
    SpannerUpdateBackupScheduleOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

SCHEDULE_ID = "every-night-{{ dag_run.run_after.strftime('%Y%m%d-%H%M%S') }}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Spanner takes four schedules for each database
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "database_id": DATABASE_ID,
        "schedule_id": SCHEDULE_ID,
        "retries": 2,
    },
)
def example_spanner_backup_schedule() -> None:
    """Make a backup schedule, change it, and delete it."""
    # [START howto_operator_create_backup_schedule]
    create = SpannerCreateBackupScheduleOperator(
        task_id="create_schedule",
        # in UTC
        cron="0 2 * * *",
        retention=timedelta(days=7),
        incremental=True,
    )
    # [END howto_operator_create_backup_schedule]
    # [START howto_operator_update_backup_schedule]
    keep_longer = SpannerUpdateBackupScheduleOperator(
        task_id="keep_longer", retention=timedelta(days=30)
    )
    # [END howto_operator_update_backup_schedule]
    # [START howto_operator_delete_backup_schedule]
    delete = SpannerDeleteBackupScheduleOperator(task_id="delete_schedule")
    # [END howto_operator_delete_backup_schedule]
    create >> keep_longer >> delete.as_teardown(setups=create)


example_spanner_backup_schedule()
