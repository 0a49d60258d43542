# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations are created, updated and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.status import Code
from tests.airflow.operator_builders import (
    create_config,
    create_instance,
    delete_config,
    run_to_its_end,
    update_config,
)
from tests.airflow.task_runner import play

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

OWN = "projects/test/instanceConfigs/custom-near"
BASE = "projects/test/instanceConfigs/nam3"
ON_TOP: dict[str, Any] = {"location": "us-west2", "type": "READ_ONLY"}
OF_BASE: list[dict[str, Any]] = [
    *[{"location": "us-east4", "type": "READ_WRITE", "default_leader_location": True}] * 2,
    *[{"location": "us-east1", "type": "READ_WRITE"}] * 2,
    {"location": "us-central1", "type": "WITNESS"},
]


def places(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where the replicas of a configuration are, and of which type each is."""
    return [(replica["location"], replica["type_"]) for replica in config["replicas"]]


ALL_PLACES = [(replica["location"], replica["type"]) for replica in [*OF_BASE, ON_TOP]]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_create(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A configuration is created, and returned as JSON can hold it."""
    stage.finish_upon()

    result = play(create_config(deferrable=deferrable), task)

    assert json.loads(json.dumps(result)) == result
    assert (OWN, BASE, "READY") == (result["name"], result["base_config"], result["state"])
    assert ("custom-near", {}) == (result["display_name"], result["labels"])
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert f"{OWN}/operations/" in stage.first.name


def test_added_replicas_come_on_top_of_those_of_the_base(stage: Stage) -> None:
    """The replicas of the base are read and sent along."""
    result = run_to_its_end(create_config(base_config_id=BASE, add_replicas=["us-west2"]), stage)

    assert ALL_PLACES == places(result)
    assert [BASE] == [call.resource for call in stage.emulator.calls.of("GetInstanceConfig")][:1]


def test_given_replicas_are_sent_as_they_are(stage: Stage) -> None:
    """Who lists all replicas needs no permission to read the base."""
    request = create_config(replicas=[*OF_BASE, ON_TOP]).build_request()

    sent = [(each.location, each.type_.name) for each in request.instance_config.replicas]
    assert ALL_PLACES == sent
    assert request.instance_config.replicas[0].default_leader_location
    assert not stage.emulator.calls


def test_replicas_of_another_task_can_be_given(stage: Stage) -> None:
    """What one configuration returned as its replicas makes another one."""
    first = run_to_its_end(create_config(), stage)

    second = run_to_its_end(
        create_config(config_id="custom-too", replicas=first["replicas"]), stage
    )

    assert first["replicas"] == second["replicas"]


def test_create_with_name_and_labels(stage: Stage) -> None:
    """What people see can be given."""
    result = run_to_its_end(create_config(display_name="Near us", labels={"team": "data"}), stage)

    assert ("Near us", {"team": "data"}) == (result["display_name"], result["labels"])


def test_replica_that_the_base_does_not_offer(stage: Stage, task: FakeTask) -> None:
    """A place where the base allows no replica is told with those where it does."""
    with pytest.raises(AirflowFailException, match=r"\['mars'\].*nam3 allows .*us-west2") as caught:
        create_config(base_config_id="nam3", add_replicas=["mars"]).execute(task.context)

    assert "add_replicas" in str(caught.value)
    assert not stage.emulator.operations()
    assert not task.store.values


def test_base_that_is_not_there(stage: Stage, task: FakeTask) -> None:
    """A base that does not exist is named, and no retry is made."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*nam99"):
        create_config(base_config_id="nam99").execute(task.context)

    assert not stage.emulator.operations()


def test_update(stage: Stage) -> None:
    """A configuration has its new name and labels."""
    run_to_its_end(create_config(), stage)

    result = run_to_its_end(update_config(display_name="Near us", labels={"team": "data"}), stage)

    assert json.loads(json.dumps(result)) == result
    assert ("Near us", {"team": "data"}) == (result["display_name"], result["labels"])


def test_update_leaves_the_rest(stage: Stage) -> None:
    """What is not given stays as it was; empty labels are given, and clear those there are."""
    run_to_its_end(create_config(display_name="Near us", labels={"team": "data"}), stage)

    result = run_to_its_end(update_config(labels={}), stage)

    assert ("Near us", {}) == (result["display_name"], result["labels"])


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        pytest.param({"display_name": "Near us"}, ["display_name"], id="name"),
        pytest.param({"labels": {}}, ["labels"], id="labels"),
        pytest.param({"display_name": "N", "labels": {}}, ["display_name", "labels"], id="both"),
    ],
)
def test_update_names_what_changes(changes: dict[str, Any], paths: list[str]) -> None:
    """The update mask has what was given."""
    request = update_config(**changes).build_request()

    assert OWN == request.instance_config.name
    assert paths == list(request.update_mask.paths)


def test_delete(stage: Stage, task: FakeTask) -> None:
    """A configuration is deleted, and deleting it again is fine."""
    run_to_its_end(create_config(), stage)
    delete_config().execute(task.context)

    delete_config().execute(task.context)

    calls = stage.emulator.calls.of("DeleteInstanceConfig")
    assert [Code.OK, Code.OK] == [call.code for call in calls]
    assert not stage.has(OWN)


def test_delete_of_one_in_use(stage: Stage, task: FakeTask) -> None:
    """A configuration that an instance uses stays, and the error names the instance."""
    run_to_its_end(create_config(), stage)
    user = run_to_its_end(
        create_instance(config_id="custom-near", edition="ENTERPRISE_PLUS"), stage
    )

    with pytest.raises(Exception, match=f"in use by {user['name']}"):
        delete_config().execute(task.context)

    assert stage.has(OWN)


def test_delete_of_one_of_google(stage: Stage, task: FakeTask) -> None:
    """A configuration of Google's cannot be deleted, and no retry is made."""
    with pytest.raises(AirflowFailException, match="managed by Google"):
        delete_config(config_id="nam3").execute(task.context)

    assert [Code.INVALID_ARGUMENT] == [call.code for call in stage.emulator.calls]
