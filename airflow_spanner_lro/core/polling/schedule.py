# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which poll is worth most: the scheduler of a family's requests, without clock or calls.

Each watched operation knows the delay it is expected to cost not to poll it. One request can tell
about many: a list by name about fifty, the list of all that are pending about all of a family. So a
request is worth what all it tells about are worth together, and the one that is worth most is sent
next. Where the budget has requests to spare it is sent as soon as it is worth ``PRICE``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.polling.announcements import Announcements
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE, Overruns, first_time
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.watched_operation import PollMethod, WatchedOperation
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.families import Family
    from airflow_spanner_lro.core.polling.watched_operation import Listener

WORTH_A_LIST = 2
"""From so many operations on a list is asked for: it costs one request, but a bigger answer."""
WORTH_ALL_PENDING = 3
"""The same where the list is of all that are pending, and tells nothing about those that ended."""
NAMED_AT_ONCE = 50
"""A filter with so many names has some 5,000 characters; how long one may be is not documented."""
FRESH = 10.0
"""Seconds for which an operation counts as running that was seen to run. Airflow gives the triggers
of a triggerer to another one after thirty seconds of silence, and only then may somebody else have
seen the end meanwhile."""
LISTS_AGAIN = 3600.0
"""Seconds after which a list that was refused is tried again: permissions change."""
_ONCE = PollPolicy()
_SOON = 0.01
_HORIZON = 10.0
"""Seconds for which a bound of what a family is worth holds."""

Weighed = tuple[float, WatchedOperation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One request about operations.

    :param method: by a get, a list of some by name, or the list of all that are pending
    :param names: those that it is asked for
    :param urgency: that of the most urgent of them
    :param delay: the expected delay in seconds that it ends, for each request it takes
    :param shows_ended: a list of pending ones that is to show those as well that have just ended
    """

    method: PollMethod
    names: tuple[str, ...]
    urgency: Urgency
    delay: float = 0.0
    shows_ended: bool = False


class WatchedFamily:
    """The watched operations of a family.

    ``watched`` holds them by name, for as long as somebody listens.

    :param overruns: how much longer than foretold operations take; of this family by default
    :param announcements: whether ends are announced; of this family by default
    """

    def __init__(
        self,
        family: Family,
        *,
        overruns: Overruns | None = None,
        announcements: Announcements | None = None,
    ) -> None:
        self.family = family
        self.watched: dict[str, WatchedOperation] = {}
        self._overruns = overruns or Overruns()
        self._announcements = announcements or Announcements()
        self._left: dict[str, float] = {}
        """When those were last seen to run that nobody listens to any more, as they left."""
        self._pages = 1
        self._no_lists_until = math.inf if family.call is None else -math.inf
        self._by_name = True
        self._shows_ended = family.can_show_ended
        self._deciding: set[str] = set()
        self._due: float | None = math.inf
        # what it is worth at two moments; in between it is less than on the line between them
        self._bound: tuple[float, float, float, float] | None = None
        # what it was last found to be worth, and when: several ask at one moment
        self._weighed: tuple[float, float] | None = None

    @property
    def decides(self) -> bool:
        """Whether somebody who cancels waits for an answer that is not on its way."""
        if not self._deciding:
            return False
        found = {name: self.watched.get(name) for name in self._deciding}
        self._deciding = {
            name for name, each in found.items() if each and each.urgency is Urgency.DECIDING
        }
        return any(not self.watched[name].asked for name in self._deciding)

    def due(self, at: float) -> float:
        """Return when there is something worth asking; in the past if there is, infinite if never.

        :param at: the time
        """
        if self._due is None:
            self._due = self._next_due(at)
        return self._due

    def due_after(self, at: float) -> float:
        """Return when to look again, although nothing is worth asking now: later than now."""
        due = self.due(at)
        if due <= at:
            # it was worth asking at the end of an interval that rounding has cut short
            self._due = None
            due = max(self.due(at), at + _SOON)
        return due

    def at_most(self, at: float) -> float:
        """Return a bound of what its next poll is worth: cheap, where ``next_poll`` is not."""
        if self._bound is None or not self._bound[0] <= at <= self._bound[2]:
            jumps = (
                moment
                for each in self.watched.values()
                for moment in (each.paused_until, each.changes_at)
                if moment > at
            )
            late = min(at + _HORIZON, min(jumps, default=math.inf))
            self._bound = at, self._delay(at), late, self._delay(late)
        early, least, late, most = self._bound
        return least + (most - least) * (at - early) / (late - early)

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
        elif policy and policy.maximum < watched.policy.maximum:
            watched.policy = policy
        watched.listeners.append(listener)
        self.poll_now(name, urgency, at=at)

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
            if urgency is Urgency.DECIDING:
                self._deciding.add(name)
            self._changed()

    def wake_up(self, name: str, *, at: float) -> None:
        """Note that somebody says an operation has ended: a hint, and no outcome."""
        if watched := self.watched.get(name):
            watched.wake_up(at=at)
            self._changed()

    def next_poll(self, *, at: float) -> Poll | None:
        """Return the request that is worth most; None if none is worth one."""
        poll = next_poll(
            self.watched.values(),
            at=at,
            pages=self._pages,
            lists=at >= self._no_lists_until,
            by_name=self._by_name,
        )
        if poll and poll.method is PollMethod.LIST_PENDING and self._shows_ended:
            return replace(poll, shows_ended=True)
        return poll

    def send(self, poll: Poll) -> None:
        """Note that a poll is sent."""
        for name in poll.names:
            self.watched[name].asked = True
        self._changed()

    def ended_since(self, *, at: float) -> float:
        """Return for how many seconds back a list is to show those that have ended."""
        last = (each.end.polled_at for each in self.watched.values())
        return at - min(last, default=at)

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
        missed = watched.method > PollMethod.LIST_PENDING and watched.misses > 0
        watched.on_answer(answer, at=at, now=now, jitter=jitter, overruns=self._overruns)
        if not isinstance(answer, Exception):
            self._left.pop(name, None)
            if missed and not answer.done and method is not PollMethod.LIST_PENDING:
                # a filter that hides what runs is not used again
                self._shows_ended = False
            watched.seen_running(among_pending=method is PollMethod.LIST_PENDING)
            watched.announced = self._announcements.trusted(answer.kind)
            if answer.done:
                self._announcements.on_end(name, answer.kind, at=at)
        self._let_go(watched)

    def trust_announcements(self) -> None:
        """Poll those for safety only whose ends are announced, and all others as ever."""
        for watched in self.watched.values():
            watched.announced = self._announcements.trusted(watched.kind)
        self._changed()

    def not_listed(self, name: str, *, at: float, method: PollMethod) -> None:
        """Note that a list did not show an operation that it was asked for."""
        if watched := self.watched.get(name):
            watched.not_listed(at=at, by=method)
            self._changed()

    def listed(self, *, pages: int) -> None:
        """Note how many pages the list of all that are pending has."""
        self._pages = pages
        self._changed()

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
        if code_of(exc) is not Code.INVALID_ARGUMENT:
            known, self._no_lists_until = at < self._no_lists_until, at + LISTS_AGAIN
        elif poll.method is PollMethod.LIST_NAMED:
            known, self._by_name = not self._by_name, False
        elif poll.shows_ended:
            # asked again without those that have ended, as it is documented
            known, self._shows_ended = True, False
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

    def _delay(self, at: float) -> float:
        if self._weighed is None or self._weighed[0] != at:
            poll = self._best(at)
            self._weighed = at, 0.0 if poll is None else poll[0]
        return self._weighed[1]

    def _best(self, at: float) -> tuple[float, PollMethod, list[Weighed]] | None:
        return _best(
            self.watched.values(),
            at=at,
            pages=self._pages,
            lists=at >= self._no_lists_until,
            by_name=self._by_name,
        )

    def _next_due(self, at: float) -> float:
        waiting = [each for each in self.watched.values() if not each.asked]
        if not waiting:
            return math.inf
        wanted = min(max(each.wanted_since, each.paused_until) for each in waiting)
        if wanted <= at:
            return wanted
        if self._delay(at) >= PRICE:
            return at
        # at the end of a longest interval rounding may be in the way
        latest = min(wanted, *(max(each.changes_at, at + _SOON) for each in waiting))
        return first_time(self._delay, PRICE, after=at, latest=latest)

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
        self._due = self._bound = self._weighed = None


def next_poll(
    watched: Iterable[WatchedOperation], *, at: float, pages: int, lists: bool, by_name: bool
) -> Poll | None:
    """Return the request that is worth most; None if none is worth one.

    :param watched: the operations of a family
    :param pages: how many pages the list of all that are pending has
    :param lists: whether lists can be asked for
    :param by_name: whether they can be filtered by name
    """
    watched = [each for each in watched if not each.asked]
    deciding = [each for each in watched if each.urgency is Urgency.DECIDING]
    if deciding:
        # whoever cancels wants an answer about that one, and being absent from a list is none
        deciding.sort(key=lambda each: each.wanted_since)
        listed = [each for each in deciding if each.method is not PollMethod.GET]
        if not (lists and by_name and len(listed) >= WORTH_A_LIST):
            # those that no list shows would be asked about for ever
            listed = deciding[:1]
        some = listed[:NAMED_AT_ONCE]
        method = PollMethod.LIST_NAMED if len(some) > 1 else PollMethod.GET
        names = tuple(each.name for each in some)
        return Poll(method=method, names=names, urgency=Urgency.DECIDING, delay=math.inf)
    best = _best(watched, at=at, pages=pages, lists=lists, by_name=by_name)
    if best is None or best[0] < PRICE:
        return None
    delay, method, members = best
    return Poll(
        method=method,
        names=tuple(each.name for _, each in members),
        urgency=min(each.urgency for _, each in members),
        delay=delay,
    )


def _best(
    watched: Iterable[WatchedOperation], *, at: float, pages: int, lists: bool, by_name: bool
) -> tuple[float, PollMethod, list[Weighed]] | None:
    """Return the request that is worth most: its worth, its method, and those it is for."""
    pending: list[Weighed] = []
    named: list[Weighed] = []
    alone: list[Weighed] = []
    for each in watched:
        if not each.asked:
            by = each.method if lists else PollMethod.GET
            (pending, named, alone)[by].append((each.delay(at), each))
    if by_name and len(pending) + len(named) <= NAMED_AT_ONCE:
        # a list by name tells of those that have ended as well
        pending, named = [], pending + named
    options = []
    if len(named) >= WORTH_A_LIST and by_name:
        options.append((PollMethod.LIST_NAMED, _most(named, NAMED_AT_ONCE), 1))
    else:
        alone += named
    if by_name and -(-len(pending) // NAMED_AT_ONCE) < pages:
        options.append((PollMethod.LIST_NAMED, _most(pending, NAMED_AT_ONCE), 1))
    elif len(pending) >= max(WORTH_ALL_PENDING, pages):
        options.append((PollMethod.LIST_PENDING, pending, pages))
    else:
        alone += pending
    if alone:
        options.append((PollMethod.GET, [max(alone, key=_WEIGHT)], 1))
    weighed = [
        (sum(weight for weight, _ in members) / requests, method, members)
        for method, members, requests in options
        if members
    ]
    return max(weighed, key=_WEIGHT, default=None)


_WEIGHT = itemgetter(0)


def _most(weighed: list[Weighed], count: int) -> list[Weighed]:
    if len(weighed) <= count:
        return weighed
    return sorted(weighed, key=_WEIGHT, reverse=True)[:count]
