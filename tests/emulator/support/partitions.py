# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions for tests: made and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator.configs.base_configs import BASE_CONFIGS
from tests.emulator.support.operation_starts import INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation

CONFIG = "projects/test/instanceConfigs/regional-us-east4"
PARTITION = f"{INSTANCE}/instancePartitions/america"
REGIONS = sorted(each for each in BASE_CONFIGS if each.startswith("regional-"))
"""Configurations for many partitions: no two of an instance may have the same."""


def create(
    instances: instance_v1.InstanceAdminClient,
    partition_id: str = "america",
    *,
    parent: str = INSTANCE,
    **fields: object,
) -> Operation:
    """Start to create a partition."""
    wanted = {"config": CONFIG, "display_name": f"Name of {partition_id}"[:30], **fields}
    if not wanted.keys() & {"node_count", "processing_units", "autoscaling_config"}:
        wanted["node_count"] = 1
    return instances.create_instance_partition(
        parent=parent,
        instance_partition_id=partition_id,
        instance_partition=instance_v1.InstancePartition(wanted),
    )


def update(
    instances: instance_v1.InstanceAdminClient,
    *paths: str,
    name: str = PARTITION,
    **fields: object,
) -> Operation:
    """Start to update a partition."""
    return instances.update_instance_partition(
        {
            "instance_partition": {"name": name, **fields},
            "field_mask": {"paths": list(paths or fields)},
        }
    )
