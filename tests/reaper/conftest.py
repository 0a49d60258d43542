# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An Airflow database, an emulator, and a reaper between them, ten minutes after everything."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .reaping import Reaping
    from .rows import Rows

# before a test module imports Airflow, which makes this folder and its configuration
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-tests"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be the usual connection, and let what commands set be taken back."""
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """Return an empty Airflow database, in SQLite."""
    from .rows import Rows  # noqa: PLC0415  # after AIRFLOW_HOME

    with Rows.opened(f"sqlite:///{tmp_path / 'airflow.db'}") as rows:
        monkeypatch.setattr("airflow.settings.Session", rows.session)
        yield rows


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a PostgreSQL."""
    from tests.cluster.postgres import LocalPostgres  # noqa: PLC0415
    from tests.cluster.processes import ProcessRun  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="reaper-pg-") as folder, ProcessRun() as run:
        # the account it runs as must be able to enter
        Path(folder).chmod(0o755)
        logs = tmp_path_factory.mktemp("logs")
        database = LocalPostgres(run=run, folder=Path(folder) / "pg", log_path=logs / "log")
        database.wait_until_ready()
        yield database.url
        database.close()


@pytest.fixture
def shared_rows(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """Return an empty Airflow database that many may use at once, in PostgreSQL."""
    from .rows import Rows  # noqa: PLC0415

    with Rows.opened(postgres) as rows:
        monkeypatch.setattr("airflow.settings.Session", rows.session)
        yield rows


@pytest.fixture
def emulator(
    emulator_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with one database, in which things can happen upon a call."""
    from airflow_spanner_lro.emulator import SpannerAdminEmulator  # noqa: PLC0415

    from .reaping import DATABASE, Cues  # noqa: PLC0415

    emulator = SpannerAdminEmulator(clock=emulator_clock)
    emulator.faults = Cues()
    with emulator:
        emulator.create_database(DATABASE)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture
def reaping(
    rows: Rows, emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> Iterator[Reaping]:
    """Return a reaper, and what it needs, on SQLite."""
    from .reaping import Reaping  # noqa: PLC0415

    with Reaping.at_work(rows=rows, emulator=emulator, clock=emulator_clock) as reaping:
        yield reaping


@pytest.fixture
def shared_reaping(
    shared_rows: Rows, emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> Iterator[Reaping]:
    """Return a reaper, and what it needs, on PostgreSQL."""
    from .reaping import Reaping  # noqa: PLC0415

    with Reaping.at_work(rows=shared_rows, emulator=emulator, clock=emulator_clock) as reaping:
        yield reaping
