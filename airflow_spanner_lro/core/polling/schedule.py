# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operation is polled next, and by which request: the scheduler, without clock or calls.

Each watched operation has a moment at which it is due. A few of a family that are due are got one
by one; from three on a list is cheaper: of those that are named, or of all that are pending, if
these are fewer pages. What one operation is answered, an error most of all, reaches those who
listen to that operation and nobody else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import Pace, PollPolicy
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.families import Family

WORTH_A_LIST = 3
"""From so many operations on a list is asked for: it costs one request, but a bigger answer."""
NAMED_AT_ONCE = 50
"""A filter with so many names has some 5,000 characters; how long one may be is not documented."""
FRESH = 10.0
"""Seconds for which an operation counts as running that was seen to run. Airflow gives the triggers
of a triggerer to another one after thirty seconds of silence, and only then may somebody else have
seen the end meanwhile."""
LISTS_AGAIN = 3600.0
"""Seconds after which a list that was refused is tried again: permissions change."""
_ONCE = PollPolicy()
_MISSED_TWICE = 2


class PollMethod(IntEnum):
    """How an operation is polled; each method is dearer than the one before, and surer."""

    LIST_PENDING = 0
    """By the list of all that are pending: not to be on it means to have ended."""
    LIST_NAMED = 1
    """By a list of some that are named."""
    GET = 2
    """By a get."""


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


class WatchedFamily:
    """The watched operations of a family.

    ``watched`` holds them by name, for as long as somebody listens.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self.watched: dict[str, WatchedOperation] = {}
        self._left: dict[str, float] = {}
        """When those were last seen to run that nobody listens to any more, as they left."""
        self._pages = 1
        self._no_lists_until = math.inf if family.call is None else -math.inf
        self._by_name = True
        self._due: float | None = math.inf

    @property
    def due(self) -> float:
        """When there is something to ask next; infinite if never."""
        if self._due is None:
            waiting = (each.due for each in self.watched.values() if not each.asked)
            self._due = min(waiting, default=math.inf)
        return self._due

    def next_due(self, *, at: float, fair: bool = False) -> WatchedOperation | None:
        """Return who goes first of what is due; None if nothing is.

        :param fair: it is the turn of the one who has waited longest
        """
        if self.due > at:
            return None
        waiting = self.watched.values()
        due = (each for each in waiting if not each.asked and each.due <= at)
        return min(due, key=lambda each: each.rank(fair=fair), default=None)

    def subscribe(
        self,
        name: str,
        listener: Listener,
        *,
        policy: PollPolicy | None,
        urgency: Urgency,
        at: float,
    ) -> None:
        """Have an operation polled now, and from now on for as long as the listener wants.

        :param policy: how often; None for one poll only
        """
        watched = self.watched.get(name)
        if watched is None:
            watched = WatchedOperation(name=name, policy=policy or _ONCE, at=at)
            if policy is None:
                # it may be done, and a list of what is pending would only say that it is not there
                watched.method = PollMethod.LIST_NAMED
            self.watched[name] = watched
        elif policy and policy.maximum < watched.pace.policy.maximum:
            watched.pace.policy = policy
        watched.listeners.append(listener)
        watched.poll_now(urgency, at=at)
        self._changed()

    def unsubscribe(self, name: str, listener: Listener, *, at: float) -> None:
        """Let a listener go."""
        if (watched := self.watched.get(name)) and listener in watched.listeners:
            watched.listeners.remove(listener)
            if not watched.listeners and watched.running_at is not None:
                # a kill ends the wait first, and asks afterwards
                self._left.pop(name, None)
                self._left[name] = watched.running_at
                self._forget(at=at)
            self._let_go(watched)

    def seen_running(self, name: str, *, at: float) -> bool:
        """Tell whether an operation was seen to run so recently that it counts as running."""
        self._forget(at=at)
        watched = self.watched.get(name)
        seen = watched.running_at if watched else None
        if seen is None:
            seen = self._left.get(name)
        return seen is not None and seen + FRESH >= at

    def poll_now(self, name: str, urgency: Urgency, *, at: float) -> None:
        """Have an operation polled now."""
        if watched := self.watched.get(name):
            watched.poll_now(urgency, at=at)
            self._changed()

    def next_poll(self, *, at: float, fair: bool = False) -> Poll | None:
        """Return what to ask now, and count it as asked; None if nothing is due.

        :param fair: it is the turn of the one who has waited longest
        """
        poll = next_poll(
            self.watched.values(),
            at=at,
            fair=fair,
            pages=self._pages,
            lists=at >= self._no_lists_until,
            by_name=self._by_name,
        )
        if poll is not None:
            for name in poll.names:
                self.watched[name].asked = True
            self._changed()
        return poll

    def on_answer(
        self,
        name: str,
        answer: OperationSnapshot | Exception,
        *,
        at: float,
        now: datetime,
        method: PollMethod,
        jitter: float = 1,
        sent: float = math.inf,
    ) -> None:
        """Hand the answer about one operation to those who listen.

        :param method: by which it came
        :param sent: when the poll was sent; who came later wants to know what is so since then
        """
        watched = self.watched.get(name)
        if watched is None or sent < watched.since:
            return
        watched.on_answer(answer, at=at, now=now, jitter=jitter)
        if not isinstance(answer, Exception):
            self._left.pop(name, None)
            watched.seen_running(among_pending=method is PollMethod.LIST_PENDING)
        self._let_go(watched)

    def not_listed(self, name: str, *, at: float) -> None:
        """Note that a list did not show an operation that it was asked for."""
        if watched := self.watched.get(name):
            watched.not_listed(at=at)
            self._changed()

    def listed(self, *, pages: int) -> None:
        """Note how many pages the list of all that are pending has."""
        self._pages = pages

    def list_failed(
        self, poll: Poll, exc: Exception, *, at: float, now: datetime, jitter: float
    ) -> bool:
        """Note that a list was answered by an error; return whether lists are given up with this.

        A transient error is the answer for all that the list was for. With any other, a missing
        permission for example, these are polled one by one instead.
        """
        if is_transient(exc):
            for name in poll.names:
                self.on_answer(name, exc, at=at, now=now, method=poll.method, jitter=jitter)
            return False
        # several lists may have been under way
        if poll.method is PollMethod.LIST_NAMED and code_of(exc) is Code.INVALID_ARGUMENT:
            known, self._by_name = not self._by_name, False
        else:
            known, self._no_lists_until = at < self._no_lists_until, at + LISTS_AGAIN
        for name in poll.names:
            if watched := self.watched.get(name):
                watched.asked = False
        self._changed()
        return not known

    def fail(self, exc: Exception) -> None:
        """Let all who listen fail: nothing more will be asked."""
        watched, self.watched = self.watched, {}
        self._changed()
        for each in watched.values():
            for listener in each.listeners:
                listener.on_answer(exc, permanent=True)

    def _let_go(self, watched: WatchedOperation) -> None:
        if not watched.listeners:
            self.watched.pop(watched.name, None)
        self._changed()

    def _forget(self, *, at: float) -> None:
        while self._left:
            first = next(iter(self._left))
            if self._left[first] + FRESH >= at:
                break
            del self._left[first]

    def _changed(self) -> None:
        self._due = None


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
