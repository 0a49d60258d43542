# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The replicas of an instance configuration: those of its base, and some on top."""

from __future__ import annotations

import pytest
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.arguments.instances import (
    parse_locations,
    parse_replicas,
    replicas_with_optional,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError


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
