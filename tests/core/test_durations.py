# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Durations as a Dag author, or a template, writes them; and moments that are so far ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_spanner_lro.core.arguments.durations import duration_of
from airflow_spanner_lro.core.arguments.times import aware, expire_time, moment_of
from airflow_spanner_lro.core.errors import InvalidArgumentError

from .builders import NOW

NAIVE = NOW.replace(tzinfo=None)
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
    assert expected == duration_of(value, field="retention")


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
        duration_of(value, field="retention")

    assert "retention" == caught.value.field
    assert repr(value) in str(caught.value)


def test_an_expire_time_may_be_a_duration_as_text() -> None:
    """A Dag parameter such as P30D counts from now."""
    assert NOW + MONTH == expire_time("P30D", now=NOW)


def test_limits_hold_for_durations_as_text() -> None:
    """A backup cannot expire within the hour, however that is written."""
    with pytest.raises(InvalidArgumentError, match=r"'PT1H'.*6 hours"):
        expire_time("PT1H", now=NOW)


@pytest.mark.parametrize(
    "value",
    [NOW - MONTH, (NOW - MONTH).isoformat(), timedelta(days=-30)],
    ids=["moment", "text", "timedelta"],
)
def test_a_moment_has_no_limits(value: Any) -> None:
    """Where the limits depend on what only Spanner knows, any moment will do."""
    assert NOW - MONTH == moment_of(value, now=NOW, field="expire_time")


@pytest.mark.parametrize("value", ["P9999999D", timedelta(days=9_999_999)], ids=["text", "given"])
def test_a_moment_is_within_the_calendar(value: Any) -> None:
    """What no calendar can say is the author's mistake, too."""
    with pytest.raises(InvalidArgumentError, match=r"expire_time.*no calendar"):
        moment_of(value, now=NOW, field="expire_time")


@pytest.mark.parametrize("value", [None, 5, NOW.date(), NOW.timestamp()])
def test_only_a_datetime_is_a_moment(value: object) -> None:
    """What a template can render besides text is refused with a word on what is expected."""
    with pytest.raises(InvalidArgumentError, match=r"expire_time=.*ISO 8601") as caught:
        aware(value, field="expire_time")

    assert repr(value) in str(caught.value)


def test_a_moment_has_a_time_zone() -> None:
    """A moment without a time zone is refused, whatever its limits are."""
    with pytest.raises(InvalidArgumentError, match="time zone"):
        moment_of(NAIVE, now=NOW, field="expire_time")
