# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How old an operation is, by clocks that differ, or by none: what that means for its end."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd

from .expected_ends import LONGEST, interval, told
from .sample_values import NOW, running


@pytest.mark.parametrize("percent", [None, 1], ids=["no progress", "progress"])
def test_an_old_operation_is_polled_rarely_from_the_start(percent: int | None) -> None:
    """One that was adopted, or that a restarted triggerer finds again, has its age, not ours."""
    end, young = ExpectedEnd(since=0), ExpectedEnd(since=0)

    told(end, percent, at=0, age=3600)
    told(young, percent, at=0, age=0)

    assert 3600 == end.age
    assert interval(end) > 8
    assert interval(young) < 1


def test_an_old_operation_that_is_about_to_end_is_polled_soon() -> None:
    """The first poll is enough for an estimate, since the age is known."""
    end = ExpectedEnd(since=0)

    told(end, 99, at=0, age=600)

    assert end._from <= 6 <= end._to
    assert interval(end) < 3


def test_without_a_start_the_progress_that_was_seen_counts() -> None:
    """From 90 to 95 in 100 seconds: the age and the first 90 tell nothing about the rest."""
    end = ExpectedEnd(since=0)
    told(end, 90, at=0)

    told(end, 95, at=100)

    assert end._from < 200 <= end._to


def test_one_look_without_a_start_foretells_nothing() -> None:
    """A percentage alone says nothing about speed."""
    end = ExpectedEnd(since=0)

    told(end, 99, at=1000)

    assert math.inf == end._to


def test_a_clock_of_the_service_that_is_ahead_makes_nothing_younger() -> None:
    """A start in the future is none: the wait so far is all that is known of the age."""
    end = ExpectedEnd(since=0)

    told(end, 40, at=100, age=-500)

    assert 100 == end.age


def test_a_clock_of_the_service_that_is_ahead_leaves_the_estimate() -> None:
    """Then the estimate is made from what was seen."""
    end = ExpectedEnd(since=0)
    told(end, 40, at=100, age=-500)

    told(end, 90, at=200, age=-400)

    assert end._from <= 220 <= end._to


def test_a_clock_of_the_service_that_is_behind_keeps_nobody_from_being_polled() -> None:
    """Every operation seems older than it is; the longest interval holds all the same."""
    end = ExpectedEnd(since=0)

    told(end, 0, at=0, age=1e6)

    assert end.worth_polling_at(latest=LONGEST) <= LONGEST


def test_a_wall_clock_that_is_set_back_makes_nothing_younger() -> None:
    """What was learned about the age once is kept."""
    end = ExpectedEnd(since=0)
    told(end, None, at=0, age=200)

    told(end, None, at=20, age=-3600)

    assert 220 == end.age


def test_without_the_time_the_wait_is_the_age() -> None:
    """A start says nothing to those who do not know what time it is."""
    end = ExpectedEnd(since=0)

    end.on_running(running(percent=10, start_time=NOW - timedelta(hours=1)), at=5, now=None)

    assert 5 == end.age
