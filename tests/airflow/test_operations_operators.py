# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that get, list and delete operations by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError, OperationRunningError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.operations import (
    SpannerCancelOperationOperator,
    SpannerDeleteOperationOperator,
    SpannerGetOperationOperator,
    SpannerListOperationsOperator,
)
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME, FakeTask
from tests.airflow.started_operations import create_database, start_backup, update_instance
from tests.airflow.task_runner import change_schema

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that somebody started."""
    return start_backup(stage, LONG)


def get(name: str) -> SpannerGetOperationOperator:
    """Return an operator that looks at an operation."""
    return SpannerGetOperationOperator(task_id="get", operation_name=name)


def list_(**parameters: Any) -> SpannerListOperationsOperator:
    """Return an operator that lists operations."""
    return SpannerListOperationsOperator(task_id="list", **{"project_id": "test"} | parameters)


def cancel(name: Any, **parameters: Any) -> SpannerCancelOperationOperator:
    """Return an operator that cancels operations."""
    return SpannerCancelOperationOperator(task_id="cancel", operation_name=name, **parameters)


def delete(name: Any) -> SpannerDeleteOperationOperator:
    """Return an operator that deletes the records of operations."""
    return SpannerDeleteOperationOperator(task_id="delete", operation_name=name)


def test_get(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation is told as a dictionary that is fit for an XCom."""
    stage.clock.advance(LONG_TIME / 2)

    told = get(running).execute(task.context)

    assert told == json.loads(json.dumps(told))
    assert {"name": running, "kind": "CreateBackup", "state": "RUNNING", "percent": 50} == {
        key: told[key] for key in ("name", "kind", "state", "percent")
    }


def test_get_of_what_failed(stage: Stage, task: FakeTask) -> None:
    """Looking at an operation that failed succeeds, and tells its error."""
    name = start_backup(stage, Plan(fail_with=(Code.RESOURCE_EXHAUSTED, "no room")))
    stage.clock.advance(LONG_TIME)

    told = get(name).execute(task.context)

    assert {"code": "RESOURCE_EXHAUSTED", "message": "no room"} == told["error"]
    assert (True, "FAILED") == (told["done"], told["state"])


def test_get_of_a_schema_change(stage: Stage, task: FakeTask) -> None:
    """A schema change tells its statements."""
    stage.emulator.plan(LONG)
    name = change_schema(wait_for_completion=False).execute(FakeTask().context)
    stage.clock.advance(LONG_TIME * 0.75)

    told = get(name).execute(task.context)

    assert 2 == len(told["statements"])
    assert told["statements"][0]["committed"]
    assert told["statements"][1]["committed"] is None


def test_get_of_what_is_unknown(stage: Stage, task: FakeTask) -> None:
    """An operation that Spanner does not know fails the task for good, by its name."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*operations/none.*Check project"):
        get(f"{DATABASE}/operations/none").execute(task.context)

    assert 1 == len(stage.emulator.calls.of("GetOperation"))


def test_list_of_one_resource(stage: Stage, task: FakeTask, running: str) -> None:
    """Without a type the operations are those of the resource that is named."""
    other = create_database(stage, "more")

    of_backup = list_(instance_id="main", backup_id="nightly").execute(task.context)
    of_database = list_(instance_id="main", database_id="more").execute(task.context)
    of_instance = list_(instance_id="main").execute(task.context)

    assert ([running], [other], []) == tuple(
        [each["name"] for each in found] for found in (of_backup, of_database, of_instance)
    )


def test_list_by_type(stage: Stage, task: FakeTask, running: str) -> None:
    """With a type the operations are those of the instance that have it."""
    create_database(stage, "more")

    found = list_(instance_id="main", list_type="backup").execute(task.context)

    assert found == [get(running).execute(task.context)]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"RUNNING", "CANCELLED"}),
        ({"pending_only": True}, {"RUNNING"}),
        ({"operation_filter": "done:true"}, {"CANCELLED"}),
        ({"operation_filter": "error:*", "pending_only": True}, set()),
    ],
    ids=["all", "pending", "filter", "both"],
)
def test_list_can_be_narrowed(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], expected: set[str]
) -> None:
    """Only what is pending, only what a filter lets through, or both."""
    create_database(stage, "more")
    stage.cancel(create_database(stage, "less"))

    found = list_(instance_id="main", list_type="DATABASE", **parameters).execute(task.context)

    assert expected == {each["state"] for each in found}


def test_list_uses_the_connections_project(
    task: FakeTask, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a project the connection's is asked."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")

    found = list_(project_id=None, instance_id="main", list_type="BACKUP").execute(task.context)

    assert [running] == [each["name"] for each in found]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "instance_id=None is not usable: give exactly one of instance_id and config_id"),
        ({"instance_id": "main", "list_type": "BACKUPS"}, "list_type='BACKUPS'.*RESTORE, BACKUP"),
        ({"instance_id": "main", "config_id": "custom-a"}, "config_id='custom-a'.*exactly one"),
        ({"instance_id": "main", "database_id": "D"}, "database id='D'.*lower-case"),
        (
            {"instance_id": "main", "list_type": "INSTANCE", "backup_id": "nightly"},
            "list_type='INSTANCE'.*backup_id='nightly'",
        ),
    ],
    ids=["nowhere", "type", "two", "pattern", "fit"],
)
def test_list_of_what_cannot_be(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], words: str
) -> None:
    """Arguments that do not go together fail for good, before anything is sent."""
    with pytest.raises(AirflowFailException, match=words):
        list_(**parameters).execute(task.context)

    assert not stage.emulator.calls


def test_list_with_a_filter_that_makes_no_sense(stage: Stage, task: FakeTask) -> None:
    """A filter that Spanner does not understand fails for good."""
    operator = list_(instance_id="main", list_type="BACKUP", operation_filter="((")

    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*Correct the argument"):
        operator.execute(task.context)

    assert 1 == len(stage.emulator.calls)


def test_list_within_what_is_not_there(stage: Stage, task: FakeTask) -> None:
    """An instance that does not exist is named."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*nowhere"):
        list_(instance_id="nowhere").execute(task.context)

    assert 1 == len(stage.emulator.calls)


def test_delete(stage: Stage, task: FakeTask) -> None:
    """The record of an operation that is done is deleted."""
    name = update_instance(stage)
    stage.clock.advance(LONG_TIME)

    delete(name).execute(task.context)

    assert name not in {each.name for each in stage.emulator.operations()}


def test_delete_twice(stage: Stage, task: FakeTask) -> None:
    """A record that is gone is deleted already; many can be deleted at once."""
    name = update_instance(stage)
    stage.clock.advance(LONG_TIME)
    delete(name).execute(task.context)

    delete([name, f"{INSTANCE}/operations/none", None]).execute(task.context)

    assert 1 == len(stage.emulator.calls.of("DeleteOperation"))


def test_delete_when_somebody_else_is_faster(stage: Stage, task: FakeTask) -> None:
    """A record that vanishes after the look is no error."""
    name = update_instance(stage)
    stage.clock.advance(LONG_TIME)
    hook = SpannerAdminHook()
    stage.script.upon("DeleteOperation", lambda: hook.delete_operation(name=name))

    delete(name).execute(task.context)

    assert [Code.OK, Code.NOT_FOUND] == [
        call.code for call in stage.emulator.calls.of("DeleteOperation")
    ]


def test_delete_of_what_runs(stage: Stage, task: FakeTask) -> None:
    """A running operation would go on unseen, so its record is kept, and a retry may help."""
    done = update_instance(stage)
    stage.clock.advance(LONG_TIME)
    name = update_instance(stage)

    with pytest.raises(
        OperationRunningError, match=f"it is still running.*Cancel it first.* {name}$"
    ):
        delete([done, name]).execute(task.context)

    assert not stage.emulator.calls.of("DeleteOperation")


@pytest.mark.parametrize("nothing", [None, "", "None", [], [[None]]], ids=repr)
def test_delete_nothing(stage: Stage, task: FakeTask, nothing: Any) -> None:
    """Where no operation was started, there is no record to delete."""
    delete(nothing).execute(task.context)

    assert not stage.emulator.calls


@pytest.mark.parametrize("resource", [DATABASE, BACKUP], ids=["database", "backup"])
def test_delete_of_what_spanner_keeps(stage: Stage, task: FakeTask, resource: str) -> None:
    """Operations of databases and backups cannot be deleted, which is said without asking."""
    name = f"{resource}/operations/some"

    with pytest.raises(AirflowFailException, match=f"{name}.*instances, instance partitions"):
        delete([f"{INSTANCE}/operations/some", name]).execute(task.context)

    assert not stage.emulator.calls


@pytest.mark.parametrize("make", [get, cancel, delete], ids=lambda make: make.__name__)
def test_permissions(stage: Stage, task: FakeTask, make: Any) -> None:
    """A look that is not allowed fails the task, and names the refusal."""
    name = update_instance(stage)
    for method in ("GetOperation", "CancelOperation"):
        stage.script.fail(method=method, code=Code.PERMISSION_DENIED, message="not you", times=9)

    with pytest.raises((AirflowFailException, CancelNotSettledError), match="not you"):
        make(name).execute(task.context)

    assert not stage.operation.done


@pytest.mark.parametrize(
    "operator",
    [get(f"{INSTANCE}/operations/some"), list_(instance_id="main")],
    ids=["get", "list"],
)
def test_unreachable(stage: Stage, task: FakeTask, operator: Any) -> None:
    """An endpoint that does not answer may answer a retry; the error says what to check."""
    stage.emulator.stop()

    with pytest.raises(UnavailableError, match="spanner_endpoint"):
        operator.execute(task.context)
