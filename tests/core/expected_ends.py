# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of the end of operations that have told this and that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd

from .sample_values import after, running

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[float], int | None]

LONGEST = 30.0
FOUR_HOURS = 4 * 3600.0
NOT_AT_ALL = (1.0, 1.0)


def told(
    end: ExpectedEnd,
    percent: int | None,
    *,
    at: float,
    age: float | None = None,
    overrun: tuple[float, float] = NOT_AT_ALL,
) -> None:
    """Let it hear a percentage, and how old the operation is by the clocks if that is known."""
    start = None if age is None else after(at) - timedelta(seconds=age)
    snapshot = running(percent=percent, start_time=start)
    end.on_running(snapshot, at=at, now=after(at), overrun=overrun)


def seen(
    progress: Progress, *, until: float, each: float = 5.0, knows_start: bool = True
) -> ExpectedEnd:
    """Return what is known of one that was polled each so many seconds until some time."""
    end = ExpectedEnd(since=0)
    for poll in range(1, int(until / each) + 1):
        at = poll * each
        told(end, progress(at), at=at, age=at if knows_start else None)
    return end


def polls(*, ends: float, progress: Progress, knows_start: bool = True) -> list[float]:
    """Return when it is polled, the last time after it has ended; it starts with the wait."""
    end, at, moments = ExpectedEnd(since=0), 0.0, [0.0]
    while at < ends:
        told(end, progress(at), at=at, age=at if knows_start else None)
        at = end.worth_polling_at(latest=at + LONGEST)
        moments.append(at)
    return moments


def interval(end: ExpectedEnd) -> float:
    """Return for how long it is not polled, from its last poll on."""
    return end.worth_polling_at(latest=end.polled_at + 1000) - end.polled_at


def untold(at: float) -> None:
    """Tell no percentage."""


def steady(ends: float) -> Progress:
    """Return a progress that is what it seems."""
    return lambda at: int(100 * at / ends)
