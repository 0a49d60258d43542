# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances for tests: what they may be, and how they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

if TYPE_CHECKING:
    from google.api_core.operation import Operation

CONFIG = "projects/test/instanceConfigs/regional-europe-west1"
FRESH = "projects/test/instances/fresh"
AUTOSCALING = {
    "autoscaling_limits": {"min_nodes": 2, "max_nodes": 5},
    "autoscaling_targets": {
        "high_priority_cpu_utilization_percent": 65,
        "storage_utilization_percent": 90,
    },
}


def start_instance(
    instances: instance_v1.InstanceAdminClient, instance_id: str = "fresh", **fields: object
) -> Operation:
    """Start to create an instance."""
    wanted = {"config": CONFIG, "display_name": f"Name of {instance_id}", **fields}
    if not wanted.keys() & {"node_count", "processing_units", "autoscaling_config"}:
        wanted["node_count"] = 1
    return instances.create_instance(
        parent="projects/test", instance_id=instance_id, instance=instance_v1.Instance(wanted)
    )
