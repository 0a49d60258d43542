# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations of users are changed and deleted, one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from tests.emulator.conftest import INSTANCE
from tests.emulator.support.configs import BASE, update
from tests.emulator.support.instances import start_instance

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.emulator import ManualClock


def test_an_update_shows_when_it_has_ended(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, custom: str
) -> None:
    """Reads give the old values and say that it reconciles, the metadata has the new ones."""
    operation = update(instances, display_name="Other", labels={"team": "a"})
    pending = instances.get_instance_config(name=custom)
    clock.advance(60)
    after = instances.get_instance_config(name=custom)

    assert ("Mine", {}, True) == (
        pending.display_name,
        dict(pending.labels),
        pending.reconciling,
    )
    assert ("Other", {"team": "a"}, False) == (
        after.display_name,
        dict(after.labels),
        after.reconciling,
    )
    assert "Other" == operation.metadata.instance_config.display_name
    assert after == operation.result(timeout=5)
    assert pending.etag != after.etag


def test_a_cancelled_update_changes_nothing(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, custom: str
) -> None:
    """The old values stay, and the configuration can be changed again."""
    operation = update(instances, display_name="Other")
    clock.advance(30)
    operation.cancel()

    assert operation.cancelled()
    found = instances.get_instance_config(name=custom)
    assert ("Mine", False) == (found.display_name, found.reconciling)
    assert update(instances, display_name="Other").running()


def test_nothing_else_changes_a_configuration_meanwhile(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """A second update and a deletion are FAILED_PRECONDITION while one is pending."""
    update(instances, display_name="Other")

    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        update(instances, labels={"a": "b"})
    with pytest.raises(exceptions.FailedPrecondition, match="another operation"):
        instances.delete_instance_config(name=custom)


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        pytest.param(["base_config"], {"base_config": BASE}, id="base"),
        pytest.param(["replicas"], {}, id="replicas"),
        pytest.param(["leader_options"], {}, id="leaders"),
        pytest.param(["etag"], {}, id="etag"),
        pytest.param(["nothing"], {}, id="unknown field"),
        pytest.param(["display_name"], {}, id="no display name"),
        pytest.param(["labels"], {"labels": {"A": ""}}, id="bad label"),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient,
    custom: str,
    paths: list[str],
    fields: dict[str, Any],
) -> None:
    """Only labels and display name can change, and keep their rules."""
    with pytest.raises(exceptions.InvalidArgument):
        update(instances, *paths, name=custom, **fields)
    assert not instances.get_instance_config(name=custom).reconciling


def test_etags_guard_against_lost_updates(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, custom: str
) -> None:
    """An etag of before a change is ABORTED, the present one is fine."""
    old = instances.get_instance_config(name=custom).etag
    update(instances, "display_name", display_name="Two", etag=old)
    clock.advance(60)

    with pytest.raises(exceptions.Aborted):
        update(instances, "display_name", display_name="Three", etag=old)
    with pytest.raises(exceptions.Aborted):
        instances.delete_instance_config({"name": custom, "etag": old})
    new = instances.get_instance_config(name=custom).etag
    instances.delete_instance_config({"name": custom, "etag": new})
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=custom)


def test_a_configuration_in_use_cannot_be_deleted(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, custom: str
) -> None:
    """An instance keeps its configuration until it is deleted."""
    start_instance(instances, config=custom)
    clock.advance(20)
    with pytest.raises(exceptions.FailedPrecondition, match="in use by"):
        instances.delete_instance_config(name=custom)
    instances.delete_instance(name="projects/test/instances/fresh")
    clock.advance(300)
    instances.delete_instance_config(name=custom)

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=custom)


@pytest.mark.usefixtures("emulator")
def test_the_target_of_a_move_cannot_be_deleted(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """An instance on its way to a configuration uses it already."""
    instances.move_instance({"name": INSTANCE, "target_config": custom})

    with pytest.raises(exceptions.FailedPrecondition, match="in use by"):
        instances.delete_instance_config(name=custom)
