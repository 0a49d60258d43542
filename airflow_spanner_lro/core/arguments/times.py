# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read points in time, durations and seconds to wait, and check them against what Spanner accepts.

Templates and Dag parameters can hold nothing but text, so each may be given as text too.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from airflow_spanner_lro.core.errors import InvalidArgumentError

DurationLike = timedelta | float | str
"""A duration, seconds, or either as text: ``P30D`` in ISO 8601, or ``2592000``."""

# years and months are missing on purpose: how long they are depends on when they begin
_ISO_DURATION = re.compile(
    r"P(?=[\dT])(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DURATION_RULE = (
    "expected a duration: a timedelta, seconds, or ISO 8601 text with weeks, days, hours, minutes "
    "or seconds, such as P30D or PT12H"
)


def is_duration_text(value: object) -> bool:
    """Tell whether something is text that is meant as a duration, not as a moment."""
    return isinstance(value, str) and value.startswith("P")


def parse_duration(value: object, *, field: str) -> timedelta:
    """Return the duration that an author means.

    :param value: a ``DurationLike``
    :raises InvalidArgumentError: if it is none
    """
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, str):
            return _duration_from_text(value)
        # a bool is an int to Python, and a mistake to everybody else
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
    except (ValueError, OverflowError):
        pass
    raise InvalidArgumentError(field=field, value=value, rule=_DURATION_RULE)


def _duration_from_text(text: str) -> timedelta:
    if match := _ISO_DURATION.fullmatch(text):
        return timedelta(**{unit: int(number) for unit, number in match.groupdict("0").items()})
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=float(text))
    raise ValueError(text)


MINIMUM_RETENTION = timedelta(hours=6)
MAXIMUM_RETENTION = timedelta(days=366)
"""How long a backup may live, counted from the call that makes it (API reference, ``Backup``)."""

TimeLike = datetime | timedelta | str


def parse_expire_time(value: TimeLike, *, now: datetime) -> datetime:
    """Return when a backup expires.

    That a moment lies 6 hours ahead at least is left to Spanner: a retry comes later, and takes up
    a backup that was started in time.

    :param value: a moment, a time from now, or either as ISO 8601 text
    :raises InvalidArgumentError: if it has no time zone, or lies outside of what Spanner accepts
    """
    relative = is_relative(value)
    moment = parse_time(value, now=now, field="expire_time")
    earliest = now + MINIMUM_RETENTION if relative else moment
    if not earliest <= moment <= now + MAXIMUM_RETENTION:
        raise InvalidArgumentError(
            field="expire_time",
            value=str(value),
            rule="a backup expires between 6 hours and 366 days after its creation",
        )
    return moment


def parse_time(value: TimeLike, *, now: datetime, field: str) -> datetime:
    """Return the moment that an author means.

    :param value: a moment, a time from now, or either as ISO 8601 text: ``P30D`` is thirty days
    :raises InvalidArgumentError: if it is none, or has no time zone
    """
    if not is_relative(value):
        return parse_timestamp(value, field=field)
    try:
        return now + parse_duration(value, field=field)
    except OverflowError:
        raise InvalidArgumentError(
            field=field, value=str(value), rule="no calendar goes that far"
        ) from None


def is_relative(value: object) -> bool:
    """Tell whether a moment is given as a time from now."""
    return isinstance(value, timedelta) or is_duration_text(value)


def sign_expire_time(expires: datetime, *, now: datetime) -> datetime:
    """Return an expiry with random microseconds: a mark that no other request has.

    Spanner keeps the expiry of a backup in microseconds (API reference, ``Backup.expire_time``),
    and nobody means those of "thirty days from now". A backup that shows them was made by the
    request that had them, even where its answer was lost.
    """
    marked = expires.replace(microsecond=secrets.randbelow(1_000_000))
    second = timedelta(seconds=1)
    # neither sooner than was asked for, nor later than Spanner accepts
    if marked < expires:
        marked += second
    return marked - second if marked > now + MAXIMUM_RETENTION else marked


def parse_timestamp(value: object, *, field: str) -> datetime:
    """Return a moment with a time zone.

    :param value: a moment, or ISO 8601 text such as ``2026-11-21T03:00:00+00:00``
    :raises InvalidArgumentError: if it is none, or has no time zone
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        rule = "expected a moment in ISO 8601, such as 2026-11-21T03:00:00+00:00"
        raise InvalidArgumentError(field=field, value=value, rule=rule)
    if moment.tzinfo is None:
        raise InvalidArgumentError(
            field=field, value=str(value), rule="it needs a time zone, such as +00:00 or Z"
        )
    return moment


_LONGEST_WAIT = timedelta(days=3660).total_seconds()
"""No operation takes ten years, and a calendar ends somewhere."""


def require_seconds(value: object, *, field: str) -> None:
    """Refuse what is no time to wait.

    :raises InvalidArgumentError: if it is no number, negative, not a number, or without end
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # what is not a number compares as false
    if not (number and 0 <= value <= _LONGEST_WAIT):  # type: ignore[operator]  # it is one
        raise InvalidArgumentError(
            field=field,
            value=value,
            rule=f"it is a number of seconds, from 0 to {_LONGEST_WAIT:.0f}",
        )
