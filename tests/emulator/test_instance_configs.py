# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations: those of Google are there, those of users are made and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator import Limits, Plan, SpannerAdminEmulator

from .conftest import INSTANCE
from .test_instances import start_instance

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock

PROJECT = "projects/test"
BASE = f"{PROJECT}/instanceConfigs/nam11"
CUSTOM = f"{PROJECT}/instanceConfigs/custom-mine"
States = instance_v1.InstanceConfig.State
Replicas = instance_v1.ReplicaInfo.ReplicaType


def replicas_of(
    instances: instance_v1.InstanceAdminClient, base: str = BASE
) -> list[instance_v1.ReplicaInfo]:
    """Return the replicas of a base, and the first of its optional ones."""
    found = instances.get_instance_config(name=base)
    return [*found.replicas, *found.optional_replicas[:1]]


def create(
    instances: instance_v1.InstanceAdminClient,
    config_id: str = "custom-mine",
    *,
    validate_only: bool = False,
    **fields: object,
) -> Operation:
    """Start to create a configuration."""
    wanted = {
        "name": f"{PROJECT}/instanceConfigs/{config_id}",
        "display_name": "Mine",
        "base_config": BASE,
        "replicas": replicas_of(instances),
        **fields,
    }
    return instances.create_instance_config(
        {
            "parent": PROJECT,
            "instance_config_id": config_id,
            "instance_config": instance_v1.InstanceConfig(wanted),
            "validate_only": validate_only,
        }
    )


def update(
    instances: instance_v1.InstanceAdminClient,
    *paths: str,
    name: str = CUSTOM,
    validate_only: bool = False,
    **fields: object,
) -> Operation:
    """Start to update a configuration."""
    return instances.update_instance_config(
        {
            "instance_config": {"name": name, **fields},
            "update_mask": {"paths": list(paths or fields)},
            "validate_only": validate_only,
        }
    )


@pytest.fixture
def custom(instances: instance_v1.InstanceAdminClient, clock: ManualClock) -> str:
    """Make a configuration, and return its name."""
    create(instances)
    clock.advance(timedelta(minutes=10))
    return CUSTOM


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
    assert operation.metadata.progress.progress_percent == 100
    assert instance_v1.InstanceConfig.Type.USER_MANAGED == after.config_type
    assert ["us-central1", "us-east1"] == list(after.leader_options)
    assert len({before.etag, after.etag, ""}) == 3


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


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"config_id": "mine"}, id="no prefix"),
        pytest.param({"config_id": "custom-"}, id="nothing after the prefix"),
        pytest.param({"config_id": "custom-Mine"}, id="capitals"),
        pytest.param({"config_id": "custom-" + "x" * 60}, id="too long"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": f"{PROJECT}/instanceConfigs/custom-other"}, id="other name"),
        pytest.param({"display_name": ""}, id="no display name"),
        pytest.param({"base_config": ""}, id="no base"),
        pytest.param({"base_config": "nam11"}, id="base without project"),
        pytest.param({"base_config": CUSTOM}, id="base of a user"),
        pytest.param({"base_config": "projects/other/instanceConfigs/nam11"}, id="other project"),
        pytest.param(
            {"base_config": f"{PROJECT}/instanceConfigs/nam10"}, id="base without options"
        ),
        pytest.param({"replicas": []}, id="no replicas"),
        pytest.param({"replicas": [{"location": "us-west1", "type_": 2}]}, id="without the base"),
        pytest.param({"replicas": [{"location": "us-west1", "type_": 99}]}, id="no such type"),
        pytest.param({"labels": {"A": ""}}, id="bad label"),
        pytest.param({"leader_options": ["us-west1"]}, id="a leader that cannot lead"),
        pytest.param({"etag": "abc"}, id="an etag"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    instances: instance_v1.InstanceAdminClient, fields: dict[str, Any]
) -> None:
    """What breaks a rule is INVALID_ARGUMENT, and makes nothing."""
    with pytest.raises(exceptions.InvalidArgument):
        create(instances, **fields)
    assert not [
        each.name for each in instances.list_instance_configs(parent=PROJECT) if each.base_config
    ]


def test_optional_replicas_are_limited(instances: instance_v1.InstanceAdminClient) -> None:
    """None, too many, and those of other places are INVALID_ARGUMENT."""
    base = replicas_of(instances)
    far = instance_v1.ReplicaInfo(location="europe-west1", type_=Replicas.READ_ONLY)

    for replicas in (base[:-1], [*base, base[-1]], [*base, far]):
        with pytest.raises(exceptions.InvalidArgument, match=r"optional replicas|allows"):
            create(instances, replicas=replicas)


def test_validation_alone_makes_nothing(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """The answer is an operation with the id 0, which cannot be got."""
    made = create(instances, "custom-other", validate_only=True)
    changed = update(instances, display_name="Other", validate_only=True)
    instances.delete_instance_config({"name": custom, "validate_only": True})

    for operation in (made, changed):
        assert operation.operation.name.endswith("/operations/0")
        with pytest.raises(exceptions.NotFound):
            instances.get_operation({"name": operation.operation.name})
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=f"{PROJECT}/instanceConfigs/custom-other")
    assert instances.get_instance_config(name=custom).display_name == "Mine"


def test_validation_alone_finds_what_is_wrong(
    instances: instance_v1.InstanceAdminClient, custom: str
) -> None:
    """What would be refused is refused, too, when it is only validated."""
    with pytest.raises(exceptions.AlreadyExists):
        create(instances, validate_only=True)
    with pytest.raises(exceptions.Aborted):
        update(instances, "display_name", display_name="Two", etag="old", validate_only=True)
    with pytest.raises(exceptions.Aborted):
        instances.delete_instance_config({"name": custom, "etag": "old", "validate_only": True})


@pytest.mark.usefixtures("custom")
def test_a_project_has_a_limited_number_of_configurations(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """One more than the limit is RESOURCE_EXHAUSTED."""
    for number in range(Limits().configs - 1):
        create(instances, f"custom-{number}", name=f"{PROJECT}/instanceConfigs/custom-{number}")

    with pytest.raises(exceptions.ResourceExhausted, match="limit of 100"):
        create(instances, "custom-more")


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


def test_googles_configurations_cannot_be_changed(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Updates and deletions of them are INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="managed by Google"):
        update(instances, name=BASE, display_name="Other")
    with pytest.raises(exceptions.InvalidArgument, match="managed by Google"):
        instances.delete_instance_config(name=BASE)


def test_unknown_configurations_are_not_found(
    instances: instance_v1.InstanceAdminClient,
) -> None:
    """Reads, updates and deletions of what is not there are NOT_FOUND."""
    with pytest.raises(exceptions.NotFound):
        instances.get_instance_config(name=CUSTOM)
    with pytest.raises(exceptions.NotFound):
        update(instances, display_name="Other")
    with pytest.raises(exceptions.NotFound):
        instances.delete_instance_config(name=CUSTOM)


def test_empty_requests_are_refused(instances: instance_v1.InstanceAdminClient) -> None:
    """Requests without anything are INVALID_ARGUMENT."""
    for call in (
        instances.create_instance_config,
        instances.update_instance_config,
        instances.delete_instance_config,
        instances.get_instance_config,
        instances.list_instance_configs,
    ):
        with pytest.raises(exceptions.InvalidArgument):
            call(request={})
