# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Nightly backup.

Backs a database up every night and keeps each backup for thirty days.
The task waits in the triggerer: no worker is held while Spanner works.
When somebody ends the task, or it takes longer than four hours, the operation is cancelled.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")


@dag(
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Spanner makes one backup of a database at a time
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
)
def example_spanner_backup() -> None:
    """Back up one database."""
    # [START howto_operator_create_backup]
    SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id=DATABASE_ID + "-{{ dag_run.run_after.strftime('%Y%m%d-%H%M%S') }}",
        expire_time=timedelta(days=30),
        deferrable=True,
        execution_timeout=timedelta(hours=4),
        retries=2,
    )
    # [END howto_operator_create_backup]


example_spanner_backup()
