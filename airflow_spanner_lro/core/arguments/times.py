# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Moments as a Dag author writes them, checked against what Spanner accepts."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from airflow_spanner_lro.core.arguments.durations import duration_of, is_duration_text
from airflow_spanner_lro.core.errors import InvalidArgumentError

MINIMUM_RETENTION = timedelta(hours=6)
MAXIMUM_RETENTION = timedelta(days=366)
"""How long a backup may live, counted from the call that makes it (API reference, ``Backup``)."""

Moment = datetime | timedelta | str


def expire_time(value: Moment, *, now: datetime, field: str = "expire_time") -> datetime:
    """Return when a backup expires.

    That a moment lies 6 hours ahead at least is left to Spanner: a retry comes later, and takes up
    a backup that was started in time.

    :param value: a moment, a time from now, or either as ISO 8601 text
    :raises InvalidArgumentError: if it has no time zone, or lies outside of what Spanner accepts
    """
    relative = is_relative(value)
    moment = moment_of(value, now=now, field=field)
    earliest = now + MINIMUM_RETENTION if relative else moment
    if not earliest <= moment <= now + MAXIMUM_RETENTION:
        raise InvalidArgumentError(
            field=field,
            value=str(value),
            rule="a backup expires between 6 hours and 366 days after its creation",
        )
    return moment


def moment_of(value: Moment, *, now: datetime, field: str) -> datetime:
    """Return the moment that an author means.

    :param value: a moment, a time from now, or either as ISO 8601 text: ``P30D`` is thirty days
    :raises InvalidArgumentError: if it is none, or has no time zone
    """
    if not is_relative(value):
        return aware(value, field=field)
    try:
        return now + duration_of(value, field=field)
    except OverflowError:
        raise InvalidArgumentError(
            field=field, value=str(value), rule="no calendar goes that far"
        ) from None


def is_relative(value: object) -> bool:
    """Tell whether a moment is given as a time from now."""
    return isinstance(value, timedelta) or is_duration_text(value)


def signed(expires: datetime, *, now: datetime) -> datetime:
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


def aware(value: object, *, field: str) -> datetime:
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
