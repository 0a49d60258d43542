# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Size, replicas, names and labels of instances, partitions and configurations."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.arguments.choices import field_mask
from airflow_spanner_lro.core.arguments.instances import (
    capacity_fields,
    capacity_mask_paths,
    parse_config_display_name,
    parse_display_name,
    parse_labels,
    parse_locations,
    parse_replicas,
    replicas_with_optional,
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


@pytest.mark.parametrize("given", ["four", "x" * 30])
def test_display_name_has_a_length(given: str) -> None:
    """Both limits are inclusive."""
    assert given == parse_display_name(given)


def test_display_name_is_the_id_by_default() -> None:
    """An id that is long enough stands in for a name."""
    assert "main" == parse_display_name(None, default="main")


@pytest.mark.parametrize(
    ("given", "default", "words"),
    [
        pytest.param("abc", "main", "'abc' is not usable: a display name has 4 to 30", id="short"),
        pytest.param("x" * 31, "main", "4 to 30 characters", id="long"),
        pytest.param("", "main", "'' is not usable", id="empty"),
        pytest.param(5, "main", "=5 is not usable", id="number"),
        pytest.param(None, "ab", "the id 'ab' cannot stand in for it", id="short-id"),
    ],
)
def test_unusable_display_name_is_refused(given: object, default: str, words: str) -> None:
    """The error tells the lengths, and why the id is no help."""
    with pytest.raises(InvalidArgumentError, match=words):
        parse_display_name(given, default=default)


@pytest.mark.parametrize("given", ["", None, 5])
def test_config_is_called_something(given: object) -> None:
    """A configuration's name is text."""
    with pytest.raises(InvalidArgumentError, match="expected text"):
        parse_config_display_name(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="none"),
        pytest.param({"team": "data", "cost-centre_2": ""}, id="some"),
        pytest.param({"k" * 63: "v" * 63}, id="longest"),
        pytest.param({f"k{number}": "v" for number in range(64)}, id="most"),
    ],
)
def test_labels_follow_the_pattern(given: dict[str, str]) -> None:
    """Labels that follow the rules are returned as they are."""
    assert given == parse_labels(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"Team": "data"}, "unlike 'Team'", id="capital-key"),
        pytest.param({"": "data"}, "unlike ''", id="empty-key"),
        pytest.param({"2nd": "data"}, "a letter first", id="digit-first"),
        pytest.param({"k" * 64: "data"}, "1 to 63", id="long-key"),
        pytest.param({7: "data"}, "unlike 7", id="key-no-text"),
        pytest.param({"team": "Data"}, "unlike 'Data'", id="capital-value"),
        pytest.param({"team": "v" * 64}, "up to 63", id="long-value"),
        pytest.param({"team": 7}, "unlike 7", id="value-no-text"),
        pytest.param({f"k{number}": "v" for number in range(65)}, "these are 65", id="too-many"),
        pytest.param("team=data", "expected a mapping", id="no-mapping"),
    ],
)
def test_unusable_labels_are_refused(given: object, words: str) -> None:
    """The error shows the key or value that breaks the rule."""
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        parse_labels(given)

    assert "labels" == caught.value.field


def test_mask_names_what_changes() -> None:
    """A mask has the paths that were given, in their order."""
    assert {"paths": ["b", "a"]} == field_mask(["b", "a"], arguments=["a", "b", "c"])


def test_update_of_nothing_is_refused() -> None:
    """The error names the arguments that there are."""
    with pytest.raises(InvalidArgumentError, match=r"a, b=None .* changes one of them or more"):
        field_mask([], arguments=["a", "b"])


def replica(location: str, type_: str = "READ_ONLY") -> instance_v1.ReplicaInfo:
    """Return a replica."""
    return instance_v1.ReplicaInfo(location=location, type_=type_)


BASE = instance_v1.InstanceConfig(
    name="projects/p/instanceConfigs/nam3",
    replicas=[replica("us-east4", "READ_WRITE")],
    optional_replicas=[replica("us-west1"), replica("us-central1")],
)


def test_added_replicas_come_after_those_of_the_base() -> None:
    """A location can be named twice, for two replicas."""
    made = replicas_with_optional(BASE, added=["us-central1", "us-central1"])

    assert [*BASE.replicas, replica("us-central1"), replica("us-central1")] == made


def test_replicas_in_other_places_are_refused() -> None:
    """The error says where the base allows more replicas."""
    with pytest.raises(InvalidArgumentError, match=r"\['mars'\].*nam3 allows .* us-central1, us-w"):
        replicas_with_optional(BASE, added=["us-west1", "mars"])


def test_replicas_on_a_base_without_any_are_refused() -> None:
    """The error says that the base allows none."""
    with pytest.raises(InvalidArgumentError, match="allows more replicas in no place"):
        replicas_with_optional(instance_v1.InstanceConfig(), added=["us-west1"])


@pytest.mark.parametrize("given", [None, [], "us-west1", [""], [1]])
def test_locations_are_a_list_of_text(given: object) -> None:
    """The error shows how locations are written."""
    with pytest.raises(InvalidArgumentError, match="one or more locations") as caught:
        parse_locations(given)

    assert "add_replicas" == caught.value.field


def test_given_replicas_are_messages() -> None:
    """Replicas in the shape of ReplicaInfo become messages."""
    assert [replica("us-west1")] == parse_replicas([{"location": "us-west1", "type": "READ_ONLY"}])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param([], "expected a list", id="none"),
        pytest.param("us-west1", "expected a list", id="text"),
        pytest.param({"location": "us-west1"}, "expected a list", id="one"),
        pytest.param(["us-west1"], "mapping in the shape of ReplicaInfo", id="locations"),
        pytest.param([{"place": "us-west1"}], 'no field named "place"', id="wrong-key"),
        pytest.param([{"type": "WRITE"}], "WRITE", id="wrong-type"),
    ],
)
def test_unusable_replicas_are_refused(given: object, words: str) -> None:
    """The error says what is wrong with which argument."""
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        parse_replicas(given)

    assert "replicas" == caught.value.field
