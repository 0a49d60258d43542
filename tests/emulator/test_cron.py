# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The times of backup schedules, which nothing but the text decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.emulator.schedules.model import Cron, CronError

HOURS = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound


def _listed(least: int, most: int) -> st.SearchStrategy[str]:
    chosen = st.lists(st.integers(least, most), min_size=1, max_size=3, unique=True)
    return st.just("*") | chosen.map(lambda values: ",".join(map(str, values)))


crontabs = st.tuples(
    _listed(0, 59), _listed(0, 23), _listed(1, 28), _listed(1, 12), _listed(0, 6)
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 2/12 * * *", [2, 14]),
        ("0 2,14 * * *", [2, 14]),
        ("0 */4 * * *", [0, 4, 8, 12, 16, 20]),
        ("0 2 * * *", [2]),
        ("0 9-11 * * *", [9, 10, 11]),
    ],
)
def test_hours_can_be_written_in_all_documented_ways(text: str, expected: list[int]) -> None:
    """Lists, ranges and steps with and without a start give the hours of a day."""
    cron, moment, hours = Cron.parse(text), START - HOURS / 60, []
    while (moment := cron.next_after(moment)) < START + 24 * HOURS:
        hours.append(moment.hour)

    assert expected == hours


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 2 * * 0", datetime(2026, 1, 4, 2, tzinfo=UTC)),
        ("0 2 * * 7", datetime(2026, 1, 4, 2, tzinfo=UTC)),
        ("0 2 8 * *", datetime(2026, 1, 8, 2, tzinfo=UTC)),
        ("0 2 29 2 *", datetime(2028, 2, 29, 2, tzinfo=UTC)),
        ("0 0 1 1 *", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_days_can_be_chosen(text: str, expected: datetime) -> None:
    """Days of the week, of the month and of the year come when the calendar says so."""
    assert expected == Cron.parse(text).next_after(START)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("0 2/12 * * *", 12),
        ("0 2 * * *", 24),
        ("0 */4 * * *", 4),
        ("0 3,20 * * *", 7),
        ("0 3,20 * * 0", 17),
        ("0 3,20 * * 0,1", 7),
        ("0,30 2 * * *", 0.5),
        ("30 0,23 * * *", 1),
    ],
)
def test_the_shortest_gap_goes_over_midnight_where_days_follow_each_other(
    text: str, hours: float
) -> None:
    """The last time of a day and the first of the next count if both days can be due."""
    assert hours * HOURS == Cron.parse(text).shortest_gap


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 2 * *",
        "0 2 * * * *",
        "@daily",
        "0 2 * * SUN",
        "0 2 * JAN *",
        "0 2 L * *",
        "0 2 * * 1#2",
        "R R * * *",
        "H H * * *",
        "60 2 * * *",
        "0 24 * * *",
        "0 2 0 * *",
        "0 2 * 13 *",
        "0 2 * * 8",
        "0 2 30 2 *",
        "0 5-1 * * *",
        "0 */0 * * *",
        "0 2,,3 * * *",
        "0 -2 * * *",
        "0 */99999999999999999999 * * *",
        "٣ 2 * * *",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """What is no time, never comes, or is written as the service does not document, is refused."""
    with pytest.raises(CronError):
        Cron.parse(text)


@settings(deadline=None)
@given(text=crontabs, moment=moments)
def test_times_follow_each_other_at_least_a_gap_apart(text: str, moment: datetime) -> None:
    """Each due time is later than the moment asked for, and they keep the shortest gap."""
    cron = Cron.parse(text)
    first = cron.next_after(moment)
    second = cron.next_after(first)

    assert moment < first
    assert cron.shortest_gap <= second - first
    assert (0, 0) == (first.second, first.microsecond)
