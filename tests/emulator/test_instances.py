# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances: they are made, read, listed and deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

CONFIG = "projects/test/instanceConfigs/regional-europe-west1"


FRESH = "projects/test/instances/fresh"
AUTOSCALING = {
    "autoscaling_limits": {"min_nodes": 2, "max_nodes": 5},
    "autoscaling_targets": {
        "high_priority_cpu_utilization_percent": 65,
        "storage_utilization_percent": 90,
    },
}


def start_instance(
    instances: instance_v1.InstanceAdminClient, instance_id: str = "fresh", **fields: object
) -> Operation:
    """Start to create an instance."""
    wanted = {"config": CONFIG, "display_name": f"Name of {instance_id}", **fields}
    if not wanted.keys() & {"node_count", "processing_units", "autoscaling_config"}:
        wanted["node_count"] = 1
    return instances.create_instance(
        parent="projects/test", instance_id=instance_id, instance=instance_v1.Instance(wanted)
    )


def test_an_instance_is_creating_and_then_ready(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """An instance can be read at once, and is READY when its operation has ended."""
    operation = start_instance(instances)
    before = instances.get_instance(name="projects/test/instances/fresh")
    clock.advance(20)

    assert before.state == instance_v1.Instance.State.CREATING
    assert operation.result(timeout=5).state == instance_v1.Instance.State.READY
    assert clock.now() == operation.metadata.end_time


def test_a_cancelled_instance_is_gone(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A cancelled creation has a cancel_time and leaves no instance."""
    operation = start_instance(instances)
    operation.cancel()

    assert operation.cancelled()
    assert clock.now() == operation.metadata.cancel_time
    with pytest.raises(exceptions.NotFound):
        instances.get_instance(name="projects/test/instances/fresh")


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
    with pytest.raises(exceptions.InvalidArgument, match="starts with a letter"):
        start_instance(instances, "9lives")


@pytest.mark.usefixtures("emulator")
def test_an_existing_instance_cannot_be_created(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A name that is taken is ALREADY_EXISTS."""
    with pytest.raises(exceptions.AlreadyExists):
        start_instance(instances, "main")


@pytest.mark.usefixtures("empty_emulator")
def test_nothing_can_be_made_in_an_instance_that_is_creating(
    instances: instance_v1.InstanceAdminClient,
    databases: object,
) -> None:
    """An instance refuses databases until it is ready."""
    start_instance(instances)

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        databases.create_database(  # type: ignore[attr-defined]
            parent="projects/test/instances/fresh", create_statement="CREATE DATABASE orders"
        )


def test_an_instance_with_backups_cannot_be_deleted(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """Backups keep their instance."""
    emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(exceptions.FailedPrecondition, match="contains backups"):
        instances.delete_instance(name=INSTANCE)


def test_deleting_an_instance_takes_its_databases_along(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """Databases go with their instance."""
    instances.delete_instance(name=INSTANCE)

    assert emulator.resources() == ()


def test_deleting_an_instance_that_is_creating_ends_its_operation(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """The operation of an instance that was deleted is cancelled, whatever it was planned to do."""
    emulator.plan(Plan(cancel_delay=None))
    operation = start_instance(instances)
    instances.delete_instance(name="projects/test/instances/fresh")

    assert operation.cancelled()


def test_instances_are_listed_in_pages(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """A pager finds every instance of the project once."""
    for number in range(5):
        emulator.create_instance(f"projects/test/instances/more-{number}")
    emulator.create_instance("projects/other/instances/hidden")

    request = instance_v1.ListInstancesRequest(parent="projects/test", page_size=2)
    found = [each.name.rpartition("/")[2] for each in instances.list_instances(request)]
    assert found == ["main", "more-0", "more-1", "more-2", "more-3", "more-4"]


def test_an_instance_that_is_creating_has_no_resources(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The capacity is 0 until the operation has ended; its metadata tells what was asked for."""
    operation = start_instance(instances, node_count=2)
    before = instances.get_instance(name=FRESH)
    wanted = operation.metadata.instance
    clock.advance(20)
    after = instances.get_instance(name=FRESH)

    assert (0, 0) == (before.node_count, before.processing_units)
    assert (2, 2000) == (wanted.node_count, wanted.processing_units)
    assert (2, 2000) == (after.node_count, after.processing_units)


def test_a_new_instance_has_the_defaults_of_the_service(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Edition, type and backup schedules are chosen for those who do not choose."""
    operation = start_instance(instances, processing_units=300)
    clock.advance(20)
    made = operation.result(timeout=5)

    assert instance_v1.Instance.Edition.STANDARD == made.edition
    assert instance_v1.Instance.InstanceType.PROVISIONED == made.instance_type
    assert (
        instance_v1.Instance.DefaultBackupScheduleType.AUTOMATIC
        == made.default_backup_schedule_type
    )
    assert [("europe-west1", 300)] == [
        (each.replica_selection.location, each.processing_units)
        for each in made.replica_compute_capacity
    ]
    assert (0, 300) == (made.node_count, made.processing_units)


def test_an_autoscaled_instance_begins_at_its_minimum(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The autoscaler gives the least of what it may."""
    operation = start_instance(instances, autoscaling_config=AUTOSCALING)
    clock.advance(20)

    assert operation.result(timeout=5).node_count == 2


def test_a_free_instance_has_a_trial_period(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A free instance has no capacity, and expires after ninety days."""
    operation = start_instance(instances, node_count=0, instance_type="FREE_INSTANCE")
    clock.advance(20)
    made = operation.result(timeout=5)

    assert made.processing_units == 0
    assert made.free_instance_metadata.expire_time - made.create_time == timedelta(days=90)


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


def test_display_names_are_unique_in_a_project(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A display name that another instance has is ALREADY_EXISTS."""
    start_instance(instances, display_name="Taken")

    with pytest.raises(exceptions.AlreadyExists, match="display_name"):
        start_instance(instances, "second", display_name="Taken")


def test_a_mask_gives_some_fields_only(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """GetInstance with a mask leaves out the other fields."""
    assert emulator.running
    found = instances.get_instance(
        {"name": INSTANCE, "field_mask": {"paths": ["config", "display_name"]}}
    )

    assert instance_v1.Instance(config=CONFIG, display_name="main") == found


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("path", ["nothing", "config.name", ""])
def test_a_mask_with_an_unknown_field_is_refused(
    instances: instance_v1.InstanceAdminClient, path: str
) -> None:
    """A mask that names what there is not is INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        instances.get_instance({"name": INSTANCE, "field_mask": {"paths": [path]}})


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["howl", "moving-castle"]),
        ("name:*", ["howl", "moving-castle"]),
        ("name:Howl", ["howl"]),
        ("NAME:howl", ["howl"]),
        ("labels.env:*", ["howl", "moving-castle"]),
        ("labels.env:dev", ["howl"]),
        ("NAME:howl labels.env:dev", ["howl"]),
        ("name:howl labels.env:prod", []),
        ("labels.team:*", []),
        ('display_name:"of moving"', ["moving-castle"]),
    ],
)
def test_a_filter_picks_instances(
    instances: instance_v1.InstanceAdminClient, wanted: str, found: list[str]
) -> None:
    """Filters on name, display name and labels work as documented."""
    start_instance(instances, "howl", labels={"env": "dev"})
    start_instance(instances, "moving-castle", labels={"env": "prod"})
    listed = instances.list_instances({"parent": "projects/test", "filter": wanted})

    assert found == [each.name.rpartition("/")[2] for each in listed]


@pytest.mark.parametrize("wanted", ["state:READY", "name:", "((("])
def test_a_filter_that_is_not_understood_is_refused(
    instances: instance_v1.InstanceAdminClient, wanted: str
) -> None:
    """Other fields, and what is no filter, are INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="ListInstances"):
        instances.list_instances({"parent": "projects/test", "filter": wanted})


def test_a_cancelled_instance_is_unreadable_at_once_and_its_name_free_later(
    emulator: SpannerAdminEmulator,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> None:
    """While its creation is undone, an instance cannot be read, and its name is still taken."""
    emulator.plan(Plan(cancel_delay=timedelta(seconds=30)))
    operation = start_instance(instances)
    operation.cancel()

    with pytest.raises(exceptions.NotFound):
        instances.get_instance(name=FRESH)
    with pytest.raises(exceptions.AlreadyExists):
        start_instance(instances)
    clock.advance(30)
    assert operation.cancelled()
    assert start_instance(instances).running()


def test_a_failed_creation_leaves_no_instance(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """An instance whose creation fails goes away."""
    emulator.plan(Plan(fail_with=(Code.RESOURCE_EXHAUSTED, "Project 1 cannot add 1 nodes")))
    operation = start_instance(instances)
    clock.advance(20)

    assert isinstance(operation.exception(timeout=5), exceptions.ResourceExhausted)
    with pytest.raises(exceptions.NotFound):
        instances.get_instance(name=FRESH)


def test_deleting_what_is_not_there_is_not_found(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Unlike DropDatabase, DeleteInstance tells when there is nothing to delete."""
    with pytest.raises(exceptions.NotFound):
        instances.delete_instance(name=FRESH)


def test_deleting_an_instance_ends_what_runs_on_its_databases(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """The operations of databases that go with their instance are cancelled."""
    assert emulator.running
    operation = databases.create_database(
        parent=INSTANCE, create_statement="CREATE DATABASE second"
    )
    instances.delete_instance(name=INSTANCE)

    assert operation.cancelled()
