# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows that are read and written into another database are what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.data.rows import DatabaseRows
    from tests.emulator.data.google_databases import GoogleDatabases

_SINGERS = "CREATE TABLE Singers (Id INT64 NOT NULL, Name STRING(MAX)) PRIMARY KEY(Id)"


def _restored(databases: GoogleDatabases, before: DatabaseRows) -> DatabaseRows:
    """Return what is read of a database that rows have been written into."""
    return databases.read(databases.restore(before), statements=before.statements)


def test_a_table_is_brought_back(google_databases: GoogleDatabases) -> None:
    """A table's rows are those that it had."""
    source = google_databases.create(_SINGERS)
    google_databases.insert(source, "Singers", ["Id", "Name"], [["1", "Ann"], ["2", None]])
    restored = google_databases.restore(google_databases.read(source))
    found = google_databases.query(restored, "SELECT Id, Name FROM Singers ORDER BY Id")
    assert [["1", "Ann"], ["2", None]] == found


def test_a_stale_read_shows_what_there_was(google_databases: GoogleDatabases) -> None:
    """Rows that came later are not in what is read of a moment before."""
    source = google_databases.create(_SINGERS)
    moment = google_databases.insert(source, "Singers", ["Id", "Name"], [["1", "Ann"]])
    google_databases.insert(source, "Singers", ["Id", "Name"], [["2", "Bob"]])
    assert (1, 2) == (
        google_databases.read(source, at=moment).rows,
        google_databases.read(source).rows,
    )
