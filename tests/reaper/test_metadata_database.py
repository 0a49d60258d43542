# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's metadata database, of whichever kind: its lock, and what is said when it fails."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, metadata_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Select

LOCK = "reaper"
MYSQL = "mysql://airflow@db/airflow"


class MySqlConnection:
    """A connection to a MySQL server that keeps what it was asked.

    :param free: whether nobody else holds the lock
    :param broken: what the server fails with when a lock is let go
    """

    def __init__(self, *, free: bool = True, broken: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []
        self._free = free
        self._broken = broken

    def scalar(self, statement: Select[Any]) -> int:
        """Execute a statement."""
        compiled = str(
            statement.compile(dialect=mysql.dialect(), compile_kwargs={"literal_binds": True})
        )
        self.asked.append(compiled)
        if self._broken and "release_lock" in compiled:
            raise self._broken
        return int(self._free)

    def rollback(self) -> None:
        """End the transaction."""
        self.ended.append("rollback")

    def invalidate(self) -> None:
        """Keep the connection out of the pool."""
        self.ended.append("invalidate")

    def close(self) -> None:
        """Give it back."""
        self.ended.append("close")


def use(engine: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Airflow's database be behind an engine."""
    bind = SimpleNamespace(engine=engine)

    @contextmanager
    def session() -> Iterator[Any]:
        yield SimpleNamespace(get_bind=lambda: bind)

    monkeypatch.setattr(metadata_database, "database_session", session)


def use_mysql(connection: MySqlConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Airflow's database be in a MySQL server."""
    engine = SimpleNamespace(
        dialect=SimpleNamespace(name="mysql"), url=make_url(MYSQL), connect=lambda: connection
    )
    use(engine, monkeypatch)


@pytest.mark.parametrize("free", [True, False], ids=["free", "held by another"])
def test_lock_in_mysql_is_the_servers(*, free: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name says whose database it is about, and it is released by who held it."""
    connection = MySqlConnection(free=free)
    use_mysql(connection, monkeypatch)

    with metadata_database.sole_holder(LOCK) as held:
        pass

    digest = metadata_database.digest_of(make_url(MYSQL))[:32]
    released = [f"SELECT release_lock('{LOCK}:{digest}') AS release_lock_1"] if free else []
    assert free is held
    assert [f"SELECT get_lock('{LOCK}:{digest}', 0) AS get_lock_1", *released] == connection.asked
    assert ["rollback", "close"] == connection.ended


def test_lock_that_cannot_be_released_leaves_with_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection does not go back to the pool with the lock, and nothing is raised."""
    broken = OperationalError("SELECT release_lock", {}, Exception("server has gone away"))
    connection = MySqlConnection(broken=broken)
    use_mysql(connection, monkeypatch)

    with metadata_database.sole_holder(LOCK) as held:
        assert held

    assert ["invalidate", "close"] == connection.ended


def test_everybody_holds_the_lock_of_a_database_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Airflow's other databases have no lock that is known here."""
    use(SimpleNamespace(dialect=SimpleNamespace(name="mssql")), monkeypatch)

    with (
        metadata_database.sole_holder(LOCK) as first,
        metadata_database.sole_holder(LOCK) as second,
    ):
        assert (True, True) == (first, second)


def test_everybody_holds_the_lock_of_a_database_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite database in memory is one process's alone."""
    use(create_engine("sqlite://"), monkeypatch)

    with metadata_database.sole_holder(LOCK) as held:
        assert held


def test_lock_file_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what could not be done, and why."""
    use(create_engine("sqlite:////nowhere/airflow.db"), monkeypatch)

    with (
        pytest.raises(AirflowDatabaseError, match=r"could not be locked: .*No such file"),
        metadata_database.sole_holder(LOCK),
    ):
        pass


def test_database_that_cannot_be_reached_for_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one line, without SQLAlchemy's advice."""
    failed = OperationalError("SELECT 1", {}, Exception("connection refused\nIs it running?"))

    def connect() -> None:
        raise failed

    engine = SimpleNamespace(
        dialect=SimpleNamespace(name="postgresql"), url=make_url(MYSQL), connect=connect
    )
    use(engine, monkeypatch)

    with (
        pytest.raises(AirflowDatabaseError, match=r"could not be used: connection refused$"),
        metadata_database.sole_holder(LOCK),
    ):
        pass


@pytest.mark.usefixtures("tables")
def test_statement_that_the_database_refuses() -> None:
    """Whatever SQLAlchemy raises in a session becomes one error, with the database's own words."""
    with (
        pytest.raises(AirflowDatabaseError, match="could not be used: no such table: missing"),
        metadata_database.database_session() as session,
    ):
        session.execute(text("SELECT * FROM missing"))
