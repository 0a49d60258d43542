# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What another site makes a user's browser ask for changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .api_server import API, SITE

if TYPE_CHECKING:
    from .api_server import ApiServer

SAME = "http://airflow.example"
FOREIGN = {
    "another site": "http://evil.example",
    "a sub-domain": "http://dags.airflow.example",
    "the domain above": "http://example",
    "another port": "http://airflow.example:8080",
    "another scheme": "https://airflow.example",
    "a name that begins alike": "http://airflow.example.evil.example",
    "ours as a user's name": "http://airflow.example@evil.example",
    "a sandbox": "null",
    "nothing": "",
    "no address": "http://[",
    "no port": "http://airflow.example:x",
    "two": "http://airflow.example, http://evil.example",
}


def submit(server: ApiServer, row: int, headers: dict[str, str]) -> Any:
    """Send what the dialog sends, with headers of a browser."""
    told = server.get(f"/operations/{row}/cancel").json()
    body = {"confirm": told["confirm"], "plan": told["plan"]}
    return server.client.post(f"{API}/operations/{row}/cancel", json=body, headers=headers)


@pytest.mark.parametrize("origin", [SAME, "HTTP://Airflow.Example", "http://airflow.example:80"])
def test_the_page_itself_may(server: ApiServer, origin: str) -> None:
    """A cookie and our own origin, however it is written, are enough."""
    row = server.running()

    answer = submit(server, row, server.browser("user", origin=origin))

    assert 200 == answer.status_code
    assert 1 == len(server.cancels)


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("way", ["cookie", "bearer"])
def test_another_site_may_not(server: ApiServer, origin: str, way: str) -> None:
    """Whoever's cookie or token it is: a page that is not ours changes nothing."""
    headers = server.browser("user", origin=origin)
    if way == "bearer":
        headers = {**server.bearer("user"), "Origin": origin}

    answer = submit(server, server.running(), headers)

    assert 403 == answer.status_code
    assert "another site" in answer.json()["detail"]["title"]
    assert not server.cancels


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Referer": f"{SITE}/spanner-operations"},
        {"Authorization": "Basic dXNlcjpzZWNyZXQ="},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"X-Forwarded-Host": "airflow.example"},
    ],
)
def test_a_cookie_alone_may_not(server: ApiServer, more: dict[str, str]) -> None:
    """Without an origin it is not known whose page it was; a referrer does not stand in for it."""
    answer = submit(server, server.running(), server.browser("user", origin=None, **more))

    assert 403 == answer.status_code
    assert "not known which page" in answer.json()["detail"]["title"]
    assert not server.cancels


def test_two_origins_may_not(server: ApiServer) -> None:
    """Of two origins the better one does not count."""
    row = server.running()
    told = server.get(f"/operations/{row}/cancel").json()
    headers = [*server.browser("user").items(), ("Origin", "http://evil.example")]

    answer = server.client.post(
        f"{API}/operations/{row}/cancel",
        json={"confirm": told["confirm"], "plan": told["plan"]},
        headers=headers,
    )

    assert 403 == answer.status_code
    assert not server.cancels


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""],
)
def test_what_a_foreign_form_can_send_is_no_command(server: ApiServer, kind: str) -> None:
    """Content types that need no consent of ours are refused, also from our own page."""
    row = server.running()

    answer = server.client.post(
        f"{API}/operations/{row}/cancel",
        content='{"confirm": "nightly", "plan": "x"}',
        headers={**server.browser("user"), "Content-Type": kind},
    )

    assert 400 == answer.status_code
    assert not server.cancels


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["cancel", "delete"])
def test_no_other_method_changes_anything(server: ApiServer, method: str, path: str) -> None:
    """Only a POST does anything."""
    row = server.running()

    answer = server.client.request(
        method,
        f"{API}/operations/{row}/{path}?confirm=nightly",
        headers={**server.browser("user"), "Content-Type": "application/json"},
    )

    assert (200 if method == "GET" else 405 if method in ("HEAD", "OPTIONS") else 404) == (
        answer.status_code
    )
    assert not server.emulator.calls.of("CancelOperation", "DeleteOperation")


def test_another_site_is_not_let_read_an_answer(server: ApiServer) -> None:
    """No header allows a foreign page to see what is here, and no cache keeps it."""
    answer = server.client.get(
        f"{API}/operations", headers=server.browser("user", origin="http://evil.example")
    )

    assert "access-control-allow-origin" not in answer.headers
    assert "no-store" == answer.headers["cache-control"]
