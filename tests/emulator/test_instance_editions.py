# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which edition an instance needs, where a free one can be, and what its autoscaler may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from tests.emulator.support.instances import AUTOSCALING, CONFIG, FRESH, start_instance

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

MULTI_REGION = "projects/test/instanceConfigs/nam6"
EDITIONS = instance_v1.Instance.Edition
HIGH = "high_priority_cpu_utilization_percent"


def autoscaling(**fields: Any) -> dict[str, Any]:
    """Return an autoscaler's configuration in which some fields differ."""
    return {**AUTOSCALING, **fields}


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"instance_type": "FREE_INSTANCE", "config": MULTI_REGION}, "not available in this"),
        ({"instance_type": "FREE_INSTANCE", "node_count": 1}, "no compute capacity"),
    ],
    ids=["several regions", "with nodes"],
)
def test_a_free_instance_cannot_be_everything(
    instances: instance_v1.InstanceAdminClient, fields: dict[str, Any], text: str
) -> None:
    """A free instance is in one region, and has no nodes."""
    with pytest.raises(exceptions.InvalidArgument, match=text):
        start_instance(instances, **{"node_count": 0, **fields})


@pytest.mark.usefixtures("emulator")
def test_a_free_instance_keeps_what_happens_at_its_end(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """What is to happen when the trial is over can be chosen when the instance is created."""
    metadata = {"expire_behavior": "FREE_TO_PROVISIONED"}
    start_instance(
        instances, node_count=0, instance_type="FREE_INSTANCE", free_instance_metadata=metadata
    )

    behavior = instance_v1.FreeInstanceMetadata.ExpireBehavior.FREE_TO_PROVISIONED
    assert behavior == instances.get_instance(name=FRESH).free_instance_metadata.expire_behavior


def test_a_free_instance_stays_free_when_it_is_renamed(
    instances: instance_v1.InstanceAdminClient, emulator: SpannerAdminEmulator, clock: ManualClock
) -> None:
    """An update of a free instance checks it anew, and asks for no nodes."""
    start_instance(instances, node_count=0, instance_type="FREE_INSTANCE")
    clock.advance(60)
    renamed = instance_v1.Instance(name=FRESH, display_name="A new name")
    instances.update_instance({"instance": renamed, "field_mask": {"paths": ["display_name"]}})
    clock.advance(60)

    assert emulator.running
    assert "A new name" == instances.get_instance(name=FRESH).display_name


def start_free(instances: instance_v1.InstanceAdminClient, instance_id: str = "fresh") -> None:
    """Start to create a free instance."""
    start_instance(instances, instance_id, node_count=0, instance_type="FREE_INSTANCE")


def upgrade(instances: instance_v1.InstanceAdminClient) -> None:
    """Start to upgrade the free instance."""
    instances.update_instance(
        {
            "instance": {"name": FRESH, "instance_type": "PROVISIONED", "node_count": 1},
            "field_mask": {"paths": ["instance_type", "node_count"]},
        }
    )


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("upgraded", [False, True], ids=["free", "upgraded"])
def test_a_project_has_one_free_instance(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, *, upgraded: bool
) -> None:
    """A second one is RESOURCE_EXHAUSTED, and configurations say so; also after an upgrade."""
    free = instance_v1.InstanceConfig.FreeInstanceAvailability
    before = instances.get_instance_config(name=CONFIG).free_instance_availability
    start_free(instances)
    clock.advance(60)
    if upgraded:
        upgrade(instances)
        clock.advance(60)

    with pytest.raises(exceptions.ResourceExhausted, match="limit of 1 free instances"):
        start_free(instances, "second")
    listed = {
        each.name: each.free_instance_availability
        for each in instances.list_instance_configs(parent="projects/test")
    }
    assert free.AVAILABLE == before
    assert free.QUOTA_EXCEEDED == listed[CONFIG]
    assert (
        free.QUOTA_EXCEEDED == instances.get_instance_config(name=CONFIG).free_instance_availability
    )
    assert free.UNSUPPORTED == listed[MULTI_REGION]
    instances.delete_instance(name=FRESH)
    start_free(instances, "second")


@pytest.mark.usefixtures("emulator")
def test_a_free_instance_has_five_databases(
    instances: instance_v1.InstanceAdminClient,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """One more is RESOURCE_EXHAUSTED, until the instance is upgraded."""
    start_free(instances)
    clock.advance(60)
    for number in range(5):
        databases.create_database(parent=FRESH, create_statement=f"CREATE DATABASE db{number}")

    with pytest.raises(exceptions.ResourceExhausted, match=r"limit \(5\)"):
        databases.create_database(parent=FRESH, create_statement="CREATE DATABASE more")
    upgrade(instances)
    clock.advance(60)
    assert databases.create_database(
        parent=FRESH, create_statement="CREATE DATABASE more"
    ).running()


@pytest.mark.usefixtures("emulator")
def test_an_upgraded_instance_tells_when_and_what_it_was(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The metadata of a free instance stays; its edition is ENTERPRISE if nobody says otherwise."""
    start_free(instances)
    clock.advance(60)
    before = instances.get_instance(name=FRESH).free_instance_metadata
    upgrade(instances)
    clock.advance(60)
    after = instances.get_instance(name=FRESH)

    assert "upgrade_time" not in before
    assert before.expire_time == after.free_instance_metadata.expire_time
    assert after.update_time == after.free_instance_metadata.upgrade_time
    assert EDITIONS.ENTERPRISE == after.edition


@pytest.mark.usefixtures("emulator")
def test_other_instances_have_no_trial_that_could_end(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """What happens at the end of a trial cannot be chosen for an instance without one."""
    start_instance(instances)
    clock.advance(60)

    with pytest.raises(exceptions.InvalidArgument):
        instances.update_instance(
            {
                "instance": {
                    "name": FRESH,
                    "free_instance_metadata": {"expire_behavior": "FREE_TO_PROVISIONED"},
                },
                "field_mask": {"paths": ["free_instance_metadata.expire_behavior"]},
            }
        )
    assert "free_instance_metadata" not in instances.get_instance(name=FRESH)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("edition", "fields", "text"),
    [
        (
            EDITIONS.STANDARD,
            {"config": MULTI_REGION},
            "Feature MULTI_REGION of .* required Edition for this feature is ENTERPRISE_PLUS",
        ),
        (
            EDITIONS.STANDARD,
            {"node_count": 0, "autoscaling_config": AUTOSCALING},
            "Feature MANAGED_AUTOSCALER is not available to Instance .*, in Edition STANDARD",
        ),
    ],
    ids=["several regions", "autoscaling"],
)
def test_an_edition_that_lacks_something_is_refused_with_the_reason(
    instances: instance_v1.InstanceAdminClient,
    edition: instance_v1.Instance.Edition,
    fields: dict[str, Any],
    text: str,
) -> None:
    """The refusal says what of the instance needs a greater edition."""
    with pytest.raises(exceptions.GoogleAPICallError, match=text):
        start_instance(instances, **{"edition": edition, **fields})


def test_read_only_replicas_need_an_edition(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """A configuration of one's own has read-only replicas, which the standard edition lacks."""
    with pytest.raises(exceptions.GoogleAPICallError, match=r"READ_ONLY_REPLICAS|MULTI_REGION"):
        start_instance(instances, config=custom, edition=EDITIONS.STANDARD)


@pytest.mark.usefixtures("emulator")
def test_an_edition_cannot_be_taken_away(instances: instance_v1.InstanceAdminClient) -> None:
    """An update that names the edition has to say one."""
    instance = instance_v1.Instance(name="projects/test/instances/main")
    with pytest.raises(exceptions.InvalidArgument, match="edition"):
        instances.update_instance({"instance": instance, "field_mask": {"paths": ["edition"]}})


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            autoscaling(autoscaling_targets={"storage_utilization_percent": 95}),
            HIGH,
        ),
        (
            autoscaling(
                asymmetric_autoscaling_options=[
                    {"replica_selection": {"location": "us-west1"}, "overrides": {}},
                    {"replica_selection": {"location": "us-west1"}, "overrides": {}},
                ]
            ),
            "location of its own",
        ),
        (
            autoscaling(
                asymmetric_autoscaling_options=[
                    {
                        "replica_selection": {"location": "us-west1"},
                        "overrides": {"autoscaling_limits": {"min_nodes": 3, "max_nodes": 2}},
                    }
                ]
            ),
            "minimum is above the maximum",
        ),
    ],
    ids=["no target for the CPU", "one location twice", "limits of an override"],
)
def test_an_autoscaler_that_cannot_work_is_refused(
    instances: instance_v1.InstanceAdminClient, config: dict[str, Any], text: str
) -> None:
    """An autoscaler needs a target for the CPU, one option a location, and limits in order."""
    with pytest.raises(exceptions.InvalidArgument, match=text):
        start_instance(instances, config=MULTI_REGION, node_count=0, autoscaling_config=config)


@pytest.mark.usefixtures("emulator")
def test_an_autoscaler_cannot_grow_without_end(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A maximum above what one instance can have is refused as nodes that are too many would be."""
    limits = {"min_nodes": 1, "max_nodes": 1_000_000}
    with pytest.raises(exceptions.GoogleAPICallError, match="nodes"):
        start_instance(
            instances, node_count=0, autoscaling_config=autoscaling(autoscaling_limits=limits)
        )
