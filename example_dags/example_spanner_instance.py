# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An instance for a day.

Creates an instance, gives it a second node, moves it to another region while it stays in use, and
deletes it: also when a step before failed.
A move of much data takes hours; the task waits for it in the triggerer.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.instances import (
    SpannerCreateInstanceOperator,
    SpannerDeleteInstanceOperator,
    SpannerMoveInstanceOperator,
    SpannerUpdateInstanceOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
CONFIG_ID = os.environ.get("SPANNER_CONFIG_ID", "regional-europe-west1")
TARGET_CONFIG_ID = os.environ.get("SPANNER_TARGET_CONFIG_ID", "regional-europe-west4")
INSTANCE_ID = "reports-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_instance() -> None:
    """Create, scale, move and delete one instance."""
    # [START howto_operator_create_instance]
    create = SpannerCreateInstanceOperator(
        task_id="create",
        config_id=CONFIG_ID,
        node_count=1,
        edition="STANDARD",
        labels={"team": "reporting"},
        default_backup_schedule_type="NONE",
        deferrable=True,
        execution_timeout=timedelta(hours=1),
    )
    # [END howto_operator_create_instance]
    # [START howto_operator_update_instance]
    scale_up = SpannerUpdateInstanceOperator(task_id="scale_up", node_count=2, deferrable=True)
    # [END howto_operator_update_instance]
    # [START howto_operator_move_instance]
    move = SpannerMoveInstanceOperator(
        task_id="move",
        target_config_id=TARGET_CONFIG_ID,
        deferrable=True,
        execution_timeout=timedelta(days=2),
    )
    # [END howto_operator_move_instance]
    # [START howto_operator_delete_instance]
    delete = SpannerDeleteInstanceOperator(task_id="delete")
    # [END howto_operator_delete_instance]
    create >> scale_up >> move >> delete.as_teardown(setups=create)


example_spanner_instance()
