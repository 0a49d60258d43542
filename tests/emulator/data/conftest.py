# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Emulators with rows, and databases of Google's; skipped where that is not installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.data.google_databases import GoogleDatabases
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc
    from google.cloud.spanner_v1.database import Database
    from google.cloud.spanner_v1.instance import Instance

PROJECT, INSTANCE = "test-project", "main"
SCHEMA = ("CREATE TABLE Orders (Id INT64, Name STRING(MAX)) PRIMARY KEY (Id)",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsEmulator:
    """An emulator with rows, and the client library on one channel to it."""

    admin: SpannerAdminEmulator
    clock: ManualClock
    instance: Instance

    @property
    def credentials(self) -> AnonymousCredentials:
        """What an emulator wants of credentials."""
        return AnonymousCredentials()

    def reconnected(self) -> Instance:
        """Return the client of the instance, on a new channel."""
        client = spanner.Client(project=PROJECT, credentials=self.credentials)
        instance: Instance = client.instance(INSTANCE)
        return instance

    def name_of(self, database_id: str) -> str:
        """Return the full name of a database."""
        return f"projects/{PROJECT}/instances/{INSTANCE}/databases/{database_id}"

    def make(self, database_id: str = "orders", *statements: str) -> Database:
        """Put a database there, and return the client of it."""
        self.admin.create_database(self.name_of(database_id), statements or SCHEMA)
        return self.database(database_id)

    def database(self, database_id: str) -> Database:
        """Return the client of a database."""
        database: Database = self.instance.database(database_id)
        return database


@pytest.fixture
def rows_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RowsEmulator]:
    """Run an emulator with rows; its time stands still."""
    require_google_emulator()
    clock = ManualClock()
    with SpannerAdminEmulator(clock=clock, data=True) as admin:
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", admin.endpoint)
        client = spanner.Client(project=PROJECT, credentials=AnonymousCredentials())
        yield RowsEmulator(admin=admin, clock=clock, instance=client.instance(INSTANCE))


def insert(database: Database, count: int, *, start: int = 0) -> None:
    """Insert some orders."""
    with database.batch() as batch:
        rows = [[number, f"order {number}"] for number in range(start, start + count)]
        batch.insert("Orders", ["Id", "Name"], rows)


def count_of(database: Database) -> int:
    """Return how many orders there are."""
    with database.snapshot() as snapshot:
        ((found,),) = snapshot.execute_sql("SELECT COUNT(*) FROM Orders")
    return int(found)


@pytest.fixture
def google_databases(google_channel: grpc.Channel) -> Iterator[GoogleDatabases]:
    """Return a maker of databases, which drops them at the end of the test."""
    databases = GoogleDatabases(google_channel)
    yield databases
    databases.drop_all()
