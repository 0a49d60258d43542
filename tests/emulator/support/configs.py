# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations of users, for tests: made and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

if TYPE_CHECKING:
    from google.api_core.operation import Operation

PROJECT = "projects/test"
BASE = f"{PROJECT}/instanceConfigs/nam11"
CUSTOM = f"{PROJECT}/instanceConfigs/custom-mine"


def replicas_of(
    instances: instance_v1.InstanceAdminClient, base: str = BASE
) -> list[instance_v1.ReplicaInfo]:
    """Return the replicas of a base, and the first of its optional ones."""
    found = instances.get_instance_config(name=base)
    return [*found.replicas, *found.optional_replicas[:1]]


def create(
    instances: instance_v1.InstanceAdminClient,
    config_id: str = "custom-mine",
    *,
    validate_only: bool = False,
    **fields: object,
) -> Operation:
    """Start to create a configuration."""
    wanted = {
        "name": f"{PROJECT}/instanceConfigs/{config_id}",
        "display_name": "Mine",
        "base_config": BASE,
        "replicas": replicas_of(instances),
        **fields,
    }
    return instances.create_instance_config(
        {
            "parent": PROJECT,
            "instance_config_id": config_id,
            "instance_config": instance_v1.InstanceConfig(wanted),
            "validate_only": validate_only,
        }
    )


def update(
    instances: instance_v1.InstanceAdminClient,
    *paths: str,
    name: str = CUSTOM,
    validate_only: bool = False,
    **fields: object,
) -> Operation:
    """Start to update a configuration."""
    return instances.update_instance_config(
        {
            "instance_config": {"name": name, **fields},
            "update_mask": {"paths": list(paths or fields)},
            "validate_only": validate_only,
        }
    )
