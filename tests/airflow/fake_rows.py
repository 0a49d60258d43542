# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases with rows, as a drill reads them, where the emulator has none."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from airflow_spanner_lro.admin.rows import ReadStoppedError
from airflow_spanner_lro.core.drill.tables import LIST_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.names import DatabaseName

MOMENT = "2026-11-28T12:00:00+00:00"


class FakeReader:
    """Answers queries as it is told: rows, or an error."""

    def __init__(self, database: DatabaseName, answers: Mapping[str, Any]) -> None:
        self.database = database
        self.stopped = False
        self._answers = answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def query(self, sql: str) -> Any:
        """Return what was told."""
        if self.stopped:
            raise ReadStoppedError
        answer = self._answers[sql]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def value(self, sql: str) -> Any:
        """Return the one value of that."""
        ((value,),) = self.query(sql)
        return value

    def now(self) -> datetime:
        """Return a moment."""
        return datetime.fromisoformat(MOMENT)

    def stop(self) -> None:
        """End what is under way."""
        self.stopped = True


class Rows:
    """What the databases of a test hold, by the id of the database."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.readers: list[FakeReader] = []

    def holds(self, database: str, **tables: int) -> None:
        """Let a database have tables with so many rows."""
        listed = [("", table) for table in tables]
        count = "SELECT COUNT(*) FROM `{}`"
        counted = {count.format(name): [(rows,)] for name, rows in tables.items()}
        self.answers[database] = {LIST_TABLES: listed, **counted}

    def reader(self, database: DatabaseName) -> FakeReader:
        """Return a reader of a database."""
        reader = FakeReader(database, self.answers[database.database])
        self.readers.append(reader)
        return reader
