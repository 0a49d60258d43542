# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The link of ``make demo KEEP=1``: who knows it is logged in, and nobody else is."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.demo.front_door import front_door, open_in_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "http://127.0.0.1:1/plugin/spanner-operations"


@pytest.fixture
def link() -> Iterator[str]:
    """Return the link of a door that is open."""
    with front_door(token=lambda: "a.new.token", leads_to=PAGE) as opened:
        yield opened


def test_the_link_logs_in_and_leads_to_the_page(link: str) -> None:
    """The browser gets the cookie of the login page, which no script can read."""
    answer = httpx.get(link, trust_env=False)

    assert 303 == answer.status_code
    assert PAGE == answer.headers["Location"]
    assert "_token=a.new.token; Path=/; HttpOnly; SameSite=Lax" == answer.headers["Set-Cookie"]
    assert "no-store" == answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/guessed", "/é"])
def test_another_address_gives_nothing(link: str, path: str) -> None:
    """Whoever only finds the port gets no cookie."""
    answer = httpx.get(f"http://{urlsplit(link).netloc}{path}", trust_env=False)

    assert 404 == answer.status_code
    assert "Set-Cookie" not in answer.headers


def test_the_door_is_shut_afterwards() -> None:
    """After the demo nobody answers."""
    with front_door(token=str, leads_to=PAGE) as opened:
        pass

    with pytest.raises(httpx.ConnectError):
        httpx.get(opened, trust_env=False)


def test_nothing_is_opened_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, as in a test or in CI, no browser is started."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")

    assert not open_in_browser(PAGE)
    assert [] == opened
