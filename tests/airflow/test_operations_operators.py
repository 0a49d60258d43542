# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that get, list, cancel and delete operations by name."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import (
    CancelNotSettledError,
    OperationRunningError,
    UnavailableError,
)
from airflow_spanner_lro.core.kinds import CREATE_DATABASE, UPDATE_DATABASE, UPDATE_INSTANCE
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.operations import (
    SpannerCancelOperationOperator,
    SpannerDeleteOperationOperator,
    SpannerGetOperationOperator,
    SpannerListOperationsOperator,
)

from .doubles import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME, FakeTask
from .playing import backup, change_schema

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind

    from .doubles import Stage

IGNORES_CANCEL = Plan(duration=LONG_TIME, cancel_delay=None)


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that somebody started."""
    return start_backup(stage, LONG)


def start_backup(stage: Stage, plan: Plan) -> str:
    """Start the backup with a plan, and return the operation's name."""
    stage.emulator.plan(plan, times=1)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


def start(stage: Stage, kind: OperationKind, plan: Plan, **request: Any) -> str:
    """Start an operation of any kind, and return its name."""
    stage.emulator.plan(plan, times=1)
    return str(SpannerAdminHook().start_operation(kind=kind, request=request).name)


def create_database(stage: Stage, database_id: str, plan: Plan = LONG) -> str:
    """Start to create a database, and return the operation's name."""
    statement = f"CREATE DATABASE {database_id}"
    return start(stage, CREATE_DATABASE, plan, parent=INSTANCE, create_statement=statement)


def update_instance(stage: Stage, plan: Plan = LONG) -> str:
    """Start to update the instance, and return the operation's name."""
    return start(
        stage,
        UPDATE_INSTANCE,
        plan,
        instance={"name": INSTANCE, "node_count": 2},
        field_mask={"paths": ["node_count"]},
    )


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

    assert told["error"] == {"code": "RESOURCE_EXHAUSTED", "message": "no room"}
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


def test_cancel(stage: Stage, task: FakeTask, running: str) -> None:
    """A running operation is cancelled, and its end is awaited."""
    endings = cancel(running).execute(task.context)

    assert {running: "cancelled"} == endings
    assert stage.operation.done
    assert not stage.has(BACKUP)


def test_cancel_of_what_is_done(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation that is done already is no error, and what it made stays."""
    stage.clock.advance(LONG_TIME)

    endings = cancel(running).execute(task.context)

    assert {running: "finished first"} == endings
    assert stage.has(BACKUP)


def test_cancel_of_what_is_gone(stage: Stage, task: FakeTask) -> None:
    """An operation that Spanner does not know is no error either."""
    name = f"{DATABASE}/operations/none"

    endings = cancel(name).execute(task.context)

    assert {name: "gone"} == endings
    assert 1 == len(stage.cancels)


def test_cancel_many(stage: Stage, task: FakeTask, running: str) -> None:
    """Each of many operations has an ending of its own."""
    done = create_database(stage, "quick", Plan(duration=timedelta()))
    gone = f"{DATABASE}/operations/none"

    endings = cancel([running, done, gone]).execute(task.context)

    assert {running: "cancelled", done: "finished first", gone: "gone"} == endings
    assert list(endings) == [running, done, gone]


def test_cancels_are_sent_before_any_is_awaited(stage: Stage, task: FakeTask) -> None:
    """The last operation does not wait for the first to end."""
    names = [create_database(stage, f"database_{number}") for number in range(10)]
    before = len(stage.emulator.calls)

    cancel(names).execute(task.context)

    methods = [call.method for call in stage.emulator.calls][before:]
    assert ["CancelOperation"] * 10 == methods[:10]
    assert {"GetOperation"} == set(methods[10:])


def test_cancel_the_same_twice(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation that is named twice is cancelled once."""
    endings = cancel([running, [running, None]]).execute(task.context)

    assert {running: "cancelled"} == endings
    assert 1 == len(stage.cancels)


@pytest.mark.parametrize("nothing", [None, "", "None", [], [None], ["", [None, "None"]]], ids=repr)
def test_cancel_nothing(stage: Stage, task: FakeTask, nothing: Any) -> None:
    """Where no operation was started, there is none to cancel, and that is success."""
    endings = cancel(nothing).execute(task.context)

    assert {} == endings
    assert not stage.emulator.calls


@pytest.mark.parametrize(
    "form",
    [lambda n: [None, n], lambda n: [[n], ""], lambda n: ["None", n]],
    ids=["missing", "mapped", "template"],
)
def test_cancel_what_there_is(stage: Stage, task: FakeTask, running: str, form: Any) -> None:
    """What was started is cancelled, whatever was not."""
    endings = cancel(form(running)).execute(task.context)

    assert {running: "cancelled"} == endings
    assert stage.operation.done


def test_one_bad_name_spoils_all(stage: Stage, task: FakeTask, running: str) -> None:
    """A name that cannot be is refused before anything is cancelled."""
    with pytest.raises(AirflowFailException, match="operation name='some'"):
        cancel([running, "some"]).execute(task.context)

    assert not stage.cancels


def test_cancel_that_is_refused(stage: Stage, task: FakeTask, running: str) -> None:
    """A refused cancel fails the task, which says why."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, message="not you")

    with pytest.raises(CancelNotSettledError, match=r"refused to cancel it .*: not you") as caught:
        cancel(running).execute(task.context)

    assert running in str(caught.value)
    assert not stage.operation.done


def test_cancel_that_takes_too_long(stage: Stage, task: FakeTask) -> None:
    """An operation that is still running when the time is up fails the task."""
    name = start_backup(stage, IGNORES_CANCEL)

    with pytest.raises(CancelNotSettledError, match=f"describe {name}"):
        cancel(name, settle_timeout=0.1).execute(task.context)

    assert 1 == len(stage.cancels)


def test_cancel_only_asks(stage: Stage, task: FakeTask) -> None:
    """With no time to settle all operations are asked to cancel all the same."""
    names = [create_database(stage, each, IGNORES_CANCEL) for each in ("one", "two")]

    with pytest.raises(CancelNotSettledError):
        cancel(names, settle_timeout=0).execute(task.context)

    assert 2 == len(stage.cancels)


def test_cancel_tells_all_that_goes_on(stage: Stage, task: FakeTask, running: str) -> None:
    """The error has a line for each operation that goes on, and none for the others."""
    stubborn = create_database(stage, "stubborn", IGNORES_CANCEL)
    refusal = (Code.UNIMPLEMENTED, "cannot be done")
    refused = create_database(stage, "refused", Plan(duration=LONG_TIME, cancel_error=refusal))

    with pytest.raises(CancelNotSettledError) as caught:
        cancel([stubborn, running, refused], settle_timeout=0.3).execute(task.context)

    lines = str(caught.value).splitlines()
    assert [stubborn, refused] == [line.partition(": ")[0] for line in lines]
    assert "not confirmed yet" in lines[0]
    assert "UNIMPLEMENTED: cannot be done" in lines[1]
    assert stage.first.done


def test_cancel_cleans_up(stage: Stage, task: FakeTask, running: str) -> None:
    """What a create operation had made before it could be cancelled is deleted, if wanted."""
    stage.clock.advance(LONG_TIME)

    endings = cancel(running, clean_up=True).execute(task.context)

    assert {running: "finished first"} == endings
    assert not stage.has(BACKUP)
    assert stage.has(DATABASE)


def test_cancel_does_not_clean_up_after_updates(stage: Stage, task: FakeTask) -> None:
    """What was there before its operation stays, also where the operation answered it."""
    name = start(
        stage,
        UPDATE_DATABASE,
        Plan(duration=timedelta()),
        database={"name": DATABASE, "enable_drop_protection": False},
        update_mask={"paths": ["enable_drop_protection"]},
    )

    endings = cancel(name, clean_up=True).execute(task.context)

    assert {name: "finished first"} == endings
    assert stage.has(DATABASE)


def test_cancel_that_cannot_clean_up(stage: Stage, task: FakeTask, running: str) -> None:
    """What should have been deleted and could not be fails the task."""
    stage.clock.advance(LONG_TIME)
    stage.script.fail(method="DeleteBackup", code=Code.PERMISSION_DENIED, message="not yours")

    with pytest.raises(CancelNotSettledError, match=r"could not be deleted.*not yours"):
        cancel(running, clean_up=True).execute(task.context)

    assert stage.has(BACKUP)


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

    with pytest.raises(OperationRunningError, match=f"{name} is still running.*Cancel it first"):
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
