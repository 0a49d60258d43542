# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup that others can schedule on.

Backs a database up and adds an event to the asset "all backups of this database".
The event says which backup it was, as of when, until when, and how large.
``example_spanner_asset_restore`` runs whenever there is a new one.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Spanner makes one backup of a database at a time
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"retries": 2},
)
def example_spanner_asset_backup() -> None:
    """Back up one database, and tell."""
    # [START howto_asset_outlet]
    SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id="asset-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}",
        expire_time=timedelta(days=7),
        deferrable=True,
        outlets=[
            backups_asset(project_id=PROJECT_ID, instance_id=INSTANCE_ID, database_id=DATABASE_ID)
        ],
    )
    # [END howto_asset_outlet]


example_spanner_asset_backup()
