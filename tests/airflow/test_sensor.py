# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor waits for somebody else's operation in three ways, and never cancels it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow.triggers.base import BaseTrigger

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from tests.airflow.fakes import INSTANCE, LONG, LONG_TIME, FakeTask
from tests.airflow.task_runner import backup, defer, play

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

FAILING = Plan(duration=LONG_TIME, fail_with=(Code.INTERNAL, "bad luck"))
WAYS = [
    pytest.param({}, id="poke"),
    pytest.param({"mode": "reschedule"}, id="reschedule"),
    pytest.param({"deferrable": True}, id="deferrable"),
]


def sensor(stage: Stage, **parameters: Any) -> SpannerOperationSensor:
    """Return a sensor on a backup that somebody has started."""
    backup(wait_for_completion=False).execute(FakeTask().context)
    usual: dict[str, Any] = {"poke_interval": 0.02, "operation_name": stage.first.name}
    return SpannerOperationSensor(task_id="sensor", **usual | parameters)


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long."""
    stage.emulator.plan(LONG)


@pytest.mark.parametrize("way", WAYS)
def test_done_before_the_first_look(stage: Stage, task: FakeTask, way: dict[str, Any]) -> None:
    """A sensor whose operation has succeeded already succeeds at once."""
    waiting = sensor(stage, **way)
    stage.clock.advance(LONG_TIME)

    waiting.execute(task.context)

    assert 1 == len(stage.emulator.calls.of("GetOperation"))
    assert not stage.cancels


def test_poking_waits(stage: Stage, task: FakeTask) -> None:
    """A sensor that pokes goes on until its operation succeeds."""
    waiting = sensor(stage)
    stage.script.upon("GetOperation", stage.finish_upon)

    waiting.execute(task.context)

    assert 2 == len(stage.emulator.calls.of("GetOperation"))


def test_rescheduling_frees_the_worker(stage: Stage, task: FakeTask) -> None:
    """A sensor in reschedule mode leaves the worker between two looks."""
    waiting = sensor(stage, mode="reschedule")

    with pytest.raises(AirflowRescheduleException):
        waiting.execute(task.context)

    assert 1 == len(stage.emulator.calls.of("GetOperation"))


def test_deferring_waits_in_the_triggerer(stage: Stage, task: FakeTask) -> None:
    """A deferrable sensor succeeds when its trigger has seen the operation succeed."""
    waiting = sensor(stage, deferrable=True)
    stage.script.upon("GetOperation", stage.finish_upon)

    play(waiting, task)

    assert 2 == len(stage.emulator.calls.of("GetOperation"))
    assert not stage.cancels


def test_trigger_of_a_sensor_never_cancels(stage: Stage, task: FakeTask) -> None:
    """A deferred sensor's trigger has nothing to do on a kill; Airflow ends its wait."""
    deferred = defer(sensor(stage, deferrable=True, timeout=3600), task)

    assert BaseTrigger.on_kill is type(deferred.trigger).on_kill
    assert timedelta(hours=1) == deferred.timeout


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_bad_end_fails_for_good(
    stage: Stage, task: FakeTask, way: dict[str, Any], ending: str
) -> None:
    """An operation that failed or was cancelled fails the sensor: no retry can change that."""
    stage.emulator.plan(FAILING)
    waiting = sensor(stage, **way)
    if ending == "failed":
        stage.clock.advance(LONG_TIME)
    else:
        stage.cancel(stage.first.name)

    with pytest.raises(AirflowFailException) as caught:
        waiting.execute(task.context)

    assert stage.first.name in str(caught.value)
    assert ("INTERNAL: bad luck" if ending == "failed" else "was cancelled by somebody") in str(
        caught.value
    )


def test_bad_end_seen_by_the_trigger(stage: Stage, task: FakeTask) -> None:
    """An operation that fails while the sensor is deferred fails it for good too."""
    stage.emulator.plan(FAILING)
    waiting = sensor(stage, deferrable=True)
    stage.script.upon("GetOperation", stage.finish_upon)

    with pytest.raises(AirflowFailException, match="INTERNAL: bad luck"):
        play(waiting, task)

    assert not stage.cancels


@pytest.mark.parametrize("way", WAYS)
def test_bad_end_with_soft_fail_skips(stage: Stage, task: FakeTask, way: dict[str, Any]) -> None:
    """A soft sensor is skipped when its operation failed."""
    stage.emulator.plan(FAILING)
    waiting = sensor(stage, soft_fail=True, **way)
    stage.clock.advance(LONG_TIME)

    with pytest.raises(AirflowSkipException):
        waiting.execute(task.context)

    assert not stage.cancels


def test_bad_end_with_soft_fail_skips_after_a_deferral(stage: Stage, task: FakeTask) -> None:
    """A soft sensor is skipped when its trigger saw the operation fail."""
    stage.emulator.plan(FAILING)
    waiting = sensor(stage, soft_fail=True, deferrable=True)
    stage.script.upon("GetOperation", stage.finish_upon)

    with pytest.raises(AirflowSkipException):
        play(waiting, task)

    assert not stage.cancels


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.RESOURCE_EXHAUSTED])
def test_transient_trouble_is_no_answer(stage: Stage, task: FakeTask, code: Code) -> None:
    """A look that fails for a passing reason says nothing, and the sensor goes on."""
    waiting = sensor(stage)
    stage.script.fail(method="GetOperation", code=code)

    answer = waiting.poke(task.context)

    assert not answer


def test_timeout_cancels_nothing(stage: Stage, task: FakeTask) -> None:
    """A sensor that runs out of time fails and leaves the operation alone."""
    waiting = sensor(stage, timeout=0.05)

    with pytest.raises(AirflowSensorTimeout):
        waiting.execute(task.context)

    assert not stage.operation.done
    assert not stage.cancels


def test_kill_cancels_nothing(stage: Stage, task: FakeTask) -> None:
    """A sensor that is killed leaves the operation alone."""
    waiting = sensor(stage)
    waiting.poke(task.context)

    waiting.on_kill()

    assert not stage.cancels


def test_unknown_operation_fails_for_good(stage: Stage, task: FakeTask) -> None:
    """An operation that Spanner does not know will not appear either."""
    waiting = sensor(stage, operation_name="projects/test/instances/main/operations/none")

    with pytest.raises(AirflowFailException, match="NOT_FOUND"):
        waiting.execute(task.context)

    assert not stage.cancels


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize("wait_for", ["all", "ANY"])
def test_many_names(stage: Stage, task: FakeTask, way: dict[str, Any], wait_for: str) -> None:
    """With several operations the result says which have succeeded."""
    stage.emulator.create_database(f"{INSTANCE}/databases/other")
    names = [str(sensor(stage).operation_name)]
    backup(database_id="other", backup_id="second", wait_for_completion=False).execute(
        FakeTask().context
    )
    names.append(stage.operation.name)
    if wait_for == "ANY":
        stage.cancel(names[0])
    stage.finish_upon()
    waiting = SpannerOperationSensor(
        task_id="many", operation_name=names, wait_for=wait_for, poke_interval=0.02, **way
    )

    result = play(waiting, task)

    assert (names if wait_for == "all" else names[1]) == result


@pytest.mark.parametrize("way", WAYS)
def test_any_of_several_of_which_one_is_forgotten(
    stage: Stage, task: FakeTask, way: dict[str, Any]
) -> None:
    """An operation that Spanner does not know any more keeps no other from being the one."""
    waiting = sensor(stage, wait_for="any", **way)
    waiting.operation_name = [f"{INSTANCE}/operations/gone", stage.first.name]
    stage.clock.advance(LONG_TIME)

    assert stage.first.name == play(waiting, task)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"operation_name": []}, "operation_name=[] is not usable: give at least one operation"),
        ({"wait_for": "some"}, "wait_for='some' is not usable: expected one of ALL, ANY"),
        ({"operation_name": ["x"]}, "operation name='x' is not usable"),
    ],
    ids=["empty list", "wait_for", "name"],
)
def test_bad_input(stage: Stage, task: FakeTask, parameters: dict[str, Any], says: str) -> None:
    """What cannot be waited for fails for good, with argument, value and rule."""
    waiting = sensor(stage, **parameters)

    with pytest.raises(AirflowFailException) as caught:
        waiting.execute(task.context)

    assert says in str(caught.value)
