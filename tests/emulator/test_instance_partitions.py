# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions: they are made, read, listed and deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support import configs
from tests.emulator.support.instances import AUTOSCALING, FRESH, start_instance
from tests.emulator.support.operation_starts import MULTI_REGION
from tests.emulator.support.partitions import CONFIG, PARTITION, REGIONS, create, update

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

pytestmark = pytest.mark.usefixtures("emulator")

States = instance_v1.InstancePartition.State


def ids_of(partitions: Iterable[instance_v1.InstancePartition]) -> list[str]:
    """Return the ids of partitions."""
    return [each.name.rpartition("/")[2] for each in partitions]


def test_a_partition_is_creating_and_then_ready(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A new partition has no resources until its operation has ended."""
    operation = create(instances, node_count=2)
    before = instances.get_instance_partition(name=PARTITION)
    clock.advance(60)
    after = instances.get_instance_partition(name=PARTITION)

    assert (States.CREATING, 0) == (before.state, before.node_count)
    assert 2 == operation.metadata.instance_partition.node_count
    assert (States.READY, 2, CONFIG) == (after.state, after.node_count, after.config)
    assert after == operation.result(timeout=5)
    assert operation.metadata.end_time == clock.now()
    assert 3 == len({before.etag, after.etag, ""})


@pytest.mark.parametrize(
    ("fields", "nodes", "units"),
    [
        ({"processing_units": 2000}, 0, 2000),
        ({"processing_units": 400}, 0, 400),
        ({"autoscaling_config": AUTOSCALING}, 0, 2000),
    ],
)
def test_a_partition_has_its_capacity_in_the_unit_it_was_given(
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    fields: dict[str, Any],
    nodes: int,
    units: int,
) -> None:
    """Nodes and processing units exclude each other; an autoscaler counts in the latter."""
    operation = create(instances, **fields)
    clock.advance(60)
    made = operation.result(timeout=5)

    assert (nodes, units) == (made.node_count, made.processing_units)


def test_a_cancelled_partition_is_unreadable_at_once(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """While its creation is undone it cannot be read or made again; afterwards it can."""
    emulator.plan(Plan(cancel_delay=timedelta(minutes=2)))
    operation = create(instances)
    clock.advance(30)
    operation.cancel()

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_partition(name=PARTITION)
    with pytest.raises(exceptions.AlreadyExists):
        create(instances)
    clock.advance(120)
    assert operation.cancelled()
    assert create(instances).running()


def test_deleting_a_partition_that_is_creating_cancels_its_operation(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Deletion is the one change that is possible before a partition is ready."""
    operation = create(instances)
    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        update(instances, node_count=2)
    instances.delete_instance_partition(name=PARTITION)

    assert operation.cancelled()
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_partition(name=PARTITION)


# numbers of enums that proto-plus does not know make it warn where they are read
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"partition_id": ""}, id="no id"),
        pytest.param({"partition_id": "A"}, id="capital"),
        pytest.param({"partition_id": "x" * 65}, id="long id"),
        pytest.param({"parent": "projects/test"}, id="project as parent"),
        pytest.param({"name": f"{INSTANCE}/instancePartitions/other"}, id="other name"),
        pytest.param({"config": ""}, id="no configuration"),
        pytest.param({"config": "projects/other/instanceConfigs/nam3"}, id="other project"),
        pytest.param({"display_name": ""}, id="no display name"),
        pytest.param({"display_name": "x" * 31}, id="long display name"),
        pytest.param({"node_count": 0}, id="no capacity"),
        pytest.param({"node_count": -1}, id="negative nodes"),
        pytest.param({"processing_units": 1}, id="one unit"),
        pytest.param({"node_count": 1, "autoscaling_config": AUTOSCALING}, id="autoscaled nodes"),
        pytest.param({"autoscaling_config": {}}, id="empty autoscaling"),
        pytest.param({"state": "READY"}, id="ready at once"),
        pytest.param({"state": 99}, id="no such state"),
    ],
)
def test_a_partition_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient, fields: dict[str, Any]
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and makes nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        create(instances, **fields)
    assert ["default"] == ids_of(instances.list_instance_partitions(parent=INSTANCE))


def test_a_partition_needs_its_instance_and_a_configuration(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """What is not there is NOT_FOUND; an instance that is creating, FAILED_PRECONDITION."""
    with pytest.raises(exceptions.NotFound, match="Instance not found"):
        create(instances, parent=FRESH)
    with pytest.raises(exceptions.NotFound, match="Instance config not found"):
        create(instances, config="projects/test/instanceConfigs/nowhere")
    start_instance(instances)
    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        create(instances, parent=FRESH)


@pytest.mark.parametrize("partition_id", ["america", "default"])
def test_an_existing_partition_cannot_be_created(
    instances: instance_v1.InstanceAdminClient, partition: str, partition_id: str
) -> None:
    """A name that is taken is ALREADY_EXISTS, and so is that of the default partition."""
    assert partition
    with pytest.raises(exceptions.AlreadyExists):
        create(instances, partition_id, display_name="Another one")


def test_an_instance_has_a_limited_number_of_partitions(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """One more than the limit is RESOURCE_EXHAUSTED."""
    *configs, one_more = (f"projects/test/instanceConfigs/{each}" for each in REGIONS[:21])
    for number, config in enumerate(configs):
        create(instances, f"part-{number}", config=config)

    with pytest.raises(exceptions.ResourceExhausted, match="limit of 20"):
        create(instances, "part-more", config=one_more)


def test_partitions_are_listed_by_instance_and_by_project(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """A dash stands for all instances of a project; pages find each partition once."""
    other = "projects/test/instances/other"
    emulator.create_instance(other, config="eur3")
    emulator.create_instance("projects/another/instances/main")
    made = ((other, "zz"), (INSTANCE, "ee"), (INSTANCE, "aa"))
    for (parent, partition_id), region in zip(made, REGIONS, strict=False):
        config = f"projects/test/instanceConfigs/{region}"
        create(instances, partition_id, parent=parent, config=config)
    of_one = instances.list_instance_partitions(parent=INSTANCE)
    of_all = instances.list_instance_partitions(
        {"parent": "projects/test/instances/-", "page_size": 1}
    )

    assert ["aa", "default", "ee"] == ids_of(of_one)
    assert ["aa", "default", "ee", "default", "zz"] == ids_of(of_all)
    with pytest.raises(exceptions.NotFound):
        instances.list_instance_partitions(parent="projects/test/instances/nowhere")


@pytest.mark.parametrize("config", ["regional-europe-west1", "emulator-config"])
def test_an_instance_in_a_single_region_has_no_partitions(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, config: str
) -> None:
    """It is FAILED_PRECONDITION, in the service's words."""
    emulator.create_instance(FRESH, config=config)

    with pytest.raises(exceptions.FailedPrecondition) as refused:
        create(instances, parent=FRESH)

    text = "Cannot create an instance partition in a single region instance."
    assert text == refused.value.message


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(MULTI_REGION, id="that of its instance"),
        pytest.param("regional-us-east4", id="that of another partition"),
        pytest.param("custom-mine", id="one that is based on that of another partition"),
    ],
)
def test_no_two_partitions_share_a_base_configuration(
    instances: instance_v1.InstanceAdminClient, custom: str, config: str
) -> None:
    """An instance counts as a partition; a configuration counts as what it is made from."""
    assert custom.endswith("custom-mine")  # based on nam11
    create(instances)
    create(instances, "second", config=configs.BASE)

    with pytest.raises(exceptions.FailedPrecondition, match="shares a base config with another"):
        create(instances, "third", config=f"projects/test/instanceConfigs/{config}")


def test_a_configuration_is_free_again_after_its_partition(
    instances: instance_v1.InstanceAdminClient, partition: str
) -> None:
    """What counts are the partitions that are there; other instances do not count."""
    instances.delete_instance_partition(name=partition)

    assert create(instances, "second").running()


def test_every_instance_has_a_default_partition(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """It is what its instance is: configuration, capacity, state, times."""
    start_instance(instances, processing_units=300)
    name = f"{FRESH}/instancePartitions/default"
    before = instances.get_instance_partition(name=name)
    clock.advance(20)
    instance, after = (
        instances.get_instance(name=FRESH),
        instances.get_instance_partition(name=name),
    )

    assert emulator.running
    assert (States.CREATING, 0) == (before.state, before.processing_units)
    assert (States.READY, 300, 0) == (after.state, after.processing_units, after.node_count)
    assert (instance.config, instance.create_time) == (after.config, after.create_time)
    assert name == after.name
    assert [] == list(instances.list_instance_partition_operations(parent=FRESH))


def test_the_default_partition_is_managed_with_its_instance(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """It can neither be updated nor deleted by itself, and goes with the instance."""
    name = f"{INSTANCE}/instancePartitions/default"

    with pytest.raises(exceptions.FailedPrecondition, match="default instance partition"):
        update(instances, name=name, node_count=2)
    with pytest.raises(exceptions.FailedPrecondition, match="default instance partition"):
        instances.delete_instance_partition(name=name)
    instances.delete_instance(name=INSTANCE)
    with pytest.raises(exceptions.NotFound, match="Instance not found"):
        instances.get_instance_partition(name=name)


@pytest.mark.parametrize("target", ["regional-us-west1", "nam3"])
def test_a_move_does_not_lead_to_what_cannot_be_made(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, target: str
) -> None:
    """An instance with partitions moves neither to a single region nor to where one of them is."""
    create(instances, config="projects/test/instanceConfigs/nam3")
    clock.advance(60)

    with pytest.raises(exceptions.FailedPrecondition, match="Cannot move instance"):
        instances.move_instance(
            {"name": INSTANCE, "target_config": f"projects/test/instanceConfigs/{target}"}
        )


def test_a_partition_with_a_placement_cannot_be_deleted(
    instances: instance_v1.InstanceAdminClient,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    partition: str,
) -> None:
    """A database that places data in a partition keeps it."""
    statement = "CREATE PLACEMENT usa OPTIONS (instance_partition = 'america')"
    databases.update_database_ddl(database=DATABASE, statements=[statement])
    clock.advance(timedelta(hours=1))

    found = instances.get_instance_partition(name=partition)
    assert [DATABASE] == list(found.referencing_databases)
    with pytest.raises(exceptions.FailedPrecondition, match="references it"):
        instances.delete_instance_partition(name=partition)


def test_partitions_go_with_their_instance(
    instances: instance_v1.InstanceAdminClient, partition: str
) -> None:
    """An instance is deleted with its partitions, and a new one does not inherit them."""
    instances.delete_instance(name=INSTANCE)

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_partition(name=partition)


def test_empty_requests_are_refused(instances: instance_v1.InstanceAdminClient) -> None:
    """Requests without anything are INVALID_ARGUMENT."""
    for call in (
        instances.create_instance_partition,
        instances.update_instance_partition,
        instances.delete_instance_partition,
        instances.get_instance_partition,
        instances.list_instance_partitions,
    ):
        with pytest.raises(exceptions.InvalidArgument):
            call(request={})
