# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Somebody else's operation.

A colleague has begun a schema change with `gcloud`, and what comes next needs its outcome.
Finds the schema changes that run on a database, or takes the operation that the run was given, and
waits until all of them have succeeded.
If one of them fails, so does the run; it is never cancelled from here.
If there are none, the rest goes on at once.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from airflow_spanner_lro.operators.operations import SpannerListOperationsOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor

# [START recipe_wait_for_others]
PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_SHARED_DATABASE_ID", "orders")


@task
def whom_to_wait_for(
    running: list[dict[str, Any]], params: dict[str, Any] | None = None
) -> list[str]:
    """Return the names of the operations to wait for."""
    given = (params or {})["operation_name"]
    names = [given] if given else [each["name"] for each in running]
    if not names:
        message = "Nobody changes this schema."
        raise AirflowSkipException(message)
    return names


@task(trigger_rule="none_failed")
def load_data() -> None:
    """Do what needs the new schema."""


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"operation_name": Param(None, type=["null", "string"])},
    default_args={"retries": 2},
)
def example_spanner_wait_for_others() -> None:
    """Wait for a schema change that this Dag has not begun."""
    running = SpannerListOperationsOperator(
        task_id="list_schema_changes",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        list_type="DATABASE_UPDATE_DDL",
        pending_only=True,
    )
    names = whom_to_wait_for(running.output)  # type: ignore[arg-type]  # filled in at run time
    wait = SpannerOperationSensor(
        task_id="wait",
        operation_name=names,  # type: ignore[arg-type]  # filled in at run time
        deferrable=True,
        poke_interval=30,
        timeout=timedelta(hours=24),
    )
    wait >> load_data()


example_spanner_wait_for_others()
# [END recipe_wait_for_others]
