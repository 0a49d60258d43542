# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restore a backup, step by step.

Takes a backup and restores it into another database, which is dropped again, as the backup is
deleted: also when a step before failed.
To find out whether backups are any good, see ``example_spanner_restore_drill``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.backups import (
    SpannerCreateBackupOperator,
    SpannerDeleteBackupOperator,
)
from airflow_spanner_lro.operators.databases import (
    SpannerDropDatabaseOperator,
    SpannerRestoreDatabaseOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

_RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"
BACKUP_ID = f"restore-{_RUN}"
RESTORED_ID = f"restored-{_RUN}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_restore() -> None:
    """Back up, restore, and leave nothing behind."""
    # [START howto_operator_restore_database]
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        deferrable=True,
    )
    restore = SpannerRestoreDatabaseOperator(
        task_id="restore",
        database_id=RESTORED_ID,
        source_backup=BACKUP_ID,
        wait_for_optimize=True,
        deferrable=True,
    )
    # [END howto_operator_restore_database]
    # [START howto_operator_teardown]
    drop = SpannerDropDatabaseOperator(task_id="drop_restored", database_id=RESTORED_ID)
    delete = SpannerDeleteBackupOperator(task_id="delete_backup", backup_id=BACKUP_ID)
    # [END howto_operator_teardown]
    # with on_failure_fail_dagrun the teardowns alone would decide whether the run has failed
    backup >> restore >> drop.as_teardown(setups=restore)
    drop >> delete.as_teardown(setups=backup)


example_spanner_restore()
