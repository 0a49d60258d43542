# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When an operation is expected to end, from its age and from what its progress tells."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.expected_end import PRICE, ExpectedEnd, first_time

from .expected_ends import (
    FOUR_HOURS,
    LONGEST,
    NOT_AT_ALL,
    interval,
    polls,
    seen,
    steady,
    told,
    untold,
)

if TYPE_CHECKING:
    from .expected_ends import Progress

knows = pytest.mark.parametrize("knows_start", [True, False], ids=["age known", "age not known"])
percents = st.none() | st.integers(0, 100)
ages = st.none() | st.floats(-1e5, 1e6)
told_values = st.lists(st.tuples(percents, st.floats(0, 100), ages), min_size=1, max_size=12)
overruns_of_kind = st.sampled_from([NOT_AT_ALL, (0.5, 0.9), (1.4, 1.6), (0.1, 5.0)])


def drawn_end(
    values: list[tuple[int | None, float, float | None]], overrun: tuple[float, float]
) -> ExpectedEnd:
    """Return what is known after such answers, each so many seconds after the one before."""
    end, at = ExpectedEnd(since=0), 0.0
    for percent, gap, age in values:
        at += gap
        told(end, percent, at=at, age=age, overrun=overrun)
    return end


@given(
    values=told_values,
    overrun=overruns_of_kind,
    hinted=st.booleans(),
    moments=st.tuples(*[st.floats(0, 1e4)] * 3),
)
def test_the_delay_is_nothing_after_a_poll_and_then_grows_faster_and_faster(
    values: list[tuple[int | None, float, float | None]],
    overrun: tuple[float, float],
    hinted: bool,
    moments: tuple[float, float, float],
) -> None:
    """Whatever was told: nonsense, other clocks, hints."""
    end = drawn_end(values, overrun)
    if hinted:
        end.hint(at=end.polled_at)

    # two polls are never closer than this, and until then a poll is worth nothing
    early, middle, late = (end.polled_at + 1.001 + each for each in sorted(moments))
    first, between, last = (end.delay(at) for at in (early, middle, late))

    assert 0 == end.delay(end.polled_at) == end.delay(end.polled_at + 0.2)
    assert 0 <= first <= between <= last <= late - end.polled_at
    if late > early:
        line = first + (last - first) * (middle - early) / (late - early)
        assert between <= line + 1e-6


@given(values=told_values, overrun=overruns_of_kind, longest=st.floats(1, 1e5))
def test_the_next_poll_is_within_its_bounds(
    values: list[tuple[int | None, float, float | None]],
    overrun: tuple[float, float],
    longest: float,
) -> None:
    """Never closer than a quarter of a second, and never later than the latest."""
    end = drawn_end(values, overrun)
    latest = end.polled_at + longest

    at = end.worth_polling_at(latest=latest)

    assert end.polled_at + 0.25 <= at + 1e-6
    assert at <= latest
    assert at == latest or end.delay(at) >= PRICE


@pytest.mark.parametrize("price", [PRICE, 10 * PRICE, 100 * PRICE])
def test_a_higher_price_means_fewer_polls(price: float) -> None:
    """The same end, polled when its expected delay has grown to the price."""
    end = ExpectedEnd(since=0)
    told(end, None, at=100)

    at = end.worth_polling_at(latest=1100, price=price)

    assert price == pytest.approx(end.delay(at), rel=0.1)


@pytest.mark.parametrize("longest", [30.0, 3600.0, 86_400.0, 8 * 86_400.0])
def test_a_long_interval_makes_a_young_operation_no_later(longest: float) -> None:
    """Who asks for a poll a day at the least is told of an end after three seconds all the same."""
    end = seen(untold, until=3.0, each=1.0)

    assert end.worth_polling_at(latest=3 + longest) == pytest.approx(3.55, abs=0.05)


def test_the_first_time_is_the_latest_where_the_price_is_not_reached() -> None:
    """Something must be asked in the end."""
    assert 7 == first_time(lambda _: 0.0, PRICE, after=0, latest=7)


def test_who_tells_nothing_is_polled_less_and_less_often() -> None:
    """Half a second at three seconds, nine at a quarter of an hour, and no more than that."""
    gaps = [
        interval(seen(untold, until=age, each=age)) for age in (1.0, 3.0, 10.0, 100.0, 900.0, 1e5)
    ]

    # those of equal length differ by how floats of other sizes are rounded
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(gaps))
    assert [0.35, 0.55, 1.0, 3.2, 9.0, 9.0] == pytest.approx(gaps, rel=0.15)


@knows
@pytest.mark.parametrize("progress", [untold, steady(3)], ids=["no progress", "progress"])
def test_a_change_of_three_seconds_is_noticed_within_seven_tenths(
    progress: Progress, knows_start: bool
) -> None:
    """A short operation is short for those who wait for it, too."""
    for end in (2.001, 2.5, 2.999, 3.0):
        assert polls(ends=end, progress=progress, knows_start=knows_start)[-1] <= end + 0.7


@knows
@pytest.mark.parametrize("ends", [20, 60, 200, 1000, 3600.0, FOUR_HOURS])
def test_the_window_of_a_linear_progress_holds_its_end(ends: float, knows_start: bool) -> None:
    """Before it nothing is expected, and after it the end is all but certain."""
    for part in (0.5, 0.8, 0.95):
        end = seen(steady(ends), until=ends * part, each=ends / 40, knows_start=knows_start)

        first, last = end._from, end._to

        assert first <= ends <= last
        assert end.polled_at < last < math.inf
        if part > 0.9:
            # as exactly as the next whole percent tells, and a twentieth of what is left
            assert last - first <= ends / 25 + 1
    assert end.delay(last + 10) > 0.85 * 10


@knows
@pytest.mark.parametrize("ends", [60, 200, 1000, 3600.0, FOUR_HOURS])
def test_a_steady_end_is_noticed_soon(ends: float, knows_start: bool) -> None:
    """As exactly as whole percents tell the end, and for hardly more polls than without them."""
    with_progress = polls(ends=ends, progress=steady(ends), knows_start=knows_start)
    without = polls(ends=ends, progress=untold)

    assert with_progress[-1] - ends <= min(5, ends / 200) + 1
    assert len(with_progress) <= 1.2 * len(without) + 20


@knows
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
def test_a_long_backup_is_polled_neither_often_nor_too_rarely(
    progress: Progress, knows_start: bool
) -> None:
    """Whatever the percentages are, on average over four hours; and never less than the bound."""
    count = len(polls(ends=FOUR_HOURS, progress=progress, knows_start=knows_start))

    assert FOUR_HOURS / LONGEST <= count <= FOUR_HOURS / 8


@given(values=st.lists(percents, max_size=40), knows_start=st.booleans())
def test_nonsense_keeps_nobody_from_being_polled(
    values: list[int | None], knows_start: bool
) -> None:
    """Whatever percentages an operation tells, in whatever order, the next poll is bounded."""
    end, at = ExpectedEnd(since=0), 0.0
    for percent in values:
        told(end, percent, at=at, age=at if knows_start else None)
        following = end.worth_polling_at(latest=at + LONGEST)

        assert 0.25 <= following - at + 1e-6 <= LONGEST + 1e-5
        at = following


def test_a_step_is_more_than_a_point_where_progress_leaps() -> None:
    """At 80 % in steps of twenty, five minutes of a thousand seconds could be the last ones."""
    end = seen(lambda at: int(at / 200) * 20, until=990)

    assert 20 == end._step
    assert end._from <= 1000 <= end._to
    assert interval(end) < 10


def test_a_step_that_is_not_known_yet_is_taken_to_be_larger_when_progress_stands_still() -> None:
    """The first of them: at 25 % since four minutes, of which the next step is anybody's guess."""
    end = seen(lambda at: 25 if at >= 100 else 0, until=400)

    assert end._step > 1
    assert end._from <= 400


def test_what_should_have_ended_is_polled_less_and_less_often() -> None:
    """At 99 % for an hour: what was foretold is past, and each second makes an end less likely."""
    gaps = [
        interval(seen(lambda at: min(99, int(at)), until=until, each=0.5))
        for until in (102, 110, 150, 400, 3600)
    ]

    assert sorted(gaps) == gaps
    assert gaps[0] < 1.1
    assert gaps[-1] > 5


def test_what_is_told_to_be_complete_is_still_polled() -> None:
    """It is at 100 % and runs: often at first, then less and less often, and never rarely."""
    gaps = [
        interval(seen(lambda at: min(100, int(at)), until=until, each=0.5))
        for until in (100.5, 120, 200, 3600)
    ]

    assert sorted(gaps) == gaps
    assert gaps[0] < 1.1
    assert gaps[-1] < LONGEST


def test_an_unchanged_percentage_does_not_put_the_end_off() -> None:
    """At 99 % for an hour, an end in "another minute" each time would be no forecast."""
    early = seen(lambda at: min(99, int(at / 10)), until=1010)
    late = seen(lambda at: min(99, int(at / 10)), until=2000)

    assert late._latest == early._latest


@knows
def test_a_percentage_that_goes_back_begins_anew(knows_start: bool) -> None:
    """A schema change that starts over is not expected at the end that was foretold before."""
    end = ExpectedEnd(since=0)
    for at, percent in ((100, 50), (190, 95), (200, 10)):
        told(end, percent, at=at, age=at if knows_start else None)

    assert end._from >= 200
    assert end._to > 500
    assert end.delay(210) < 0.2


@knows
def test_complete_and_then_not_complete_is_estimated_anew(knows_start: bool) -> None:
    """What was told before counts no more."""
    end = ExpectedEnd(since=0)
    for at, percent in ((500, 50), (1000, 100), (1010, 60), (1110, 64)):
        told(end, percent, at=at, age=at if knows_start else None)

    assert end._to > 1300


@knows
def test_of_speeds_that_contradict_each_other_the_last_counts(knows_start: bool) -> None:
    """Slow for a quarter of an hour, then fast: it will not last as long as foretold at first."""

    def progress(at: float) -> int:
        return int(at / 100) if at < 1000 else 10 + int((at - 1000) / 10)

    early = seen(progress, until=1000, knows_start=knows_start)
    late = seen(progress, until=1800, knows_start=knows_start)

    assert early._from > 5000
    assert 1800 < late._to < 2500


@knows
def test_what_slows_down_is_polled_as_overdue(knows_start: bool) -> None:
    """Fast for a minute, slow ever since: the foretold end is past, and none is close."""

    def progress(at: float) -> int:
        return int(at) if at < 60 else 60 + int((at - 60) / 100)

    gaps = [
        interval(seen(progress, until=until, knows_start=knows_start)) for until in (300, 900, 2000)
    ]

    assert gaps[-1] > 2
    assert all(gap < LONGEST for gap in gaps)


def test_answers_of_one_moment_are_no_speed() -> None:
    """Two requests were under way, and the percentage jumped between them."""
    end = ExpectedEnd(since=0)
    for percent in (0, 1, 1):
        told(end, percent, at=0)

    assert 0 < interval(end) < LONGEST


def test_progress_that_is_told_no_more_is_forgotten() -> None:
    """Without it, what tells about the end is the age alone."""
    end = seen(steady(1000), until=990)
    silent = seen(untold, until=1000, each=1000)

    told(end, None, at=1000, age=1000)

    assert silent.delay(1010) == end.delay(1010)


def test_a_hint_makes_an_end_likely_and_less_so_with_time() -> None:
    """Somebody says that it has ended: that may be about to show, and if not, be wrong."""
    end = seen(steady(1000), until=100)
    before = interval(end)
    assert not end.hinted

    end.hint(at=100)

    assert end.hinted
    assert interval(end) < 1.1 < before
    for at in (101, 110, 160, 700):
        told(end, int(at / 10), at=at, age=at)
    assert interval(end) > 3


def test_intervals_do_not_jump_while_an_operation_grows_older() -> None:
    """No poll comes twice as late as the one before, for one that tells nothing."""
    moments = polls(ends=3600, progress=untold)
    gaps = [later - one for one, later in pairwise(moments)]

    assert all(later < 2 * one for one, later in pairwise(gaps))


def test_one_that_is_overdue_for_long_is_polled_no_more_rarely() -> None:
    """A restore that stands at 99 % for an hour is noticed as one that does so for a while."""
    stands = [seen(lambda at: min(99, int(at / 60)), until=until) for until in (8100, 12000)]

    intervals = [interval(each) for each in stands]

    assert intervals[0] == pytest.approx(intervals[1], rel=0.1)
    assert intervals[1] < 7.5
