# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations by their names.

Starts a backup without waiting for it, lists what runs, and waits for the backup in a task of its
own, while another task does something else.
If that one fails, the backup is cancelled at once; whatever happens, no backup runs on afterwards.
At last the records of old operations of the instance are deleted.
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
from airflow_spanner_lro.operators.operations import (
    SpannerCancelOperationOperator,
    SpannerDeleteOperationOperator,
    SpannerGetOperationOperator,
    SpannerListOperationsOperator,
)
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
BACKUP_ID = "operations-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@task
def export_report(running: list[dict[str, Any]]) -> list[str]:
    """Do something else meanwhile; here, return a line on each operation."""
    return [f"{each['title']} on {each['resource']}: {each['percent']} %" for each in running]


@task
def older_than_a_day(finished: list[dict[str, Any]]) -> list[str]:
    """Return the names of operations that ended more than a day ago."""
    limit = datetime.now(tz=UTC) - timedelta(days=1)
    return [
        each["name"]
        for each in finished
        if each["end_time"] and datetime.fromisoformat(each["end_time"]) < limit
    ]


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_operations() -> None:
    """Start, list, wait, look, cancel and forget."""
    start = SpannerCreateBackupOperator(
        task_id="start_backup",
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        wait_for_completion=False,
    )
    # [START howto_operator_list_operations]
    running = SpannerListOperationsOperator(
        task_id="list_backups_that_run",
        database_id=DATABASE_ID,
        list_type="BACKUP",
        pending_only=True,
    )
    # [END howto_operator_list_operations]
    wait = SpannerOperationSensor(
        task_id="wait_for_backup",
        operation_name=start.output,  # type: ignore[arg-type]  # filled in at run time
        deferrable=True,
    )
    # [START howto_operator_get_operation]
    look = SpannerGetOperationOperator(
        task_id="look_at_backup",
        operation_name=start.output,  # type: ignore[arg-type]  # filled in at run time
    )
    # [END howto_operator_get_operation]
    export = export_report(running.output)  # type: ignore[arg-type]  # filled in at run time
    # [START howto_operator_cancel_operation]
    cancel = SpannerCancelOperationOperator(
        task_id="cancel_backup",
        # more tasks may be named here, also some that did not start anything
        operation_name=[start.output],
        trigger_rule="one_failed",
    )
    export >> cancel
    # [END howto_operator_cancel_operation]
    # [START howto_operator_cancel_operation_teardown]
    leave_nothing_running = SpannerCancelOperationOperator(
        task_id="leave_nothing_running",
        operation_name=start.output,  # type: ignore[arg-type]  # filled in at run time
    ).as_teardown()
    # [END howto_operator_cancel_operation_teardown]
    delete = SpannerDeleteBackupOperator(task_id="delete_backup", backup_id=BACKUP_ID)
    # [START howto_operator_delete_operation]
    finished = SpannerListOperationsOperator(
        task_id="list_finished", list_type="INSTANCE", operation_filter="done:true"
    )
    forget = SpannerDeleteOperationOperator(
        task_id="forget_old_ones",
        operation_name=older_than_a_day(finished.output),  # type: ignore[arg-type]  # filled in at run time
    )
    # [END howto_operator_delete_operation]
    start >> [running, wait]
    wait >> look >> leave_nothing_running
    export >> leave_nothing_running
    # the backup is no setup: Airflow lets no task with another trigger rule follow a setup
    leave_nothing_running >> delete.as_teardown()
    [look, export] >> finished >> forget


example_spanner_operations()
