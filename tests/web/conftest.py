# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's own api-server with users of each role, an Airflow database, and an emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.reaper.conftest import emulator, environment, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.reaper.airflow_tables import AirflowTables

    from .api_server import ApiServer

__all__ = ["emulator", "environment", "tables"]


SETTINGS = {
    "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
    "CORE__MULTI_TEAM": "True",
    "API_AUTH__JWT_SECRET": "secret of the tests, as long as the algorithm wants it to be at least",
    "API__BASE_URL": "http://airflow.example",
    "SPANNER_LRO__REAPER_GRACE": "60",
}


def _set(to: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in {**SETTINGS, **settings}.items():
        to.setenv(f"AIRFLOW__{name}", value)


@pytest.fixture(scope="session")
def logins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what Airflow's settings say of users and their passwords."""
    from .api_server import USERS  # noqa: PLC0415  # after AIRFLOW_HOME

    passwords = tmp_path_factory.mktemp("logins") / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, "secret")))
    return {
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(":".join(each) for each in USERS.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


@pytest.fixture(scope="session")
def airflow_api(
    logins: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FastAPI]:
    """Return Airflow's api-server as it starts, with this plugin and no other difference."""
    from airflow.api_fastapi.app import create_app, purge_cached_app  # noqa: PLC0415

    from tests.reaper.airflow_tables import AirflowTables  # noqa: PLC0415

    from .api_server import create_teams  # noqa: PLC0415

    file = tmp_path_factory.mktemp("start") / "airflow.db"
    with (
        pytest.MonkeyPatch.context() as patched,
        AirflowTables.opened(f"sqlite:///{file}") as tables,
    ):
        patched.setattr("airflow.settings.Session", tables.session)
        create_teams(tables)
        _set(patched, **logins)
        purge_cached_app()
        app = create_app()
    yield app
    purge_cached_app()


@pytest.fixture
def server(  # noqa: PLR0917  # fixtures come as arguments
    airflow_api: FastAPI,
    logins: dict[str, str],
    tables: AirflowTables,
    emulator: SpannerAdminEmulator,
    emulator_clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiServer]:
    """Return Airflow's api-server with a database that is empty but for its teams."""
    from airflow_spanner_lro.web.progress import PublishedProgress  # noqa: PLC0415
    from airflow_spanner_lro.web.refresh import Refresher  # noqa: PLC0415

    from .api_server import ApiServer, create_teams  # noqa: PLC0415

    monkeypatch.setattr("airflow_spanner_lro.web.progress._shared", PublishedProgress())
    refresher = Refresher(starts=False)  # a thread of its own would outlive the test
    monkeypatch.setattr("airflow_spanner_lro.web.reading.refresh", lambda: refresher)
    _set(monkeypatch, **logins)
    create_teams(tables)
    with ApiServer.over(
        airflow_api, tables=tables, emulator=emulator, clock=emulator_clock
    ) as server:
        yield server
