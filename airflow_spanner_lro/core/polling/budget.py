# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How many requests may be sent, when the next, and which: a budget that rises while it is short.

Spanner counts five a second, on average over a hundred seconds; so five hundred may go at once.
Polls and all else have a budget that is a part of it: in no hundred seconds are there more of them
than its rate allows, and most of them are spaced out evenly. Cancels are not counted against it.
They go at once as long as all requests together stay within Spanner's limit, and never wait for a
poll. So that they always can, a budget rises only as far as to leave a request for each operation
that is waited for, of three hundred: all of them may be killed in one stroke.

When fewer requests may be sent than are wanted, the more urgent one goes first, but each third
request goes to the one who has waited longest, so nobody starves. Only cancels, and polls that a
cancel waits for, always go first: an operation that nobody wants costs money, and a kill has half a
minute.

Source: the quota page (administrative requests). Time is in seconds on an axis that goes forward.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol
from weakref import WeakKeyDictionary

from airflow_spanner_lro.core.errors import InvalidArgumentError

FAIR_EACH = 3
"""Each request of that number is for the one who has waited longest."""


class Urgency(IntEnum):
    """How urgent a request is; less is more urgent."""

    CANCEL = 0
    """It cancels an operation. It has an allowance of its own, and gives way to nobody."""
    DECIDING = 1
    """It polls an operation so that somebody can decide whether to cancel it."""
    ENDING = 2
    """It polls an operation that is about to end, or that seems to have ended."""
    USUAL = 3

    def rank(self, *, due: float, fair: bool) -> tuple[int, float]:
        """Return where a request stands among others; the lowest goes first.

        :param due: since when it is wanted
        :param fair: it is the turn of the one who has waited longest
        """
        return (min(self, Urgency.ENDING) if fair else self), due


OVER = 100.0
"""Seconds over which Spanner averages."""
_SLACK = 1.01
"""Requests do not all take equally long on their way, and their receiver must not see more."""
SPAN = OVER * _SLACK
"""Seconds within which requests are counted together."""
SPANNER_RATE = 5.0
"""Requests a second that Spanner takes of a project, on average over a hundred seconds."""
_PACED = 0.94
"""The part of a budget that is spaced out; polls that a cancel waits for have the rest at once."""
_BURST = 5.0
"""Seconds of pace that may be saved up while nothing is to be asked."""
SAVED_FOR = 0.8
"""Seconds of expected delay from which on a poll may have all that is saved up."""
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0
STROKE = 300
"""Cancels that go out within seconds, whatever was polled before."""
_CANCELS_AGAIN = 1.0
"""Seconds between attempts to cancel something although the service refuses requests."""
_RISES = 1.05
_FALLS = 0.98
"""Factors for the rate with each request that is late, and each that is not."""
_CALM = 600.0
_CALM_LONGEST = 3600.0
"""Seconds without a rise after a refusal; twice as long each time it comes again soon."""
_LOOK_AGAIN = 1.0
_ROUNDING = 1e-6
_LEAST_RATE = 0.001
"""A share may be nothing for a moment; a pace of nothing would be for ever."""


class RateLease(Protocol):
    """Tells which part of an installation's requests this process may send."""

    def rate(self, *, wanted: float, at: float) -> float | None:
        """Return how many a second it may send now; None if that is not known.

        :param wanted: how many it could make use of
        """


class Budget:
    """The requests to one project, as many as the service takes without complaint.

    It begins at ``rate``. While polls go out late for want of requests, it rises to ``busy``; when
    they are in time again it falls, and when the service refuses a request it falls at once, and
    stays down for ten minutes, for longer if it is refused again. In no hundred seconds are there
    more requests than the rates of these hundred seconds allow.

    :param rate: requests per second that are no cancels, on average over a hundred seconds; more
        than 0
    :param busy: to how many they may rise; None for no more
    :param lease: shares them with other processes; without one that answers, ``rate`` is all
    """

    def __init__(
        self, *, rate: float, busy: float | None = None, lease: RateLease | None = None
    ) -> None:
        if not (0 < rate < math.inf):
            raise InvalidArgumentError(
                field="max_admin_requests_per_second",
                value=rate,
                rule="it is a number of requests per second, more than 0",
            )
        self._least, self._busy = rate, max(rate, busy or rate)
        self._wanted = rate
        self._lease = lease
        self.rate = rate
        """Requests per second that may be sent now."""
        self.capacity = max(1, int(rate * OVER + _ROUNDING))
        # whoever sets a higher rate has been given a higher quota
        hard = max(int(SPANNER_RATE * OVER), int(self._busy * OVER), self.capacity)
        self._all = RequestWindow(room=hard, span=SPAN)
        self._cancellable: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._kept = 0
        self._kept_at = -math.inf
        # a rate below one in a hundred seconds takes a longer time to average over
        span = max(OVER, self.capacity / rate) * _SLACK
        self._polls = RequestWindow(room=self.capacity, span=span)
        # since when the rate is what; one that shares begins with nothing saved up
        self._rates: deque[tuple[float, float]] = deque()
        self._new = lease is not None
        # what was saved up is spent within the same time, and must not use up the rest
        self._part = _PACED * OVER / (OVER * _SLACK + _BURST)
        self._saved = 1.0 if self._new else self._burst
        self._saved_at: float | None = None
        self._pause = 0.0
        self._paused_until = -math.inf
        self._refused_at = -math.inf
        self._calm = _CALM
        self._calm_until = -math.inf
        self._asked_at = -math.inf

    @property
    def _pace(self) -> float:
        # at a rate below one in a hundred seconds the span is longer
        return self._part * self.rate

    @property
    def _burst(self) -> float:
        return max(1.0, self._pace * _BURST)

    def sent_lately(self, *, at: float, within: float = 60.0) -> float:
        """Return the requests a second that were sent of late, cancels among them.

        :param within: over so many seconds, a hundred at most
        """
        number = 0
        for sent in reversed(self._all.sent):
            if sent <= at - within:
                break
            number += 1
        return number / within

    def keep_for_cancels(self, number: int, *, of: object, at: float) -> None:
        """Leave as many requests for cancels as there are operations that may have to be cancelled.

        They are left for as long as Spanner counts, since whoever cancels waits no longer.

        :param number: how many there are now
        :param of: who says so; several may, and each speaks of other operations
        """
        self._cancellable[of] = number
        together = min(sum(self._cancellable.values()), STROKE)
        if together >= self._kept or at - self._kept_at >= SPAN:
            self._kept, self._kept_at = together, at

    @property
    def _most(self) -> float:
        """To how much it may rise now."""
        return max(self._least, min(self._busy, (self._all.room - self._kept) / OVER))

    def delay(self, urgency: Urgency, *, at: float, worth: float = math.inf) -> float:
        """Return for how many seconds a request has to wait; 0 if it may be sent now.

        :param worth: the expected delay in seconds that it ends; one that ends little leaves what
            is saved up for those that end more
        """
        self._adjust(at)
        room = self._all.until_room(at)
        if urgency is Urgency.CANCEL:
            return max(0.0, room, self._refused_at + _CANCELS_AGAIN - at)
        room = max(room, self._until_room(at))
        if urgency is Urgency.DECIDING:
            return max(0.0, room, self._refused_at + _CANCELS_AGAIN - at)
        spared = max(1.0 - worth / SAVED_FOR, 0.0) * (self._burst - 1.0)
        missing = 1.0 + spared - self._savings(at)
        # a hair more, so that rounding does not make the caller come a moment too early
        evenly = missing / self._pace + 1e-6 if missing > 0 else 0.0
        if self._lease is not None:
            # a share that is small now may be larger in a moment
            evenly = min(evenly, _LOOK_AGAIN)
        return max(0.0, room, evenly, self._paused_until - at)

    def take(self, urgency: Urgency, *, at: float, late: bool = False) -> None:
        """Count a request that is sent now.

        :param late: it would have been sent before if there had been more requests
        """
        self._all.sent.append(at)
        if urgency is Urgency.CANCEL:
            return
        self._polls.sent.append(at)
        if urgency is Urgency.DECIDING:
            # kills come in strokes, and there is half a minute for all of them
            if at >= self._calm_until:
                self._wanted = self._most
            return
        self._saved = max(0.0, self._savings(at) - 1.0)
        self._saved_at = at
        if not late:
            self._wanted = max(self._least, self._wanted * _FALLS)
        elif at >= self._calm_until:
            self._wanted = min(self._most, self._wanted * _RISES)

    def refuse(self, *, at: float) -> None:
        """Pause: the service has refused a request for lack of quota."""
        self._refused_at = at
        if self._wanted > self._least:
            # it had risen, and that was too much; if it was before, wait longer this time
            again = at < self._calm_until + self._calm
            self._calm = min(self._calm * 2, _CALM_LONGEST) if again else _CALM
        self._calm_until = at + self._calm
        self._wanted = self._least
        self._adjust(at)
        # of several that were under way at once, the first one counts
        if at >= self._paused_until:
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._paused_until = at + self._pause
        # one request finds out whether it is over; nothing is saved up meanwhile
        self._saved, self._saved_at = 1.0, max(at, self._paused_until)

    def accept(self, *, at: float) -> None:
        """Go on as usual: the service has answered a request."""
        if at >= self._paused_until:
            self._pause = 0.0

    def _adjust(self, at: float) -> None:
        """Use the rate that is allowed from now on."""
        rate = self._wanted = min(self._wanted, self._most)
        asked_at, self._asked_at = self._asked_at, at
        if self._lease is not None:
            leased = self._lease.rate(wanted=self._wanted, at=at)
            # what is granted may have been wanted before a refusal
            rate = self._least if leased is None else max(min(leased, self._wanted), _LEAST_RATE)
        if rate == self.rate and self._rates:
            return
        # what was saved up until now was saved at the rate until now
        self._saved, self._saved_at = self._savings(at), at
        # a share may have shrunk at any moment since it was asked for last
        fell = self._lease is not None and bool(self._rates) and rate < self.rate
        self.rate = rate
        self._saved = min(self._saved, self._burst)
        self._rates.append((asked_at if fell else at, self.rate))

    def _until_room(self, at: float) -> float:
        """Return the seconds until one more is within what the rates of the last time allow."""
        since = at - self._polls.span
        while len(self._rates) > 1 and self._rates[1][0] <= since:
            self._rates.popleft()
        if len(self._rates) == 1 and (not self._new or self._rates[0][0] <= since):
            # the same rate all the time
            self._polls.room = max(1, int(self.rate * self._polls.span / _SLACK + _ROUNDING))
            return self._polls.until_room(at)
        allowed = 0.0
        ends = at
        for begins, rate in reversed(self._rates):
            allowed += rate * (ends - max(begins, since))
            ends = begins
        if not self._new and ends > since:
            # before the first change it was that of the beginning
            allowed += self._least * (ends - since)
        self._polls.room = max(1, int(allowed / _SLACK + _ROUNDING))
        return min(self._polls.until_room(at), _LOOK_AGAIN)

    def _savings(self, at: float) -> float:
        since = at if self._saved_at is None else self._saved_at
        return min(self._burst, self._saved + max(at - since, 0.0) * self._pace)


@dataclass(slots=True, kw_only=True)
class RequestWindow:
    """Requests that count together.

    :param room: how many there may be
    :param span: within so many seconds
    """

    room: int
    span: float
    sent: deque[float] = field(default_factory=deque)

    def left(self, at: float) -> int:
        """Return for how many more there is room."""
        while self.sent and self.sent[0] + self.span <= at:
            self.sent.popleft()
        return self.room - len(self.sent)

    def until_room(self, at: float) -> float:
        """Return the seconds until there is room for one more; 0 or less if there is."""
        if self.left(at) > 0:
            return 0.0
        # the one that has to leave first
        return self.sent[len(self.sent) - self.room] + self.span - at
