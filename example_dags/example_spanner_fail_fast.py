# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Dag that ends with its first failure.

A backup and an export run side by side.
If the export fails, Airflow ends all other tasks at once; so it does when the run takes too long.
A backup that is ended like this cancels its operation.
A teardown makes sure that nothing runs on, whatever happened.
Nothing fails by itself: start the run with `{"fail": true}` to see it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
BACKUP_ID = "fail-fast-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@task
def export_report(params: dict[str, Any] | None = None) -> None:
    """Do something that may fail."""
    if (params or {})["fail"]:
        message = "This run was started to see what happens when a task fails."
        raise ValueError(message)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"fail": Param(default=False, type="boolean")},
    # [START howto_fail_fast]
    fail_fast=True,
    # [END howto_fail_fast]
    # [START howto_dagrun_timeout]
    dagrun_timeout=timedelta(hours=10),
    # [END howto_dagrun_timeout]
)
def example_spanner_fail_fast() -> None:
    """Back up beside a task that may fail."""
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        deferrable=True,
        retries=2,
    )
    # [START howto_cancel_teardown]
    leave_nothing_running = SpannerCancelOperationOperator(
        task_id="leave_nothing_running",
        operation_name=[backup.output["operation_name"]],
    ).as_teardown()
    # [END howto_cancel_teardown]
    export_report() >> leave_nothing_running


example_spanner_fail_fast()
