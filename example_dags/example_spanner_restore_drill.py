# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restore drill.

A backup that was never restored is a hope.
This Dag takes a backup, restores it into a scratch database, checks the database's state, where it
came from and its schema, and then drops the scratch database and deletes the backup:
also when a step before failed.
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
from airflow_spanner_lro.operators.databases import (
    SpannerDropDatabaseOperator,
    SpannerRestoreDatabaseOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

_RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"
BACKUP_ID = f"drill-{_RUN}"
SCRATCH_ID = f"scratch-{_RUN}"


@task
def verify(backup: dict[str, Any], restored: dict[str, Any]) -> None:
    """Check state, source and schema of the restored database."""
    from airflow_spanner_lro.core.names import DatabaseName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    if restored["state"] != "READY":
        message = f"{restored['name']} is {restored['state']}"
        raise ValueError(message)
    source = restored["restore_info"]["backup_info"]
    if source["backup"] != backup["name"]:
        message = f"{restored['name']} was restored from {source['backup']}"
        raise ValueError(message)
    client = SpannerAdminHook().client
    original = client.get_ddl(name=DatabaseName.parse(backup["database"]))
    if client.get_ddl(name=DatabaseName.parse(restored["name"])) != original:
        message = f"{restored['name']} has another schema than {backup['database']}"
        raise ValueError(message)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_restore_drill() -> None:
    """Back up, restore, verify, and leave nothing behind."""
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
        database_id=SCRATCH_ID,
        source_backup=BACKUP_ID,
        wait_for_optimize=True,
        deferrable=True,
    )
    # [END howto_operator_restore_database]
    # [START howto_operator_teardown]
    drop = SpannerDropDatabaseOperator(task_id="drop_scratch", database_id=SCRATCH_ID)
    delete = SpannerDeleteBackupOperator(task_id="delete_backup", backup_id=BACKUP_ID)
    # [END howto_operator_teardown]
    verified = verify(backup.output, restore.output)  # type: ignore[arg-type]  # filled in at run time
    backup >> restore >> verified >> drop.as_teardown(setups=restore, on_failure_fail_dagrun=True)
    drop >> delete.as_teardown(setups=backup, on_failure_fail_dagrun=True)


example_spanner_restore_drill()
