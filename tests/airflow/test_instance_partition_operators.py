# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions are created, updated and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import INSTANCE, LONG, FakeTask
from tests.airflow.operator_builders import (
    AUTOSCALING,
    create_partition,
    delete_instance,
    delete_partition,
    run_to_its_end,
    update_partition,
)
from tests.airflow.task_runner import play

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

PARTITION = f"{INSTANCE}/instancePartitions/overseas"
THERE = "projects/test/instanceConfigs/regional-us-central1"


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_create(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A partition is created, and returned as JSON can hold it."""
    stage.finish_upon()

    result = play(create_partition(deferrable=deferrable), task)

    assert json.loads(json.dumps(result)) == result
    assert (PARTITION, THERE, "READY") == (result["name"], result["config"], result["state"])
    assert ("overseas", 1) == (result["display_name"], result["node_count"])
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert f"{PARTITION}/operations/" in stage.first.name


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"processing_units": "2000"}, {"processing_units": 2000}, id="units"),
        pytest.param({"autoscaling": AUTOSCALING}, {"processing_units": 2000}, id="autoscaling"),
        pytest.param({"config_id": THERE}, {"config": THERE}, id="full-name"),
        pytest.param({"display_name": "Abroad"}, {"display_name": "Abroad"}, id="name"),
    ],
)
def test_create_with(stage: Stage, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """What a partition can be given arrives."""
    result = run_to_its_end(create_partition(**given), stage)

    assert expected == {name: result[name] for name in expected}


def test_create_in_an_instance_that_is_not_there(stage: Stage, task: FakeTask) -> None:
    """An instance that does not exist is named, and no retry is made."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*elsewhere"):
        create_partition(instance_id="elsewhere").execute(task.context)

    assert not stage.emulator.operations()


def test_kill_removes_the_partition(stage: Stage, task: FakeTask) -> None:
    """A creation that is cancelled by a kill leaves no partition."""
    operator = create_partition()
    stage.emulator.plan(LONG)
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(Exception, match="killed"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)
    assert not stage.has(PARTITION)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"node_count": 3}, {"node_count": 3}, id="nodes"),
        pytest.param({"processing_units": 500}, {"processing_units": 500}, id="units"),
        pytest.param({"autoscaling": AUTOSCALING}, {"node_count": 2}, id="autoscaling"),
        pytest.param({"display_name": "Abroad"}, {"display_name": "Abroad"}, id="name"),
    ],
)
def test_update(stage: Stage, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """A partition has its new values, and keeps the others."""
    before = run_to_its_end(create_partition(), stage)

    result = run_to_its_end(update_partition(**changes), stage)

    kept = {"name", "config", "create_time"}
    assert json.loads(json.dumps(result)) == result
    assert expected == {name: result[name] for name in expected}
    assert {name: before[name] for name in kept} == {name: result[name] for name in kept}


def test_update_turns_the_autoscaler_off(stage: Stage) -> None:
    """A fixed capacity takes the place of the autoscaler, also below its limits."""
    scaled = run_to_its_end(create_partition(autoscaling=AUTOSCALING), stage)

    result = run_to_its_end(update_partition(node_count=1), stage)

    assert "autoscaling_config" in scaled
    assert "autoscaling_config" not in result
    assert 1 == result["node_count"]


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        pytest.param({"node_count": 2}, ["node_count", "autoscaling_config"], id="nodes"),
        pytest.param({"autoscaling": AUTOSCALING}, ["autoscaling_config"], id="autoscaling"),
        pytest.param({"display_name": "Abroad"}, ["display_name"], id="name"),
    ],
)
def test_update_names_what_changes(changes: dict[str, Any], paths: list[str]) -> None:
    """The field mask has what was given, and with a fixed capacity the autoscaler."""
    request = update_partition(**changes).build_request()

    assert PARTITION == request.instance_partition.name
    assert paths == list(request.field_mask.paths)


def test_delete(stage: Stage, task: FakeTask) -> None:
    """A partition is deleted, and deleting it again is fine."""
    run_to_its_end(create_partition(), stage)
    delete_partition().execute(task.context)

    delete_partition().execute(task.context)

    calls = stage.emulator.calls.of("DeleteInstancePartition")
    assert [Code.OK, Code.NOT_FOUND] == [call.code for call in calls]
    assert not stage.has(PARTITION)


def test_partitions_go_with_their_instance(stage: Stage, task: FakeTask) -> None:
    """An instance that is partitioned is deleted with its partitions, as Spanner does it."""
    run_to_its_end(create_partition(), stage)

    delete_instance().execute(task.context)

    assert not stage.has(INSTANCE)
    assert not stage.has(PARTITION)
