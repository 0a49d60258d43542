# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators on instances, configurations and partitions to execute, and how to end what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.operators.configs import (
    SpannerCreateInstanceConfigOperator,
    SpannerDeleteInstanceConfigOperator,
    SpannerUpdateInstanceConfigOperator,
)
from airflow_spanner_lro.operators.instances import (
    SpannerCreateInstanceOperator,
    SpannerDeleteInstanceOperator,
    SpannerMoveInstanceOperator,
    SpannerUpdateInstanceOperator,
)
from airflow_spanner_lro.operators.partitions import (
    SpannerCreateInstancePartitionOperator,
    SpannerDeleteInstancePartitionOperator,
    SpannerUpdateInstancePartitionOperator,
)

from .doubles import LONG, FakeTask
from .playing import play

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from .doubles import Stage

AUTOSCALING = {
    "autoscaling_limits": {"min_nodes": 2, "max_nodes": 4},
    "autoscaling_targets": {
        "high_priority_cpu_utilization_percent": 65,
        "storage_utilization_percent": 90,
    },
}
SIZES = {"node_count", "processing_units", "autoscaling", "instance_type"}


def finish(operator: BaseOperator, stage: Stage) -> Any:
    """Run an operator as a task of its own, let its operation end, and return the result."""
    # a move usually takes half a day, more than the stage waits
    stage.emulator.plan(LONG)
    stage.finish_upon()
    return play(operator, FakeTask())


def create_instance(**parameters: Any) -> SpannerCreateInstanceOperator:
    """Return an operator that creates an instance of one node."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "reports",
        "config_id": "regional-europe-west1",
    }
    if SIZES.isdisjoint(parameters):
        usual["node_count"] = 1
    return SpannerCreateInstanceOperator(task_id="create", **usual | parameters)


def update_instance(**parameters: Any) -> SpannerUpdateInstanceOperator:
    """Return an operator that updates the instance."""
    usual = {"project_id": "test", "instance_id": "main"}
    return SpannerUpdateInstanceOperator(task_id="update", **usual | parameters)


def move_instance(**parameters: Any) -> SpannerMoveInstanceOperator:
    """Return an operator that moves the instance."""
    usual = {
        "project_id": "test",
        "instance_id": "main",
        "target_config_id": "regional-us-central1",
    }
    return SpannerMoveInstanceOperator(task_id="move", **usual | parameters)


def delete_instance(**parameters: Any) -> SpannerDeleteInstanceOperator:
    """Return an operator that deletes the instance."""
    usual = {"project_id": "test", "instance_id": "main"}
    return SpannerDeleteInstanceOperator(task_id="delete", **usual | parameters)


def create_config(**parameters: Any) -> SpannerCreateInstanceConfigOperator:
    """Return an operator that creates a configuration with one more replica."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "config_id": "custom-near",
        "base_config_id": "nam3",
    }
    if "replicas" not in parameters:
        usual["add_replicas"] = ["us-west2"]
    return SpannerCreateInstanceConfigOperator(task_id="create", **usual | parameters)


def update_config(**parameters: Any) -> SpannerUpdateInstanceConfigOperator:
    """Return an operator that updates the configuration."""
    usual = {"project_id": "test", "config_id": "custom-near"}
    return SpannerUpdateInstanceConfigOperator(task_id="update", **usual | parameters)


def delete_config(**parameters: Any) -> SpannerDeleteInstanceConfigOperator:
    """Return an operator that deletes the configuration."""
    usual = {"project_id": "test", "config_id": "custom-near"}
    return SpannerDeleteInstanceConfigOperator(task_id="delete", **usual | parameters)


def create_partition(**parameters: Any) -> SpannerCreateInstancePartitionOperator:
    """Return an operator that creates a partition of one node."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "main",
        "partition_id": "overseas",
        "config_id": "regional-us-central1",
    }
    if SIZES.isdisjoint(parameters):
        usual["node_count"] = 1
    return SpannerCreateInstancePartitionOperator(task_id="create", **usual | parameters)


def update_partition(**parameters: Any) -> SpannerUpdateInstancePartitionOperator:
    """Return an operator that updates the partition."""
    usual = {"project_id": "test", "instance_id": "main", "partition_id": "overseas"}
    return SpannerUpdateInstancePartitionOperator(task_id="update", **usual | parameters)


def delete_partition(**parameters: Any) -> SpannerDeleteInstancePartitionOperator:
    """Return an operator that deletes the partition."""
    usual = {"project_id": "test", "instance_id": "main", "partition_id": "overseas"}
    return SpannerDeleteInstancePartitionOperator(task_id="delete", **usual | parameters)
