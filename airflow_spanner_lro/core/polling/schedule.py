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
    """How an operation is polled; each method is dearer than the one before, and surer."""

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
        "asked",
        "due",
        "interval",
        "listeners",
        "method",
        "misses",
        "name",
        "pace",
        "running_at",
        "silent_since",
        "since",
        "urgency",
    )

    def __init__(self, *, name: str, policy: PollPolicy, at: float) -> None:
        self.name = name
        self.since = at
        self.pace = Pace(policy=policy, since=at)
        self.due = at
        self.interval = 0.0
        self.urgency = Urgency.USUAL
        self.method = PollMethod.LIST_PENDING
        self.misses = 0
        self.asked = False
        """A poll that will tell about it is under way."""
        self.silent_since: float | None = None
        self.running_at: float | None = None
        """When it was last seen to run."""
        self.listeners: list[Listener] = []

    def rank(self, *, fair: bool) -> tuple[int, float]:
        """Return where it stands among others; the lowest is polled first."""
        return self.urgency.rank(due=self.due, fair=fair)

    def nearly_due(self, at: float) -> bool:
        """Tell whether it is due so soon that it may as well be polled now."""
        return not self.asked and self.due - self.interval / 4 <= at

    def poll_now(self, urgency: Urgency, *, at: float) -> None:
        """Have it polled now."""
        self.due = min(self.due, at)
        self.urgency = min(self.urgency, urgency)
        if urgency is Urgency.DECIDING:
            # a list may be under way for long: its later pages wait for their permits
            self.asked = False

    def not_listed(self, *, at: float) -> None:
        """Note that a list has not shown it: it has ended, or that list does not show it."""
        self.asked = False
        self.misses += self.method is PollMethod.LIST_PENDING
        self.method = PollMethod(min(self.method + 1, PollMethod.GET))
        self.due, self.urgency = at, min(self.urgency, Urgency.ENDING)

    def on_answer(
        self, answer: OperationSnapshot | Exception, *, at: float, now: datetime, jitter: float = 1
    ) -> None:
        """Hand an answer to the listeners, and decide when to poll again.

        :param jitter: factor for the interval
        """
        self.asked = False
        permanent = False
        if isinstance(answer, Exception):
            if self.silent_since is None:
                self.silent_since = at
            silence = at - self.silent_since
            permanent = self.pace.policy.gives_up(answer, silence=silence)
        else:
            self.silent_since = None
            self.running_at = None if answer.done else at
            self.pace.on_snapshot(answer, at=at, now=now)
        # a listener may bring others, whose first answer is that of the next poll
        listeners, self.listeners = self.listeners, []
        self.listeners += [
            each for each in listeners if not each.on_answer(answer, permanent=permanent)
        ]
        self.interval = self.pace.interval(at=at)
        self.due = at + self.interval * jitter
        self.urgency = Urgency.ENDING if self.pace.ending(at=at) else Urgency.USUAL

    def seen_running(self, *, among_pending: bool) -> None:
        """Note by which method it can be polled, after it was seen to run."""
        if among_pending:
            self.misses = 0
        if self.misses < _MISSED_TWICE:
            self.method = PollMethod.LIST_PENDING
        elif self.method is not PollMethod.GET:
            self.method = PollMethod.LIST_NAMED


WORTH_A_LIST = 3
"""From so many operations on a list is asked for: it costs one request, but a bigger answer."""
NAMED_AT_ONCE = 50
"""A filter with so many names has some 5,000 characters; how long one may be is not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One request about operations.

    :param method: by a get, a list of some by name, or the list of all that are pending
    :param names: those that it is asked for
    :param urgency: that of the most urgent of them
    """

    method: PollMethod
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
    nearly_due = sorted(
        (each for each in watched if each.nearly_due(at)), key=lambda each: each.rank(fair=fair)
    )
    first = next((each for each in nearly_due if each.due <= at), None)
    if first is None:
        return None
    alone = Poll(method=PollMethod.GET, names=(first.name,), urgency=first.urgency)
    if not lists or first.method is PollMethod.GET:
        return alone
    # whoever cancels wants an answer about that one, and being absent from a list is none
    named = first.method is PollMethod.LIST_NAMED or first.urgency is Urgency.DECIDING
    if named:
        some = [each for each in nearly_due if each.method is not PollMethod.GET and _strays(each)]
    else:
        some = [
            each
            for each in nearly_due
            if each.method is PollMethod.LIST_PENDING and not _strays(each)
        ]
    if len(some) < WORTH_A_LIST:
        return alone
    if by_name and (named or -(-len(some) // NAMED_AT_ONCE) < pages):
        names = tuple(each.name for each in some[:NAMED_AT_ONCE])
        return Poll(method=PollMethod.LIST_NAMED, names=names, urgency=first.urgency)
    if named:
        return alone
    # it tells about those as well that are not due yet
    all_ = tuple(each.name for each in watched if not each.asked and not _strays(each))
    return Poll(method=PollMethod.LIST_PENDING, names=all_, urgency=first.urgency)


def _strays(each: WatchedOperation) -> bool:
    """Tell whether the list of all that are pending is of no use for it."""
    return each.method is not PollMethod.LIST_PENDING or each.urgency is Urgency.DECIDING
