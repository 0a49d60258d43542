# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A sensor whose time is over says what it saw last, wherever it waited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.sensors.sensors import SpannerDatabaseSensor, SpannerOperationSensor
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, play

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

SEEN = "Waited in vain for 2 h (timeout). Last seen: Create backup nightly is RUNNING at 0 %."
AIRFLOWS_OWN = {"error": "Trigger timeout"}
"""How Airflow resumes a task whose deferral took too long."""


@pytest.fixture
def operation(stage: Stage, task: FakeTask) -> str:
    """Return the name of an operation that takes longer than anybody waits."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), task)
    return stage.operation.name


def resume_late(sensor: Any, task: FakeTask) -> Any:
    """Resume a sensor as Airflow does when its deferral has taken too long."""
    return sensor.resume_execution("__fail__", dict(AIRFLOWS_OWN), task.context)


def on_worker(sensor: BaseOperator, task: FakeTask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a sensor poke until its two hours are over."""
    hours = iter((0.0, 7201.0))
    monkeypatch.setattr("airflow.sdk.bases.sensor.time.monotonic", lambda: next(hours, 7201.0))
    return sensor.execute(task.context)


def waiting(operation: str, **parameters: Any) -> SpannerOperationSensor:
    """Return a sensor that waits for an operation for two hours."""
    return SpannerOperationSensor(
        task_id="wait", operation_name=operation, timeout=7200, **parameters
    )


def test_poking(operation: str, task: FakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a worker it is what the last poke saw."""
    with pytest.raises(AirflowSensorTimeout) as caught:
        on_worker(waiting(operation), task, monkeypatch)

    assert SEEN == str(caught.value)


def test_poking_softly(operation: str, task: FakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A soft sensor is skipped with the same words."""
    with pytest.raises(AirflowSkipException) as caught:
        on_worker(waiting(operation, soft_fail=True), task, monkeypatch)

    assert SEEN == str(caught.value)


def test_deferred(operation: str, task: FakeTask) -> None:
    """The worker that ends the wait has not seen anything yet, and looks once."""
    with pytest.raises(AirflowSensorTimeout) as caught:
        resume_late(waiting(operation, deferrable=True), task)

    assert SEEN == str(caught.value)


def test_deferred_softly(operation: str, task: FakeTask) -> None:
    """The same where it is skipped."""
    with pytest.raises(AirflowSkipException) as caught:
        resume_late(waiting(operation, deferrable=True, soft_fail=True), task)

    assert SEEN == str(caught.value)


def test_spanner_that_is_away_is_said(stage: Stage, operation: str, task: FakeTask) -> None:
    """Then the time is over all the same, and no other error takes its place."""
    stage.script.fail(method="GetOperation", code=Code.UNAVAILABLE, times=None)

    with pytest.raises(AirflowSensorTimeout, match=r"Last seen: Spanner did not answer \(UNAV"):
        resume_late(waiting(operation, deferrable=True), task)


def test_account_that_may_not_look_is_said(stage: Stage, operation: str, task: FakeTask) -> None:
    """The same for a permission that was taken away meanwhile."""
    stage.script.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=None)

    with pytest.raises(AirflowSensorTimeout, match=r"Last seen: .*PERMISSION_DENIED"):
        resume_late(waiting(operation, deferrable=True), task)


def test_parameter_that_cannot_be_used_is_said(task: FakeTask) -> None:
    """Nothing can be asked, and the wait has ended before."""
    with pytest.raises(AirflowSensorTimeout, match=r"Last seen: .*not usable"):
        resume_late(waiting("no operation", deferrable=True), task)


def test_database_that_never_came(stage: Stage, task: FakeTask) -> None:
    """What is missing is said, for whatever is waited for."""
    assert stage.emulator.running
    sensor = SpannerDatabaseSensor(
        task_id="wait",
        project_id="test",
        instance_id="main",
        database_id="missing",
        deferrable=True,
        timeout=60,
    )

    with pytest.raises(
        AirflowSensorTimeout,
        match=r"for 1 min \(timeout\). Last seen: Database missing does not exist yet",
    ):
        resume_late(sensor, task)


def test_end_that_came_too_late_is_said(stage: Stage, operation: str, task: FakeTask) -> None:
    """The last look may find what was waited for; the time was over before."""
    stage.finish_upon()

    with pytest.raises(AirflowSensorTimeout, match=r"Last seen: all of it has ended\."):
        resume_late(waiting(operation, deferrable=True), task)


def test_a_skip_of_another_cause_keeps_its_words(
    stage: Stage, operation: str, task: FakeTask
) -> None:
    """Only a timeout is told as one."""
    stage.script.fail(method="GetOperation", code=Code.NOT_FOUND, times=None)

    with pytest.raises(AirflowSkipException, match="soft_fail"):
        waiting(operation, soft_fail=True).execute(task.context)
