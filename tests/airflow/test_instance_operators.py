# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances are created, updated, moved and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.operations.errors import UnexpectedStateError
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, FakeTask
from tests.airflow.operator_builders import (
    AUTOSCALING,
    create_instance,
    delete_instance,
    move_instance,
    run_to_its_end,
    update_instance,
)
from tests.airflow.task_runner import defer, play, resume

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

NEW = "projects/test/instances/reports"
HERE = "projects/test/instanceConfigs/regional-europe-west1"
THERE = "projects/test/instanceConfigs/regional-us-central1"


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_create(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """An instance is created, and returned as JSON can hold it."""
    stage.finish_upon()

    result = play(create_instance(deferrable=deferrable), task)

    assert json.loads(json.dumps(result)) == result
    assert (NEW, HERE, "READY") == (result["name"], result["config"], result["state"])
    assert ("reports", 1) == (result["display_name"], result["node_count"])
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert f"{NEW}/operations/" in stage.first.name


def test_create_with_everything(stage: Stage) -> None:
    """All that an instance can be given arrives."""
    result = run_to_its_end(
        create_instance(
            config_id=THERE,
            display_name="Reports of all teams",
            processing_units="2000",
            edition="enterprise",
            labels={"team": "data"},
            instance_type="provisioned",
            default_backup_schedule_type="none",
        ),
        stage,
    )

    assert THERE == result["config"]
    assert "Reports of all teams" == result["display_name"]
    assert (2000, 2) == (result["processing_units"], result["node_count"])
    assert "ENTERPRISE" == result["edition"]
    assert {"team": "data"} == result["labels"]
    assert "PROVISIONED" == result["instance_type"]
    assert "NONE" == result["default_backup_schedule_type"]


def test_create_with_autoscaling(stage: Stage) -> None:
    """An autoscaled instance begins with the least that its limits allow."""
    result = run_to_its_end(create_instance(autoscaling=AUTOSCALING), stage)

    assert 2 == result["node_count"]
    assert AUTOSCALING["autoscaling_limits"] == result["autoscaling_config"]["autoscaling_limits"]


def test_create_a_free_instance(stage: Stage) -> None:
    """A free instance has no capacity."""
    result = run_to_its_end(create_instance(instance_type="FREE_INSTANCE"), stage)

    assert ("FREE_INSTANCE", 0) == (result["instance_type"], result["node_count"])


@pytest.mark.usefixtures("stage")
def test_create_asks_for_no_more_than_was_given() -> None:
    """What is not given is left to Spanner."""
    request = create_instance().build_request()

    assert ("projects/test", "reports") == (request.parent, request.instance_id)
    given = {field.name for field, _ in type(request).pb(request).instance.ListFields()}
    assert {"name", "config", "display_name", "node_count"} == given


def test_create_of_one_that_is_there(stage: Stage, task: FakeTask) -> None:
    """An instance that somebody else made is no success."""
    stage.emulator.create_instance(NEW)

    with pytest.raises(AirflowFailException, match=f"reports exists already.* {NEW}$"):
        create_instance().execute(task.context)

    assert not stage.emulator.operations()


def test_create_is_adopted_after_a_crash(stage: Stage, task: FakeTask) -> None:
    """A worker that is lost after the start leaves the operation to the next try."""
    stage.emulator.plan(LONG)
    defer(create_instance(deferrable=True), task)
    task.next_try()

    deferred = defer(create_instance(deferrable=True), task)
    stage.finish_upon()
    result = resume(create_instance(deferrable=True), deferred, task)

    assert NEW == result["name"]
    assert 1 == len(stage.emulator.calls.of("CreateInstance"))
    assert not stage.cancels


def test_create_whose_answer_is_lost(stage: Stage, task: FakeTask) -> None:
    """A start call that was carried out and not answered is found by its instance."""
    stage.emulator.plan(LONG)
    stage.script.lose_answer(method="CreateInstance")

    defer(create_instance(deferrable=True), task)

    assert [Code.UNAVAILABLE] == [call.code for call in stage.emulator.calls.of("CreateInstance")]
    assert stage.first.name == task.ti.xcoms["operation_name"]


def test_kill_removes_the_instance(stage: Stage, task: FakeTask) -> None:
    """A creation that is cancelled by a kill leaves no instance."""
    operator = create_instance()
    stage.emulator.plan(LONG)
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(Exception, match="killed"):
        operator.execute(task.context)

    assert 1 == len(stage.cancels)
    assert not stage.has(NEW)


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        pytest.param({"node_count": "3"}, ["node_count", "autoscaling_config"], id="nodes"),
        pytest.param(
            {"processing_units": 2000}, ["processing_units", "autoscaling_config"], id="units"
        ),
        pytest.param({"autoscaling": AUTOSCALING}, ["autoscaling_config"], id="autoscaling"),
        pytest.param({"edition": "ENTERPRISE"}, ["edition"], id="edition"),
        pytest.param({"labels": {}}, ["labels"], id="no-labels"),
        pytest.param(
            {
                "labels": {"a": "b"},
                "display_name": "Orders",
                "default_backup_schedule_type": "none",
            },
            ["labels", "default_backup_schedule_type", "display_name"],
            id="several",
        ),
    ],
)
@pytest.mark.usefixtures("stage")
def test_update_names_what_changes(changes: dict[str, Any], paths: list[str]) -> None:
    """The field mask has what was given, and with a fixed capacity the autoscaler."""
    request = update_instance(**changes).build_request()

    assert INSTANCE == request.instance.name
    assert paths == list(request.field_mask.paths)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"node_count": 3}, {"node_count": 3, "processing_units": 3000}, id="nodes"),
        pytest.param({"processing_units": 500}, {"processing_units": 500}, id="units"),
        pytest.param({"autoscaling": AUTOSCALING}, {"node_count": 2}, id="autoscaling"),
        pytest.param({"edition": "enterprise_plus"}, {"edition": "ENTERPRISE_PLUS"}, id="edition"),
        pytest.param({"labels": {"team": "data"}}, {"labels": {"team": "data"}}, id="labels"),
        pytest.param({"display_name": "Orders"}, {"display_name": "Orders"}, id="name"),
        pytest.param(
            {"default_backup_schedule_type": "AUTOMATIC"},
            {"default_backup_schedule_type": "AUTOMATIC"},
            id="schedule",
        ),
    ],
)
def test_update(stage: Stage, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """An instance has its new values, and returns them as JSON can hold them."""
    result = run_to_its_end(update_instance(**changes), stage)

    assert json.loads(json.dumps(result)) == result
    assert expected == {name: result[name] for name in expected}


def test_update_leaves_the_rest(stage: Stage) -> None:
    """What is not given stays as it was."""
    run_to_its_end(update_instance(labels={"team": "data"}, display_name="Orders"), stage)

    result = run_to_its_end(update_instance(node_count=2), stage)

    assert ({"team": "data"}, "Orders") == (result["labels"], result["display_name"])


def test_update_clears_labels(stage: Stage) -> None:
    """Empty labels are given labels: none remain."""
    run_to_its_end(update_instance(labels={"team": "data"}), stage)

    result = run_to_its_end(update_instance(labels={}), stage)

    assert {} == result["labels"]


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        pytest.param({"node_count": 1}, 1000, id="nodes"),
        pytest.param({"processing_units": 500}, 500, id="units"),
    ],
)
def test_update_turns_the_autoscaler_off(
    stage: Stage, fixed: dict[str, int], expected: int
) -> None:
    """A fixed capacity takes the place of the autoscaler, also below its limits."""
    scaled = run_to_its_end(update_instance(autoscaling=AUTOSCALING), stage)

    result = run_to_its_end(update_instance(**fixed), stage)

    assert "autoscaling_config" in scaled
    assert "autoscaling_config" not in result
    assert expected == result["processing_units"]


@pytest.mark.parametrize("target", ["regional-us-central1", THERE], ids=["id", "full-name"])
def test_move(stage: Stage, target: str) -> None:
    """An instance is moved, and its result says where it is."""
    result = run_to_its_end(move_instance(target_config_id=target), stage)

    assert json.loads(json.dumps(result)) == result
    assert (INSTANCE, THERE) == (result["name"], result["config"])


def test_move_of_what_cannot_move(stage: Stage, task: FakeTask) -> None:
    """Spanner's reason is told; it may pass, so retries apply."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(Exception, match=f"it has backups, such as {BACKUP}"):
        move_instance().execute(task.context)

    assert not stage.emulator.operations()


def test_move_to_where_it_is(stage: Stage, task: FakeTask) -> None:
    """A move to the same place is refused for good."""
    with pytest.raises(AirflowFailException, match="has this configuration already"):
        move_instance(target_config_id="nam6").execute(task.context)

    assert not stage.emulator.operations()


def test_move_that_somebody_undoes(stage: Stage, task: FakeTask) -> None:
    """An instance that is elsewhere once its move is done is no success."""
    stage.emulator.plan(LONG)
    stage.finish_upon()

    def move_back() -> None:
        stage.finish_upon()
        play(move_instance(target_config_id="regional-europe-west1"), FakeTask())

    stage.script.upon("GetInstance", move_back)

    with pytest.raises(UnexpectedStateError, match=f"READY in {HERE}, not READY in {THERE}"):
        move_instance().execute(task.context)

    assert 2 == len(stage.emulator.operations())


def test_delete(stage: Stage, task: FakeTask) -> None:
    """An instance is deleted with its databases."""
    delete_instance().execute(task.context)

    assert not stage.has(INSTANCE)
    assert not stage.has(DATABASE)


def test_delete_twice(stage: Stage, task: FakeTask) -> None:
    """An instance that is not there is deleted already."""
    delete_instance().execute(task.context)

    delete_instance().execute(task.context)

    calls = stage.emulator.calls.of("DeleteInstance")
    assert [Code.OK, Code.OK] == [call.code for call in calls]
