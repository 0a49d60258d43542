# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation that is watched: when it is due, who wants to hear of it, what the answers mean."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.flows.pace import Pace
from airflow_spanner_lro.core.polling.urgency import Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_MISSED_TWICE = 2


class PollMethod(IntEnum):
    """How an operation is looked at; each way is dearer than the one before, and surer."""

    LIST_PENDING = 0
    """By the list of all that are pending: not to be on it means to have ended."""
    LIST_NAMED = 1
    """By a list of some that are named."""
    GET = 2
    """By a get."""


class Listener(Protocol):
    """Somebody who wants to hear of an operation."""

    def hear(self, answer: OperationSnapshot | Exception, *, lasting: bool) -> bool:
        """Hear an answer; return whether that was all this listener wanted.

        :param lasting: the error is no passing trouble, or has lasted too long for that
        """


class WatchedOperation:
    """An operation that somebody listens to.

    :param name: its full name
    :param policy: how often to look
    :param at: when the first listener came
    """

    __slots__ = (
        "asked",
        "due",
        "interval",
        "listeners",
        "misses",
        "name",
        "pace",
        "running_at",
        "silent_since",
        "since",
        "urgency",
        "way",
    )

    def __init__(self, *, name: str, policy: PollPolicy, at: float) -> None:
        self.name = name
        self.since = at
        self.pace = Pace(policy=policy, since=at)
        self.due = at
        self.interval = 0.0
        self.urgency = Urgency.USUAL
        self.way = PollMethod.LIST_PENDING
        self.misses = 0
        self.asked = False
        """A request that will tell about it is under way."""
        self.silent_since: float | None = None
        self.running_at: float | None = None
        """When it was last seen to run."""
        self.listeners: list[Listener] = []

    def rank(self, *, fair: bool) -> tuple[int, float]:
        """Return where it stands among others; the lowest is asked about first."""
        return self.urgency.rank(due=self.due, fair=fair)

    def ripe(self, at: float) -> bool:
        """Tell whether it is due so soon that it may as well be asked about now."""
        return not self.asked and self.due - self.interval / 4 <= at

    def hurry(self, urgency: Urgency, *, at: float) -> None:
        """Have it looked at now."""
        self.due = min(self.due, at)
        self.urgency = min(self.urgency, urgency)
        if urgency is Urgency.DECIDING:
            # a list may be under way for long: its later pages wait for their turn
            self.asked = False

    def missed(self, *, at: float) -> None:
        """Hear that a list has not shown it: it has ended, or that list does not show it."""
        self.asked = False
        self.misses += self.way is PollMethod.LIST_PENDING
        self.way = PollMethod(min(self.way + 1, PollMethod.GET))
        self.due, self.urgency = at, min(self.urgency, Urgency.ENDING)

    def hear(
        self, answer: OperationSnapshot | Exception, *, at: float, now: datetime, jitter: float = 1
    ) -> None:
        """Tell the listeners, and decide when to look again.

        :param jitter: factor for the interval
        """
        self.asked = False
        lasting = False
        if isinstance(answer, Exception):
            if self.silent_since is None:
                self.silent_since = at
            silence = at - self.silent_since
            lasting = self.pace.policy.gives_up(answer, silence=silence)
        else:
            self.silent_since = None
            self.running_at = None if answer.done else at
            self.pace.heard(answer, at=at, now=now)
        # whoever is told may bring others, who are to hear of the next look
        told, self.listeners = self.listeners, []
        self.listeners += [each for each in told if not each.hear(answer, lasting=lasting)]
        self.interval = self.pace.interval(at=at)
        self.due = at + self.interval * jitter
        self.urgency = Urgency.ENDING if self.pace.ending(at=at) else Urgency.USUAL

    def seen_running(self, *, among_pending: bool) -> None:
        """Note by which way it can be looked at, after it was seen to run."""
        if among_pending:
            self.misses = 0
        if self.misses < _MISSED_TWICE:
            self.way = PollMethod.LIST_PENDING
        elif self.way is not PollMethod.GET:
            self.way = PollMethod.LIST_NAMED
