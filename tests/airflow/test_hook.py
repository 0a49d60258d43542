# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook: where it asks, in which project, and what it offers beside the operators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import GoogleAPICallError, NotFound

from airflow_spanner_lro.core.errors import (
    AccessError,
    InvalidArgumentError,
    InvalidNameError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.settlement import Ending
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

from .doubles import BACKUP, DATABASE, LONG
from .playing import backup

if TYPE_CHECKING:
    from .doubles import FakeTask, Stage


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
        pytest.param(None, "http://b:2", "c:3", "http://b:2", id="then-the-connection"),
        pytest.param(None, "https://b:2/", "c:3", "b:2", id="tls-is-the-default"),
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

    access = SpannerAdminHook(endpoint=argument).access

    assert expected == access.endpoint
    assert expected.startswith("http://") == access.plain_text


def test_same_way_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reached once is reached again the same way, wherever the environment points now."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "here:1")
    access = SpannerAdminHook(impersonation_chain=["a@x", "b@x"]).access
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "there:2")

    again = SpannerAdminHook.for_access(access).access

    assert access == again


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
    with pytest.raises(AccessError, match="airflow connections add nowhere"):
        SpannerAdminHook(gcp_conn_id="nowhere")


@pytest.fixture
def running(stage: Stage, task: FakeTask) -> str:
    """Return the name of a backup operation that runs."""
    stage.emulator.plan(LONG)
    name: str = backup(wait_for_completion=False).execute(task.context)
    return name


def test_get(running: str) -> None:
    """An operation is got by its full name."""
    snapshot = SpannerAdminHook().get_operation(name=running)

    assert running == str(snapshot.name)
    assert not snapshot.done


def test_get_unknown(stage: Stage) -> None:
    """Google's own exceptions propagate as they are."""
    with pytest.raises(NotFound):
        SpannerAdminHook().get_operation(name=f"{DATABASE}/operations/none")

    assert stage.emulator.calls


def test_bad_name(stage: Stage) -> None:
    """A name that cannot be parsed is never sent."""
    with pytest.raises(InvalidNameError, match="operation name='some'"):
        SpannerAdminHook().get_operation(name="some")

    assert not stage.emulator.calls


@pytest.mark.parametrize(
    ("filter_", "count"), [("", 1), ("done:true", 0), ("done:false", 1)], ids=["all", "done", "not"]
)
def test_list(running: str, filter_: str, count: int) -> None:
    """Operations are listed by resource, and by what the API can filter."""
    operations = SpannerAdminHook().list_operations(resource=BACKUP, filter_=filter_)

    assert [running] * count == [str(each.name) for each in operations]


def test_wait(stage: Stage, running: str) -> None:
    """Waiting ends when the operation is done."""
    stage.finish_upon()

    snapshot = SpannerAdminHook().wait_for_operation(name=running)

    assert snapshot.succeeded


def test_wait_times_out(stage: Stage, running: str) -> None:
    """Waiting that takes too long ends with an error, and the operation goes on."""
    with pytest.raises(OperationTimeoutError, match=r"0\.05 s passed .*left running"):
        SpannerAdminHook().wait_for_operation(name=running, timeout=0.05)

    assert not stage.cancels


def test_cancel(stage: Stage, running: str) -> None:
    """Cancelling says how it ended."""
    settlement = SpannerAdminHook().cancel_operation(name=running)

    assert Ending.CANCELLED is settlement.ending
    assert stage.operation.done


def test_cancel_refused(stage: Stage, running: str) -> None:
    """A cancel that is refused is an outcome, not an exception."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, message="not you")

    settlement = SpannerAdminHook().cancel_operation(name=running)

    assert Ending.REFUSED is settlement.ending
    assert "not you" in settlement.sentence


def test_cancel_with_a_negative_time(stage: Stage, running: str) -> None:
    """A negative time to settle is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="settle_timeout=-1"):
        SpannerAdminHook().cancel_operation(name=running, settle_timeout=-1)

    assert not stage.cancels


def test_delete_is_for_instances_only(stage: Stage, running: str) -> None:
    """The record of a backup's operation cannot be deleted, and Spanner says so."""
    with pytest.raises(GoogleAPICallError, match="elet"):
        SpannerAdminHook().delete_operation(name=running)

    assert running in {each.name for each in stage.emulator.operations()}


def test_clients_are_separate(stage: Stage) -> None:
    """A new client has channels of its own; the hook's own client is made once."""
    hook = SpannerAdminHook()

    other = hook.new_client()

    assert hook.client is hook.client
    assert other is not hook.client
    assert stage.emulator.endpoint == hook.access.target
