# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances that cannot be are refused."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from tests.emulator.support.instances import AUTOSCALING, start_instance


def test_an_instance_needs_a_known_configuration(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A configuration that does not exist is NOT_FOUND."""
    with pytest.raises(exceptions.NotFound, match="Instance config not found"):
        instances.create_instance(
            parent="projects/test",
            instance_id="fresh",
            instance=instance_v1.Instance(config="projects/test/instanceConfigs/nowhere"),
        )


def test_an_instance_id_is_checked(instances: instance_v1.InstanceAdminClient) -> None:
    """An id that breaks the rule is an INVALID_ARGUMENT that says the rule."""
    with pytest.raises(
        exceptions.InvalidArgument, match="Instance ID must start with a lowercase letter"
    ):
        start_instance(instances, "9lives")


@pytest.mark.usefixtures("emulator")
def test_an_existing_instance_cannot_be_created(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A name that is taken is ALREADY_EXISTS."""
    with pytest.raises(exceptions.AlreadyExists):
        start_instance(instances, "main")


# numbers of enums that proto-plus does not know make it warn where they are read
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"config": ""}, id="no configuration"),
        pytest.param({"config": "regional-europe-west1"}, id="configuration without project"),
        pytest.param({"config": "projects/other/instanceConfigs/nam3"}, id="other project"),
        pytest.param({"display_name": ""}, id="no display name"),
        pytest.param({"display_name": "abc"}, id="short display name"),
        pytest.param({"display_name": "x" * 31}, id="long display name"),
        pytest.param({"name": "projects/test/instances/other"}, id="other name"),
        pytest.param({"node_count": 0}, id="no capacity"),
        pytest.param({"node_count": -1}, id="negative nodes"),
        pytest.param({"processing_units": -100}, id="negative units"),
        pytest.param({"processing_units": 50}, id="half a step"),
        pytest.param({"processing_units": 1500}, id="one node and a half"),
        pytest.param({"node_count": 1, "processing_units": 1000}, id="both units"),
        pytest.param({"node_count": 1, "autoscaling_config": AUTOSCALING}, id="autoscaled nodes"),
        pytest.param({"autoscaling_config": {}}, id="empty autoscaling"),
        pytest.param(
            {
                "autoscaling_config": {
                    **AUTOSCALING,
                    "autoscaling_limits": {"min_nodes": 5, "max_nodes": 2},
                }
            },
            id="minimum above maximum",
        ),
        pytest.param(
            {
                "autoscaling_config": {
                    **AUTOSCALING,
                    "autoscaling_limits": {"min_nodes": 1, "max_processing_units": 2000},
                }
            },
            id="mixed units",
        ),
        pytest.param(
            {
                "autoscaling_config": {
                    **AUTOSCALING,
                    "autoscaling_targets": {"storage_utilization_percent": 100},
                }
            },
            id="too full",
        ),
        pytest.param({"labels": {"Key": "v"}}, id="label key in capitals"),
        pytest.param({"labels": {"": "v"}}, id="empty label key"),
        pytest.param({"labels": {"key": "V!"}}, id="bad label value"),
        pytest.param({"labels": {f"k{n}": "" for n in range(65)}}, id="too many labels"),
        pytest.param({"edition": 99}, id="no such edition"),
        pytest.param({"instance_type": 99}, id="no such type"),
        pytest.param({"default_backup_schedule_type": 99}, id="no such schedule type"),
        pytest.param({"state": "READY"}, id="ready at once"),
        pytest.param({"state": 99}, id="no such state"),
        pytest.param(
            {
                "instance_type": "FREE_INSTANCE",
                "node_count": 0,
                "free_instance_metadata": {"expire_behavior": 99},
            },
            id="no such behavior",
        ),
        pytest.param({"instance_type": "FREE_INSTANCE", "node_count": 1}, id="free with nodes"),
    ],
)
def test_an_instance_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient, fields: dict[str, Any]
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and makes nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        start_instance(instances, **fields)
    assert [] == list(instances.list_instances(parent="projects/test"))


def test_an_empty_request_is_refused(instances: instance_v1.InstanceAdminClient) -> None:
    """A request without anything is INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        instances.create_instance(request={})


def test_an_edition_must_have_what_is_asked_for(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """STANDARD has no configurations of several regions; who does not choose gets enough."""
    nam3 = "projects/test/instanceConfigs/nam3"
    with pytest.raises(exceptions.FailedPrecondition, match="ENTERPRISE_PLUS"):
        start_instance(instances, config=nam3, edition="STANDARD")
    operation = start_instance(instances, config=nam3)

    plus = instance_v1.Instance.Edition.ENTERPRISE_PLUS
    assert plus == operation.metadata.instance.edition


def test_more_nodes_than_anyone_has_are_refused(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """An absurd number of nodes exceeds the quota."""
    with pytest.raises(exceptions.ResourceExhausted, match="Project test cannot add"):
        start_instance(instances, node_count=2**31 - 1)


def test_display_names_need_not_be_unique(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Several instances of a project may have one display name."""
    start_instance(instances, display_name="Taken")
    second = start_instance(instances, "second", display_name="Taken")

    assert "Taken" == second.metadata.instance.display_name
