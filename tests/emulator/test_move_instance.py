# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Moves of instances: long, exclusive, and as long on the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.instances import FRESH, start_instance
from tests.emulator.test_instance_updates import update

if TYPE_CHECKING:
    from google.api_core.operation import Operation
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

pytestmark = pytest.mark.usefixtures("emulator")

HERE = "projects/test/instanceConfigs/nam6"
THERE = "projects/test/instanceConfigs/eur3"


def move(
    instances: instance_v1.InstanceAdminClient, name: str = INSTANCE, target: str = THERE
) -> Operation:
    """Start to move an instance."""
    return instances.move_instance({"name": name, "target_config": target})


def metadata_of(operation: Operation) -> instance_v1.MoveInstanceMetadata:
    """Return the metadata as it is now, and not as it was when it was last asked for."""
    operation.done()
    metadata: instance_v1.MoveInstanceMetadata = operation.metadata
    return metadata


def test_a_moved_instance_has_the_other_configuration(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The configuration changes when the operation ends."""
    operation = move(instances)
    clock.advance(timedelta(hours=6))
    pending, half = instances.get_instance(name=INSTANCE), metadata_of(operation)
    clock.advance(timedelta(hours=6))

    assert (HERE, THERE, 50) == (
        pending.config,
        half.target_config,
        half.progress.progress_percent,
    )
    assert instance_v1.MoveInstanceResponse() == operation.result(timeout=5)
    assert THERE == instances.get_instance(name=INSTANCE).config


def test_a_cancelled_move_goes_back_as_long_as_it_ran(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Progress begins anew on the way back, and the instance is where it was."""
    operation = move(instances)
    clock.advance(timedelta(hours=4))
    operation.cancel()
    reset = metadata_of(operation).progress.progress_percent
    clock.advance(timedelta(hours=1))
    quarter = metadata_of(operation).progress.progress_percent
    with pytest.raises(exceptions.FailedPrecondition, match="being moved"):
        instances.delete_instance(name=INSTANCE)
    clock.advance(timedelta(hours=3))

    assert (0, 25) == (reset, quarter)
    assert operation.cancelled()
    assert operation.metadata.cancel_time == clock.now() - timedelta(hours=4)
    assert HERE == instances.get_instance(name=INSTANCE).config


def test_a_moving_instance_cannot_be_changed(
    instances: instance_v1.InstanceAdminClient, databases: database_v1.DatabaseAdminClient
) -> None:
    """Updates, deletion, partitions, databases and a second move are FAILED_PRECONDITION."""
    move(instances)

    for change in (
        lambda: update(instances, node_count=2),
        lambda: instances.delete_instance(name=INSTANCE),
        lambda: move(instances, target="projects/test/instanceConfigs/nam3"),
        lambda: instances.create_instance_partition(
            parent=INSTANCE,
            instance_partition_id="part",
            instance_partition=instance_v1.InstancePartition(
                config=THERE, display_name="Part", node_count=1
            ),
        ),
        lambda: databases.create_database(
            parent=INSTANCE, create_statement="CREATE DATABASE second"
        ),
    ):
        with pytest.raises(exceptions.FailedPrecondition, match="being moved"):
            change()


def test_a_failed_move_leaves_the_instance_where_it_was(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """After a failure the instance can be changed again."""
    emulator.plan(Plan(fail_at=0.5), times=1)
    operation = move(instances)
    clock.advance(timedelta(hours=6))

    assert operation.exception(timeout=5) is not None
    assert HERE == instances.get_instance(name=INSTANCE).config
    assert update(instances, node_count=2).running()


def test_an_instance_with_backups_does_not_move(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """Backups must be deleted before."""
    emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(exceptions.FailedPrecondition, match="has backups"):
        move(instances)


def test_a_database_with_keys_of_its_owner_does_not_move(
    instances: instance_v1.InstanceAdminClient,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """CMEK keeps an instance where it is."""
    key = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/key"
    databases.create_database(
        {
            "parent": INSTANCE,
            "create_statement": "CREATE DATABASE second",
            "encryption_config": {"kms_key_name": key},
        }
    )
    clock.advance(10)

    with pytest.raises(exceptions.FailedPrecondition, match="encrypted"):
        move(instances)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"node_count": 0, "instance_type": "FREE_INSTANCE"}, "free instance"),
        ({"processing_units": 900}, "less than one node"),
        ({"node_count": 1}, "required Edition for this feature is ENTERPRISE_PLUS"),
    ],
)
def test_some_instances_do_not_move(
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    fields: dict[str, Any],
    reason: str,
) -> None:
    """Free and small ones stay, and those whose edition does not allow the target."""
    start_instance(instances, **fields)
    clock.advance(20)

    with pytest.raises(exceptions.FailedPrecondition, match=reason):
        move(instances, name=FRESH)


def test_an_instance_that_is_creating_does_not_move(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """An instance moves when it is ready."""
    start_instance(instances)

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        move(instances, name=FRESH)


@pytest.mark.parametrize(
    ("name", "target", "error"),
    [
        ("", THERE, exceptions.InvalidArgument),
        (INSTANCE, "", exceptions.InvalidArgument),
        (INSTANCE, "eur3", exceptions.InvalidArgument),
        (INSTANCE, HERE, exceptions.InvalidArgument),
        (INSTANCE, "projects/other/instanceConfigs/eur3", exceptions.InvalidArgument),
        (INSTANCE, "projects/test/instanceConfigs/nowhere", exceptions.NotFound),
        ("projects/test/instances/nowhere", THERE, exceptions.NotFound),
    ],
)
def test_a_move_to_nowhere_is_refused(
    instances: instance_v1.InstanceAdminClient,
    name: str,
    target: str,
    error: type[exceptions.GoogleAPICallError],
) -> None:
    """Instance and target must exist, and the target must be another one."""
    with pytest.raises(error):
        move(instances, name=name, target=target)
