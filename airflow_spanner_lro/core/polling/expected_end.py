# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When an operation is expected to end, and how much delay it would cost not to poll it.

A poll is worth as much as the time for which an end would else stay unnoticed. For a moment *t*
after the last poll this is the *expected delay*: the sum, over all moments at which the operation
may have ended since, of how likely that is times how long ago it would be by then. Whoever has
requests to give away spends them where the expected delay is largest; one alone polls when it has
grown to ``PRICE``. How likely an end is comes from two sources:

*Foreseen.* Whole percents, told at known moments, bound the end: an operation at 40 % for which the
next step has not come yet has done between 40 and 40 and a step. Bounds of all polls are
intersected, and the end lies evenly between them, give or take a twentieth of what is left. A step
is a point, until progress jumps or stands still for longer than that explains. When the foreseen
end is past and nothing moves, an end is the less likely the longer that has lasted: one in so many
seconds as have gone by since the last change.

*Unforeseen.* What has run for a minute may well run for another; so an operation that tells nothing
ends within a second with a chance of one in its age. Such an end is counted as well where progress
is told, for 15 in 100: progress can be wrong.

Some kinds of operation are at 99 % for a third of their time. How ends compared with what progress
foretold is remembered (``Overruns``), and moves the bounds of the next ones.

All times are in seconds, on an axis that only goes forward.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

PRICE = 0.01
"""Seconds of expected delay that are worth a request, where the budget has requests left. It makes
intervals of half a second at an age of three seconds, and of nine at a quarter of an hour."""
_GAP, _GAP_PART, _GAP_LONGEST = 0.25, 0.01, 1.0
"""Seconds between two polls of an operation, however near its end is: a hundredth of its age."""
_FORESEEN = 0.85
"""How far progress is believed."""
_SPREAD = 0.2
"""Operations take seconds or hours, and each tenfold is about as likely as the next. So at any age
the chance of an end within a second is about a fifth of one in the age: an eighth in the first
minute, a half after an hour."""
_YOUNGEST = 1.0
_OLDEST = 800.0
"""Ages between which an operation is taken to be that tells no progress: however old, such a one is
polled every nine seconds while nobody else needs the requests."""
_LONGEST_OVERDUE = 2000.0
"""Seconds for which one is taken to be overdue at most: such a one is polled every seven."""
_HINT_COUNTS = 30.0
"""Seconds for which an operation that was said to have ended, and had not, is expected to do so."""
_WIDENED = 0.05
"""Progress is not even: the bounds are widened by this part of what is left,"""
_WIDENED_LEAST = 0.25
"""and by no less than this, in seconds."""
_COMPLETE = 100
_STOOD_STILL = 3
"""Times a point has to take longer than usual before steps are taken to be larger."""
_LARGEST_STEP = 50
_SAMPLES = 20
_SAMPLES_NEEDED = 5
_FORETOLD = 0.2
"""How far apart bounds may be, as a part of the duration, for an end to tell about the others."""
_EVEN = (1.0, 1.0)
_EXACT = 1 / 30
"""A moment is found to this part of the time until then, however late the latest is,"""
_FIRST_STEP = 1.0
_TRIES = 12
"""with this many tries at most; two do mostly."""


@dataclass(slots=True)
class Overruns:
    """How much longer operations took than their progress foretold, by kind."""

    _ratios: dict[Hashable, deque[float]] = field(default_factory=dict)

    def note(self, kind: Hashable, ratio: float) -> None:
        """Remember the duration of one that has ended, as a multiple of what was foretold."""
        self._ratios.setdefault(kind, deque(maxlen=_SAMPLES)).append(ratio)

    def of(self, kind: Hashable) -> tuple[float, float]:
        """Return the multiples between which four of five lie; 1 and 1 while too few are known."""
        ratios = self._ratios.get(kind)
        if ratios is None or len(ratios) < _SAMPLES_NEEDED:
            return _EVEN
        ordered = sorted(ratios)
        tenth = len(ordered) // 10
        return ordered[tenth], ordered[-1 - tenth]


class ExpectedEnd:
    """What is known of the end of one operation.

    :param since: since when it is known to run; that is its age until Spanner tells another
    """

    __slots__ = (
        "_base",
        "_began",
        "_changed_at",
        "_earliest",
        "_from",
        "_hinted_at",
        "_latest",
        "_origin",
        "_percent",
        "_step",
        "_to",
        "polled_at",
    )

    def __init__(self, *, since: float) -> None:
        self.polled_at = since
        """When it was last seen to run."""
        self._began = since
        # from where its progress is counted: a moment, and the percentage then
        self._origin, self._base = since, -1
        self._percent: int | None = None
        self._changed_at = since
        self._step = 1
        self._earliest, self._latest = since, math.inf
        # the same with what they are widened by, as it was at the last poll
        self._from, self._to = since, math.inf
        self._hinted_at: float | None = None

    def on_running(
        self,
        snapshot: OperationSnapshot,
        *,
        at: float,
        now: datetime | None,
        overrun: tuple[float, float] = _EVEN,
    ) -> None:
        """Learn from a poll that has seen it run.

        :param at: when it was polled
        :param now: the same moment by the wall clock, if that is known
        :param overrun: between which multiples of what is foretold its kind takes
        """
        since, self.polled_at = self.polled_at, at
        age = 0.0
        if now is not None and snapshot.start_time is not None:
            # the service's clock may be ahead of ours; then the wait is all that is known
            age = (now - snapshot.start_time).total_seconds()
            self._began = min(self._began, at - age)
        percent = snapshot.percent
        if percent is None:
            self._percent, self._latest, self._to = None, math.inf, math.inf
            return
        if age > 0:
            self._origin, self._base = self._began, 0
        elif self._base < 0 or percent < self._base:
            self._origin, self._base = at, percent
        self._bound(percent, at=at, since=since)
        self._widen(overrun)

    def hint(self, *, at: float) -> None:
        """Note that somebody says it has ended, though it was seen to run: it may be about to."""
        self._hinted_at = at

    @property
    def age(self) -> float:
        """How old it was when it was last seen to run, in seconds."""
        return self.polled_at - self._began

    @property
    def hinted(self) -> bool:
        """Whether somebody has said that it has ended."""
        return self._hinted_at is not None

    @property
    def middle(self) -> float | None:
        """The middle of the time in which it is expected to end; None if nothing foretells it."""
        return None if self._to == math.inf else (self._from + self._to) / 2

    @property
    def speed(self) -> float | None:
        """Percent a second on average, until it was last seen to run; None if none is known."""
        took = self.polled_at - self._origin
        if self._percent is None or self._percent <= self._base or took <= 0:
            return None
        return (self._percent - self._base) / took

    def delay(self, at: float) -> float:
        """Return the expected delay, in seconds, of an end that a poll at this time would notice.

        It is 0 just after a poll, then grows, faster and faster.
        """
        passed = at - self.polled_at
        age = max(self.polled_at - self._began, _YOUNGEST)
        if passed < min(max(_GAP, age * _GAP_PART), _GAP_LONGEST):
            return 0.0
        if self._hinted_at is not None and self.polled_at < self._hinted_at + _HINT_COUNTS:
            return _sum(passed, max(self.polled_at - self._hinted_at, _YOUNGEST))
        if self._to == math.inf:
            return unforeseen(passed, min(age, _OLDEST))
        if self._to <= self.polled_at:
            overdue = min(max(self.polled_at - self._to, _YOUNGEST), _LONGEST_OVERDUE)
            foreseen = _sum(passed, overdue)
        else:
            first = max(self._from, self.polled_at)
            if at <= first:
                foreseen = 0.0
            elif at < self._to:
                foreseen = (at - first) ** 2 / (2 * (self._to - first))
            else:
                foreseen = at - (first + self._to) / 2
        return _FORESEEN * foreseen + (1 - _FORESEEN) * unforeseen(passed, age)

    def worth_polling_at(self, *, latest: float, price: float = PRICE) -> float:
        """Return when its expected delay has grown to a price, at the latest at some time."""
        return first_time(self.delay, price, after=self.polled_at, latest=latest)

    def overrun(self, *, ended: float) -> float | None:
        """Return how much longer it took than was foretold; None if that tells about no others.

        :param ended: when it ended
        """
        foretold = (self._earliest + self._latest) / 2 - self._origin
        if not (0 < foretold < math.inf):
            return None
        if self._latest - self._earliest > _FORETOLD * foretold:
            return None
        return max(ended - self._origin, 0.0) / foretold

    def _bound(self, percent: int, *, at: float, since: float) -> None:
        """Bound the end by a percentage."""
        age, done = at - self._origin, percent - self._base
        changed = percent != self._percent
        if changed:
            self._learn_step(percent, at=at, since=since)
            self._percent, self._changed_at = percent, at
        elif done > 0 < age and (stood := (at - self._changed_at) * done / age) > _STOOD_STILL:
            self._step = max(self._step, min(int(stood), _LARGEST_STEP))
        whole = _COMPLETE - self._base
        latest = self._origin + age * whole / done if done > 0 else math.inf
        # what is short of the end by less than a step could have ended any time
        earliest = self._origin
        if done + self._step < whole:
            earliest += age * whole / (done + self._step)
        narrowed = max(self._earliest, earliest), min(self._latest, latest)
        if narrowed[0] <= narrowed[1]:
            self._earliest, self._latest = narrowed
        elif changed:
            # it goes faster or slower than before, so only the last counts
            self._earliest, self._latest = earliest, latest
        # else it should have ended, and moves no more: what was foretold stays that

    def _learn_step(self, percent: int, *, at: float, since: float) -> None:
        if self._percent is None:
            return
        gained = percent - self._percent
        if gained < 0:
            self._step, self._earliest, self._latest = 1, at, math.inf
            return
        age = at - self._origin
        even = (percent - self._base) * (at - since) / age if age > 0 else 0.0
        if gained > 2 * even + 1:
            self._step = max(self._step, gained)

    def _widen(self, overrun: tuple[float, float]) -> None:
        first, last = self._earliest, self._latest
        if last < math.inf:
            first = self._origin + (first - self._origin) * overrun[0]
            last = self._origin + (last - self._origin) * overrun[1]
            by = max(_WIDENED * ((first + last) / 2 - self.polled_at), _WIDENED_LEAST)
            first, last = first - by, last + by
        self._from, self._to = first, last


def first_time(
    delay: Callable[[float], float], price: float, *, after: float, latest: float
) -> float:
    """Return when a delay that grows has grown to a price, at the latest at some time.

    It is never early, and hardly ever late by more than a thirtieth of the time until then.
    """
    early, low, step = after, 0.0, _FIRST_STEP
    while True:
        late = min(after + step, latest)
        high = delay(late)
        if high >= price:
            break
        if late >= latest:
            return latest
        early, low, step = late, high, 4 * step
    for _ in range(_TRIES):
        exact = (late - after) * _EXACT
        if late - early <= exact:
            break
        # delays grow about as the square of the time, so their roots grow evenly
        grown, wanted = math.sqrt(high) - math.sqrt(low), math.sqrt(price) - math.sqrt(low)
        middle = early + (late - early) * wanted / grown if grown > 0 else early
        # a little later: there it has surely grown to the price, and the next try ends it
        middle = min(max(middle + exact / 2, early + exact / 2), late - exact / 2)
        worth = delay(middle)
        if worth < price:
            early, low = middle, worth
        else:
            late, high = middle, worth
    return late


def unforeseen(passed: float, age: float = _YOUNGEST) -> float:
    """Return the expected delay where nothing tells about the end.

    :param passed: seconds since it was last seen to run, when it had this age
    """
    return _SPREAD * _sum(passed, age)


def _sum(passed: float, age: float) -> float:
    """Return the expected delay of an end whose chance in a second is one in the age by then.

    It has happened by ``passed`` with a chance of ``1 - age / (age + passed)``; this is the sum of
    that.
    """
    return passed - age * math.log1p(passed / age)
