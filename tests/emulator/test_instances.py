# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances: they are made, and deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.instances import AUTOSCALING, FRESH, start_instance

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


def test_an_instance_is_creating_and_then_ready(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """An instance can be read at once, and is READY when its operation has ended."""
    operation = start_instance(instances)
    before = instances.get_instance(name="projects/test/instances/fresh")
    clock.advance(20)

    assert instance_v1.Instance.State.CREATING == before.state
    assert instance_v1.Instance.State.READY == operation.result(timeout=5).state
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

    assert () == emulator.resources()


def test_deleting_an_instance_that_is_creating_ends_its_operation(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """The operation of an instance that was deleted is cancelled, whatever it was planned to do."""
    emulator.plan(Plan(cancel_delay=None))
    operation = start_instance(instances)
    instances.delete_instance(name="projects/test/instances/fresh")

    assert operation.cancelled()


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

    assert 2 == operation.result(timeout=5).node_count


def test_a_free_instance_has_a_trial_period(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A free instance has no capacity, and expires after ninety days."""
    operation = start_instance(instances, node_count=0, instance_type="FREE_INSTANCE")
    clock.advance(20)
    made = operation.result(timeout=5)

    assert 0 == made.processing_units
    assert timedelta(days=90) == made.free_instance_metadata.expire_time - made.create_time


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


def test_deleting_what_is_not_there_is_fine(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """DeleteInstance may be sent twice, as the sample suites of Google's clients do."""
    instances.delete_instance(name=FRESH)

    with pytest.raises(exceptions.NotFound):
        instances.get_instance(name=FRESH)


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
