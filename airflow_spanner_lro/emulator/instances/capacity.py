# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Compute capacity in its three forms: nodes, processing units, and what an autoscaler may do.

Instances and their partitions count alike. The autoscaler here is a calm one: it gives as much as
it gave before, within its limits, and the least of them at first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Collection

    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.core.names import ResourceName


UNITS_PER_NODE = 1000
SMALL_STEP = 100
"""Below a node, processing units come by the hundred."""


def units_of(message: instance_v1.Instance | instance_v1.InstancePartition) -> int:
    """Return the processing units that an owner set, or that the autoscaler gave."""
    return message.processing_units or message.node_count * UNITS_PER_NODE


def autoscaled(message: instance_v1.Instance | instance_v1.InstancePartition) -> bool:
    """Tell whether an autoscaler decides on the capacity."""
    return "autoscaling_config" in message


def limits_of(limits: instance_v1.AutoscalingConfig.AutoscalingLimits) -> tuple[int, int]:
    """Return the least and the greatest number of processing units; 0 for what is not set."""
    least = limits.min_processing_units or limits.min_nodes * UNITS_PER_NODE
    greatest = limits.max_processing_units or limits.max_nodes * UNITS_PER_NODE
    return least, greatest


def settled_units(
    message: instance_v1.Instance | instance_v1.InstancePartition, *, before: int = 0
) -> int:
    """Return the processing units that there are once all is done.

    :param before: how many there were
    """
    if not autoscaled(message):
        return units_of(message)
    least, greatest = limits_of(message.autoscaling_config.autoscaling_limits)
    return max(least, min(greatest, before))


CAPACITY = frozenset({"node_count", "processing_units"})
AUTOSCALING = "autoscaling_config"

_MAX_UNITS = 10_000 * UNITS_PER_NODE
"""More than any project has, and few enough for the fields of the API."""
_WAYS = "node_count, processing_units and autoscaling_config"
_CPU = range(10, 91)
_STORAGE = range(10, 100)


def set_capacity(
    message: Any,
    given: Any,
    *,
    name: ResourceName,
    paths: Collection[str],
    read_only: Collection[str],
) -> None:
    """Give a message the capacity that a request asks for, or take over what it has.

    :param message: an instance or partition as it will be; its autoscaling is set already
    :param given: the message in the request, which sets the capacity for the first time or anew
    :param paths: the fields of the request that count
    :param read_only: the locations of its read-only replicas, which may scale by themselves
    :raises RpcError: if that is no capacity, or is given in several ways.
    """
    nodes = given.node_count if "node_count" in paths else 0
    units = given.processing_units if "processing_units" in paths else 0
    if bool(nodes) + bool(units) + (autoscaled(message) and bool(nodes or units)) > 1:
        raise errors.several_capacities(_WAYS)
    before = units_of(message)
    if autoscaled(message):
        _check_autoscaling(message.autoscaling_config, name=name, read_only=read_only)
        wanted = settled_units(message, before=before)
    elif CAPACITY.isdisjoint(paths):
        wanted = before
    elif not nodes and not units:
        raise errors.no_capacity(_WAYS)
    else:
        _check_units(nodes * UNITS_PER_NODE, name=name)
        _check_units(units, name=name)
        wanted = nodes * UNITS_PER_NODE + units
    by_nodes = nodes or (not units and message.node_count)
    for field in CAPACITY:
        delattr(message, field)
    if by_nodes and wanted % UNITS_PER_NODE == 0:
        message.node_count = wanted // UNITS_PER_NODE
    else:
        message.processing_units = wanted


def _check_units(units: int, *, name: ResourceName) -> None:
    """Refuse a number of processing units that cannot be had."""
    step = SMALL_STEP if units < UNITS_PER_NODE else UNITS_PER_NODE
    if units < 0 or units % step:
        raise errors.bad_units(name)
    if units > _MAX_UNITS:
        raise errors.too_much_capacity(name, nodes=units // UNITS_PER_NODE)


def _check_autoscaling(
    config: instance_v1.AutoscalingConfig, *, name: ResourceName, read_only: Collection[str]
) -> None:
    limits, targets = config.autoscaling_limits, config.autoscaling_targets
    _check_limits(limits, field=f"{AUTOSCALING}.autoscaling_limits", name=name)
    prefix = f"{AUTOSCALING}.autoscaling_targets"
    _check_percent(
        f"{prefix}.storage_utilization_percent", targets.storage_utilization_percent, _STORAGE
    )
    for field in ("high_priority_cpu_utilization_percent", "total_cpu_utilization_percent"):
        value = getattr(targets, field)
        if value:
            _check_percent(f"{prefix}.{field}", value, _CPU)
    if not targets.high_priority_cpu_utilization_percent + targets.total_cpu_utilization_percent:
        raise errors.missing_field(f"{prefix}.high_priority_cpu_utilization_percent")
    locations = [
        option.replica_selection.location for option in config.asymmetric_autoscaling_options
    ]
    if "" in locations or len(set(locations)) < len(locations):
        raise errors.bad_value(
            f"{AUTOSCALING}.asymmetric_autoscaling_options",
            value=locations,
            rule="each option needs a location of its own",
        )
    for location in locations:
        if location not in read_only:
            raise errors.bad_value(
                f"{AUTOSCALING}.asymmetric_autoscaling_options.replica_selection.location",
                value=location,
                rule=f"expected a location of read-only replicas: {', '.join(read_only) or 'none'}",
            )
    for option in config.asymmetric_autoscaling_options:
        _check_overrides(option.overrides, name=name)


def _check_overrides(
    overrides: instance_v1.AutoscalingConfig.AsymmetricAutoscalingOption.AutoscalingConfigOverrides,
    *,
    name: ResourceName,
) -> None:
    prefix = f"{AUTOSCALING}.asymmetric_autoscaling_options.overrides"
    if "autoscaling_limits" in overrides:
        field = f"{prefix}.autoscaling_limits"
        _check_limits(overrides.autoscaling_limits, field=field, name=name)
    for which in ("high_priority", "total"):
        field = f"autoscaling_target_{which}_cpu_utilization_percent"
        value, disable = getattr(overrides, field), f"disable_{which}_cpu_autoscaling"
        if value:
            _check_percent(f"{prefix}.{field}", value, _CPU)
            if getattr(overrides, disable):
                rule = f"{field} is set for the same replicas"
                raise errors.bad_value(f"{prefix}.{disable}", value=True, rule=rule)
    if overrides.disable_high_priority_cpu_autoscaling and overrides.disable_total_cpu_autoscaling:
        rule = "disable_high_priority_cpu_autoscaling is set for the same replicas"
        raise errors.bad_value(f"{prefix}.disable_total_cpu_autoscaling", value=True, rule=rule)


def _check_limits(
    limits: instance_v1.AutoscalingConfig.AutoscalingLimits, *, field: str, name: ResourceName
) -> None:
    least, greatest = limits_of(limits)
    given = (
        limits.min_nodes,
        limits.min_processing_units,
        limits.max_nodes,
        limits.max_processing_units,
    )
    if ("min_nodes" in limits) != ("max_nodes" in limits):
        raise errors.bad_value(field, value=given, rule="both limits need the same unit")
    if least <= 0 or greatest <= 0 or least % UNITS_PER_NODE or greatest % UNITS_PER_NODE:
        rule = "expected nodes, or multiples of 1000 processing units"
        raise errors.bad_value(field, value=given, rule=rule)
    if least > greatest:
        raise errors.bad_value(field, value=given, rule="the minimum is above the maximum")
    if greatest > _MAX_UNITS:
        raise errors.too_much_capacity(name, nodes=greatest // UNITS_PER_NODE)


def _check_percent(field: str, value: int, allowed: range) -> None:
    if value not in allowed:
        rule = f"expected {allowed.start} to {allowed.stop - 1}"
        raise errors.bad_value(field, value=value, rule=rule)
