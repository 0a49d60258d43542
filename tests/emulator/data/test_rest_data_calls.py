# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Data calls as REST, on the port of the admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.cloud.spanner_v1.services.spanner.transports import rest_base

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.http.data_calls import DATA_RULES
from tests.emulator.data.conftest import SCHEMA
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "projects/test-project/instances/main/databases/orders"
_SINGLE_USE: dict[str, Any] = {"singleUseTransaction": {"readWrite": {}}}
_INSERT = {
    "insert": {"table": "Orders", "columns": ["Id", "Name"], "values": [["1", "one"], ["2", None]]}
}


@pytest.fixture
def rest() -> Iterator[httpx.Client]:
    """Run an emulator with rows and a database; return an HTTP client for it."""
    require_google_emulator()
    with SpannerAdminEmulator(clock=ManualClock(), rest_port=0, data=True) as emulator:
        emulator.create_database(DATABASE, SCHEMA)
        with httpx.Client(base_url=f"{emulator.rest_endpoint}/v1", timeout=30) as client:
            yield client


@pytest.fixture
def session(rest: httpx.Client) -> str:
    """Return the name of a session on the database."""
    answer = rest.post(f"/{DATABASE}/sessions", json={})
    assert 200 == answer.status_code
    return str(answer.json()["name"])


def test_rows_are_inserted_and_queried(rest: httpx.Client, session: str) -> None:
    """A commit inserts rows, and a query returns them."""
    committed = rest.post(f"/{session}:commit", json=_SINGLE_USE | {"mutations": [_INSERT]})
    found = rest.post(
        f"/{session}:executeSql",
        json={
            "sql": "SELECT Id, Name FROM Orders WHERE Id < @most ORDER BY Id",
            "params": {"most": "9"},
            "paramTypes": {"most": {"code": "INT64"}},
        },
    )

    assert "commitTimestamp" in committed.json()
    assert [["1", "one"], ["2", None]] == found.json()["rows"]
    assert ["INT64", "STRING"] == [
        each["type"]["code"] for each in found.json()["metadata"]["rowType"]["fields"]
    ]


def test_a_stream_is_a_list(rest: httpx.Client, session: str) -> None:
    """What is a stream of messages over gRPC is a list of them."""
    answer = rest.post(f"/{session}:executeStreamingSql", json={"sql": "SELECT 1"})

    assert [["1"]] == [part["values"] for part in answer.json()]


def test_errors_come_in_the_form_of_others(rest: httpx.Client, session: str) -> None:
    """A refusal of Google's emulator has the form that all refusals have here."""
    wrong = rest.post(f"/{session}:executeSql", json={"sql": "SELECT nope"})
    missing = rest.get(f"/{DATABASE}/sessions/none")

    assert (400, "INVALID_ARGUMENT") == (wrong.status_code, wrong.json()["error"]["status"])
    assert "Unrecognized name: nope" in wrong.json()["error"]["message"]
    assert 404 == missing.status_code
    assert f"{DATABASE}/sessions/none" == missing.json()["error"]["details"][0]["resourceName"]


def test_a_request_that_is_none(rest: httpx.Client, session: str) -> None:
    """A field that no request has is refused as in other calls."""
    answer = rest.post(f"/{session}:commit", json={"mutation": []})

    assert 400 == answer.status_code
    assert 'Unknown name "mutation"' in answer.json()["error"]["message"]


def test_a_database_that_is_missing(rest: httpx.Client) -> None:
    """There is no session on a database that is not there."""
    answer = rest.post(f"/{DATABASE}-not/sessions", json={})

    assert (404, f"Database not found: {DATABASE}-not") == (
        answer.status_code,
        answer.json()["error"]["message"],
    )


def test_sessions_are_listed_and_deleted(rest: httpx.Client, session: str) -> None:
    """A session is in the list until it is deleted."""
    before = rest.get(f"/{DATABASE}/sessions").json()
    deleted = rest.delete(f"/{session}")
    after = rest.get(f"/{DATABASE}/sessions").json()

    assert [session] == [each["name"] for each in before["sessions"]]
    assert (200, {}) == (deleted.status_code, deleted.json())
    assert {} == after


def test_without_rows_the_option_is_named() -> None:
    """Without rows the answer says how to get some."""
    with SpannerAdminEmulator(clock=ManualClock(), rest_port=0) as emulator:
        emulator.create_database(DATABASE, SCHEMA)
        answer = httpx.post(f"{emulator.rest_endpoint}/v1/{DATABASE}/sessions", json={}, timeout=30)

    assert 501 == answer.status_code
    assert "--data" in answer.json()["error"]["message"]


def test_the_routes_are_those_of_the_client() -> None:
    """Each route of the client library is there, apart from one that Google's emulator has not."""
    transport = rest_base._BaseSpannerRestTransport
    wanted = set()
    for name, each in vars(transport).items():
        if not name.startswith("_Base") or not hasattr(each, "_get_http_options"):
            continue
        for option in each._get_http_options():
            wanted.add((option["method"].upper(), option["uri"], option.get("body")))

    ours = {(rule.verb, rule.uri, rule.body) for rule in DATA_RULES}
    assert {":cacheUpdate"} == {uri.rpartition("}")[2] for _, uri, _ in wanted - ours}
    assert set() == ours - wanted
