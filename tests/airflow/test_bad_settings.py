# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A mistake in the configuration, or an interval that is none, is told before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import InvalidArgumentError, SettingsError
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from airflow_spanner_lro.triggers.conditions import SpannerOperationsTrigger
from tests.airflow.fakes import BACKUP, LONG, FakeTask
from tests.airflow.sensor_builders import WAYS, backup_sensor, database_sensor, quiet_sensor
from tests.airflow.task_runner import backup, change_schema, defer, fire, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from airflow_spanner_lro.sensors.base import SpannerSensor
    from tests.airflow.fakes import Stage

BUDGET = "max_admin_requests_per_second"
WRONG = [
    *((BUDGET, value) for value in ("0", "-1", "nan", "inf", "abc", "")),
    ("poll_interval", "0.005"),
    ("settle_timeout", "0"),
    ("deferral_grace", "-1"),
    ("max_admin_request_per_second", "1"),
    ("wake_subscription", "projects/test/topics/ends"),
    ("wake_connection", "google_*"),
]
IN_ALL_MODES = pytest.mark.parametrize("way", WAYS)


def operation_sensor(**parameters: Any) -> SpannerOperationSensor:
    """Return a sensor on an operation."""
    usual: dict[str, Any] = {"poke_interval": 0.02, "operation_name": f"{BACKUP}/operations/some"}
    return SpannerOperationSensor(task_id="wait", **usual | parameters)


SENSORS = pytest.mark.parametrize(
    "make", [backup_sensor, database_sensor, quiet_sensor, operation_sensor]
)


def misconfigure(monkeypatch: pytest.MonkeyPatch, option: str, value: str) -> None:
    """Set an option in the environment."""
    monkeypatch.setenv(f"AIRFLOW__SPANNER_LRO__{option.upper()}", value)


@pytest.mark.parametrize(("option", "value"), WRONG)
def test_operator_starts_nothing(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    option: str,
    value: str,
    deferrable: bool,
) -> None:
    """An operator fails for good, naming the option, before it asks or writes anything."""
    misconfigure(monkeypatch, option, value)

    with pytest.raises(AirflowFailException, match=rf"\[spanner_lro\] {option}.* is not usable"):
        backup(deferrable=deferrable).execute(task.context)

    assert not stage.emulator.calls
    assert not task.store.values


@pytest.mark.parametrize("make", [change_schema, restore])
def test_so_do_the_others(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., BaseOperator],
) -> None:
    """It is the same for operators of other kinds."""
    misconfigure(monkeypatch, BUDGET, "0")

    with pytest.raises(AirflowFailException, match=BUDGET):
        make().execute(task.context)

    assert not stage.emulator.calls


@IN_ALL_MODES
@SENSORS
def test_sensor_does_not_look(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    make: Callable[..., SpannerSensor],
    way: dict[str, Any],
) -> None:
    """A sensor fails for good in each of its modes, even one that would rather be skipped."""
    misconfigure(monkeypatch, BUDGET, "0")

    with pytest.raises(AirflowFailException, match=BUDGET):
        make(soft_fail=True, **way).execute(task.context)

    assert not stage.emulator.calls


def test_turn_that_comes_starts_nothing(
    stage: Stage, other: FakeTask, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that has waited for its turn checks again before it starts."""
    del other
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon("ListBackupOperations")
    event = fire(deferred.trigger)
    before = len(stage.starts)
    misconfigure(monkeypatch, BUDGET, "0")

    with pytest.raises(AirflowFailException, match=BUDGET):
        operator.resume_execution(deferred.method_name, {"event": event}, task.context)

    assert before == len(stage.starts)


@pytest.mark.parametrize(("option", "value"), WRONG)
def test_triggerer_does_not_look(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    """A sensor that has begun in the triggerer ends at once, with what is wrong there."""
    misconfigure(monkeypatch, option, value)
    trigger = SpannerOperationsTrigger(
        operation_name=f"{BACKUP}/operations/some", endpoint=None, silent_fail=True
    )

    event = fire(trigger)

    assert f"[spanner_lro] {option}" in event["error"]
    assert not stage.emulator.calls


def test_result_is_delivered_all_the_same(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake made while an operation runs does not cost the task its result."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon()
    event = fire(deferred.trigger)
    misconfigure(monkeypatch, BUDGET, "0")

    result = operator.resume_execution(deferred.method_name, {"event": event}, task.context)

    assert BACKUP == result["name"]


def test_cancel_does_not_depend_on_it(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in what a cancel has no use for keeps nobody from cancelling."""
    stage.emulator.plan(LONG)
    name = backup(wait_for_completion=False).execute(task.context)
    misconfigure(monkeypatch, BUDGET, "0")

    ended = SpannerCancelOperationOperator(task_id="cancel", operation_name=name).execute(
        FakeTask().context
    )

    assert {name: "cancelled"} == ended


def test_cancel_tells_what_it_has_use_for(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of Spanner with a settle timeout that is none."""
    misconfigure(monkeypatch, "settle_timeout", "abc")
    cancel = SpannerCancelOperationOperator(
        task_id="cancel", operation_name=f"{BACKUP}/operations/some"
    )

    with pytest.raises(AirflowFailException, match=r"\[spanner_lro\] settle_timeout='abc'"):
        cancel.execute(task.context)

    assert not stage.emulator.calls


@pytest.mark.parametrize("interval", [0, 0.01, 86401])
@IN_ALL_MODES
@SENSORS
def test_sensor_tells_of_its_interval_at_once(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., SpannerSensor],
    way: dict[str, Any],
    interval: float,
) -> None:
    """A sensor that would look too often, or hardly ever, fails on its worker, in each mode."""
    sensor = make(poke_interval=interval, **way)

    with pytest.raises(AirflowFailException, match=r"poke_interval=.* is not usable: it is a num"):
        sensor.execute(task.context)

    assert not stage.emulator.calls
    assert not sensor.start_from_trigger


@pytest.mark.parametrize("interval", [0, -1, 0.01, float("nan"), float("inf")])
def test_trigger_tells_of_its_interval_before_it_looks(stage: Stage, interval: float) -> None:
    """A trigger that somebody has made without a sensor ends at once with what is wrong."""
    trigger = SpannerOperationsTrigger(
        operation_name=f"{BACKUP}/operations/some", poll_interval=interval, silent_fail=True
    )

    event = fire(trigger)

    assert "poll_interval" in event["error"]
    assert not stage.emulator.calls


@pytest.mark.parametrize("interval", [0.5, 0, True, "1"])
def test_shortest_interval_is_a_second(interval: Any) -> None:
    """Outside of these tests, which hurry, a second is the shortest interval."""
    with pytest.raises(InvalidArgumentError, match="at least 1 and"):
        PollPolicy(maximum=interval)


@pytest.mark.parametrize(
    "name",
    [
        "ends",
        "projects/test/subscriptions/",
        "projects/test/subscriptions/ab",
        "projects/test/subscriptions/google-ends",
        "projects/Test/subscriptions/ends",
        "projects//subscriptions/ends",
        "projects/test/subscriptions/ends/1",
        "//pubsub.googleapis.com/projects/test/subscriptions/ends",
    ],
)
def test_subscription_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is no full name of a subscription is told, with the form that one has."""
    misconfigure(monkeypatch, "wake_subscription", name)

    with pytest.raises(
        SettingsError, match="it is projects/<project>/subscriptions/<subscription>"
    ):
        settings.check()


@pytest.mark.parametrize(
    "name",
    ["", " ", "projects/test/subscriptions/ends", "projects/a.com:p/subscriptions/A-1.b_~+%25"],
)
def test_subscription_or_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A full name is taken, and nothing is."""
    misconfigure(monkeypatch, "wake_subscription", name)

    settings.check()

    assert name.strip() == settings.wake_subscription()
