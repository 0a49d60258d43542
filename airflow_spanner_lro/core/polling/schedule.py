# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operation is polled next, and by which request: the scheduler, without clock or calls.

Each watched operation has a moment at which it is due. A few that are due are got one by one; from
three on a list is cheaper: of those that are named, or of all that are pending, if these are fewer
pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import Pace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.policy import PollPolicy


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


WORTH_A_LIST = 3
"""From so many operations on a list is asked for: it costs one request, but a bigger answer."""
NAMED_AT_ONCE = 50
"""A filter with so many names has some 5,000 characters; how long one may be is not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One question about operations.

    :param way: by a get, a list of some by name, or the list of all that are pending
    :param names: those that it is asked for
    :param urgency: that of the most urgent of them
    """

    way: PollMethod
    names: tuple[str, ...]
    urgency: Urgency


def next_poll(
    watched: Iterable[WatchedOperation],
    *,
    at: float,
    fair: bool,
    pages: int,
    lists: bool,
    by_name: bool,
) -> Poll | None:
    """Return what to ask; None if nothing is due.

    :param watched: the operations of a family
    :param fair: it is the turn of the one who has waited longest
    :param pages: how many pages the list of all that are pending has
    :param lists: whether lists can be asked for
    :param by_name: whether they can be filtered by name
    """
    ripe = sorted(
        (each for each in watched if each.ripe(at)), key=lambda each: each.rank(fair=fair)
    )
    first = next((each for each in ripe if each.due <= at), None)
    if first is None:
        return None
    alone = Poll(way=PollMethod.GET, names=(first.name,), urgency=first.urgency)
    if not lists or first.way is PollMethod.GET:
        return alone
    # whoever cancels wants an answer about that one, and being absent from a list is none
    named = first.way is PollMethod.LIST_NAMED or first.urgency is Urgency.DECIDING
    if named:
        some = [each for each in ripe if each.way is not PollMethod.GET and _strays(each)]
    else:
        some = [each for each in ripe if each.way is PollMethod.LIST_PENDING and not _strays(each)]
    if len(some) < WORTH_A_LIST:
        return alone
    if by_name and (named or -(-len(some) // NAMED_AT_ONCE) < pages):
        names = tuple(each.name for each in some[:NAMED_AT_ONCE])
        return Poll(way=PollMethod.LIST_NAMED, names=names, urgency=first.urgency)
    if named:
        return alone
    # it tells about those as well that are not due yet
    all_ = tuple(each.name for each in watched if not each.asked and not _strays(each))
    return Poll(way=PollMethod.LIST_PENDING, names=all_, urgency=first.urgency)


def _strays(each: WatchedOperation) -> bool:
    """Tell whether the list of all that are pending is of no use for it."""
    return each.way is not PollMethod.LIST_PENDING or each.urgency is Urgency.DECIDING
