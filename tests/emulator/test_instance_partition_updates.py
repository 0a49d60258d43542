# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions are changed, one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from tests.emulator.support.partitions import CONFIG, update

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.emulator import ManualClock

pytestmark = pytest.mark.usefixtures("emulator")


def test_an_update_shows_when_it_has_ended(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, partition: str
) -> None:
    """Reads give the old values while the update is pending, the metadata the new ones."""
    operation = update(instances, node_count=3, display_name="Renamed")
    pending = instances.get_instance_partition(name=partition)
    clock.advance(45)
    after = instances.get_instance_partition(name=partition)

    assert (1, "Name of america") == (pending.node_count, pending.display_name)
    assert 3 == operation.metadata.instance_partition.node_count
    assert (3, "Renamed") == (after.node_count, after.display_name)
    assert after == operation.result(timeout=5)
    assert pending.etag != after.etag


def test_an_update_can_change_the_unit(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, partition: str
) -> None:
    """Processing units take the place of nodes, whether or not both are named."""
    update(instances, "node_count", "processing_units", processing_units=500)
    clock.advance(45)
    found = instances.get_instance_partition(name=partition)

    assert (False, 500) == ("node_count" in found, found.processing_units)


def test_a_cancelled_update_changes_nothing(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, partition: str
) -> None:
    """A cancelled update ends CANCELLED, and the partition has its old values."""
    before = instances.get_instance_partition(name=partition)
    operation = update(instances, node_count=3)
    clock.advance(10)
    operation.cancel()
    clock.advance(100)

    assert operation.cancelled()
    assert before == instances.get_instance_partition(name=partition)


def test_nothing_else_changes_a_partition_meanwhile(
    instances: instance_v1.InstanceAdminClient, partition: str
) -> None:
    """A second update and a deletion are FAILED_PRECONDITION while one is pending."""
    update(instances, node_count=3)

    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        update(instances, display_name="Renamed")
    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        instances.delete_instance_partition(name=partition)


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        pytest.param(["config"], {"config": CONFIG}, id="config"),
        pytest.param(["etag"], {}, id="etag"),
        pytest.param(["referencing_databases"], {}, id="output"),
        pytest.param(["labels"], {}, id="unknown field"),
        pytest.param(["node_count"], {}, id="no nodes"),
        pytest.param(["node_count"], {"node_count": -1}, id="negative nodes"),
        pytest.param(["processing_units"], {"processing_units": 1001}, id="odd units"),
        pytest.param(["display_name"], {"display_name": "abc"}, id="short display name"),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient,
    partition: str,
    paths: list[str],
    fields: dict[str, Any],
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and starts nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        update(instances, *paths, name=partition, **fields)
    assert update(instances, node_count=2).running()


def test_etags_guard_against_lost_updates(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, partition: str
) -> None:
    """An etag of before a change is ABORTED, the present one is fine."""
    old = instances.get_instance_partition(name=partition).etag
    update(instances, "node_count", node_count=2, etag=old)
    clock.advance(45)

    with pytest.raises(exceptions.Aborted):
        update(instances, "node_count", node_count=3, etag=old)
    with pytest.raises(exceptions.Aborted):
        instances.delete_instance_partition({"name": partition, "etag": old})
    new = instances.get_instance_partition(name=partition).etag
    instances.delete_instance_partition({"name": partition, "etag": new})
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_partition(name=partition)
