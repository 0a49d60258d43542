# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When to look at one operation next, from its age and from the end that its progress promises.

Time is in seconds on any axis that only goes forward; the caller says what time it is. Wall-clock
time is needed only to learn the age of an operation that was not started just now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.policy import MINIMUM_INTERVAL

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_COMPLETE = 100
_ROUNDED_DOWN = 0.5
"""A percentage is a whole number, so on average the operation is half a point further."""


class Pace:
    """The intervals between looks at one operation.

    :param policy: the bounds of the interval
    :param since: when the wait began
    """

    __slots__ = ("_complete", "_ends", "_first", "_since", "policy")

    def __init__(self, *, policy: PollPolicy, since: float) -> None:
        self.policy = policy
        self._since = since
        self._first: tuple[float, int] | None = None
        self._ends: float | None = None
        self._complete = False

    def heard(self, snapshot: OperationSnapshot, *, at: float, now: datetime | None) -> None:
        """Learn from a look at the operation.

        :param at: when it was looked at
        :param now: the same moment by the wall clock, if that is known
        """
        started_before = False
        if now is not None and snapshot.start_time is not None:
            age = (now - snapshot.start_time).total_seconds()
            # the service's clock may be ahead of ours; then the wait is all that is known
            started_before = age > 0
            self._since = min(self._since, at - age)
        if snapshot.percent is None:
            return
        if snapshot.percent >= _COMPLETE:
            # the work is done, and some are still being put in order for a long time
            self._ends = self._ends if self._complete and self._ends is not None else at
            self._complete = True
            return
        self._complete = False
        self._first = self._first or (at, snapshot.percent)
        begun, base = (self._since, 0) if started_before else self._first
        gained = snapshot.percent - base
        if gained > 0 and at > begun:
            left = _COMPLETE - snapshot.percent - _ROUNDED_DOWN
            self._ends = at + left * (at - begun) / (gained + _ROUNDED_DOWN)

    def interval(self, *, at: float) -> float:
        """Return how long to wait for the next look, in seconds; without jitter.

        Never beyond the estimated end; from there on it grows again with the distance from it.
        """
        usual = self.policy.interval(at - self._since)
        if self._ends is None:
            return usual
        left = self._ends - at
        if left >= 0:
            return min(usual, max(left, MINIMUM_INTERVAL))
        return min(usual, self.policy.interval(-left))

    def ending(self, *, at: float) -> bool:
        """Tell whether the operation is expected to end before a usual interval is over."""
        if self._ends is None:
            return False
        return abs(self._ends - at) <= self.policy.interval(at - self._since)
