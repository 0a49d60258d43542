# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations, those of Google and those of users, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.state.base_configs import (
    BASE_CONFIGS,
    STORAGE_LIMIT_PER_PROCESSING_UNIT,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.base_configs import BaseConfig, Places
    from airflow_spanner_lro.emulator.state.records.configs import InstanceConfig
    from airflow_spanner_lro.emulator.state.tables import Resources
    from airflow_spanner_lro.emulator.state.world import World

_TYPES = instance_v1.ReplicaInfo.ReplicaType
_STATES = instance_v1.InstanceConfig.State
_AVAILABILITY = instance_v1.InstanceConfig.FreeInstanceAvailability


def base_configs(project: str) -> list[InstanceConfigName]:
    """Return the names of the configurations that every project has."""
    return [InstanceConfigName(project=project, config=config) for config in BASE_CONFIGS]


def is_base_config(name: InstanceConfigName) -> bool:
    """Tell whether a configuration is one that Google manages."""
    return name.config in BASE_CONFIGS


def require_config(name: InstanceConfigName) -> None:
    """Make sure that Google manages a configuration of this name; those of users are resources.

    :raises RpcError: NOT_FOUND if it does not.
    """
    if not is_base_config(name):
        raise errors.not_found(name)


def base_config_message(name: InstanceConfigName) -> instance_v1.InstanceConfig:
    """Return a configuration that Google manages as clients see it."""
    base = BASE_CONFIGS[name.config]
    return instance_v1.InstanceConfig(
        name=str(name),
        display_name=base.display_name,
        config_type=instance_v1.InstanceConfig.Type.GOOGLE_MANAGED,
        replicas=base_replicas(base),
        optional_replicas=_replicas(base.optional, _TYPES.READ_ONLY),
        leader_options=base.leaders,
        state=_STATES.READY,
        free_instance_availability=(
            _AVAILABILITY.AVAILABLE if base.free else _AVAILABILITY.UNSUPPORTED
        ),
        quorum_type=int(base.quorum),
        storage_limit_per_processing_unit=STORAGE_LIMIT_PER_PROCESSING_UNIT,
    )


def config_message(config: InstanceConfig) -> instance_v1.InstanceConfig:
    """Return a configuration that a user made as clients see it."""
    message = instance_v1.InstanceConfig(config.message)
    base = BASE_CONFIGS[InstanceConfigName.parse(message.base_config).config]
    message.name = str(config.name)
    types = instance_v1.InstanceConfig.Type
    message.config_type = types(types.USER_MANAGED)
    message.state = _STATES(_STATES.READY if config.ready else _STATES.CREATING)
    message.reconciling = config.reconciling
    message.etag = config.etag
    message.free_instance_availability = _AVAILABILITY(_AVAILABILITY.UNSUPPORTED)
    message.quorum_type = instance_v1.InstanceConfig.QuorumType(int(base.quorum))
    message.storage_limit_per_processing_unit = STORAGE_LIMIT_PER_PROCESSING_UNIT
    return message


def any_config_message(
    name: InstanceConfigName, *, resources: Resources
) -> instance_v1.InstanceConfig:
    """Return a configuration of either kind as clients see it.

    :raises RpcError: NOT_FOUND if there is none of this name.
    """
    if is_base_config(name):
        return base_config_message(name)
    return config_message(resources.configs.get(name))


def base_of(name: InstanceConfigName, *, resources: Resources) -> BaseConfig | None:
    """Return the topology of a configuration or of what it was made from; None if unknown."""
    made = resources.configs.row(name)
    if made is not None:
        name = InstanceConfigName.parse(made.message.base_config)
    return BASE_CONFIGS.get(name.config)


def usable_config(world: World, text: str, *, field: str, project: str) -> InstanceConfigName:
    """Return the name of a configuration in which something can be made.

    :raises RpcError: if there is none of this name, or it is not ready.
    """
    if not text:
        raise errors.missing_field(field)
    name = InstanceConfigName.parse(text)
    if name.project != project:
        rule = f"expected a configuration of project {project}"
        raise errors.bad_value(field, value=text, rule=rule)
    if not is_base_config(name) and not world.resources.configs.get(name).ready:
        raise errors.config_not_usable(name)
    return name


def base_replicas(base: BaseConfig) -> list[instance_v1.ReplicaInfo]:
    """Return the replicas of a configuration that Google manages, the leader's first."""
    replicas = [
        *_replicas(base.writers, _TYPES.READ_WRITE),
        *_replicas(base.readers, _TYPES.READ_ONLY),
        *_replicas(base.witnesses, _TYPES.WITNESS),
    ]
    replicas[0].default_leader_location = True
    return replicas


def _replicas(places: Places, type_: int) -> list[instance_v1.ReplicaInfo]:
    return [
        instance_v1.ReplicaInfo(location=location, type_=type_)
        for location, count in places.items()
        for _ in range(count)
    ]
