# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator.configs.base_configs import BASE_CONFIGS
from airflow_spanner_lro.emulator.state.capacities import UNITS_PER_NODE, units_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.filters import Value
    from airflow_spanner_lro.emulator.state.records.instances import Instance

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


def fields_of(instance: Instance) -> Callable[[str], Value]:
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
