# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Compute capacity in its three forms: nodes, processing units, and what an autoscaler may do.

Instances and their partitions count alike. The autoscaler here is a calm one: it gives as much as
it gave before, within its limits, and the least of them at first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

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
