# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Updates of instances: values change when the operation ends, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from tests.emulator.conftest import INSTANCE
from tests.emulator.support.instances import AUTOSCALING, FRESH, start_instance

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock

pytestmark = pytest.mark.usefixtures("emulator")


def update(
    instances: instance_v1.InstanceAdminClient,
    *paths: str,
    name: str = INSTANCE,
    **fields: object,
) -> Operation:
    """Start to update an instance."""
    return instances.update_instance(
        {
            "instance": {"name": name, **fields},
            "field_mask": {"paths": list(paths or fields)},
        }
    )


def test_an_update_shows_when_it_has_ended(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Reads give the old values while the update is pending, the metadata the new ones."""
    created = instances.get_instance(name=INSTANCE).create_time
    operation = update(instances, node_count=3, labels={"team": "a"}, display_name="Renamed")
    pending = instances.get_instance(name=INSTANCE)
    clock.advance(45)
    after = instances.get_instance(name=INSTANCE)

    assert (1, {}) == (pending.node_count, dict(pending.labels))
    assert 3 == operation.metadata.instance.node_count
    assert (3, 3000, {"team": "a"}, "Renamed") == (
        after.node_count,
        after.processing_units,
        dict(after.labels),
        after.display_name,
    )
    assert after == operation.result(timeout=5)
    assert created == after.create_time
    assert clock.now() == after.update_time
    assert operation.metadata.end_time == clock.now()


def test_a_cancelled_update_changes_nothing(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A cancelled update ends CANCELLED, and the instance has its old values."""
    before = instances.get_instance(name=INSTANCE)
    operation = update(instances, node_count=3)
    clock.advance(10)
    operation.cancel()
    clock.advance(100)

    assert operation.cancelled()
    assert operation.metadata.cancel_time is not None
    assert before == instances.get_instance(name=INSTANCE)


def test_a_cancel_after_the_end_changes_nothing(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """An update that has ended stays."""
    operation = update(instances, node_count=3)
    clock.advance(45)
    instances.cancel_operation({"name": operation.operation.name})

    assert not operation.cancelled()
    assert 3 == instances.get_instance(name=INSTANCE).node_count


def test_nothing_else_changes_an_instance_meanwhile(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """A second update, a move and a deletion are FAILED_PRECONDITION while one is pending."""
    update(instances, labels={"team": "a"})

    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        update(instances, node_count=2)
    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        instances.move_instance(
            {"name": INSTANCE, "target_config": "projects/test/instanceConfigs/nam3"}
        )
    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        instances.delete_instance(name=INSTANCE)


def test_an_instance_that_is_creating_cannot_be_updated(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Only deletion is possible before an instance is ready."""
    start_instance(instances)

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        update(instances, name=FRESH, node_count=2)


def test_only_the_named_fields_change(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """What the mask does not name stays, whatever the request says about it."""
    update(instances, "labels", labels={"team": "a"}, node_count=7, display_name="Ignored")
    clock.advance(45)
    after = instances.get_instance(name=INSTANCE)

    assert (1, "main", {"team": "a"}) == (
        after.node_count,
        after.display_name,
        dict(after.labels),
    )


def test_labels_are_replaced_as_a_whole(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Labels that the request does not have go away."""
    update(instances, labels={"a": "1", "b": "2"})
    clock.advance(45)
    update(instances, labels={"b": "3"})
    clock.advance(45)

    assert {"b": "3"} == dict(instances.get_instance(name=INSTANCE).labels)


def test_autoscaling_comes_changes_and_goes(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Capacity follows the limits of autoscaling, and stays or is set when that is cleared."""
    counts = []
    for paths, fields in (
        ((), {"autoscaling_config": AUTOSCALING}),
        (
            ("autoscaling_config.autoscaling_limits.min_nodes",),
            {"autoscaling_config": {"autoscaling_limits": {"min_nodes": 4}}},
        ),
        (("node_count", "autoscaling_config"), {"node_count": 1}),
    ):
        update(instances, *paths, **fields)
        clock.advance(45)
        found = instances.get_instance(name=INSTANCE)
        counts.append((found.node_count, "autoscaling_config" in found))

    assert [(2, True), (4, True), (1, False)] == counts


def test_a_large_scale_up_takes_longer(instances: instance_v1.InstanceAdminClient) -> None:
    """The metadata expects an extended time for a hundred nodes more."""
    operation = update(instances, node_count=200)

    extended = instance_v1.FulfillmentPeriod.FULFILLMENT_PERIOD_EXTENDED
    assert extended == operation.metadata.expected_fulfillment_period


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        pytest.param(["nothing"], {}, id="unknown field"),
        pytest.param([""], {}, id="empty path"),
        pytest.param(["*"], {}, id="all fields"),
        pytest.param(["config"], {"config": "projects/test/instanceConfigs/nam3"}, id="config"),
        pytest.param(["name"], {}, id="name"),
        pytest.param(["state"], {}, id="state"),
        pytest.param(["create_time"], {}, id="time"),
        pytest.param(["labels.team"], {}, id="one label"),
        pytest.param(["node_count"], {}, id="no nodes"),
        pytest.param(["node_count"], {"node_count": -5}, id="negative nodes"),
        pytest.param(["processing_units"], {"processing_units": 1100}, id="odd units"),
        pytest.param(
            ["node_count", "processing_units"],
            {"node_count": 1, "processing_units": 1000},
            id="both units",
        ),
        pytest.param(["display_name"], {}, id="no display name"),
        pytest.param(["labels"], {"labels": {"A": "b"}}, id="bad label"),
        pytest.param(["instance_type"], {"instance_type": "FREE_INSTANCE"}, id="free again"),
        pytest.param(["node_count"], {"node_count": 2, "state": "CREATING"}, id="creating"),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient, paths: list[str], fields: dict[str, Any]
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and starts nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        update(instances, *paths, **fields)
    assert update(instances, node_count=2).running()


def test_an_update_without_a_mask_is_refused(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """The mask is required."""
    with pytest.raises(exceptions.InvalidArgument, match="Must specify a non-empty field mask"):
        instances.update_instance({"instance": {"name": INSTANCE, "node_count": 2}})


def test_an_unknown_instance_is_not_found(instances: instance_v1.InstanceAdminClient) -> None:
    """The call itself is refused, not the operation."""
    with pytest.raises(exceptions.NotFound):
        update(instances, name="projects/test/instances/nowhere", node_count=2)


def test_a_mask_may_name_the_configuration_as_it_is(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """The library's own ``Instance.update()`` always names it; another one takes a move."""
    config = instances.get_instance(name=INSTANCE).config
    update(instances, config=config, display_name="Renamed")
    clock.advance(45)
    with pytest.raises(exceptions.InvalidArgument, match="config"):
        update(instances, config="projects/test/instanceConfigs/nam3", display_name="Other")

    assert "Renamed" == instances.get_instance(name=INSTANCE).display_name
