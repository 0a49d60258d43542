# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances and configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Plan

from .conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

CONFIG = "projects/test/instanceConfigs/regional-europe-west1"


def start_instance(
    instances: instance_v1.InstanceAdminClient, instance_id: str = "fresh"
) -> Operation:
    """Start to create an instance."""
    return instances.create_instance(
        parent="projects/test",
        instance_id=instance_id,
        instance=instance_v1.Instance(config=CONFIG, display_name="Fresh", node_count=1),
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


def test_every_project_has_configurations(instances: instance_v1.InstanceAdminClient) -> None:
    """The configurations that Google manages can be listed, and each of them read."""
    listed = list(instances.list_instance_configs(parent="projects/any"))

    assert len(listed) > 3
    for config in listed:
        assert config == instances.get_instance_config(name=config.name)
