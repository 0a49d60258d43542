# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every route asks Airflow what its user may: tried with real users, and written down as a table.

Set ``WRITE_HTTP_RIGHTS=1`` to write the table into its page.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from airflow_spanner_lro.web.app import create_app

from .api_server import API

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .api_server import ApiServer

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http-rights.md"
ROLES = ("nobody", "viewer", "user", "op", "admin", "another team")
QUERIES = {
    "/tasks": "?dag_id=nightly&run_id=manual__1&task_id=backup&map_index=-1",
    "/instances/operations": "?instance=projects/test/instances/main",
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(found: list[object] | None = None) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route below the API's prefix, but the one for all others."""
    for route in create_app().routes if found is None else found:
        if isinstance(route, APIRoute) and "rest" not in route.path:
            for method in sorted(route.methods & METHODS):
                yield method, re.sub(r"\{\w+\}", "{id}", route.path.removeprefix("/api"))


def ask(server: ApiServer, method: str, path: str, *, role: str, row: int) -> int:
    """Ask as somebody, and return the status."""
    headers = {} if role == "nobody" else server.bearer("blue" if role == "another team" else role)
    address = f"{API}{path.replace('{id}', str(row))}{QUERIES.get(path, '')}"
    body = None
    if path == "/reap":
        body = {"dry_run": True}
    elif method == "POST":
        told = server.client.get(address, headers=headers).json()
        body = {"confirm": told.get("confirm", "x"), "plan": told.get("plan", "x")}
    return server.client.request(method, address, headers=headers, json=body).status_code


def measured(server: ApiServer) -> list[str]:
    """Return the table, as it is when everybody asks for everything."""
    row = server.running()
    server.give("nightly", "red")
    # who is in no team may not even see a team's Dag, so these have none but for one column
    lines = [
        f"| Route | {' | '.join(ROLES)} |",
        f"|---|{'---|' * len(ROLES)}",
    ]
    for method, path in sorted(routes(), key=lambda each: (each[0], each[1])):
        cells = []
        for role in ROLES:
            server.give("nightly", "red" if role == "another team" else "dags")
            cells.append(str(ask(server, method, path, role=role, row=row)))
        lines.append(f"| `{method} {path}` | {' | '.join(cells)} |")
    return lines


def test_the_table_of_rights_is_as_written(server: ApiServer) -> None:
    """Who gets which answer from which route is what the page on it says."""
    lines = measured(server)
    page = PAGE.read_text()
    begin, end = (page.index(mark) for mark in ("| Route |", "\n\n<!-- end of table -->"))
    if os.environ.get("WRITE_HTTP_RIGHTS"):
        PAGE.write_text(page[:begin] + "\n".join(lines) + page[end:])
    else:
        assert page[begin:end].splitlines() == lines


def test_nobody_gets_anything(server: ApiServer) -> None:
    """Without a token each route answers 401, whatever is asked for."""
    row = server.running()

    answers = {
        each: ask(server, *each, role="nobody", row=row)
        for each in [*routes(), ("GET", "/anything"), ("DELETE", "/operations/{id}")]
    }

    assert {401} == set(answers.values()), answers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_nothing_describes_the_routes_to_strangers(server: ApiServer, path: str) -> None:
    """FastAPI's own pages are not there."""
    assert 404 == server.client.get(f"/spanner-lro{path}").status_code


@pytest.mark.parametrize("token", ["x", "", "a.b.c"])
def test_a_bad_token_gets_nothing(server: ApiServer, token: str) -> None:
    """Neither in the header nor in the cookie."""
    by_header = server.client.get(f"{API}/status", headers={"Authorization": f"Bearer {token}"})
    by_cookie = server.client.get(f"{API}/status", headers={"Cookie": f"_token={token}"})

    assert by_header.status_code in (401, 403)
    assert by_cookie.status_code in (401, 403)


def test_a_viewer_sees_and_does_not_cancel(server: ApiServer) -> None:
    """It is said why, and the attempt is in the audit log."""
    row = server.running()

    told = server.get(f"/operations/{row}/cancel", user="viewer").json()
    answer = server.act("cancel", row, user="viewer")

    assert not told["allowed"]
    assert "right to change task instances of nightly" in told["why_not"]
    assert 403 == answer.status_code
    assert not server.cancels
    assert [("spanner_lro_cancel", "viewer", "nightly", "refused")] == [
        (*line[:3], json.loads(line[3])["outcome"]) for line in server.audit
    ]


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_a_guessed_number_of_another_team_is_not_there(server: ApiServer, verb: str) -> None:
    """Whoever counts through the numbers learns nothing, and cancels nothing."""
    row = server.running()
    server.give("nightly", "red")
    plan = server.get(f"/operations/{row}/{verb}", user="red").json()["plan"]

    answer = server.post(
        f"/operations/{row}/{verb}", {"confirm": "nightly", "plan": plan}, user="blue"
    )
    unknown = server.post(
        "/operations/4711/cancel", {"confirm": "nightly", "plan": plan}, user="blue"
    )

    assert (404, 404) == (answer.status_code, unknown.status_code)
    assert unknown.json() == json.loads(answer.text.replace(f" {row} ", " 4711 "))
    assert not server.cancels


def test_each_team_sees_and_cancels_its_own(server: ApiServer) -> None:
    """Rights count Dag by Dag, in one list and one database."""
    server.running(dag_id="reds")
    scope = server.tables.add_task(state="deferred", run_state="running", dag_id="blues")
    server.own(scope, server.reaper.entry(None))
    for dag_id in ("reds", "blues"):
        server.give(dag_id, dag_id.removesuffix("s"))

    seen = {
        user: [each["dag_id"] for each in server.get("/operations", user=user).json()["rows"]]
        for user in ("red", "blue", "user", "admin")
    }

    assert {"red": ["reds"], "blue": ["blues"], "user": []} == {
        user: dag_ids for user, dag_ids in seen.items() if user != "admin"
    }
    assert {"reds", "blues"} == set(seen["admin"])


def test_the_bundle_needs_no_log_in_and_shows_nothing(server: ApiServer) -> None:
    """The browser loads it as any script; what it shows comes from the guarded routes."""
    answer = server.client.get("/spanner-lro/static/operations.js")
    again = server.client.get(
        "/spanner-lro/static/operations.js", headers={"If-None-Match": answer.headers["etag"]}
    )

    assert (200, 304) == (answer.status_code, again.status_code)
    assert ("no-cache", "nosniff") == (
        answer.headers["cache-control"],
        answer.headers["x-content-type-options"],
    )


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/x"])
def test_no_other_file_is_served(server: ApiServer, path: str) -> None:
    """A path that leads out of the folder leads nowhere."""
    assert 404 == server.client.get(f"/spanner-lro{path}").status_code
