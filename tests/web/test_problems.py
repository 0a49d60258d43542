# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong, the page gets a sentence and what to do, and the server goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.web import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def client(route: Callable[..., object]) -> TestClient:
    """Return who asks an application with one route."""
    app = FastAPI()
    app.add_api_route("/", route)
    problems.add_handlers(app)
    app.add_middleware(problems.LastResort)
    return TestClient(app)


ERRORS = {
    "of ours": (
        problems.ProblemError(409, "It has changed."),
        409,
        "It has changed.",
        "Look again",
    ),
    "of Airflow's": (HTTPException(403, "Forbidden"), 403, "Forbidden.", "Ask whoever"),
    "database": (AirflowDatabaseError("gone\x1b"), 503, "answer: gone\\x1b", "Try again"),
    "settings": (SettingsError("reaper = x."), 503, "reaper = x.", "[spanner_lro]"),
    "teapot": (HTTPException(418, "Teapot"), 418, "Teapot.", ""),
}


@pytest.mark.parametrize(("error", "status", "title", "to_do"), ERRORS.values(), ids=ERRORS)
def test_an_error_says_what_is_wrong_and_what_to_do(
    error: Exception, status: int, title: str, to_do: str
) -> None:
    """Each kind of error has the same form."""

    def fail() -> None:
        raise error

    answer = client(fail).get("/")

    assert status == answer.status_code
    assert title in answer.json()["detail"]["title"]
    assert to_do in answer.json()["detail"]["what_to_do"]


def test_a_bad_argument_is_named() -> None:
    """What FastAPI finds wrong is said with its place."""

    def route(limit: Annotated[int, Query()]) -> int:
        return limit

    answer = client(route).get("/?limit=x")

    assert 400 == answer.status_code
    assert answer.json()["detail"]["title"].startswith("limit: ")


def test_a_defect_of_ours_shows_a_mark_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    """The stack trace is in the log under the mark that the page shows."""

    def fail() -> None:
        raise KeyError("secret")

    asking = client(fail)
    answer = asking.get("/")
    detail = answer.json()["detail"]

    assert 500 == answer.status_code
    assert "secret" not in answer.text
    assert detail["what_to_do"].split()[2] in caplog.text
    assert 500 == asking.get("/").status_code


def test_an_answer_that_has_begun_is_broken_off() -> None:
    """Half an answer is not called a whole one."""

    def half() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("secret")

    def route() -> StreamingResponse:
        return StreamingResponse(half())

    with pytest.raises(KeyError):
        client(route).get("/")
