# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An Airflow database, an emulator, and a reaper between them, ten minutes after everything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .airflow_tables import AirflowTables
    from .harness import ReaperHarness


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be the usual connection, and let what commands set be taken back."""
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowTables]:
    """Return an empty Airflow database, in SQLite."""
    from .airflow_tables import AirflowTables  # noqa: PLC0415  # after AIRFLOW_HOME

    with AirflowTables.opened(f"sqlite:///{tmp_path / 'airflow.db'}") as tables:
        monkeypatch.setattr("airflow.settings.Session", tables.session)
        yield tables


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
def shared_tables(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowTables]:
    """Return an empty Airflow database that many may use at once, in PostgreSQL."""
    from .airflow_tables import AirflowTables  # noqa: PLC0415

    with AirflowTables.opened(postgres) as tables:
        monkeypatch.setattr("airflow.settings.Session", tables.session)
        yield tables


@pytest.fixture
def emulator(
    emulator_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with one database, in which things can happen upon a call."""
    from airflow_spanner_lro.emulator import SpannerAdminEmulator  # noqa: PLC0415

    from .harness import DATABASE, FaultsWithHooks  # noqa: PLC0415

    emulator = SpannerAdminEmulator(clock=emulator_clock)
    emulator.faults = FaultsWithHooks()
    with emulator:
        emulator.create_database(DATABASE)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture
def reaper(
    tables: AirflowTables, emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> Iterator[ReaperHarness]:
    """Return a reaper, and what it needs, on SQLite."""
    from .harness import ReaperHarness  # noqa: PLC0415

    with ReaperHarness.at_work(tables=tables, emulator=emulator, clock=emulator_clock) as reaper:
        yield reaper


@pytest.fixture
def shared_reaper(
    shared_tables: AirflowTables, emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> Iterator[ReaperHarness]:
    """Return a reaper, and what it needs, on PostgreSQL."""
    from .harness import ReaperHarness  # noqa: PLC0415

    with ReaperHarness.at_work(
        tables=shared_tables, emulator=emulator, clock=emulator_clock
    ) as reaper:
        yield reaper
