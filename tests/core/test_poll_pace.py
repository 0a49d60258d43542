# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When to poll one operation next: from its age, and from the end that its progress promises."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.policy import Pace, PollPolicy

from .sample_values import NOW, after, running

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[float], int | None]

POLICY = PollPolicy(jitter=0)
FOUR_HOURS = 4 * 3600.0


def fresh(*, policy: PollPolicy = POLICY) -> Pace:
    """Return the pace of a wait that begins at 0, at NOW by the wall clock."""
    return Pace(policy=policy, since=0)


def told(pace: Pace, percent: int | None, *, at: float, age: float | None = None) -> None:
    """Let it hear a percentage, and how old the operation is by the clocks if that is known."""
    start = None if age is None else after(at) - timedelta(seconds=age)
    pace.on_snapshot(running(percent=percent, start_time=start), at=at, now=after(at))


def polls(*, ends: float, progress: Progress, knows_start: bool = True) -> list[float]:
    """Return when it is polled, the last time after it has ended; it starts with the wait."""
    pace, at, moments = fresh(), 0.0, [0.0]
    while at < ends:
        told(pace, progress(at), at=at, age=at if knows_start else None)
        at += pace.interval(at=at)
        moments.append(at)
    return moments


def untold(at: float) -> None:
    """Tell no percentage."""


def steady(ends: float) -> Progress:
    """Return a progress that is what it seems."""
    return lambda at: int(100 * at / ends)


def test_it_looks_every_second_at_first() -> None:
    """While an operation is young the interval is the shortest there is."""
    assert [*map(float, range(11))] == polls(ends=10, progress=untold)


@given(age=st.floats(0, 1e6))
def test_an_interval_is_a_tenth_of_the_age(age: float) -> None:
    """From ten seconds on, up to the longest interval."""
    pace = fresh()

    assert min(max(age / 10, 1), 30) == pytest.approx(pace.interval(at=age))


@pytest.mark.parametrize("knows_start", [True, False], ids=["age known", "age not known"])
@pytest.mark.parametrize("progress", [untold, steady(3)], ids=["no progress", "progress"])
def test_a_change_of_three_seconds_is_noticed_within_one(
    progress: Progress, knows_start: bool
) -> None:
    """A short operation is short for those who wait for it, too."""
    for end in (2.001, 2.5, 2.999, 3.0):
        assert polls(ends=end, progress=progress, knows_start=knows_start)[-1] <= end + 1


@pytest.mark.parametrize(
    "progress",
    [
        pytest.param(untold, id="no progress"),
        pytest.param(steady(FOUR_HOURS), id="steady"),
        pytest.param(lambda at: min(99, int(at / 60)), id="long at 99"),
        pytest.param(lambda at: min(100, int(at / 60)), id="long at 100"),
        pytest.param(lambda at: int(100 * (at / FOUR_HOURS) ** 2), id="faster and faster"),
        pytest.param(lambda at: int(100 * (at / FOUR_HOURS) ** 0.5), id="slower and slower"),
        pytest.param(lambda at: int(at / 600) * 600 * 100 // 14400, id="in leaps"),
        pytest.param(lambda at: int(at * 7) % 101, id="nonsense"),
    ],
)
@pytest.mark.parametrize("knows_start", [True, False], ids=["age known", "age not known"])
def test_a_long_backup_is_asked_about_rarely(progress: Progress, knows_start: bool) -> None:
    """Four hours take some 500 polls and not 14,000, whatever the percentages are."""
    count = len(polls(ends=FOUR_HOURS, progress=progress, knows_start=knows_start))

    assert 480 < count < 560


@pytest.mark.parametrize("ends", [60, 200, 1000, 3600.0, FOUR_HOURS])
def test_a_steady_end_is_noticed_soon(ends: float) -> None:
    """As exactly as whole percents tell the end, to half of one, and for a handful more polls."""
    with_progress = polls(ends=ends, progress=steady(ends))
    without = polls(ends=ends, progress=untold)

    assert with_progress[-1] - ends <= min(30, ends / 200) + 1
    assert len(with_progress) <= len(without) + 20


@given(percents=st.lists(st.none() | st.integers(0, 100), max_size=40), knows_start=st.booleans())
def test_an_interval_is_never_longer_than_usual_nor_shorter_than_a_second(
    percents: list[int | None], knows_start: bool
) -> None:
    """Whatever percentages an operation tells, in whatever order."""
    pace, at = fresh(), 0.0
    for percent in percents:
        told(pace, percent, at=at, age=at if knows_start else None)

        interval = pace.interval(at=at)

        assert 1 <= interval <= POLICY.interval(at) + 1e-6
        at += interval


def test_the_next_look_is_at_the_estimated_end() -> None:
    """Half a point is unknown: 95 % are 95.5 on average, and 98 % leave a point and a half."""
    pace = fresh()

    told(pace, 95, at=950, age=950)
    assert 30 == pace.interval(at=950)
    told(pace, 98, at=985, age=985)
    assert pace.interval(at=985) == pytest.approx(15, abs=0.1)


def test_intervals_grow_again_after_an_end_that_was_none() -> None:
    """An estimate is an estimate: an operation at 100 % is polled less and less often."""
    pace = fresh()
    moments = [1000.0]
    while moments[-1] < 2000:
        told(pace, 100, at=moments[-1], age=moments[-1])
        moments.append(moments[-1] + pace.interval(at=moments[-1]))

    intervals = [later - one for one, later in pairwise(moments)]
    assert [1.0] * 10 == intervals[:10]
    assert all(one <= later for one, later in pairwise(intervals))
    assert 30 == intervals[-1]


def test_an_end_that_does_not_come_is_not_looked_for_for_ever() -> None:
    """Where nothing new is told beyond the estimated end, it is back to the usual in time."""
    pace = fresh()
    told(pace, 50, at=1000, age=1000)

    assert 1 == pace.interval(at=1985)
    assert pace.interval(at=2080) == pytest.approx(10, abs=0.1)
    assert 30 == pace.interval(at=2400)


@pytest.mark.parametrize(
    ("percent", "at", "expected"),
    [
        pytest.param(None, 1000, False, id="no progress"),
        pytest.param(0, 1000, False, id="nothing done"),
        pytest.param(50, 1000, False, id="half"),
        pytest.param(98, 1000, True, id="in a quarter of a minute"),
        pytest.param(100, 1000, True, id="complete"),
    ],
)
def test_it_is_ending_if_that_is_expected_soon(
    percent: int | None, at: float, expected: bool
) -> None:
    """Soon is within a usual interval."""
    pace = fresh()

    told(pace, percent, at=at, age=at)

    assert expected is pace.ending(at=at)


def test_it_is_not_ending_for_ever() -> None:
    """What has been complete for longer than a usual interval is no more urgent than others."""
    pace = fresh()
    told(pace, 100, at=1000, age=1000)

    told(pace, 100, at=1031, age=1031)

    assert not pace.ending(at=1031)


@pytest.mark.parametrize("percent", [None, 10], ids=["no progress", "progress"])
def test_an_old_operation_is_looked_at_rarely_from_the_start(percent: int | None) -> None:
    """One that was adopted, or that a restarted triggerer finds again, has its age, not ours."""
    pace = fresh()

    told(pace, percent, at=0, age=3600)

    assert 30 == pace.interval(at=0)


def test_an_old_operation_that_is_about_to_end_is_looked_at_soon() -> None:
    """The first poll is enough for an estimate, since the age is known."""
    pace = fresh()

    told(pace, 99, at=0, age=600)

    assert pace.ending(at=0)
    assert 1 < pace.interval(at=0) < 5


def test_without_a_start_the_progress_that_was_seen_counts() -> None:
    """From 90 to 95 in 100 seconds: the age and the first 90 tell nothing about the rest."""
    pace = fresh()
    told(pace, 90, at=0)

    told(pace, 95, at=100)

    left = (100 - 95 - 0.5) * 100 / 5.5
    assert pace.interval(at=100 + left - 4) == pytest.approx(4)


def test_one_look_without_a_start_gives_no_estimate() -> None:
    """A percentage alone says nothing about speed."""
    pace = fresh()

    told(pace, 99, at=1000)

    assert not pace.ending(at=1000)


def test_a_clock_of_the_service_that_is_ahead_makes_nothing_younger() -> None:
    """A start in the future is none: the wait so far is all that is known of the age."""
    pace = fresh()

    told(pace, 40, at=100, age=-500)

    assert 10 == pace.interval(at=100)


def test_a_clock_of_the_service_that_is_ahead_leaves_the_estimate() -> None:
    """Then the estimate is made from what was seen."""
    pace = fresh()
    told(pace, 40, at=100, age=-500)

    told(pace, 90, at=200, age=-400)

    left = (100 - 90 - 0.5) * 100 / 50.5
    assert pace.interval(at=200) == pytest.approx(left)


def test_a_clock_of_the_service_that_is_behind_lengthens_no_interval_beyond_the_longest() -> None:
    """Every operation seems older than it is; the bound holds all the same."""
    pace = fresh()

    told(pace, 0, at=0, age=1e6)

    assert 30 == pace.interval(at=0)


def test_a_wall_clock_that_is_set_back_makes_nothing_younger() -> None:
    """What was learned about the age once is kept."""
    pace = fresh()
    told(pace, None, at=0, age=200)

    told(pace, None, at=20, age=-3600)

    assert 22 == pace.interval(at=20)


def test_without_the_time_the_wait_is_the_age() -> None:
    """A start says nothing to those who do not know what time it is."""
    pace = fresh()

    pace.on_snapshot(running(percent=10, start_time=NOW - timedelta(hours=1)), at=0, now=None)

    assert 1 == pace.interval(at=0)


@pytest.mark.parametrize("knows_start", [True, False], ids=["age known", "age not known"])
def test_a_percentage_that_jumps_back_is_no_end(knows_start: bool) -> None:
    """A schema change that starts over is in nobody's way for long."""
    pace = fresh()
    for at, percent in ((100, 50), (190, 95), (200, 10)):
        told(pace, percent, at=at, age=at if knows_start else None)

    assert 30 == pace.interval(at=600)
    assert not pace.ending(at=600)


def test_complete_and_then_not_complete_is_estimated_anew() -> None:
    """Being complete a second time is being complete since then."""
    pace = fresh()
    told(pace, 100, at=1000, age=1000)
    told(pace, 60, at=1010, age=1010)
    assert 30 == pace.interval(at=1010)

    told(pace, 100, at=1500, age=1500)

    assert 1 == pace.interval(at=1500)
