# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When an emulated moment was in real time: by speed, by jumps, and where time stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_spanner_lro.emulator.clock import Anchor
from airflow_spanner_lro.emulator.data.times import RealTimes

REAL = datetime(2026, 5, 1, 12, tzinfo=UTC)
EMULATED = datetime(2030, 1, 1, tzinfo=UTC)


def _anchor(emulated: datetime, *, after: float = 0.0, scale: float = 1.0) -> Anchor:
    """Return a beginning, some real seconds after the first one."""
    return Anchor(emulated=emulated, wall=REAL.timestamp() + after, scale=scale)


def _times(first: Anchor, *, now: float) -> RealTimes:
    """Return times that are asked some real seconds after their beginning."""
    return RealTimes(first, wall=lambda: REAL.timestamp() + now)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_the_real_time_is_itself() -> None:
    """Where emulated time is the real one, a moment is exactly itself."""
    times = _times(_anchor(REAL + timedelta(microseconds=90)), now=60)
    moment = REAL + timedelta(seconds=20, microseconds=123_457)

    assert moment == times.real(moment)


def test_time_that_runs_fast() -> None:
    """A minute of a time that runs sixty times as fast is a real second."""
    times = _times(_anchor(EMULATED, scale=60), now=100)

    assert REAL + _seconds(2) == times.real(EMULATED + timedelta(minutes=2))


def test_a_moment_within_a_jump() -> None:
    """What a jump leaps over is the moment of the jump."""
    times = _times(_anchor(EMULATED), now=100)
    times.note(_anchor(EMULATED + timedelta(days=1), after=30))

    assert REAL + _seconds(30) == times.real(EMULATED + timedelta(hours=5))
    assert REAL + _seconds(40) == times.real(EMULATED + timedelta(days=1, seconds=10))
    assert REAL + _seconds(10) == times.real(EMULATED + _seconds(10))


def test_time_that_stands_still() -> None:
    """A time at which the clock stood is the last real moment of it: the one before it moved."""
    times = _times(_anchor(EMULATED, scale=0), now=100)
    times.note(_anchor(EMULATED + _seconds(60), after=30, scale=0))

    assert REAL + _seconds(30) == times.real(EMULATED)
    assert REAL + _seconds(30) == times.real(EMULATED + _seconds(59))
    assert REAL + _seconds(100) == times.real(EMULATED + _seconds(60))


def test_the_future_is_now() -> None:
    """No moment is later than now."""
    times = _times(_anchor(EMULATED, scale=60), now=1)

    assert REAL + _seconds(1) == times.real(EMULATED + timedelta(days=1))


def test_what_was_before_the_beginning() -> None:
    """A time before the first one is the beginning."""
    times = _times(_anchor(EMULATED), now=10)

    assert REAL == times.real(EMULATED - timedelta(days=1))


def test_time_that_goes_back() -> None:
    """When time goes back, what it showed before does not count any more."""
    times = _times(_anchor(EMULATED), now=100)
    times.restart(_anchor(EMULATED - timedelta(hours=1), after=50))

    assert REAL + _seconds(60) == times.real(EMULATED - timedelta(hours=1) + _seconds(10))
