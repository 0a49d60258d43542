# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Points in time and durations, as authors and templates write them and as log lines have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.arguments.times import (
    TimeLike,
    parse_duration,
    parse_expire_time,
    parse_time,
    parse_timestamp,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.text import format_duration, format_moment

from . import strategies
from .sample_values import NOW, after

EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-5))
NAIVE = NOW.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(timedelta(days=30), NOW + timedelta(days=30), id="from now"),
        pytest.param(NOW + timedelta(days=1), NOW + timedelta(days=1), id="moment"),
        pytest.param("2026-11-23T12:00:00Z", NOW + timedelta(days=2), id="text"),
        pytest.param("2026-11-23T13:00:00+01:00", NOW + timedelta(days=2), id="text with offset"),
        pytest.param(NOW + timedelta(hours=1), NOW + timedelta(hours=1), id="for Spanner to judge"),
        pytest.param(timedelta(hours=6), NOW + timedelta(hours=6), id="shortest"),
        pytest.param(timedelta(days=366), NOW + timedelta(days=366), id="longest"),
    ],
)
def test_an_expire_time_may_be_written_in_three_ways(value: TimeLike, expected: datetime) -> None:
    """A moment, a time from now, or text; limits are inclusive."""
    assert expected == parse_expire_time(value, now=NOW)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        pytest.param(timedelta(hours=6, microseconds=-1), "between 6 hours", id="too short"),
        pytest.param(timedelta(days=366, microseconds=1), "366 days", id="too long"),
        pytest.param(timedelta(days=-1), "between 6 hours", id="in the past"),
        pytest.param("PT5H", "between 6 hours", id="too short as text"),
        pytest.param(NOW + timedelta(days=367), "366 days", id="moment too far ahead"),
        pytest.param(NAIVE, "time zone", id="no time zone"),
        pytest.param("2026-11-23T12:00:00", "time zone", id="text without time zone"),
        pytest.param("next week", "ISO 8601", id="no moment"),
        pytest.param("", "ISO 8601", id="empty text"),
    ],
)
def test_an_unusable_expire_time_is_refused(value: TimeLike, rule: str) -> None:
    """The error names the parameter, the value, and what is expected."""
    with pytest.raises(InvalidArgumentError, match=rule) as caught:
        parse_expire_time(value, now=NOW)

    assert "expire_time" == caught.value.field
    assert str(value)[:10] in str(caught.value)


@given(value=strategies.moments)
def test_a_moment_may_be_given_as_its_text(value: datetime) -> None:
    """ISO 8601 as Python writes it is understood, whatever the zone."""
    assert value == parse_timestamp(value.isoformat(), field="version_time")
    assert value is parse_timestamp(value, field="version_time")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0, "0 s", id="nothing"),
        pytest.param(-3, "0 s", id="negative"),
        pytest.param(0.6, "1 s", id="rounded"),
        pytest.param(59.4, "59 s", id="under a minute"),
        pytest.param(59.5, "1 min", id="rounded up to a minute"),
        pytest.param(1503, "25 min 3 s", id="minutes"),
        pytest.param(3599, "59 min 59 s", id="under an hour"),
        pytest.param(3600, "1 h", id="an hour"),
        pytest.param(7500, "2 h 5 min", id="hours"),
        pytest.param(86399, "23 h 59 min", id="under a day"),
        pytest.param(86400, "1 d", id="a day"),
        pytest.param(273600, "3 d 4 h", id="days"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, expected: str) -> None:
    """Nobody reads 1,503 seconds; and no duration is negative."""
    assert expected == format_duration(seconds)


@given(seconds=st.floats(0, 1e8))
def test_a_duration_never_shows_a_full_unit(seconds: float) -> None:
    """There are no 60 seconds, 60 minutes or 24 hours in a duration."""
    words = format_duration(seconds).split()

    limits = {"s": 60, "min": 60, "h": 24, "d": 10**6}
    assert all(int(n) < limits[u] for n, u in zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(
    ("when", "now", "expected"),
    [
        pytest.param(after(9), NOW, "12:00:09 UTC", id="today"),
        pytest.param(after(-9), NOW, "11:59:51 UTC", id="earlier today"),
        pytest.param(after(12 * 3600), NOW, "2026-11-22 00:00 UTC", id="tomorrow"),
        pytest.param(after(-86400), NOW, "2026-11-20 12:00 UTC", id="yesterday"),
        pytest.param(NOW.replace(year=2027), NOW, "2027-11-21 12:00 UTC", id="next year"),
        pytest.param(NOW.astimezone(EAST), NOW, "12:00:00 UTC", id="another zone"),
        pytest.param(
            NOW.replace(hour=2), NOW.replace(hour=3).astimezone(WEST), "02:00:00 UTC", id="now west"
        ),
    ],
)
def test_a_moment_is_said_in_utc(when: datetime, now: datetime, expected: str) -> None:
    """The date is only there if it is not today's, by UTC."""
    assert expected == format_moment(when, now=now)


def test_the_zone_of_a_moment_is_utc_itself() -> None:
    """The words do not depend on the machine's zone."""
    assert format_moment(NOW.astimezone(UTC), now=NOW) == format_moment(
        NOW.astimezone(WEST), now=NOW
    )


MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(MONTH, MONTH, id="timedelta"),
        pytest.param(3600, timedelta(hours=1), id="seconds"),
        pytest.param(0.5, timedelta(milliseconds=500), id="part-of-a-second"),
        pytest.param("P30D", MONTH, id="days"),
        pytest.param("P2W", timedelta(weeks=2), id="weeks"),
        pytest.param("PT12H", timedelta(hours=12), id="hours"),
        pytest.param(
            "P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4), id="everything"
        ),
        pytest.param("2592000", MONTH, id="seconds-as-text"),
        pytest.param("0.5", timedelta(milliseconds=500), id="part-of-a-second-as-text"),
    ],
)
def test_a_duration_may_be_written_in_four_ways(value: object, expected: timedelta) -> None:
    """A timedelta, seconds, ISO 8601, or seconds as text, which is all that a template makes."""
    assert expected == parse_duration(value, field="retention")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "P",
        "PT",
        "P1DT",
        "P1M",
        "P1Y",
        "P-1D",
        "p30d",
        "30 days",
        "-5",
        "1e3",
        "P" + "9" * 12 + "D",
        float("nan"),
        float("inf"),
        1e300,
        [1],
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    """The error names the argument, its value, and what is expected."""
    with pytest.raises(InvalidArgumentError, match="such as P30D or PT12H") as caught:
        parse_duration(value, field="retention")

    assert "retention" == caught.value.field
    assert repr(value) in str(caught.value)


def test_an_expire_time_may_be_a_duration_as_text() -> None:
    """A Dag parameter such as P30D counts from now."""
    assert NOW + MONTH == parse_expire_time("P30D", now=NOW)


def test_limits_hold_for_durations_as_text() -> None:
    """A backup cannot expire within the hour, however that is written."""
    with pytest.raises(InvalidArgumentError, match=r"'PT1H'.*6 hours"):
        parse_expire_time("PT1H", now=NOW)


@pytest.mark.parametrize(
    "value",
    [NOW - MONTH, (NOW - MONTH).isoformat(), timedelta(days=-30)],
    ids=["moment", "text", "timedelta"],
)
def test_a_moment_has_no_limits(value: Any) -> None:
    """Where the limits depend on what only Spanner knows, any moment will do."""
    assert NOW - MONTH == parse_time(value, now=NOW, field="expire_time")


@pytest.mark.parametrize("value", ["P9999999D", timedelta(days=9_999_999)], ids=["text", "given"])
def test_a_moment_is_within_the_calendar(value: Any) -> None:
    """What no calendar can say is the author's mistake, too."""
    with pytest.raises(InvalidArgumentError, match=r"expire_time.*no calendar"):
        parse_time(value, now=NOW, field="expire_time")


@pytest.mark.parametrize("value", [None, 5, NOW.date(), NOW.timestamp()])
def test_only_a_datetime_is_a_moment(value: object) -> None:
    """What a template can render besides text is refused with a word on what is expected."""
    with pytest.raises(InvalidArgumentError, match=r"expire_time=.*ISO 8601") as caught:
        parse_timestamp(value, field="expire_time")

    assert repr(value) in str(caught.value)


def test_a_moment_has_a_time_zone() -> None:
    """A moment without a time zone is refused, whatever its limits are."""
    with pytest.raises(InvalidArgumentError, match="time zone"):
        parse_time(NAIVE, now=NOW, field="expire_time")
