# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances: what is remembered of them, how clients see them, and what they may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.protobuf import timestamp_pb2

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs.base_configs import BASE_CONFIGS, ConfigTopology
from airflow_spanner_lro.emulator.configs.model import base_config_message, is_base_config
from airflow_spanner_lro.emulator.instances.capacity import (
    AUTOSCALING,
    CAPACITY,
    UNITS_PER_NODE,
    autoscaled,
    set_capacity,
    units_of,
)
from airflow_spanner_lro.emulator.request_checks import (
    check_choice,
    check_display_name,
    check_labels,
    copy_paths,
    number_in,
)
from airflow_spanner_lro.emulator.tables import ReconciledRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.core.names import (
        InstanceConfigName,
        InstanceName,
        ResourceName,
    )
    from airflow_spanner_lro.emulator.configs.model import ConfigTable
    from airflow_spanner_lro.emulator.filter_expressions import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance(ReconciledRow):
    """An instance: what callers asked for, and whether it is ready.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    """

    name: InstanceName
    config: InstanceConfigName
    message: instance_v1.Instance
    update_time: datetime


def is_free(message: instance_v1.Instance) -> bool:
    """Tell whether an instance is a free one."""
    return message.instance_type == instance_v1.Instance.InstanceType.FREE_INSTANCE


def was_free(message: instance_v1.Instance) -> bool:
    """Tell whether an instance is a free one, or was one before it was upgraded."""
    return "free_instance_metadata" in message


FILTERABLE = frozenset({"name", "display_name", "labels"})
"""The fields that a filter of ListInstances may use."""

_LABEL = "labels."


def instance_message(instance: Instance) -> instance_v1.Instance:
    """Return an instance as clients see it; it has no resources until it is ready."""
    state = instance_v1.Instance.State
    message = instance_v1.Instance(instance.message)
    units = units_of(message) if instance.ready else 0
    set_by_service = {
        "name": str(instance.name),
        "config": str(instance.config),
        "display_name": message.display_name or instance.name.instance,
        "node_count": units // UNITS_PER_NODE,
        "processing_units": units,
        "replica_compute_capacity": _per_replica(instance, units),
        "instance_type": int(message.instance_type)
        or instance_v1.Instance.InstanceType.PROVISIONED,
        "state": state.READY if instance.ready else state.CREATING,
        "create_time": instance.create_time,
        "update_time": instance.update_time,
    }
    for field, value in set_by_service.items():
        setattr(message, field, value)
    return message


def instance_fields(instance: Instance) -> Callable[[str], Value]:
    """Return a function that gives the value of a field that a filter can ask for."""
    message = instance.message

    def value_of(path: str) -> Value:
        if path == "name":
            return str(instance.name)
        if path == "display_name":
            return message.display_name or instance.name.instance
        if path == "labels":
            return sorted(message.labels)
        if not path.startswith(_LABEL):
            return None
        # labels have lower-case keys, like the paths of filters
        label = message.labels.get(path.removeprefix(_LABEL))
        # in a list, so that a label without a value is one that is there
        return None if label is None else [label]

    return value_of


def _per_replica(instance: Instance, units: int) -> list[instance_v1.ReplicaComputeCapacity]:
    """Return the capacity by location, where there is one location; it is not known otherwise."""
    base = BASE_CONFIGS.get(instance.config.config)
    if not units or base is None or len({*base.writers, *base.readers}) > 1:
        return []
    capacity = instance_v1.ReplicaComputeCapacity(
        replica_selection={"location": next(iter(base.writers))}
    )
    if units % UNITS_PER_NODE:
        capacity.processing_units = units
    else:
        capacity.node_count = units // UNITS_PER_NODE
    return [capacity]


_EXPIRE_BEHAVIOR = "free_instance_metadata.expire_behavior"

UPDATABLE = frozenset(
    {
        "display_name",
        "labels",
        "edition",
        "instance_type",
        "default_backup_schedule_type",
        _EXPIRE_BEHAVIOR,
        AUTOSCALING,
        *CAPACITY,
    }
)
"""What UpdateInstance can change."""

CONFIG = "config"
"""What a mask may name too, as google-cloud-spanner always does: as long as it stays the same."""

_TRIAL = timedelta(days=90)
_Types = instance_v1.Instance.InstanceType
_Editions = instance_v1.Instance.Edition
_Schedules = instance_v1.Instance.DefaultBackupScheduleType
_States = instance_v1.Instance.State
_Behaviors = instance_v1.FreeInstanceMetadata.ExpireBehavior


def new_instance_message(
    configs: ConfigTable,
    name: InstanceName,
    given: instance_v1.Instance,
    *,
    config: InstanceConfigName,
    now: datetime,
) -> instance_v1.Instance:
    """Return all that the owner of a new instance can set, with the defaults of the service.

    :raises RpcError: if it cannot be so.
    """
    check_choice(given, "state", allowed=[_States.CREATING])
    type_ = number_in(given, "instance_type") or _Types.PROVISIONED
    message = instance_v1.Instance(instance_type=type_)
    copy_paths(given, message, UPDATABLE - CAPACITY - {"instance_type"})
    _check(message)
    if message.instance_type == _Types.FREE_INSTANCE:
        _check_free(given, message, config=config)
        message.free_instance_metadata.expire_time = timestamp_of(now + _TRIAL)
        if not int(message.free_instance_metadata.expire_behavior):
            behavior = _Behaviors(_Behaviors.REMOVE_AFTER_GRACE_PERIOD)
            message.free_instance_metadata.expire_behavior = behavior
    else:
        del message.free_instance_metadata
        read_only = configs.read_only_locations(config)
        set_capacity(message, given, name=name, paths=CAPACITY, read_only=read_only)
    if not int(message.default_backup_schedule_type):
        free = message.instance_type == _Types.FREE_INSTANCE
        chosen = _Schedules.NONE if free else _Schedules.AUTOMATIC
        message.default_backup_schedule_type = _Schedules(chosen)
    needed, _ = _needed_edition(configs, config, scaled=autoscaled(message))
    message.edition = _Editions(int(message.edition) or needed)
    check_edition(configs, name, message, config=config)
    return message


def require_same_config(
    instance: Instance, given: instance_v1.Instance, *, paths: frozenset[str]
) -> None:
    """Refuse an update to another configuration, which is a move.

    :raises RpcError: INVALID_ARGUMENT
    """
    if CONFIG in paths and given.config != str(instance.config):
        raise errors.bad_mask_path("field_mask", path=CONFIG, reason="cannot be updated")


def changed_message(
    configs: ConfigTable, instance: Instance, given: instance_v1.Instance, *, paths: frozenset[str]
) -> instance_v1.Instance:
    """Return all that the owner of an instance can set, after an update.

    :raises RpcError: if it cannot be so.
    """
    check_choice(given, "state", allowed=[_States.READY])
    message = instance_v1.Instance(instance.message)
    copy_paths(given, message, paths - CAPACITY)
    # a seeded instance has none, which stands for its id
    message.display_name = message.display_name or (
        "" if "display_name" in paths else instance.name.instance
    )
    _check(message, named="display_name" in paths)
    before_free = is_free(instance.message)
    if _EXPIRE_BEHAVIOR in paths and not before_free:
        raise errors.bad_mask_path(
            "field_mask", path=_EXPIRE_BEHAVIOR, reason="is of free instances only"
        )
    if is_free(message):
        if not before_free:
            raise errors.bad_mask_path(
                "field_mask", path="instance_type", reason="cannot make an instance free again"
            )
        _check_free(given if paths & CAPACITY else message, message, config=instance.config)
    else:
        upgraded = CAPACITY if before_free else frozenset[str]()
        if before_free and "edition" not in paths:
            message.edition = _Editions(_Editions.ENTERPRISE)
        set_capacity(
            message,
            given,
            name=instance.name,
            paths=(paths & CAPACITY) | upgraded,
            read_only=configs.read_only_locations(instance.config),
        )
    if "edition" in paths and not int(message.edition):
        raise errors.missing_field("instance.edition")
    check_edition(configs, instance.name, message, config=instance.config)
    return message


def check_edition(
    configs: ConfigTable,
    name: ResourceName,
    message: instance_v1.Instance,
    *,
    config: InstanceConfigName,
) -> None:
    """Refuse an edition that lacks what an instance needs; one that is not told has it all."""
    needed, feature = _needed_edition(configs, config, scaled=autoscaled(message))
    if 0 < (edition := int(message.edition)) < needed:
        raise errors.edition_lacks(
            name, edition=_Editions(edition).name, feature=feature, needed=_Editions(needed).name
        )


def _needed_edition(
    configs: ConfigTable, config: InstanceConfigName, *, scaled: bool
) -> tuple[int, str]:
    """Return the least edition that will do, and the feature that it takes it for."""
    base = configs.base_of(config)
    if base is not None and base.topology is not ConfigTopology.REGION:
        return _Editions.ENTERPRISE_PLUS, f"MULTI_REGION of {config}"
    if not is_base_config(config):
        return _Editions.ENTERPRISE, f"READ_ONLY_REPLICAS of {config}"
    if scaled:
        return _Editions.ENTERPRISE, "MANAGED_AUTOSCALER"
    return _Editions.STANDARD, ""


def _check(message: instance_v1.Instance, *, named: bool = True) -> None:
    if named:
        check_display_name(message.display_name)
    check_labels(message.labels)
    check_choice(message, "instance_type", allowed=list(_Types))
    check_choice(message, "edition", allowed=list(_Editions))
    check_choice(message, "default_backup_schedule_type", allowed=list(_Schedules))
    check_choice(message, _EXPIRE_BEHAVIOR, allowed=list(_Behaviors))


def _check_free(
    given: instance_v1.Instance, message: instance_v1.Instance, *, config: InstanceConfigName
) -> None:
    """Refuse what free instances cannot have."""
    free = is_base_config(config) and (
        base_config_message(config).free_instance_availability
        == instance_v1.InstanceConfig.FreeInstanceAvailability.AVAILABLE
    )
    if not free:
        rule = "free instances are not available in this configuration"
        raise errors.bad_value("instance.config", value=str(config), rule=rule)
    if given.node_count or given.processing_units or autoscaled(message):
        raise errors.bad_value(
            "instance_type", value="FREE_INSTANCE", rule="it has no compute capacity"
        )
    if message.default_backup_schedule_type == _Schedules.AUTOMATIC:
        raise errors.bad_value(
            "default_backup_schedule_type",
            value="AUTOMATIC",
            rule="free instances have no backups",
        )


def timestamp_of(moment: datetime) -> timestamp_pb2.Timestamp:
    """Return a moment as messages hold it."""
    timestamp = timestamp_pb2.Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
