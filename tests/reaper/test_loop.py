# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The reaper by itself: one of all makes a round, whatever happens ends none of them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.airflow_internals import (
    AirflowDatabaseError,
    metadata_database,
    state_store,
)
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper import loop
from airflow_spanner_lro.reaper.loop import LOCK, ReaperLoop, latest_round

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .airflow_tables import AirflowTables
    from .harness import ReaperHarness

JUST_ENOUGH = timedelta(seconds=36)
"""After so long nobody else cancels for a task that has ended."""


def loop_of(reaper: ReaperHarness, host: str = "one (triggerer)") -> ReaperLoop:
    """Return a reaper that runs by itself."""
    return ReaperLoop(host=host, clock=reaper.clock)


def lines(caplog: pytest.LogCaptureFixture, *, least: int = logging.WARNING) -> list[str]:
    """Return what the reaper has logged."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == loop.__name__ and each.levelno >= least
    ]


def test_round_is_recorded(reaper: ReaperHarness) -> None:
    """Where, when and with what it ended can be read by everybody."""
    reaper.orphan()

    loop_of(reaper).run_once()

    record = latest_round()
    assert record is not None
    assert ("one (triggerer)", 1, 0) == (record.host, record.reaped, record.left)
    assert timedelta(minutes=1) > record.age(datetime.now(tz=UTC))


def test_operation_with_a_name_waits_no_longer_than_kills_do(reaper: ReaperHarness) -> None:
    """Thirty-five seconds after the end of its task nobody else will cancel it."""
    scope = reaper.orphan()
    reaper.tables.change_task(scope, updated_at=datetime.now(tz=UTC))
    one = loop_of(reaper)

    one.run_once()
    before = len(reaper.cancels)
    reaper.clock.sleep(JUST_ENOUGH.total_seconds())
    one.run_once()

    assert [0, 1] == [before, len(reaper.cancels)]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_what_is_waited_for_is_counted_without_being_read(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries of tasks at work stay in the database, and are in the record all the same."""
    for number in range(5):
        scope = reaper.tables.add_task(
            task_id=f"task{number}", state="deferred", run_state="running", try_number=2
        )
        reaper.tables.write(scope, reaper.entry(None, try_number=2))
    read: list[Any] = []
    stored = state_store.stored_values

    def watched(**arguments: Any) -> Any:
        read.extend(found := stored(**arguments))
        return found

    monkeypatch.setattr(state_store, "stored_values", watched)

    loop_of(reaper).run_once()

    record = latest_round()
    assert record is not None
    assert [0, 5] == [len(read), record.kept]


def test_entry_of_an_earlier_try_leaves_the_database(reaper: ReaperHarness) -> None:
    """What a newer try has not taken up is read, and reaped."""
    scope = reaper.tables.add_task(state="deferred", run_state="running", try_number=12)
    reaper.tables.write(scope, reaper.entry(reaper.start_backup(), try_number=1))

    loop_of(reaper).run_once()

    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_warning_about_an_entry_is_told_once(
    reaper: ReaperHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """What every round finds again is told by the first of them."""
    reaper.orphan()
    reaper.emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=None)
    one = loop_of(reaper)

    for _ in range(5):
        one.run_once()

    (line,) = lines(caplog)
    assert "spanner.viewer" in line


def test_trouble_is_told_when_it_begins_and_when_it_ends(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that is away for five rounds costs two lines, and the sixth round is made."""
    caplog.set_level(logging.INFO, logger=loop.__name__)
    scope = reaper.orphan()
    one = loop_of(reaper)

    def away(_: str) -> str:
        message = "Airflow's database could not be used: connection refused"
        raise AirflowDatabaseError(message)

    with monkeypatch.context() as outage:
        outage.setattr(metadata_database, "variable", away)
        for _ in range(5):
            one.run_once()
    one.run_once()

    told = [each for each in lines(caplog, least=logging.INFO) if "round" in each]
    assert "connection refused" in told[0]
    assert "The reaper makes rounds again." == told[1]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_defect_ends_no_loop(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours is told once, with where it is, and the next round is tried."""
    reaper.orphan()
    one = loop_of(reaper)

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as defect:
        defect.setattr(loop, "ReaperRound", broken)
        for _ in range(3):
            one.run_once()
    summary = one.run_once()

    assert summary is not None
    assert 1 == ["ZeroDivisionError" in line for line in lines(caplog)].count(True)
    assert 1 == len([each for each in caplog.records if each.exc_info])


def test_clock_that_is_stopped_ends_it(reaper: ReaperHarness) -> None:
    """It ends at once when its host does."""
    reaper.clock.stop()

    loop_of(reaper).run(interval=3600)

    assert not reaper.emulator.calls


def test_copy_of_the_database_is_no_round(reaper: ReaperHarness) -> None:
    """A reaper that touches nothing does not look as if it were at work."""
    reaper.orphan()
    metadata_database.mark_database("somewhere else", anew=True)

    loop_of(reaper).run_once()

    assert latest_round() is None
    assert not reaper.cancels


@contextmanager
def lost_lock() -> Iterator[None]:
    """Hold the lock as a machine does that is gone, and whose connection has not been missed."""
    with metadata_database.sole_holder(LOCK) as held:
        assert held
        yield


def test_one_makes_a_round_at_a_time(reaper: ReaperHarness) -> None:
    """Whoever does not get the lock leaves the round to the one who has it."""
    reaper.orphan()

    with lost_lock():
        summary = loop_of(reaper).run_once()

    assert summary is None
    assert not reaper.cancels


def test_lock_of_the_lost_is_passed_over(reaper: ReaperHarness) -> None:
    """A lock under which no round is recorded for minutes keeps nobody from making one."""
    one = loop_of(reaper)
    one.run_once()
    reaper.orphan()
    reaper.clock.sleep(200)

    with lost_lock():
        summary = one.run_once()

    assert summary is not None
    assert 1 == summary.reaped


def test_second_one_leaves_it_to_the_first(reaper: ReaperHarness) -> None:
    """As long as somebody else's rounds are recorded, there is no need for more."""
    first, second = loop_of(reaper), loop_of(reaper, "two (triggerer)")
    second.run_once()

    made = [each.run_once() is not None for _ in range(3) for each in (first, second)]

    assert [True, False] * 3 == made


def test_second_one_takes_over(reaper: ReaperHarness) -> None:
    """Two rounds after the first one is lost, the second one makes them."""
    first, second = loop_of(reaper), loop_of(reaper, "two (triggerer)")
    second.run_once()
    first.run_once()

    made = [second.run_once() is not None for _ in range(2)]

    assert [False, True] == made


@pytest.fixture(params=["tables", "shared_tables"])
def database(request: pytest.FixtureRequest) -> AirflowTables:
    """Return an Airflow database, in SQLite and in PostgreSQL."""
    tables: AirflowTables = request.getfixturevalue(request.param)
    return tables


def test_lock_is_held_by_one(database: AirflowTables) -> None:
    """While one holds it nobody else does, and then the next one may."""
    del database
    with (
        metadata_database.sole_holder(LOCK) as first,
        metadata_database.sole_holder(LOCK) as second,
    ):
        pass
    with metadata_database.sole_holder(LOCK) as third:
        pass

    assert [True, False, True] == [first, second, third]


def test_lock_goes_with_its_connection(shared_tables: AirflowTables) -> None:
    """A holder whose connection is ended by the server holds nothing, and hears no error."""
    from sqlalchemy import text  # noqa: PLC0415

    with metadata_database.sole_holder(LOCK) as first:
        # with a number it waits, so many milliseconds, until that connection has ended
        shared_tables.execute(
            text(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )
        with metadata_database.sole_holder(LOCK) as second:
            pass

    assert [True, True] == [first, second]
