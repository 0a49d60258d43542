# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How much longer than their progress foretold operations of a kind take, and what that is for."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd, Overruns

from .expected_ends import NOT_AT_ALL, interval, seen, steady, told, untold


def lazy(at: float) -> int:
    """Tell a progress that is at 99 % for the last third of 1500 seconds."""
    return min(99, int(at / 10))


def test_kinds_that_linger_are_expected_later_once_that_is_known() -> None:
    """At 99 % for a third of the time: not at 1000 seconds but at 1500."""
    overruns = Overruns()
    for _ in range(5):
        ratio = seen(lazy, until=1495).overrun(ended=1500)
        assert ratio is not None
        overruns.note("restore", ratio)
    end, other = ExpectedEnd(since=0), ExpectedEnd(since=0)
    for at in range(5, 990, 5):
        told(end, lazy(at), at=at, age=at, overrun=overruns.of("restore"))
        told(other, lazy(at), at=at, age=at, overrun=overruns.of("backup"))

    assert end._from <= 1500 <= end._to
    assert other._from <= 1000 <= other._to
    assert end._from > 1400 > other._to
    assert interval(other) < interval(end)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(ExpectedEnd(since=0), id="never seen"),
        pytest.param(seen(untold, until=100), id="no progress"),
        pytest.param(seen(steady(1000), until=15), id="hardly begun"),
        pytest.param(seen(lambda at: int(at / 500) * 50, until=800), id="large steps"),
    ],
)
def test_ends_that_were_not_foretold_tell_nothing_about_others(end: ExpectedEnd) -> None:
    """Where the bounds are far apart any end would fit, and any multiple come out."""
    assert end.overrun(ended=1000) is None


def test_an_end_before_it_all_began_is_none() -> None:
    """A clock that was set back: how long it took is not known, and it took no less than 0."""
    assert 0 == seen(steady(1000), until=900).overrun(ended=-50)


@given(ratios=st.lists(st.floats(0, 100), max_size=60))
def test_overruns_are_between_what_was_seen(ratios: list[float]) -> None:
    """Four of five, of the last twenty; nothing is concluded from fewer than five."""
    overruns = Overruns()
    for ratio in ratios:
        overruns.note("restore", ratio)

    first, last = overruns.of("restore")

    assert NOT_AT_ALL == overruns.of("backup")
    if len(ratios) < 5:
        assert NOT_AT_ALL == (first, last)
    else:
        latest = ratios[-20:]
        assert min(latest) <= first <= last <= max(latest)
        assert sum(first <= ratio <= last for ratio in latest) >= 0.8 * len(latest)


def test_one_strange_overrun_moves_nothing() -> None:
    """One of ten that took a hundred times as long is left out."""
    overruns = Overruns()
    for ratio in [1.5] * 9 + [100.0]:
        overruns.note("restore", ratio)

    assert (1.5, 1.5) == overruns.of("restore")
