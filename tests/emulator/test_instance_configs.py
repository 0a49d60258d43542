# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations: those of Google are there, those of users are made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Plan
from tests.emulator.support.configs import CUSTOM, PROJECT, create, update
from tests.emulator.support.instances import start_instance

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

States = instance_v1.InstanceConfig.State


def test_every_project_has_configurations(instances: instance_v1.InstanceAdminClient) -> None:
    """The configurations that Google manages can be listed, and each of them read."""
    listed = list(instances.list_instance_configs(parent="projects/any"))

    assert len(listed) > 60
    for config in listed:
        assert config == instances.get_instance_config(name=config.name)


def test_configurations_are_listed_in_pages(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """A pager finds each configuration once, by name, a user's own among them."""
    whole = [each.name for each in instances.list_instance_configs(parent=PROJECT)]
    paged = instances.list_instance_configs({"parent": PROJECT, "page_size": 7})

    assert whole == [each.name for each in paged]
    assert whole == sorted(whole)
    assert custom in whole


@pytest.mark.parametrize(
    ("config", "replicas", "leaders", "quorum"),
    [
        (
            "regional-europe-west1",
            ["europe-west1 READ_WRITE"] * 3,
            [],
            "REGION",
        ),
        (
            "dual-region-germany1",
            [
                *["europe-west10 READ_WRITE"] * 2,
                *["europe-west3 READ_WRITE"] * 2,
                "europe-west10 WITNESS",
                "europe-west3 WITNESS",
            ],
            ["europe-west10", "europe-west3"],
            "DUAL_REGION",
        ),
        (
            "nam6",
            [
                *["us-central1 READ_WRITE"] * 2,
                *["us-east1 READ_WRITE"] * 2,
                "us-west1 READ_ONLY",
                "us-west2 READ_ONLY",
                "us-central2 WITNESS",
            ],
            ["us-central1", "us-east1"],
            "MULTI_REGION",
        ),
    ],
)
def test_configurations_have_the_replicas_that_google_publishes(
    instances: instance_v1.InstanceAdminClient,
    config: str,
    replicas: list[str],
    leaders: list[str],
    quorum: str,
) -> None:
    """Replicas, leaders and quorum are those of the documentation."""
    found = instances.get_instance_config(name=f"{PROJECT}/instanceConfigs/{config}")

    assert replicas == [f"{each.location} {each.type_.name}" for each in found.replicas]
    assert [0] == [n for n, each in enumerate(found.replicas) if each.default_leader_location]
    assert leaders == list(found.leader_options)
    assert quorum == found.quorum_type.name


def test_a_configuration_is_creating_and_then_ready(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """A new configuration reconciles until its operation has ended."""
    operation = create(instances)
    before = instances.get_instance_config(name=CUSTOM)
    clock.advance(timedelta(minutes=10))
    after = instances.get_instance_config(name=CUSTOM)

    assert (States.CREATING, True) == (before.state, before.reconciling)
    assert (States.READY, False) == (after.state, after.reconciling)
    assert after == operation.result(timeout=5)
    assert 100 == operation.metadata.progress.progress_percent
    assert instance_v1.InstanceConfig.Type.USER_MANAGED == after.config_type
    assert ["us-central1", "us-east1"] == list(after.leader_options)
    assert 3 == len({before.etag, after.etag, ""})


def test_an_instance_can_use_a_users_configuration_once_it_is_ready(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Before that, it is a FAILED_PRECONDITION."""
    create(instances)
    with pytest.raises(exceptions.FailedPrecondition, match="cannot be used"):
        start_instance(instances, config=CUSTOM)
    clock.advance(timedelta(minutes=10))

    assert start_instance(instances, config=CUSTOM).running()


def test_a_cancelled_configuration_is_unreadable_at_once(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """While its creation is undone it cannot be read or made again; afterwards it can."""
    emulator.plan(Plan(cancel_delay=timedelta(minutes=2)))
    operation = create(instances)
    clock.advance(60)
    operation.cancel()

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=CUSTOM)
    with pytest.raises(exceptions.AlreadyExists):
        create(instances)
    clock.advance(120)
    assert operation.cancelled()
    assert operation.metadata.cancel_time == clock.now() - timedelta(minutes=2)
    assert create(instances).running()


def test_deleting_a_configuration_that_is_creating_cancels_its_operation(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Deletion is the one change that is possible before a configuration is ready."""
    operation = create(instances)
    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        update(instances, display_name="Other")
    instances.delete_instance_config(name=CUSTOM)

    assert operation.cancelled()
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=CUSTOM)
