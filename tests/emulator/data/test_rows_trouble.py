# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What reading and writing rows says when it cannot be done; nothing hangs."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.data import calls, reading
from airflow_spanner_lro.emulator.data.calls import Connection
from airflow_spanner_lro.emulator.data.reading import read_rows
from airflow_spanner_lro.emulator.data.rows import (
    DatabaseRows,
    RowsRefusedError,
    RowsUnavailableError,
    TooManyRowsError,
)
from airflow_spanner_lro.emulator.data.writing import write_rows
from tests.emulator.data.google_databases import GoogleDatabases
from tests.emulator.differential.google_emulator import ALONE, running
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_A = "CREATE TABLE A (Id INT64, V STRING(MAX)) PRIMARY KEY(Id)"
_DATABASE = "projects/test/instances/main/databases/shop"
_EMPTY = DatabaseRows(dialect=Dialect.GOOGLE_STANDARD_SQL, statements=(_A,))


@pytest.fixture
def silent_channel() -> Iterator[grpc.Channel]:
    """Return a channel to somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with grpc.insecure_channel(address, options=ALONE) as channel:
            yield channel


@pytest.fixture
def closed_channel() -> Iterator[grpc.Channel]:
    """Return a channel to where nobody is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with grpc.insecure_channel(address, options=ALONE) as channel:
        yield channel


def _read(channel: grpc.Channel) -> None:
    read_rows(channel=channel, database=_DATABASE, at=None)


def _write(channel: grpc.Channel) -> None:
    write_rows(channel=channel, database=_DATABASE, rows=_EMPTY)


@pytest.mark.parametrize("do", [_read, _write])
def test_a_silent_emulator_is_given_up(
    silent_channel: grpc.Channel,
    monkeypatch: pytest.MonkeyPatch,
    do: Callable[[grpc.Channel], None],
) -> None:
    """A call that nobody answers ends at its deadline."""
    monkeypatch.setattr(calls, "CALL_TIMEOUT", 0.2)
    with pytest.raises(RowsUnavailableError, match="does not answer for shop"):
        do(silent_channel)


@pytest.mark.parametrize("do", [_read, _write])
def test_an_emulator_that_is_gone_is_told_at_once(
    closed_channel: grpc.Channel, do: Callable[[grpc.Channel], None]
) -> None:
    """Nothing waits for an emulator to come back."""
    with pytest.raises(RowsUnavailableError, match=r"does not answer for shop \(UNAVAILABLE"):
        do(closed_channel)


@pytest.mark.parametrize("do", [_read, _write])
def test_a_connection_that_is_closed_is_told(
    closed_channel: grpc.Channel, do: Callable[[grpc.Channel], None]
) -> None:
    """Whoever shuts down while rows are moved gets the error of an emulator that is gone."""
    closed_channel.close()
    with pytest.raises(RowsUnavailableError, match="does not answer for shop"):
        do(closed_channel)


def test_an_emulator_that_dies_in_the_middle_is_told() -> None:
    """A table of which only a part has come is not taken for the whole."""
    binary = require_google_emulator()
    with ExitStack() as stack:
        address = stack.enter_context(running(binary))
        channel = grpc.insecure_channel(address, options=ALONE)
        databases = GoogleDatabases(channel)
        source = databases.create(_A)
        # far more than what is sent ahead to somebody who does not read
        for key in range(16):
            databases.insert(source, "A", ["Id", "V"], [[str(key), "x" * 2_000_000]])
        connection = Connection(channel, source)
        with connection.in_session():
            moment, _ = connection.begin_reading(None)
            results = connection.read(table="A", columns=["V"], transaction=moment)
            next(results)
            stack.pop_all().close()
            with pytest.raises(RowsUnavailableError, match="does not answer for db-"):
                list(results)


def test_what_is_not_there_is_refused(google_databases: GoogleDatabases) -> None:
    """A database that does not exist has no rows to read."""
    missing = f"{google_databases.instance}/databases/missing"
    with pytest.raises(RowsRefusedError, match=r"refused a call for missing \(NOT_FOUND"):
        google_databases.read(missing)


def test_rows_of_long_ago_are_gone(google_databases: GoogleDatabases) -> None:
    """A moment that is more than an hour ago is refused, and the text says why."""
    source = google_databases.create(_A)
    with pytest.raises(
        RowsRefusedError, match="are gone: Google's emulator keeps them for an hour"
    ):
        google_databases.read(source, at=datetime.now(UTC) - timedelta(hours=2))


@pytest.mark.parametrize("limit", ["MAX_ROWS", "MAX_BYTES"])
def test_too_much_is_refused(
    google_databases: GoogleDatabases, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """More rows than can be held are not read in part."""
    monkeypatch.setattr(reading, limit, 3)
    source = google_databases.create(_A)
    google_databases.insert(source, "A", ["Id"], [[str(key)] for key in range(4)])
    with pytest.raises(TooManyRowsError, match="holds too much for a backup of its rows"):
        google_databases.read(source)


def test_a_statement_that_is_refused_is_told(google_databases: GoogleDatabases) -> None:
    """A schema that Google's emulator does not take is told with its reason."""
    source = google_databases.create(_A)
    rows = google_databases.read(source, statements=[_A, "CREATE SCHEMA B C"])
    with pytest.raises(RowsRefusedError, match="CREATE SCHEMA B C"):
        google_databases.restore(rows)


def test_rows_that_the_schema_refuses_are_told(google_databases: GoogleDatabases) -> None:
    """Rows that break a rule of the schema are told with the rule."""
    source = google_databases.create(_A)
    google_databases.insert(source, "A", ["Id", "V"], [["1", "long"]])
    short = "CREATE TABLE A (Id INT64, V STRING(2)) PRIMARY KEY(Id)"
    with pytest.raises(RowsRefusedError, match="V"):
        google_databases.restore(google_databases.read(source, statements=[short]))


def test_what_the_schema_does_not_have_is_left_out(google_databases: GoogleDatabases) -> None:
    """A table and a column that were dropped at that very moment do not hinder the rest."""
    source = google_databases.create(_A, "CREATE TABLE B (Id INT64) PRIMARY KEY(Id)")
    google_databases.insert(source, "A", ["Id", "V"], [["1", "x"]])
    google_databases.insert(source, "B", ["Id"], [["1"]])
    without = "CREATE TABLE A (Id INT64) PRIMARY KEY(Id)"
    restored = google_databases.restore(google_databases.read(source, statements=[without]))
    assert [["1"]] == google_databases.query(restored, "SELECT * FROM A")


def test_a_table_that_was_not_there_yet_is_empty(google_databases: GoogleDatabases) -> None:
    """A table that is in the schema and not in the rows has none."""
    source = google_databases.create(_A)
    later = "CREATE TABLE B (Id INT64) PRIMARY KEY(Id)"
    restored = google_databases.restore(google_databases.read(source, statements=[_A, later]))
    assert [] == google_databases.query(restored, "SELECT * FROM B")
