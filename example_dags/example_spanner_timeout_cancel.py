# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A backup that overruns.

A backup takes longer than its `execution_timeout`.
The trigger cancels the operation when the time is up and waits until Spanner confirms it;
then a second task makes sure that neither a running operation nor a backup is left behind.
This run succeeds when the cleaning up did.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_OVERRUN_DATABASE_ID", "clickstream")
BACKUP_ID = "overrun-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@task(trigger_rule="one_failed")
def nothing_is_left(operation_name: str) -> None:
    """Check that the operation was cancelled and that there is no backup."""
    from google.api_core.exceptions import NotFound

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    hook = SpannerAdminHook()
    snapshot = hook.get_operation(name=operation_name)
    if not snapshot.cancelled:
        message = f"{operation_name} is {snapshot.state}, not cancelled"
        raise ValueError(message)
    backup = OperationName.parse(operation_name).resource
    try:
        hook.client.get_resource(name=backup)
    except NotFound:
        return
    message = f"{backup} still exists"
    raise ValueError(message)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
)
def example_spanner_timeout_cancel() -> None:
    """Let a backup overrun, and look at what is left."""
    # [START howto_operator_timeout]
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        deferrable=True,
        execution_timeout=timedelta(seconds=20),
    )
    # [END howto_operator_timeout]
    nothing_is_left(backup.output["operation_name"])


example_spanner_timeout_cancel()
