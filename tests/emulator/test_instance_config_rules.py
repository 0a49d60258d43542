# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations that cannot be are refused, also to those who only ask."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Limits
from tests.emulator.support.configs import BASE, CUSTOM, PROJECT, create, replicas_of, update

Replicas = instance_v1.ReplicaInfo.ReplicaType


# numbers of enums that proto-plus does not know make it warn where they are read
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"config_id": "mine"}, id="no prefix"),
        pytest.param({"config_id": "custom-"}, id="nothing after the prefix"),
        pytest.param({"config_id": "custom-Mine"}, id="capitals"),
        pytest.param({"config_id": "custom-" + "x" * 60}, id="too long"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": f"{PROJECT}/instanceConfigs/custom-other"}, id="other name"),
        pytest.param({"display_name": ""}, id="no display name"),
        pytest.param({"base_config": ""}, id="no base"),
        pytest.param({"base_config": "nam11"}, id="base without project"),
        pytest.param({"base_config": CUSTOM}, id="base of a user"),
        pytest.param({"base_config": "projects/other/instanceConfigs/nam11"}, id="other project"),
        pytest.param(
            {"base_config": f"{PROJECT}/instanceConfigs/nam10"}, id="base without options"
        ),
        pytest.param({"replicas": []}, id="no replicas"),
        pytest.param({"replicas": [{"location": "us-west1", "type_": 2}]}, id="without the base"),
        pytest.param({"replicas": [{"location": "us-west1", "type_": 99}]}, id="no such type"),
        pytest.param({"labels": {"A": ""}}, id="bad label"),
        pytest.param({"leader_options": ["us-west1"]}, id="a leader that cannot lead"),
        pytest.param({"etag": "abc"}, id="an etag"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient, fields: dict[str, Any]
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and makes nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        create(instances, **fields)
    assert not [
        each.name for each in instances.list_instance_configs(parent=PROJECT) if each.base_config
    ]


def test_optional_replicas_are_limited(instances: instance_v1.InstanceAdminClient) -> None:
    """None, too many, and those of other places are INVALID_ARGUMENT."""
    base = replicas_of(instances)
    far = instance_v1.ReplicaInfo(location="europe-west1", type_=Replicas.READ_ONLY)

    for replicas in (base[:-1], [*base, base[-1]], [*base, far]):
        with pytest.raises(exceptions.InvalidArgument, match=r"optional replicas|allows"):
            create(instances, replicas=replicas)


def test_validation_alone_makes_nothing(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """The answer is an operation with the id 0, which cannot be got."""
    made = create(instances, "custom-other", validate_only=True)
    changed = update(instances, display_name="Other", validate_only=True)
    instances.delete_instance_config({"name": custom, "validate_only": True})

    for operation in (made, changed):
        assert operation.operation.name.endswith("/operations/0")
        with pytest.raises(exceptions.NotFound):
            instances.get_operation({"name": operation.operation.name})
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=f"{PROJECT}/instanceConfigs/custom-other")
    assert "Mine" == instances.get_instance_config(name=custom).display_name


def test_validation_alone_finds_what_is_wrong(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """What would be refused is refused, too, when it is only validated."""
    with pytest.raises(exceptions.AlreadyExists):
        create(instances, validate_only=True)
    with pytest.raises(exceptions.Aborted):
        update(instances, "display_name", display_name="Two", etag="old", validate_only=True)
    with pytest.raises(exceptions.Aborted):
        instances.delete_instance_config({"name": custom, "etag": "old", "validate_only": True})


@pytest.mark.usefixtures("custom")
def test_a_project_has_a_limited_number_of_configurations(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """One more than the limit is RESOURCE_EXHAUSTED."""
    for number in range(Limits().configs - 1):
        create(instances, f"custom-{number}", name=f"{PROJECT}/instanceConfigs/custom-{number}")

    with pytest.raises(exceptions.ResourceExhausted, match="limit of 100"):
        create(instances, "custom-more")


def test_googles_configurations_cannot_be_changed(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Updates and deletions of them are INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="managed by Google"):
        update(instances, name=BASE, display_name="Other")
    with pytest.raises(exceptions.InvalidArgument, match="managed by Google"):
        instances.delete_instance_config(name=BASE)


def test_unknown_configurations_are_not_found(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Reads and updates of what is not there are NOT_FOUND; to delete it is fine."""
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=CUSTOM)
    with pytest.raises(exceptions.NotFound):
        update(instances, display_name="Other")
    instances.delete_instance_config(name=CUSTOM)


def test_empty_requests_are_refused(instances: instance_v1.InstanceAdminClient) -> None:
    """Requests without anything are INVALID_ARGUMENT."""
    for call in (
        instances.create_instance_config,
        instances.update_instance_config,
        instances.delete_instance_config,
        instances.get_instance_config,
        instances.list_instance_configs,
    ):
        with pytest.raises(exceptions.InvalidArgument):
            call(request={})
