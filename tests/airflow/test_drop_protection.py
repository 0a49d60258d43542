# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Drop protection is an operation of its own: after a creation, in a retry, on and off again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.kinds import CREATE_DATABASE, UPDATE_DATABASE
from airflow_spanner_lro.core.operations.errors import OperationFailedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from tests.airflow.fakes import DATABASE, LONG
from tests.airflow.operator_builders import (
    FRESH,
    QUARTER,
    create_database,
    database_starts,
    finish_at_each_look,
    update_database,
)
from tests.airflow.task_runner import defer, over_the_wire, play

if TYPE_CHECKING:
    from airflow.sdk.exceptions import TaskDeferred

    from tests.airflow.fakes import FakeTask, Stage

PROTECTED: dict[str, Any] = {"enable_drop_protection": True}


@pytest.mark.parametrize("flag", [True, "True", "true"], ids=repr)
def test_protection_follows_creation(
    stage: Stage, task: FakeTask, flag: bool | str, *, deferrable: bool
) -> None:
    """The task ends when the database is protected, which takes a second operation."""
    finish_at_each_look(stage)

    result = play(create_database(enable_drop_protection=flag, deferrable=deferrable), task)

    assert result["enable_drop_protection"]
    assert ["CreateDatabase", "UpdateDatabase"] == database_starts(stage)
    kinds = [operation.kind for operation in stage.emulator.operations()]
    assert [CREATE_DATABASE, UPDATE_DATABASE] == kinds
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert task.entry["closed"]


@pytest.mark.parametrize("flag", [False, "False", "false"], ids=repr)
def test_no_protection_unless_asked_for(stage: Stage, task: FakeTask, flag: bool | str) -> None:
    """What a template renders for False protects nothing."""
    finish_at_each_look(stage)

    result = play(create_database(enable_drop_protection=flag), task)

    assert not result["enable_drop_protection"]
    assert ["CreateDatabase"] == database_starts(stage)


def test_retry_protects_and_does_not_create_again(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A try that ends between creation and protection leaves the protection to the next."""
    finish_at_each_look(stage)
    stage.script.fail(method="UpdateDatabase", code=Code.UNAVAILABLE, times=1)
    with pytest.raises(Exception, match="unavailable"):
        play(create_database(**PROTECTED, deferrable=deferrable), task)
    assert stage.has(FRESH)

    task.next_try()
    result = play(create_database(**PROTECTED, deferrable=deferrable), task)

    assert result["enable_drop_protection"]
    assert 1 == len(stage.emulator.calls.of("CreateDatabase"))
    assert 2 == len(stage.emulator.operations())


def test_retry_takes_up_a_pending_protection(stage: Stage, task: FakeTask) -> None:
    """A try that ended while the protection was under way does not lead to a second one."""
    stage.emulator.plan(LONG, kind=UPDATE_DATABASE)
    defer(create_database(**PROTECTED, deferrable=True), task)
    stage.clock.advance(QUARTER)
    task.next_try()
    protects = defer(create_database(**PROTECTED, deferrable=True), task)
    task.next_try()

    goes_on = defer(create_database(**PROTECTED, deferrable=True), task)

    assert stage.operation.name == operation_of(protects) == operation_of(goes_on)
    assert ["CreateDatabase", "UpdateDatabase"] == database_starts(stage)


def test_protection_that_fails_is_tried_again(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A protection that failed makes its try fail, and the next one starts another."""
    finish_at_each_look(stage)
    stage.emulator.plan(Plan(fail_with=(Code.INTERNAL, "no")), kind=UPDATE_DATABASE, times=1)
    with pytest.raises(OperationFailedError, match=r"Update database .* INTERNAL: no"):
        play(create_database(**PROTECTED, deferrable=deferrable), task)
    task.next_try()

    result = play(create_database(**PROTECTED, deferrable=deferrable), task)

    assert result["enable_drop_protection"]
    assert ["CreateDatabase", "UpdateDatabase", "UpdateDatabase"] == database_starts(stage)


def test_protection_that_somebody_set_is_enough(stage: Stage, task: FakeTask) -> None:
    """A database that is protected when its creation ends needs no second operation."""
    stage.script.upon("GetOperation", lambda: _protected_by_somebody_else(stage))

    result = play(create_database(**PROTECTED), task)

    assert result["enable_drop_protection"]
    assert 2 == len(stage.emulator.operations())


def test_update_of_somebody_else_comes_first(stage: Stage, task: FakeTask) -> None:
    """A pending update is waited for, whatever it sets; then the database is protected."""
    finish_at_each_look(stage)
    stage.script.upon("GetDatabase", lambda: _set_protection(to=False))

    result = play(create_database(**PROTECTED), task)

    assert result["enable_drop_protection"]
    assert [CREATE_DATABASE, UPDATE_DATABASE, UPDATE_DATABASE] == [
        operation.kind for operation in stage.emulator.operations()
    ]


def test_update_turns_protection_on_and_off(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """Drop protection is what it was set to, and is the result."""
    finish_at_each_look(stage)

    on = play(update_database(enable_drop_protection=True, deferrable=deferrable), task)
    with pytest.raises(FailedPrecondition, match="enable_drop_protection"):
        drop(task)
    task.ti.run_id = "manual__2"
    task.next_try()
    off = play(update_database(enable_drop_protection="False", deferrable=deferrable), task)
    drop(task)

    assert [True, False] == [on["enable_drop_protection"], off["enable_drop_protection"]]
    assert DATABASE == json.loads(json.dumps(on))["name"]
    assert not stage.has(DATABASE)


def drop(task: FakeTask) -> None:
    """Drop the database that is there."""
    SpannerDropDatabaseOperator(
        task_id="drop", project_id="test", instance_id="main", database_id="orders"
    ).execute(task.context)


def operation_of(deferred: TaskDeferred) -> str:
    """Return the operation that a deferred task waits for."""
    return over_the_wire(deferred.trigger).operation


def _set_protection(*, to: bool) -> None:
    """Start an update of the new database, as somebody else."""
    operator = update_database(database_id="fresh-one", enable_drop_protection=to)
    operator.hook.client.start(kind=UPDATE_DATABASE, request=operator.build_request())


def _protected_by_somebody_else(stage: Stage) -> None:
    """Let the creation end, and an update that somebody else starts at once."""
    stage.clock.advance(QUARTER)
    _set_protection(to=True)
    stage.clock.advance(QUARTER)
