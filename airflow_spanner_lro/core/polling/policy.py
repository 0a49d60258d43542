# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How long to wait between polls, how long to insist, and when errors count: numbers as values.

All durations are in seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.status import classify

if TYPE_CHECKING:
    from collections.abc import Iterator


DEFAULT_INTERVAL = 30.0
"""The longest interval, unless somebody asks for another."""
MINIMUM_INTERVAL = 1.0
"""Spanner's admin quota is five requests a second for a whole project; nobody polls faster."""
MAXIMUM_INTERVAL = 86_400.0
"""Once a day; whoever polls more rarely does not wait any more."""
LONGEST_WORKER_WAIT = 300.0
"""Seconds for which a deferrable task may hold a worker; whoever wants more does not defer."""
_DICE = random.Random()  # noqa: S311  # shared: one of its own would be most of a wait's memory


def is_final(exc: BaseException, *, silence: float, limit: float) -> bool:
    """Tell whether an error ends a wait, or is only waited out: the one decision.

    ====================== ========================= =================================
    class of the error     answers missing for       it
    ====================== ========================= =================================
    transient, quota       less than the limit       is waited out, and asked again
    transient, quota       the limit or longer       counts
    credentials, permanent whatever time             counts at once
    ====================== ========================= =================================

    :param silence: seconds since the last answer
    :param limit: seconds for which transient errors are waited out
    """
    return not classify(exc).retryable or silence >= limit


def _is_interval(seconds: object) -> bool:
    # a bool is an int to Python, and a mistake here; what is no number compares as false
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return number and MINIMUM_INTERVAL <= seconds <= MAXIMUM_INTERVAL  # type: ignore[operator]  # it is one


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPolicy:
    """How long to sleep between two polls of what somebody waits for.

    An operation is polled as its expected end suggests (``ExpectedEnd``), within these bounds.
    Where nothing tells how long it may take, as with a resource's state, the interval is a tenth of
    the wait so far.

    :param maximum: the longest interval
    :param fraction: the interval as a part of the wait, where no operation is polled
    :param jitter: by which part an interval varies at random, so that many waits do not march in
        step
    :param transient_error_limit: how long transient errors may last without a single answer; then
        they count
    """

    maximum: float = DEFAULT_INTERVAL
    fraction: float = 0.1
    jitter: float = 0.1
    transient_error_limit: float = 3600.0
    rng: random.Random = field(default=_DICE, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not _is_interval(self.maximum):
            raise InvalidArgumentError(
                field="poll_interval",
                value=self.maximum,
                rule=f"it is a number of seconds, at least {MINIMUM_INTERVAL:g} "
                f"and at most {MAXIMUM_INTERVAL:g}",
            )

    def gives_up(self, exc: BaseException, *, silence: float) -> bool:
        """Tell whether an error ends the wait.

        :param silence: seconds since the last answer
        """
        return is_final(exc, silence=silence, limit=self.transient_error_limit)

    def interval(self, age: float) -> float:
        """Return the interval after a wait so far, in seconds; without jitter."""
        return min(max(age * self.fraction, MINIMUM_INTERVAL), self.maximum)

    def pause_after_error(self, silence: float) -> float:
        """Return how long to wait after an error that may pass, in seconds; without jitter.

        :param silence: seconds since the last answer
        """
        return self.interval(silence)

    def jittered(self, interval: float) -> float:
        """Return an interval that differs a little from this one."""
        return interval * self.rng.uniform(1 - self.jitter, 1 + self.jitter)

    def delays(self) -> Iterator[float]:
        """Yield one interval after the other, without end, where nothing tells about an end."""
        waited = 0.0
        while True:
            interval = self.interval(waited)
            waited += interval
            yield self.jittered(interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPolicy:
    """How often to poll after a cancel was sent. The budget is the driver's deadline.

    :param first: the first interval: most cancels take hold at once
    :param growth: by which factor each interval exceeds the one before
    :param maximum: the longest interval
    """

    first: float = 0.25
    growth: float = 1.6
    maximum: float = 10.0

    def delays(self) -> Iterator[float]:
        """Yield one interval after the other, without end."""
        interval = self.first
        while True:
            yield interval
            interval = min(interval * self.growth, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOffPolicy:
    """How long to pause after a request that was refused only for now, such as for quota.

    :param first: the first pause; a burst of requests is over in seconds
    :param growth: by which factor each pause exceeds the one before
    :param maximum: the longest pause: a quota is counted over a minute or two
    :param jitter: by which part a pause varies at random: what was refused together must not come
        again together
    """

    first: float = 1.0
    growth: float = 2.0
    maximum: float = 60.0
    jitter: float = 0.5
    rng: random.Random = field(default=_DICE, compare=False, repr=False)

    def after(self, pause: float | None) -> float:
        """Return the pause that follows one, without jitter; None for the first."""
        return self.first if pause is None else min(pause * self.growth, self.maximum)

    def jittered(self, pause: float) -> float:
        """Return a pause that differs from this one."""
        return pause * self.rng.uniform(1 - self.jitter, 1 + self.jitter)
