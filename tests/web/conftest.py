# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's own api-server with users of each role, an Airflow database, and an emulator."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reaper.conftest import emulator, environment, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.reaper.airflow_tables import AirflowTables

    from .api_server import ApiServer

__all__ = ["emulator", "environment", "tables"]

# before a test module imports Airflow, which makes this folder and its configuration
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-tests"))


@pytest.fixture
def server(
    tables: AirflowTables,
    emulator: SpannerAdminEmulator,
    emulator_clock: ManualClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiServer]:
    """Return Airflow's api-server as it starts, with this plugin and no other difference."""
    from .api_server import USERS, ApiServer  # noqa: PLC0415  # after AIRFLOW_HOME

    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, "secret")))
    settings = {
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(":".join(each) for each in USERS.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "API_AUTH__JWT_SECRET": "secret of the tests, and long enough for its algorithm",
        "API__BASE_URL": "http://airflow.example",
        "SPANNER_LRO__REAPER_GRACE": "60",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AIRFLOW__{name}", value)
    with ApiServer.started(tables=tables, emulator=emulator, clock=emulator_clock) as server:
        yield server
