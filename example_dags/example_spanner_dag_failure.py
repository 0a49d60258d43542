# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Dag that leaves nothing running when it fails.

A backup runs while orders are checked and a report is exported.
If either of these fails, the backup is cancelled; so it is if the run fails as a whole, or takes
too long.
Nothing fails by itself: start the run with `{"fail": "check_orders"}` or
`{"fail": "export_report"}` to see it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import (  # type: ignore[attr-defined]  # missing in its stub only
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    task,
)

from airflow_spanner_lro.core.operations.errors import OperationCancelledError
from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
BACKUP_ID = "dag-failure-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


def fail_if_asked(params: dict[str, Any], task_id: str) -> None:
    """Raise an error if the run was started with this task's id."""
    if params["fail"] == task_id:
        message = "This run was started to see what happens when a task fails."
        raise ValueError(message)


@task
def check_orders(params: dict[str, Any] | None = None) -> None:
    """Do something that may fail."""
    fail_if_asked(params or {}, "check_orders")


# [START howto_notifier_task]
@task(on_failure_callback=SpannerCancelOperationNotifier())
def export_report(params: dict[str, Any] | None = None) -> None:
    """Do something whose failure makes the backup useless."""
    fail_if_asked(params or {}, "export_report")


# [END howto_notifier_task]


@task
def publish() -> None:
    """Do what takes all of it."""


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"fail": Param("nothing", enum=["nothing", "check_orders", "export_report"])},
    # [START howto_notifier_dag]
    on_failure_callback=SpannerCancelOperationNotifier(),
    # [END howto_notifier_dag]
    # [START howto_notifier_deadline]
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=8),
        callback=AsyncCallback(SpannerCancelOperationNotifier, kwargs={"settle_timeout": 60}),
    ),
    # [END howto_notifier_deadline]
)
def example_spanner_dag_failure() -> None:
    """Back up beside tasks that may fail."""
    # [START howto_no_retry_after_cancel]
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
        deferrable=True,
        retries=2,
        retry_policy=ExceptionRetryPolicy(
            rules=[RetryRule(exception=OperationCancelledError, action=RetryAction.FAIL)]
        ),
    )
    # [END howto_no_retry_after_cancel]
    # [START howto_cancel_one_failed]
    cancel = SpannerCancelOperationOperator(
        task_id="cancel_backup",
        operation_name=[backup.output["operation_name"]],
        trigger_rule="one_failed",
    )
    checked = check_orders()
    checked >> cancel
    # the last tasks decide about a run: without this one, the cancel would make it a success
    [backup, checked, export_report()] >> publish()
    # [END howto_cancel_one_failed]


example_spanner_dag_failure()
