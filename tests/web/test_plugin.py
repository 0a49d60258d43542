# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's page knows of ours, and finds it under whatever address it has itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

if TYPE_CHECKING:
    from .api_server import ApiServer


def shown(server: ApiServer) -> dict[str, dict[str, Any]]:
    """Return what Airflow's own page is told to show of our plugin, by name."""
    answer = server.client.get("/api/v2/plugins", headers=server.bearer("admin")).json()
    (ours,) = (each for each in answer["plugins"] if each["name"] == "spanner_lro")
    return {each["name"]: each for each in ours["react_apps"]}


def test_the_page_is_in_the_menu_and_the_panel_on_each_task(server: ApiServer) -> None:
    """One entry under Browse, one tab of task instances, and a route for each."""
    found = shown(server)

    assert {
        "Spanner operations": ("nav", "browse", "spanner-operations"),
        "Spanner operation": ("task_instance", None, "spanner-operation"),
    } == {
        name: (each["destination"], each["category"], each["url_route"])
        for name, each in found.items()
    }


@pytest.mark.parametrize("base", ["http://airflow.example/", "http://airflow.example/team/a/"])
def test_the_bundle_is_below_airflows_own_address(server: ApiServer, base: str) -> None:
    """Airflow resolves it by the base of its page, which may be below a path of a proxy."""
    urls = {urljoin(base, each["bundle_url"]) for each in shown(server).values()}

    (url,) = urls
    assert url.startswith(f"{base}spanner-lro/static/operations.js?v=")


def test_the_bundle_is_there_and_offers_both(server: ApiServer) -> None:
    """What Airflow loads sets a component for each of the names."""
    answer = server.client.get("/spanner-lro/static/operations.js")

    assert 200 == answer.status_code
    assert all(f'"{name}"' in answer.text for name in shown(server))
