# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What of a trigger lies in Airflow's database: primitives only, enough to make it again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.serde import deserialize, serialize

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import shared_poller
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, defer, fire, over_the_wire

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture
def trigger(stage: Stage, task: FakeTask) -> SpannerOperationTrigger:
    """Return the trigger of a backup with every parameter set."""
    stage.emulator.plan(LONG)
    operator = backup(
        deferrable=True,
        operation_timeout=timedelta(hours=1),
        impersonation_chain=("a@example.com", "b@example.com"),
        poll_interval=7,
        clean_up=False,
    )
    return cast("SpannerOperationTrigger", defer(operator, task).trigger)


def test_round_trip(trigger: SpannerOperationTrigger) -> None:
    """A trigger that went through Airflow's database is the same trigger."""
    again = over_the_wire(trigger)

    assert trigger.serialize() == again.serialize()
    assert type(trigger) is type(again)


def test_class_path(trigger: SpannerOperationTrigger) -> None:
    """The class path is that of the public module, also for a subclass elsewhere."""
    path, arguments = trigger.serialize()

    assert "airflow_spanner_lro.triggers.operation.SpannerOperationTrigger" == path
    assert {each.name for each in fields(SpannerOperationTrigger)} | {"version"} == set(arguments)


def test_arguments_are_primitives(trigger: SpannerOperationTrigger) -> None:
    """Arguments are JSON, and Airflow's serialiser changes nothing about them."""
    arguments: Any = trigger.serialize()[1]

    stored = serialize(arguments)

    assert arguments == json.loads(json.dumps(arguments))
    assert arguments == deserialize(json.loads(json.dumps(stored)))


def test_arguments_say_what_was_asked_for(trigger: SpannerOperationTrigger, stage: Stage) -> None:
    """The operator's parameters reach the trigger, and nothing that is secret does."""
    _, arguments = trigger.serialize()

    del arguments["deadline"]
    assert {
        "version": 2,
        "operation": stage.first.name,
        "gcp_conn_id": "google_cloud_default",
        "impersonation_chain": ["a@example.com", "b@example.com"],
        "endpoint": f"http://{stage.emulator.endpoint}",
        "poll_interval": 7,
        "cancel_on_timeout": True,
        "cancel_on_kill": True,
        "cleans_up": False,
        "presumed": False,
        "settle_timeout": 60.0,
        "logged": {},
    } == arguments


def test_arguments_of_a_newer_release_are_passed_over(
    trigger: SpannerOperationTrigger, stage: Stage
) -> None:
    """A worker may have a newer release than the triggerer: what is known is enough to wait."""
    path, arguments = trigger.serialize()
    newer = arguments | {"version": 3, "colour": "green"}
    stage.finish_upon()

    again = import_string(path)(**newer)

    assert trigger.serialize() == again.serialize()
    assert "SUCCEEDED" == fire(again)["snapshot"]["state"]


def test_arguments_of_release_0_1_0(stage: Stage, task: FakeTask) -> None:
    """A task that was deferred by an earlier release goes on in a triggerer of this one."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    stored: dict[str, Any] = {
        "gcp_conn_id": "google_cloud_default",
        "impersonation_chain": [],
        "endpoint": f"http://{stage.emulator.endpoint}",
        "poll_interval": 30.0,
        "operation": stage.first.name,
        "deadline": "2100-01-01T00:00:00+00:00",
        "cancel_on_timeout": True,
        "cancel_on_kill": True,
        "cleans_up": True,
        "settle_timeout": 60.0,
    }
    stage.finish_upon()

    trigger = SpannerOperationTrigger(**stored)

    assert stored | {"version": 2, "presumed": False, "logged": {}} == trigger.serialize()[1]
    assert "SUCCEEDED" == fire(trigger)["snapshot"]["state"]


def test_event_of_release_0_1_0(stage: Stage, task: FakeTask) -> None:
    """What a trigger of an earlier release has fired ends a task of this one."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    stage.finish_upon()
    event = fire(cast("Any", SpannerOperationTrigger(operation=stage.first.name, endpoint=None)))
    del event["version"]

    result = backup(deferrable=True).execute_complete(task.context, event)

    assert "READY" == result["state"]
    assert task.entry["closed"]


def test_event_is_primitives(trigger: SpannerOperationTrigger, stage: Stage) -> None:
    """The payload holds the outcome as primitives, which Airflow's serialiser leaves alone."""
    stage.finish_upon()

    payload: Any = fire(trigger)

    assert "SUCCEEDED" == payload["snapshot"]["state"]
    assert payload["settlement"] is None
    assert payload == deserialize(json.loads(json.dumps(serialize(payload))))


def test_event_tells_everything(stage: Stage, task: FakeTask) -> None:
    """Another process, whose operator has seen nothing yet, goes on from the event alone."""
    stage.emulator.plan(LONG)
    deferred = defer(backup(deferrable=True), task)
    stage.finish_upon()
    event = fire(cast("Any", deferred.trigger))

    result = backup(deferrable=True).resume_execution(
        deferred.method_name, {"event": event}, task.context
    )

    assert "READY" == result["state"]


async def test_pollers_are_shared(trigger: SpannerOperationTrigger) -> None:
    """Triggers that ask the same way at the same time share one poller."""
    first, second = await asyncio.gather(
        shared_poller(trigger._connection_spec),
        shared_poller(over_the_wire(trigger)._connection_spec),
    )

    assert first is second


async def test_failed_poller_is_forgotten(
    trigger: SpannerOperationTrigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poller that could not be made is tried again, for instance with the connection there."""
    trigger.gcp_conn_id = "nowhere"
    with monkeypatch.context() as environment:
        environment.delenv("SPANNER_EMULATOR_HOST")
        with pytest.raises(UnusableConnectionError, match="airflow connections add nowhere"):
            await shared_poller(trigger._connection_spec)

    poller = await shared_poller(trigger._connection_spec)

    assert poller is await shared_poller(trigger._connection_spec)
