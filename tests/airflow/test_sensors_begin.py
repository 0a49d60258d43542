# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Deferrable sensors begin in the triggerer where it can render their parameters, else nowhere.

What Airflow's scheduler and triggerer do is done here with their own functions, as far as they can
be had without a database; tests/e2e/test_sensors.py has the whole.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.models.trigger import Trigger
from airflow.sdk import DAG, BaseOperator, task_group
from airflow.sdk._shared.module_loading import import_string
from airflow.serialization.decoders import smart_decode_trigger_kwargs
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.sensors.sensors import (
    SpannerBackupSensor,
    SpannerDatabaseSensor,
    SpannerOperationSensor,
)
from airflow_spanner_lro.triggers.conditions import SpannerBackupTrigger
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE
from tests.airflow.task_runner import fire

if TYPE_CHECKING:
    from airflow_spanner_lro.triggers.conditions import SpannerConditionTrigger
    from tests.airflow.fakes import Stage

DUE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPERATION = f"{BACKUP}/operations/_auto_op_1"


def dag(**arguments: Any) -> DAG:
    """Return a Dag to put sensors in."""
    return DAG("waits", schedule=None, start_date=DUE, **arguments)


def database(**parameters: Any) -> SpannerDatabaseSensor:
    """Return a deferrable sensor on a database."""
    usual: dict[str, Any] = {
        "task_id": "wait",
        "project_id": "test",
        "instance_id": "main",
        "database_id": "orders",
        "deferrable": True,
    }
    return SpannerDatabaseSensor(**usual | parameters)


def in_triggerer(sensor: BaseOperator, *, xcoms: dict[str, Any]) -> SpannerConditionTrigger:
    """Return the trigger of a sensor as a triggerer makes and renders it."""
    encoded = json.loads(json.dumps(DagSerialization.to_dict(sensor.dag)))
    task = DagSerialization.from_dict(encoded).get_task(sensor.task_id)
    assert task.start_from_trigger
    assert task.start_trigger_args is not None
    row = Trigger(
        classpath=task.start_trigger_args.trigger_cls,
        kwargs=task.start_trigger_args.trigger_kwargs or {},
    )
    stored = Trigger._decrypt_kwargs(row.encrypted_kwargs)
    arguments = {name: smart_decode_trigger_kwargs(value) for name, value in stored.items()}
    trigger = cast("SpannerConditionTrigger", import_string(row.classpath)(**arguments))

    def pull(*, task_ids: str, key: str, map_indexes: None) -> Any:
        del map_indexes
        return xcoms[f"{task_ids}.{key}"]

    trigger.task_instance = SimpleNamespace(task_id=sensor.task_id, task=task, xcom_pull=pull)  # type: ignore[assignment]  # what it uses of one
    context: Any = {
        "ti": trigger.task_instance,
        "dag_run": SimpleNamespace(run_after=DUE, conf={"state": "ready"}),
        "run_id": "manual__1",
        "ds": "2026-11-21",
        "params": {"database": "orders"},
    }
    trigger.render_template_fields(context)
    return trigger


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="plain"),
        pytest.param({"database_id": "{{ params.database }}"}, id="template"),
        pytest.param({"state": ["{{ dag_run.conf['state'] | upper }}"]}, id="template in a list"),
        pytest.param({"gcp_conn_id": "elsewhere"}, id="connection"),
    ],
)
def test_it_waits_without_a_worker(stage: Stage, parameters: dict[str, Any]) -> None:
    """The triggerer renders, finds the way to Spanner by itself, waits, and fires."""
    with dag():
        sensor = database(**parameters)

    event = fire(in_triggerer(sensor, xcoms={}))

    assert event["error"] is None
    assert DATABASE == event["facts"]["name"]
    assert 1 == len(stage.emulator.calls.of("GetDatabase"))


def test_it_finds_the_project(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no project is given, the triggerer takes the connection's."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT",
        json.dumps({"conn_type": "google_cloud_platform", "extra": {"project": "test"}}),
    )
    with dag():
        sensor = database(project_id=None)

    event = fire(in_triggerer(sensor, xcoms={}))

    assert DATABASE == event["facts"]["name"]
    assert stage.emulator.calls.of("GetDatabase")


@pytest.mark.parametrize("several", [False, True])
def test_the_output_of_another_task(*, several: bool) -> None:
    """An XCom is fetched in the triggerer, and keeps its type."""
    with dag():
        start = BaseOperator(task_id="start")
        sensor = SpannerOperationSensor(
            task_id="wait",
            operation_name=cast("Any", [start.output] if several else start.output),
            deferrable=True,
        )

    trigger = in_triggerer(sensor, xcoms={"start.return_value": OPERATION})

    expected = [OPERATION] if several else OPERATION
    assert expected == cast("Any", trigger).operation_name
    assert {"start"} == sensor.upstream_task_ids


def test_an_xcom_that_is_a_list_stays_one() -> None:
    """The names that a task returned as a list arrive as a list."""
    with dag():
        start = BaseOperator(task_id="start")
        sensor = SpannerOperationSensor(
            task_id="wait", operation_name=cast("Any", start.output), deferrable=True
        )

    trigger = in_triggerer(sensor, xcoms={"start.return_value": [OPERATION]})

    assert [OPERATION] == cast("Any", trigger).operation_name


def test_an_empty_xcom_is_explained() -> None:
    """A task that returned nothing names the argument that it leaves empty."""
    with dag():
        start = BaseOperator(task_id="start")
        sensor = SpannerOperationSensor(
            task_id="wait", operation_name=cast("Any", start.output), deferrable=True
        )

    event = fire(in_triggerer(sensor, xcoms={"start.return_value": None}))

    assert "operation name=None is not usable" in event["error"]


def test_durations_count_from_the_run() -> None:
    """A duration is counted back from when the run was due, in the triggerer too."""
    with dag():
        sensor = SpannerBackupSensor(
            task_id="wait",
            project_id="test",
            instance_id="main",
            database_id="orders",
            newer_than=timedelta(hours=2),
            deferrable=True,
        )

    trigger = in_triggerer(sensor, xcoms={})

    assert isinstance(trigger, SpannerBackupTrigger)
    assert DUE - timedelta(hours=2) == cast("Any", trigger.condition()).newer_than


def test_the_timeout_is_told() -> None:
    """Airflow is told when to give the wait up, and what to call when it is over."""
    sensor = database(timeout=3600)

    assert sensor.start_trigger_args is not None
    assert timedelta(hours=1) == sensor.start_trigger_args.timeout
    assert "execute_complete" == sensor.start_trigger_args.next_method


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ ti.xcom_pull('start') }}", id="would wait for ever"),
        pytest.param("{{ task_state_store.get('x') }}", id="would wait for ever too"),
        pytest.param("{{ mine() }}", id="macro of the Dag"),
        pytest.param("{{ run_id | mine }}", id="filter of the Dag"),
        pytest.param("{% if ds %}orders{% endif %}", id="statement"),
        pytest.param("{{ run_id", id="syntax"),
    ],
)
def test_a_template_that_needs_a_worker(text: str) -> None:
    """What a triggerer could not render, or would render otherwise, begins on a worker."""
    with dag():
        sensor = database(database_id=text)

    assert not sensor.start_from_trigger
    assert sensor.start_trigger_args is None


@pytest.mark.parametrize(
    "own", [{"render_template_as_native_obj": True}, {"jinja_environment_kwargs": {"a": 1}}]
)
def test_a_dag_that_renders_in_its_own_way(own: dict[str, Any]) -> None:
    """A triggerer does not know how the Dag renders, so its templates need a worker."""
    with dag(**own):
        templated, plain = database(database_id="{{ ds }}"), database(task_id="plain")

    assert not templated.start_from_trigger
    assert plain.start_from_trigger


@pytest.mark.parametrize("parameters", [{"deferrable": False}, {"timeout": 0}], ids=str)
def test_a_sensor_that_does_not_begin_there(parameters: dict[str, Any]) -> None:
    """A sensor that pokes does not begin in the triggerer, nor one whose timeout it would miss."""
    assert not database(**parameters).start_from_trigger


def test_a_mapped_sensor_begins_on_a_worker() -> None:
    """What is expanded is looked at on a worker: Airflow gives a triggerer no index."""
    with dag() as made:
        SpannerDatabaseSensor.partial(
            task_id="wait", project_id="test", instance_id="main", deferrable=True
        ).expand(database_id=["orders"])

    assert not made.get_task("wait").start_from_trigger


def test_a_sensor_in_a_mapped_group_begins_on_a_worker() -> None:
    """The same holds within a task group that is expanded."""

    @task_group
    def each(name: str) -> None:
        database(database_id=name)
        database(task_id="plain")

    with dag() as made:
        each.expand(name=["orders"])

    assert not any(each.start_from_trigger for each in made.tasks)


def test_the_output_of_a_mapped_task_needs_a_worker() -> None:
    """The names that many instances returned are a sequence, which a triggerer cannot get."""
    with dag():
        starts = SpannerDatabaseSensor.partial(
            task_id="start", project_id="test", instance_id="main"
        ).expand(database_id=["orders"])
        sensor = SpannerOperationSensor(
            task_id="wait", operation_name=cast("Any", starts.output), deferrable=True
        )

    assert not sensor.start_from_trigger


def test_a_sensor_of_no_dag_yet() -> None:
    """A template of which the Dag is not known yet may mean anything."""
    assert not database(database_id="{{ ds }}").start_from_trigger
    assert INSTANCE.endswith(database().instance_id)
