# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Moments as a Dag author writes them, checked against what Spanner accepts."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow_spanner_lro.core.errors import InvalidArgumentError

MINIMUM_RETENTION = timedelta(hours=6)
MAXIMUM_RETENTION = timedelta(days=366)
"""How long a backup may live, counted from the call that makes it (API reference, ``Backup``)."""

Moment = datetime | timedelta | str


def expire_time(value: Moment, *, now: datetime, field: str = "expire_time") -> datetime:
    """Return when a backup expires.

    :param value: a moment, a time from now, or a moment as ISO 8601 text
    :raises InvalidArgumentError: if it has no time zone, or lies outside of what Spanner accepts
    """
    moment = now + value if isinstance(value, timedelta) else aware(value, field=field)
    if not MINIMUM_RETENTION <= moment - now <= MAXIMUM_RETENTION:
        raise InvalidArgumentError(
            field=field,
            value=str(value),
            rule="a backup expires between 6 hours and 366 days after its creation",
        )
    return moment


def aware(value: datetime | str, *, field: str) -> datetime:
    """Return a moment with a time zone.

    :param value: a moment, or ISO 8601 text such as ``2026-11-21T03:00:00+00:00``
    :raises InvalidArgumentError: if it is none, or has no time zone
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            rule = "expected a moment in ISO 8601, such as 2026-11-21T03:00:00+00:00"
            raise InvalidArgumentError(field=field, value=value, rule=rule) from None
    if value.tzinfo is None:
        raise InvalidArgumentError(
            field=field, value=str(value), rule="it needs a time zone, such as +00:00 or Z"
        )
    return value
