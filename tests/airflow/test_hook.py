# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook: where it asks, and in which project. Its verbs are in ``test_hook_verbs.py``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.errors import AccessError
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from tests.airflow.fakes import DATABASE

if TYPE_CHECKING:
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
    with pytest.raises(AccessError, match="airflow connections add nowhere"):
        SpannerAdminHook(gcp_conn_id="nowhere")


def test_clients_are_separate(stage: Stage) -> None:
    """A new client has channels of its own; the hook's own client is made once."""
    hook = SpannerAdminHook()

    other = hook.new_client()

    assert hook.client is hook.client
    assert other is not hook.client
    assert stage.emulator.endpoint == hook.connection_spec.target
