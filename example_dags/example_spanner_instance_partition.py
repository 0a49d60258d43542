# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A partition of an instance.

Adds a partition with compute and storage of its own in another region, lets an autoscaler size it,
and deletes it: also when a step before failed.
Partitions need an instance in more than one region, of the edition Enterprise Plus; for the
emulator say ``--instance-config nam6``. The region here must be of no other partition.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.sdk import dag

from airflow_spanner_lro.operators.partitions import (
    SpannerCreateInstancePartitionOperator,
    SpannerDeleteInstancePartitionOperator,
    SpannerUpdateInstancePartitionOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
CONFIG_ID = os.environ.get("SPANNER_PARTITION_CONFIG_ID", "regional-us-central1")
PARTITION_ID = "overseas-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "partition_id": PARTITION_ID,
        "retries": 2,
    },
)
def example_spanner_instance_partition() -> None:
    """Create, autoscale and delete one partition."""
    # [START howto_operator_create_instance_partition]
    create = SpannerCreateInstancePartitionOperator(
        task_id="create",
        config_id=CONFIG_ID,
        processing_units=1000,
        deferrable=True,
    )
    # [END howto_operator_create_instance_partition]
    # [START howto_operator_update_instance_partition]
    autoscale = SpannerUpdateInstancePartitionOperator(
        task_id="autoscale",
        autoscaling={
            "autoscaling_limits": {"min_nodes": 1, "max_nodes": 3},
            "autoscaling_targets": {
                "high_priority_cpu_utilization_percent": 65,
                "storage_utilization_percent": 90,
            },
        },
        deferrable=True,
    )
    # [END howto_operator_update_instance_partition]
    # [START howto_operator_delete_instance_partition]
    delete = SpannerDeleteInstancePartitionOperator(task_id="delete")
    # [END howto_operator_delete_instance_partition]
    create >> autoscale >> delete.as_teardown(setups=create)


example_spanner_instance_partition()
