# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks: what time it is, what clients feel of it, and time that jumps until something is done."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE, UPDATE_DATABASE_DDL
from airflow_spanner_lro.emulator import (
    ManualClock,
    NeverDoneError,
    Plan,
    RpcError,
    SpannerAdminEmulator,
    SystemClock,
)
from airflow_spanner_lro.emulator.clock import Anchor
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import Clock
    from tests.emulator.conftest import StartBackup

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_system_clock_jumps_and_runs_on() -> None:
    """After a jump the clock is that much further, and does not stand."""
    clock = SystemClock(scale=1_000_000)
    before = clock.now()
    after = clock.advance(timedelta(days=1000))

    assert before + timedelta(days=1000) <= after < clock.now()


def test_clients_feel_real_seconds_however_fast_emulated_time_runs() -> None:
    """The scale is not felt by clients of a system clock."""
    clock = SystemClock(scale=1_000_000)
    begin, real_begin = clock.client_seconds(), time.monotonic()
    clock.advance(1000)
    felt, real = clock.client_seconds() - begin, time.monotonic() - real_begin

    assert real + 0.5 > felt


def test_clients_of_a_manual_clock_feel_emulated_seconds() -> None:
    """A test that moves time lets its clients wait."""
    clock = ManualClock(START)
    begin = clock.client_seconds()
    clock.advance(30)

    assert 30 == clock.client_seconds() - begin


@pytest.mark.parametrize("clock", [ManualClock(START), SystemClock()])
def test_time_never_goes_back(clock: Clock) -> None:
    """A negative duration is refused, and nothing has changed."""
    before = clock.now()
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)

    assert before <= clock.now()


def test_an_anchor_tells_later_times() -> None:
    """Time goes on at its scale, stands at scale 0, and never goes back with the wall clock."""
    anchor = Anchor(emulated=START, wall=1000.0, scale=60.0)

    assert START + timedelta(minutes=10) == anchor.later(1010.0)
    assert START == anchor.later(900.0)
    assert START == Anchor(emulated=START, wall=0.0, scale=0.0).later(1000.0)


def test_time_runs_until_everything_is_done(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """All that is pending ends, at its own time and no later."""
    begin = clock.now()
    backup = start_backup()
    (view,) = emulator.run_until_done()

    assert backup.operation.name == view.name
    assert view.done
    assert begin + timedelta(minutes=25) == view.ended == clock.now()


def test_time_runs_until_what_follows_is_done(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """The optimization that follows a restore is waited for as well."""
    emulator.create_backup(BACKUP, DATABASE)
    databases.restore_database(parent=INSTANCE, database_id="restored", backup=BACKUP)
    views = emulator.run_until_done()

    assert 2 == len(views)
    assert OPTIMIZE_RESTORED_DATABASE is views[1].kind
    assert all(view.done for view in views)


def test_time_runs_until_one_operation_is_done(
    emulator: SpannerAdminEmulator,
    start_backup: StartBackup,
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """Others may go on."""
    slow = start_backup()
    statement = "CREATE TABLE T (Id INT64) PRIMARY KEY (Id)"
    quick = databases.update_database_ddl(database=DATABASE, statements=[statement])
    (view,) = emulator.run_until_done(quick.operation.name)

    assert UPDATE_DATABASE_DDL is view.kind
    assert not slow.done()


def test_a_system_clock_jumps_until_done() -> None:
    """Nobody waits half an hour for a backup."""
    with SpannerAdminEmulator() as emulator:
        emulator.create_database(DATABASE)
        emulator.plan(Plan(duration=timedelta(days=3)))

        assert () == emulator.run_until_done()


def test_what_takes_too_long_is_said(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """The error names the operation, and time has not gone beyond the limit."""
    emulator.plan(Plan(duration=timedelta(days=300)))
    backup, begin = start_backup(keep=timedelta(days=365)), clock.now()
    with pytest.raises(NeverDoneError, match="after the limit") as caught:
        emulator.run_until_done()

    assert (backup.operation.name,) == caught.value.names
    assert begin + timedelta(days=30) >= clock.now()


def test_an_unknown_operation_is_not_waited_for(emulator: SpannerAdminEmulator) -> None:
    """There is nothing to wait for."""
    with pytest.raises(RpcError, match="not found"):
        emulator.run_until_done(f"{DATABASE}/operations/_nope")


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_must_be_a_number_above_0(scale: float) -> None:
    """Time that does not go forwards by some measure is none."""
    with pytest.raises(ValueError, match="use a ManualClock"):
        SystemClock(scale=scale)


def test_a_system_clock_stops_at_the_end_of_the_calendar() -> None:
    """However large the scale is, it can be read; Python has no later times."""
    clock = SystemClock(scale=1e300)

    assert datetime(9000, 1, 1, tzinfo=UTC) == clock.now() == clock.anchor().later(time.time() + 9)


def test_a_manual_clock_refuses_times_without_a_zone() -> None:
    """A naive time would fail much later, where nobody understands why."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001

    with pytest.raises(ValueError, match="Give it one, such as tzinfo=UTC"):
        ManualClock(naive)
    with pytest.raises(ValueError, match="Give it one, such as tzinfo=UTC"):
        ManualClock(START).set(naive)


def test_a_manual_clock_shows_utc() -> None:
    """Whatever the zone of its first time is."""
    clock = ManualClock(START.astimezone(timezone(HOUR)))

    assert UTC == clock.now().tzinfo
