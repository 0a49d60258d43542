# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Compute capacity as a Dag author writes it: one of three ways, with numbers that can be had."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.arguments.instances import (
    capacity_fields,
    capacity_mask_paths,
    require_capacity,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

LIMITS = {"min_nodes": 1, "max_nodes": 3}
TARGETS = {"high_priority_cpu_utilization_percent": 65, "storage_utilization_percent": 90}
AUTOSCALING = {"autoscaling_limits": LIMITS, "autoscaling_targets": TARGETS}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"node_count": 3}, {"node_count": 3}, id="nodes"),
        pytest.param({"node_count": " 3 "}, {"node_count": 3}, id="nodes-as-text"),
        pytest.param({"processing_units": 100}, {"processing_units": 100}, id="fewest-units"),
        pytest.param({"processing_units": 900}, {"processing_units": 900}, id="below-a-node"),
        pytest.param({"processing_units": "2000"}, {"processing_units": 2000}, id="units-as-text"),
    ],
)
def test_capacity_is_the_field_to_set(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A capacity becomes one field of the message; none becomes no field."""
    assert expected == capacity_fields(**given)


def test_autoscaling_is_a_message() -> None:
    """A mapping in the shape of AutoscalingConfig becomes that message."""
    fields = capacity_fields(autoscaling=AUTOSCALING)

    assert {"autoscaling_config": instance_v1.AutoscalingConfig(AUTOSCALING)} == fields


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"node_count": 0}, ["node_count=0", "from 1"], id="zero"),
        pytest.param({"node_count": -1}, ["node_count=-1", "from 1"], id="negative"),
        pytest.param({"node_count": "-1"}, ["node_count='-1'", "whole number"], id="minus"),
        pytest.param({"node_count": "many"}, ["node_count='many'", "whole number"], id="word"),
        pytest.param({"node_count": ""}, ["node_count=''", "whole number"], id="empty"),
        pytest.param({"node_count": "1_000"}, ["'1_000'", "whole number"], id="underscore"),
        pytest.param({"node_count": "٣"}, ["'٣'", "whole number"], id="other-digits"),
        pytest.param({"node_count": 1.5}, ["node_count=1.5", "whole number"], id="fraction"),
        pytest.param({"node_count": True}, ["node_count=True", "whole number"], id="bool"),
        pytest.param({"node_count": 2**31}, ["2147483648", "to 2147483647"], id="too-many"),
        pytest.param({"node_count": "9" * 9999}, ["to 2147483647"], id="far-too-many"),
        pytest.param({"processing_units": 150}, ["=150", "multiple of 100"], id="step-below"),
        pytest.param({"processing_units": 1100}, ["=1100", "of 1000"], id="step-above"),
        pytest.param({"processing_units": "x"}, ["processing_units='x'", "whole"], id="units"),
        pytest.param(
            {"node_count": 1, "processing_units": 1000},
            ["node_count=1", "only one of", "processing_units=1000"],
            id="two-ways",
        ),
        pytest.param(
            {"processing_units": 1000, "autoscaling": {}},
            ["processing_units=1000", "only one of", "autoscaling={}"],
            id="fixed-and-not",
        ),
        pytest.param({"autoscaling": {}}, ["autoscaling={}", "AutoscalingConfig"], id="empty-map"),
        pytest.param(
            {"autoscaling": {"autoscaling_limits": None}},
            ["autoscaling=", "nothing in it", "AutoscalingConfig"],
            id="empty-values",
        ),
        pytest.param({"autoscaling": "on"}, ["autoscaling='on'", "mapping"], id="no-map"),
        pytest.param(
            {"autoscaling": {"limits": LIMITS}},
            ["autoscaling=", 'no field named "limits"', "autoscalingLimits"],
            id="wrong-key",
        ),
        pytest.param(
            {"autoscaling": {"autoscaling_limits": {"min_node": 1}}},
            ['no field named "min_node"', "minNodes"],
            id="wrong-key-within",
        ),
        pytest.param(
            {"autoscaling": {"autoscaling_limits": {"min_nodes": 1, "min_processing_units": 1000}}},
            ['multiple "min_limit"'],
            id="two-units",
        ),
        pytest.param(
            {"autoscaling": {"autoscaling_limits": {"min_nodes": "few"}}},
            ["min_nodes", "few"],
            id="wrong-value",
        ),
    ],
)
def test_unusable_capacity_is_refused(given: dict[str, Any], words: list[str]) -> None:
    """The error names the argument, its value and the rule."""
    with pytest.raises(InvalidArgumentError) as caught:
        capacity_fields(**given)

    assert [] == [word for word in words if word not in str(caught.value)]


def test_needed_capacity_is_asked_for() -> None:
    """What cannot do without a capacity names the three arguments."""
    with pytest.raises(InvalidArgumentError, match="node_count, processing_units, autoscaling"):
        require_capacity({})


def test_needed_capacity_is_returned() -> None:
    """A capacity that is there is all that is needed."""
    assert {"node_count": 1} == require_capacity({"node_count": 1})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([], [], id="unchanged"),
        pytest.param(["node_count"], ["node_count", "autoscaling_config"], id="nodes"),
        pytest.param(["processing_units"], ["processing_units", "autoscaling_config"], id="units"),
        pytest.param(["autoscaling_config"], ["autoscaling_config"], id="autoscaler"),
    ],
)
def test_fixed_capacity_clears_the_autoscaler(fields: list[str], expected: list[str]) -> None:
    """The mask of a fixed capacity names the autoscaler too, which the message does not have."""
    assert expected == capacity_mask_paths(fields)
