# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations: those that Google manages, and how clients see one."""

from __future__ import annotations

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator import errors

_BASE_CONFIGS = {
    "emulator-config": "Emulator Instance Config",
    "regional-us-central1": "Iowa (us-central1)",
    "regional-europe-west1": "Belgium (europe-west1)",
    "regional-asia-northeast1": "Tokyo (asia-northeast1)",
    "nam3": "United States (Northern Virginia/South Carolina)",
    "eur3": "Europe (Belgium/Netherlands)",
}
"""Some of the configurations that Google manages, and the one of Google's own emulator."""


def base_configs(project: str) -> list[InstanceConfigName]:
    """Return the names of the configurations that every project has."""
    return [InstanceConfigName(project=project, config=config) for config in _BASE_CONFIGS]


def require_config(name: InstanceConfigName) -> None:
    """Make sure that a configuration exists.

    :raises RpcError: NOT_FOUND if it does not.
    """
    if name.config not in _BASE_CONFIGS:
        raise errors.not_found(name)


def config_message(name: InstanceConfigName) -> instance_v1.InstanceConfig:
    """Return a configuration as clients see it."""
    location = name.config.removeprefix("regional-")
    replica = instance_v1.ReplicaInfo(
        location=location,
        type_=instance_v1.ReplicaInfo.ReplicaType.READ_WRITE,
        default_leader_location=True,
    )
    return instance_v1.InstanceConfig(
        name=str(name),
        display_name=_BASE_CONFIGS[name.config],
        config_type=instance_v1.InstanceConfig.Type.GOOGLE_MANAGED,
        replicas=[replica],
        leader_options=[location],
        state=instance_v1.InstanceConfig.State.READY,
    )
