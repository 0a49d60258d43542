# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Google's emulator does not do, or a bug of ours, costs rows and never the admin plane."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator.data.calls import Connection
from airflow_spanner_lro.emulator.data.mirror import Mirror
from airflow_spanner_lro.emulator.data.notes import DatabaseGone, DatabaseMade, Note
from airflow_spanner_lro.emulator.schemas.model import Schema
from tests.emulator.data.conftest import SCHEMA, count_of, insert
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    import grpc

    from tests.emulator.data.conftest import RowsEmulator

_LONG = timedelta(days=1)
_ODD = (
    "CREATE TABLE Odd (Id INT64, Up STRING(MAX) AS (NO_SUCH_FUNCTION('x')) STORED) PRIMARY KEY (Id)"
)
_NAME = DatabaseName.parse("projects/test/instances/main/databases/shop")
_MADE = DatabaseMade(name=_NAME, dialect=Dialect.GOOGLE_STANDARD_SQL, schema=Schema())


def _bug(*_: object, **__: object) -> None:
    message = "no such thing"
    raise ZeroDivisionError(message)


def _restored(rows_emulator: RowsEmulator, database_id: str) -> Any:
    """Back a database up, restore it, and return the client of what comes out."""
    backup = rows_emulator.instance.backup(
        "nightly",
        database=rows_emulator.database(database_id),
        expire_time=rows_emulator.clock.now() + timedelta(days=7),
    )
    backup.create()
    rows_emulator.clock.advance(_LONG)
    database = rows_emulator.database("restored")
    database.restore(backup)
    rows_emulator.clock.advance(_LONG)
    return database


def test_a_bug_in_making_a_database_is_told(
    rows_emulator: RowsEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its data calls say so, the log has the trace, and the next database has rows."""
    with monkeypatch.context() as patches:
        patches.setattr(Connection, "change_schema", _bug)
        database = rows_emulator.make()
        with pytest.raises(exceptions.FailedPrecondition, match="has a bug: ZeroDivisionError"):
            count_of(database)

    assert "failed to mirror DatabaseMade" in caplog.text
    assert 0 == count_of(rows_emulator.make("other"))


def test_a_bug_in_reading_rows_is_told(
    rows_emulator: RowsEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is restored from the backup says so, and the database that was backed up goes on."""
    monkeypatch.setattr("airflow_spanner_lro.emulator.data.reading.read_rows", _bug)
    insert(rows_emulator.make(), 1)
    restored = _restored(rows_emulator, "orders")
    with pytest.raises(exceptions.FailedPrecondition, match="has a bug: ZeroDivisionError"):
        count_of(restored)

    assert "failed to read the rows of a backup" in caplog.text
    assert 1 == count_of(rows_emulator.database("orders"))


def test_a_database_without_rows_has_backups_without_rows(rows_emulator: RowsEmulator) -> None:
    """What Google's emulator refused is told of the restored database, too; later DDL is ours."""
    database = rows_emulator.make("orders", *SCHEMA, _ODD)
    database.update_ddl(["CREATE TABLE Later (Id INT64) PRIMARY KEY (Id)"])
    rows_emulator.clock.advance(_LONG)
    restored = _restored(rows_emulator, "orders")
    for each in (database, restored):
        with pytest.raises(exceptions.FailedPrecondition, match=r"does not execute .*Odd"):
            count_of(each)

    database.reload()
    assert any(each.startswith("CREATE TABLE Later") for each in database.ddl_statements)


@dataclass(slots=True)
class NobodysGoogle:
    """Stands where the process would be, and answers nothing.

    :param over: whether it is known to have ended
    """

    channel: grpc.Channel
    over: bool = False

    def ended(self, *, within: float = 0.0) -> bool:
        """Tell whether it has ended, as far as one can wait for that."""
        return self.over and within > 0


@dataclass(slots=True)
class Notes:
    """Stands where the notes would be; closes the mirror behind the last one."""

    waiting: deque[Note]
    closing: Event
    done: int = 0
    asked: list[float] = field(default_factory=list)

    def take(self, *, timeout: float) -> Note | None:
        """Return the next one."""
        self.asked.append(timeout)
        if self.waiting:
            return self.waiting.popleft()
        self.closing.set()
        return None

    def settled(self) -> None:
        """Count what is done."""
        self.done += 1


def _mirror(*noted: Note, over: bool = False) -> tuple[Mirror, Notes, list[bool]]:
    """Let a mirror do what is noted to somebody who is not there."""
    caught_up: list[bool] = []
    closing = Event()
    notes: Any = Notes(deque(noted), closing)
    with open_channel("127.0.0.1:1") as channel:
        google: Any = NobodysGoogle(channel, over)
        mirror = Mirror(
            google=google, notes=notes, catch_up=lambda: caught_up.append(True), closing=closing
        )
        mirror.run()
    return mirror, notes, caught_up


def test_a_database_that_nobody_makes_has_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    """An emulator that does not answer is told once, and each note is settled."""
    mirror, notes, caught_up = _mirror(_MADE)

    assert "Google's emulator refuses CreateInstance" in mirror.problem_of(_NAME)
    assert (1, [True]) == (notes.done, caught_up)
    assert 1 == sum("Data calls of database shop" in each.message for each in caplog.records)


def test_dropping_what_was_never_made_rids_of_the_problem() -> None:
    """There is nothing to drop at Google's emulator, and its name is free for another one."""
    mirror, notes, _ = _mirror(_MADE, DatabaseGone(name=_NAME))

    assert ("", 2) == (mirror.problem_of(_NAME), notes.done)


def test_the_end_of_the_process_is_no_problem_of_a_database(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever watches the process tells of its end, once; databases are not blamed for it."""
    mirror, _, _ = _mirror(_MADE, over=True)

    assert "" == mirror.problem_of(_NAME)
    assert [] == [each.message for each in caplog.records if "shop" in each.message]


@pytest.mark.parametrize("over", [False, True])
def test_a_bug_while_the_process_ends_is_no_problem_of_a_database(
    monkeypatch: pytest.MonkeyPatch, *, over: bool
) -> None:
    """A call that was cut off may raise anything."""
    monkeypatch.setattr(Mirror, "_make", _bug)
    mirror, _, _ = _mirror(_MADE, over=over)

    assert over is ("" == mirror.problem_of(_NAME))
