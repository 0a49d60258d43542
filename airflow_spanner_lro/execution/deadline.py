# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When a try's patience ends: an absolute time, the same before and after a deferral.

Airflow 3.3 starts ``execution_timeout`` anew whenever a deferred task is resumed, and does not
enforce it in between; the start of the try stays the same, so the deadline is counted from there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.arguments.durations import duration_of
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.words import duration

if TYPE_CHECKING:
    from datetime import datetime

_FIELD = "operation_timeout"
_LONGEST = timedelta(days=3660)
"""Ten years: no operation takes that long, and every calendar goes that far."""


def deadline_of_try(
    *,
    started: datetime | None,
    execution_timeout: timedelta | None,
    operation_timeout: timedelta | float | None,
) -> datetime | None:
    """Return the earlier of the two limits as a point in time; None if there is no limit.

    :param started: start of the try
    :param execution_timeout: Airflow's limit for the whole task
    :param operation_timeout: the operator's own limit, a duration or seconds
    :raises InvalidArgumentError: if the operator's own limit is no duration, or not above zero
    """
    limits = [limit for limit in (execution_timeout, _duration(operation_timeout)) if limit]
    return started + min(limits) if started and limits else None


def _duration(timeout: object) -> timedelta | None:
    if timeout is None:
        return None
    given = duration_of(timeout, field=_FIELD)
    if not timedelta() < given <= _LONGEST:
        raise InvalidArgumentError(
            field=_FIELD,
            value=timeout,
            rule=f"it is a duration above zero, and up to {_LONGEST.days} days",
        )
    return given


def out_of_time(
    *, execution_timeout: timedelta | None, operation_timeout: timedelta | float | None
) -> str:
    """Say that a try has no time left, by which limit: ``out of time after 4 h (…)``."""
    limits = {
        "execution_timeout": execution_timeout,
        _FIELD: _duration(operation_timeout),
    }
    shortest = min(((limit, name) for name, limit in limits.items() if limit), default=None)
    if shortest is None:
        return "out of time"
    limit, name = shortest
    return f"out of time after {duration(limit.total_seconds())} ({name})"
