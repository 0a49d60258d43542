# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation that is watched: who is told what, how it can be polled, and what a poll is worth.

What an operation is answered, an error most of all, reaches those who listen to it and nobody else.
Times are in seconds, on an axis that only goes forward.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import (
    PRICE,
    ExpectedEnd,
    unforeseen,
)
from airflow_spanner_lro.core.polling.seen import Facts, Sighting

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.expected_end import Overruns
    from airflow_spanner_lro.core.polling.policy import PollPolicy

SAFETY_NET = 8.0
"""How many times as long as else the longest interval is where ends are announced."""
_KNOWN = 0.8
"""Seconds that the end of one is worth from the first moment that seems to have ended."""
_ASKED_FOR = 10.0
"""How much more a second counts for somebody who cancels, and waits for this answer."""
_MISSED_TWICE = 2
_VAIN_HINTS = 3
"""Wake-ups in vain after which an operation is not polled more often because of another."""


class PollMethod(IntEnum):
    """How an operation is polled; each method is surer than the one before."""

    LIST_PENDING = 0
    """By the list of all that are pending: not to be on it means to have ended."""
    LIST_NAMED = 1
    """By a list of some that are named."""
    GET = 2
    """By a get."""


class Listener(Protocol):
    """Somebody who waits for answers about an operation."""

    def on_answer(self, answer: OperationSnapshot | Exception, *, permanent: bool) -> bool:
        """Take an answer; return whether that was all this listener wanted.

        :param permanent: the error is no passing trouble, or has lasted too long for that
        """


class WatchedOperation:
    """An operation that somebody listens to.

    :param name: its full name
    :param policy: how often to poll
    :param at: when the first listener came
    """

    __slots__ = (
        "_paused_until",
        "_unnamed",
        "_vain",
        "_wanted_since",
        "_weight",
        "_woken",
        "announced",
        "asked",
        "changed_at",
        "end",
        "kind",
        "listeners",
        "method",
        "misses",
        "name",
        "policy",
        "running_at",
        "seen",
        "seen_at",
        "silent_since",
        "since",
        "urgency",
    )

    def __init__(self, *, name: str, policy: PollPolicy, at: float) -> None:
        self.name = name
        self.since = at
        self.policy = policy
        self.end = ExpectedEnd(since=at)
        self.kind: OperationKind | None = None
        self.urgency = Urgency.USUAL
        self.method = PollMethod.LIST_PENDING
        self.misses = 0
        self.asked = False
        """A poll that will tell about it is under way."""
        self.announced = False
        """Ends of its kind are announced, so it is polled for safety only."""
        self.silent_since: float | None = None
        self.running_at: float | None = None
        """When it was last seen to run."""
        self.seen: Facts | None = None
        """As it was seen last."""
        self.seen_at = self.changed_at = at
        """When that was; when it was seen to be otherwise than before."""
        self.listeners: list[Listener] = []
        # since when an answer is known to be worth having: it is new, or seems to have ended
        self._wanted_since: float | None = at
        self._weight = 1.0
        self._paused_until = -math.inf
        # how often a list that named it has not shown it
        self._unnamed = 0
        self._vain = 0
        # since the poll was sent that is under way
        self._woken = False

    @property
    def longest(self) -> float:
        """The longest interval between two polls."""
        return self.policy.maximum * (SAFETY_NET if self._only_for_safety else 1.0)

    @property
    def changes_at(self) -> float:
        """When its delay jumps: until then it only grows, faster and faster."""
        return max(self._paused_until, self.end.polled_at + self.longest)

    @property
    def wanted_since(self) -> float:
        """Since when an answer is known to be worth having; infinite if that is only expected."""
        return math.inf if self._wanted_since is None else self._wanted_since

    @property
    def paused_until(self) -> float:
        """Until when it is not polled, because of trouble."""
        return self._paused_until

    @property
    def sighting(self) -> Sighting | None:
        """As it was seen last; None if it was not."""
        if self.seen is None:
            return None
        return Sighting(
            name=self.name,
            facts=self.seen,
            seen_at=self.seen_at,
            changed_at=self.changed_at,
            end=self.end,
        )

    def delay(self, at: float) -> float:
        """Return the expected delay of an end that a poll at this time would notice.

        It is ``PRICE`` at least where a poll is due whatever else is asked; 0 where one is on its
        way.
        """
        if self.asked or at < self._paused_until:
            return 0.0
        if self._wanted_since is not None:
            passed = max(at - self._wanted_since, 0.0)
            new = self.running_at is None and not self.misses and self._weight == 1.0
            return PRICE + unforeseen(passed) if new else _KNOWN + self._weight * passed
        end = self.end
        # asked thousands of times a second; this is _only_for_safety
        delay = 0.0 if self.announced and not end.hinted else end.delay(at)
        if delay >= PRICE or at - end.polled_at < self.longest:
            return delay
        return PRICE

    @property
    def _only_for_safety(self) -> bool:
        # one that was announced too early, or by somebody else, is not announced again
        return self.announced and not self.end.hinted

    def poll_now(self, urgency: Urgency, *, at: float) -> None:
        """Have it polled now."""
        self._wanted_since = min(self.wanted_since, at)
        self._paused_until = -math.inf
        self.urgency = min(self.urgency, urgency)
        if urgency <= Urgency.ENDING:
            self._weight = _ASKED_FOR
        if urgency is Urgency.DECIDING:
            # a list may be under way for long: its later pages wait for their permits
            self.asked = False

    def wake_up(self, *, at: float) -> None:
        """Note that somebody says it has ended, which may be late, said twice, or forged."""
        if self._vain >= _VAIN_HINTS:
            return
        if self.asked:
            # that poll may tell what was so before the end
            self._woken = True
            return
        self._wanted_since = min(self.wanted_since, at)
        self.end.hint(at=at)

    def not_listed(self, *, at: float, by: PollMethod) -> None:
        """Note that a list has not shown it: it has ended, or that list does not show it."""
        self.asked = False
        self.misses += by is PollMethod.LIST_PENDING
        self._unnamed += by is PollMethod.LIST_NAMED
        self.method = PollMethod(min(max(by, self.method) + 1, PollMethod.GET))
        self._wanted_since = min(self.wanted_since, at)
        self.urgency = min(self.urgency, Urgency.ENDING)

    def on_answer(
        self,
        answer: OperationSnapshot | Exception,
        *,
        at: float,
        now: datetime,
        overruns: Overruns,
        jitter: float = 1,
    ) -> None:
        """Hand an answer to the listeners, and learn what the next poll is worth.

        :param overruns: how much longer than foretold operations took, and learns from this one
        :param jitter: factor for the pause after an error
        """
        self.asked = False
        woken, self._woken = self._woken, False
        permanent = False
        if isinstance(answer, Exception):
            if self.silent_since is None:
                self.silent_since = at
            silence = at - self.silent_since
            permanent = self.policy.gives_up(answer, silence=silence)
            self._paused_until = at + self.policy.pause_after_error(silence) * jitter
        else:
            facts = Facts.of(answer)
            if facts != self.seen:
                self.seen, self.changed_at = facts, at
            self.seen_at = at
            self.silent_since = None
            self.running_at = None if answer.done else at
            self.kind = answer.kind
            if answer.done:
                self._learn(answer, at=at, now=now, overruns=overruns)
            else:
                self._vain += self._wanted_since is not None and self.end.hinted
                self._wanted_since = None
                self.end.on_running(answer, at=at, now=now, overrun=overruns.of(answer.kind))
        if woken:
            self.wake_up(at=at)
        self.urgency, self._weight = Urgency.USUAL, 1.0
        # a listener may bring others, whose first answer is that of the next poll
        listeners, self.listeners = self.listeners, []
        self.listeners += [
            each for each in listeners if not each.on_answer(answer, permanent=permanent)
        ]

    def seen_running(self, *, among_pending: bool) -> None:
        """Note by which method it can be polled, after it was seen to run."""
        if among_pending:
            self.misses = self._unnamed = 0
        if self._unnamed >= _MISSED_TWICE:
            self.method = PollMethod.GET
        elif self.misses < _MISSED_TWICE:
            self.method = PollMethod.LIST_PENDING
        elif self.method is not PollMethod.GET:
            self.method = PollMethod.LIST_NAMED

    def _learn(
        self, end: OperationSnapshot, *, at: float, now: datetime, overruns: Overruns
    ) -> None:
        ended = at
        if end.end_time is not None:
            ended -= max((now - end.end_time).total_seconds(), 0.0)
        if end.succeeded and (ratio := self.end.overrun(ended=ended)) is not None:
            overruns.note(end.kind, ratio)
