# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where the hook asks, and in which project; an emulator and production are never mixed up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import SettingsError, UnusableConnectionError
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.backups import SpannerDeleteBackupOperator
from airflow_spanner_lro.triggers.conditions import SpannerOperationsTrigger
from tests.airflow.fakes import BACKUP, DATABASE, FakeTask
from tests.airflow.sensor_builders import WAYS, backup_sensor
from tests.airflow.task_runner import backup, change_schema, defer, fire, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import Stage


def connection(monkeypatch: pytest.MonkeyPatch, **extra: str) -> None:
    """Let the default connection have these extras."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT",
        json.dumps({"conn_type": "google_cloud_platform", "extra": extra}),
    )


@pytest.mark.parametrize(
    ("argument", "extra", "variable", "expected"),
    [
        pytest.param("http://a:1", "http://b:2", "c:3", "http://a:1", id="argument-first"),
        pytest.param("", "http://b:2", "c:3", "", id="empty-argument-is-googles"),
        pytest.param(None, "http://b:2", "", "http://b:2", id="then-the-connection"),
        pytest.param(None, "https://b:2/", "", "b:2", id="tls-is-the-default"),
        pytest.param(None, "http://c:3", "c:3", "http://c:3", id="both-the-same"),
        pytest.param(None, "", "c:3", "http://c:3", id="then-the-environment"),
        pytest.param(None, "", "http://c:3", "http://c:3", id="with-scheme"),
        pytest.param(None, "", "", "", id="then-google"),
    ],
)
def test_endpoint(
    monkeypatch: pytest.MonkeyPatch,
    *,
    argument: str | None,
    extra: str,
    variable: str,
    expected: str,
) -> None:
    """The endpoint is the argument's, the connection's, the environment's or Google's."""
    connection(monkeypatch, **{"spanner_endpoint": extra} if extra else {})
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", variable)

    connection_spec = SpannerAdminHook(endpoint=argument).connection_spec

    assert expected == connection_spec.endpoint
    assert expected.startswith("http://") == connection_spec.plain_text


def test_same_way_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reached once is reached again the same way, wherever the environment points now."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "here:1")
    connection_spec = SpannerAdminHook(impersonation_chain=["a@x", "b@x"]).connection_spec
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "there:2")

    again = SpannerAdminHook.from_connection(connection_spec).connection_spec

    assert connection_spec == again


def test_project_of_the_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is the connection's."""
    connection(monkeypatch, project="mine")

    project = SpannerAdminHook().project_id

    assert "mine" == project
    assert stage.emulator.running


def test_project_of_the_environment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an emulator the environment's project counts when the connection has none."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "theirs")

    project = SpannerAdminHook().project_id

    assert "theirs" == project
    assert stage.emulator.running


def test_missing_connection_on_an_emulator(stage: Stage) -> None:
    """With an emulator in the environment the connection need not exist."""
    hook = SpannerAdminHook(gcp_conn_id="nowhere")

    operations = hook.list_operations(resource=DATABASE)

    assert [] == operations
    assert stage.emulator.calls


def test_missing_connection() -> None:
    """Without an emulator a connection that does not exist is an error that says what to do."""
    with pytest.raises(UnusableConnectionError, match="airflow connections add nowhere"):
        SpannerAdminHook(gcp_conn_id="nowhere")


def test_clients_are_separate(stage: Stage) -> None:
    """A new client has channels of its own; the hook's own client is made once."""
    hook = SpannerAdminHook()

    other = hook.new_client()

    assert hook.client is hook.client
    assert other is not hook.client
    assert stage.emulator.endpoint == hook.connection_spec.target


ALLOWED = "AIRFLOW__SPANNER_LRO__ALLOW_EMULATOR"


def connect(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let the default connection have an endpoint."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT",
        json.dumps({"conn_type": "google_cloud_platform", "extra": {"spanner_endpoint": endpoint}}),
    )


def delete(**parameters: Any) -> SpannerDeleteBackupOperator:
    """Return an operator that deletes a backup at once."""
    usual: dict[str, Any] = {"project_id": "test", "instance_id": "main", "backup_id": "nightly"}
    return SpannerDeleteBackupOperator(task_id="delete", **usual | parameters)


@pytest.fixture
def warnings(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[str]]:
    """Return what was warned of emulators so far, wherever Airflow's logging writes it just now."""
    printed: list[str] = []

    def read() -> list[str]:
        printed.extend(capsys.readouterr().out.splitlines())
        logged = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
        lines = logged + [line for line in printed if "warning" in line]
        return [line for line in lines if "EMULATOR: " in line]

    return read


@pytest.mark.parametrize("make", [backup, change_schema, delete])
@pytest.mark.parametrize("endpoint", ["spanner.googleapis.com:443", "http://127.0.0.1:9"])
def test_contradiction_sends_nothing(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    make: Callable[..., BaseOperator],
    endpoint: str,
) -> None:
    """A connection with an endpoint of its own fails the task for good beside an emulator."""
    connect(monkeypatch, endpoint)

    with pytest.raises(
        AirflowFailException, match=r"^Two endpoints, and nothing was sent"
    ) as caught:
        make().execute(task.context)

    assert stage.emulator.endpoint in str(caught.value)
    assert endpoint in str(caught.value)
    assert not stage.emulator.calls


def test_same_emulator_named_twice(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator that both connection and environment name is no contradiction."""
    connect(monkeypatch, f"http://{stage.emulator.endpoint}/")

    play(backup(wait_for_completion=False), task)

    assert 1 == len(stage.starts)


def test_operation_of_production_is_asked_about_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that is left over in a process moves no operation from Google to an emulator."""
    hook = SpannerAdminHook.from_connection(
        ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint="")
    )
    monkeypatch.setattr(hook, "get_credentials", lambda: None)

    endpoint = hook.connect()

    assert ("", False) == (endpoint.target, endpoint.plain_text)
    assert not stage.emulator.calls


def test_credentials_need_the_connection(stage: Stage) -> None:
    """A missing connection is forgiven on an emulator, and not where credentials are needed."""
    connection_spec = ConnectionSpec(gcp_conn_id="nowhere", endpoint="")

    with pytest.raises(
        UnusableConnectionError, match="gcp_conn_id='nowhere': there is no such connection"
    ):
        SpannerAdminHook.from_connection(connection_spec).connect()

    assert stage.emulator.running


@pytest.mark.parametrize("where", ["variable", "extra"])
@pytest.mark.parametrize("make", [backup, change_schema, delete])
def test_no_emulator_is_allowed(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    *,
    make: Callable[..., BaseOperator],
    where: str,
) -> None:
    """Where emulators are not allowed a task on one fails for good, and nothing is sent."""
    monkeypatch.setenv(ALLOWED, "False")
    if where == "extra":
        connect(monkeypatch, f"http://{stage.emulator.endpoint}")
        monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    with pytest.raises(AirflowFailException, match=r"^No emulator is allowed here") as caught:
        make().execute(task.context)

    assert f"http://{stage.emulator.endpoint} speaks no TLS" in str(caught.value)
    assert not stage.emulator.calls
    assert not task.store.values


def test_no_emulator_is_allowed_in_a_trigger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a triggerer ask the emulator that a worker was allowed to use."""
    monkeypatch.setenv(ALLOWED, "False")
    trigger = SpannerOperationsTrigger(
        operation_name=f"{BACKUP}/operations/some",
        endpoint=f"http://{stage.emulator.endpoint}",
        silent_fail=False,
    )

    event = fire(trigger)

    assert "No emulator is allowed here" in event["error"]
    assert "the argument endpoint" in event["error"]
    assert not stage.emulator.calls


def test_mistake_allows_no_emulator(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is neither true nor false does not mean that emulators are allowed."""
    monkeypatch.setenv(ALLOWED, "no")

    with pytest.raises(SettingsError, match="allow_emulator='no' is not usable"):
        SpannerAdminHook().list_operations(resource=DATABASE)

    assert not stage.emulator.calls


@pytest.mark.parametrize("make", [backup, delete])
def test_emulator_is_told_once(
    stage: Stage,
    task: FakeTask,
    warnings: Callable[[], list[str]],
    make: Callable[..., BaseOperator],
) -> None:
    """A task that does something on an emulator says so, with its address, where it comes from."""
    stage.emulator.plan(Plan(duration=timedelta()))

    play(make(), task)

    (warned,) = warnings()
    assert stage.emulator.endpoint in warned
    assert "which SPANNER_EMULATOR_HOST names" in warned
    assert "allow_emulator = False" in warned


def test_emulator_is_not_told_at_each_look(
    stage: Stage, task: FakeTask, warnings: Callable[[], list[str]]
) -> None:
    """The wait in the triggerer adds no warning, however often it polls."""
    deferred = defer(backup(deferrable=True), task)
    stage.finish_upon()
    warned = warnings()

    fire(deferred.trigger)

    assert 1 == len(warned)
    assert warned == warnings()


@pytest.mark.parametrize("way", WAYS)
def test_sensor_does_not_warn(
    stage: Stage, task: FakeTask, warnings: Callable[[], list[str]], way: dict[str, Any]
) -> None:
    """A sensor changes nothing, and in some modes each of its polls is a process of its own."""
    stage.emulator.plan(Plan(duration=timedelta()))
    play(backup(), task)
    before = warnings()

    play(backup_sensor(**way), FakeTask())

    assert before == warnings()


def test_hook_tells_at_its_first_start(stage: Stage, warnings: Callable[[], list[str]]) -> None:
    """A function that starts operations through a hook is told once, and for reads it is not."""
    stage.emulator.plan(Plan(duration=timedelta()))
    hook = SpannerAdminHook()
    hook.list_operations(resource=DATABASE)
    before = warnings()

    for statement in ("CREATE TABLE A (Id INT64) PRIMARY KEY (Id)", "CREATE INDEX B ON A (Id)"):
        hook.start_operation(
            kind=UPDATE_DATABASE_DDL, request={"database": DATABASE, "statements": [statement]}
        )

    assert [] == before
    assert 1 == len(warnings())
