# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors for backups, databases and silence wait alike in all three modes, and cancel nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferralError,
)
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import DATABASE, LONG, LONG_TIME, SOURCE, FakeTask
from tests.airflow.sensor_builders import WAYS, backup_sensor, database_sensor, quiet_sensor
from tests.airflow.task_runner import backup, defer, over_the_wire, play, restore, resume

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

MAKERS = [
    pytest.param(backup_sensor, "ListBackups", id="backup"),
    pytest.param(database_sensor, "GetDatabase", id="database"),
    pytest.param(quiet_sensor, "ListBackupOperations", id="quiet"),
]


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """Let somebody back the database up, and restore another backup, both for long."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)
    backup(wait_for_completion=False).execute(FakeTask().context)
    restore(wait_for_completion=False).execute(FakeTask().context)
    stage.emulator.clear_calls()
    return stage


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_met_at_the_first_look(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A sensor whose condition is met looks once, and succeeds."""
    busy.clock.advance(LONG_TIME)

    make(**way).execute(task.context)

    assert 1 == len(busy.emulator.calls.of(method))
    assert not busy.cancels


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_not_met_and_then_met(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A sensor waits, on a worker or in the triggerer, until its condition is met."""
    waiting = make(**way)
    assert not waiting.poke(task.context)
    busy.finish_upon(method)

    play(waiting, task)

    assert 2 == len(busy.emulator.calls.of(method))
    assert not busy.cancels


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_deferring_waits_in_the_triggerer(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A deferrable sensor leaves the worker after one look."""
    deferred = defer(make(deferrable=True, timeout=3600), task)

    assert timedelta(hours=1) == deferred.timeout
    assert 1 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_rescheduling_frees_the_worker(busy: Stage, task: FakeTask, make: Any, method: str) -> None:
    """A sensor in reschedule mode leaves the worker between two looks."""
    with pytest.raises(AirflowRescheduleException):
        make(mode="reschedule").execute(task.context)

    assert 1 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_timeout_cancels_nothing(busy: Stage, task: FakeTask, make: Any, method: str) -> None:
    """A sensor that runs out of time leaves everything alone."""
    with pytest.raises(AirflowSensorTimeout):
        make(timeout=0.02).execute(task.context)

    assert busy.emulator.calls.of(method)
    assert not busy.cancels


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_transient_trouble_is_waited_out(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A look that fails for a passing reason says nothing, in any mode."""
    busy.clock.advance(LONG_TIME)
    for _ in range(2):
        busy.script.fail(method=method, code=Code.UNAVAILABLE)

    play(make(**way), task)

    assert 3 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_missing_permission_fails_for_good(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """What no retry can cure fails the sensor at once."""
    busy.script.fail(method=method, code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="PERMISSION_DENIED"):
        make(**way).execute(task.context)


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_missing_permission_seen_by_the_trigger(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A permission that is lost while the sensor is deferred fails it for good too."""
    waiting = make(deferrable=True)
    deferred = defer(waiting, task)
    busy.script.fail(method=method, code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="PERMISSION_DENIED"):
        resume(waiting, deferred, task)


@pytest.mark.parametrize("soft", [{"soft_fail": True}, {"never_fail": True}], ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_a_soft_sensor_is_skipped(
    busy: Stage, task: FakeTask, way: dict[str, Any], soft: dict[str, Any]
) -> None:
    """A soft sensor is skipped where another fails."""
    busy.script.fail(method="GetDatabase", code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowSkipException):
        database_sensor(**way, **soft).execute(task.context)


def test_a_soft_sensor_is_not_skipped_for_what_a_retry_may_cure(
    busy: Stage, task: FakeTask
) -> None:
    """An error that the trigger lets through fails this try, as it does where the sensor pokes."""
    waiting = database_sensor(deferrable=True, soft_fail=True)
    defer(waiting, task)

    with pytest.raises(TaskDeferralError):
        waiting.resume_execution("__fail__", {"error": "Trigger failure"}, task.context)
    with pytest.raises(AirflowSkipException):
        waiting.resume_execution("__fail__", {"error": "Trigger timeout"}, task.context)
    assert not busy.cancels


def test_a_silent_sensor_goes_on_in_the_triggerer(busy: Stage, task: FakeTask) -> None:
    """With silent_fail an error that a retry may cure is logged, and the trigger looks again."""
    waiting = database_sensor(deferrable=True, silent_fail=True)
    deferred = defer(waiting, task)
    cast("Any", deferred.trigger).poll_interval = 0.02
    busy.script.fail(method="GetDatabase", code=Code.FAILED_PRECONDITION)
    busy.clock.advance(LONG_TIME)

    found = resume(waiting, deferred, task)

    assert found["name"].endswith("/restored")


def test_a_first_poll_that_fails_fails_the_try(busy: Stage, task: FakeTask) -> None:
    """An error that a retry may cure, seen before the sensor defers, is raised as it is."""
    busy.script.fail(method="GetDatabase", code=Code.FAILED_PRECONDITION)

    with pytest.raises(FailedPrecondition):
        database_sensor(deferrable=True).execute(task.context)


def test_a_silent_sensor_defers_in_spite_of_its_first_poll(
    busy: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]
) -> None:
    """With silent_fail the error is logged, and the trigger polls on."""
    busy.script.fail(method="GetDatabase", code=Code.FAILED_PRECONDITION)

    deferred = defer(database_sensor(deferrable=True, silent_fail=True), task)

    assert "execute_complete" == deferred.method_name
    assert "Sensor poke failed" in capsys.readouterr().out


def test_a_sensor_that_never_fails_is_skipped_by_its_first_poll(
    busy: Stage, task: FakeTask
) -> None:
    """With never_fail whatever the first poll meets skips the task."""
    busy.script.fail(method="GetDatabase", code=Code.FAILED_PRECONDITION)

    with pytest.raises(AirflowSkipException):
        database_sensor(deferrable=True, never_fail=True).execute(task.context)


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_trigger_survives_the_database(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A trigger that went through Airflow's database is the same, and holds primitives only."""
    trigger: Any = defer(
        make(deferrable=True, impersonation_chain=("a@example.com",)), task
    ).trigger

    again = over_the_wire(trigger)

    assert trigger.serialize() == again.serialize()
    assert trigger.serialize()[1] == json.loads(json.dumps(trigger.serialize()[1]))
    assert f"http://{busy.emulator.endpoint}" == trigger.endpoint
    assert method
