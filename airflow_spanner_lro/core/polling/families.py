# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Families: the operations that one list request shows together, and those of them we watch.

A family is what an instance has of one type of resource: all its databases, or all its backups.
What one operation is answered, an error most of all, reaches those who listen to that operation and
nobody else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.lists.listing import LIST_CALLS
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import (
    InstanceConfigName,
    InstanceName,
    OperationName,
    ProjectName,
    ResourceName,
)
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import PollMethod, WatchedOperation, next_poll
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.budget import Urgency
    from airflow_spanner_lro.core.polling.schedule import Listener, Poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Operations that are listed together.

    :param parent: where they are listed
    :param call: the call that lists them; None if there is none
    """

    parent: ResourceName
    call: ListCall | None

    @property
    def pending(self) -> OperationQuery:
        """Lists those that are not done."""
        return OperationQuery(call=self._call, parent=self.parent, pending=True)

    def named(self, names: Iterable[str]) -> OperationQuery:
        """Return the query that lists these, done or not."""
        wanted = " OR ".join(f'(name="{name}")' for name in names)
        return OperationQuery(call=self._call, parent=self.parent, filter_=wanted)

    @property
    def _call(self) -> ListCall:
        if self.call is None:
            message = f"no call lists the operations of {self.parent}"
            raise ValueError(message)
        return self.call


@lru_cache(maxsize=10_000)
def _within(project: str, instance: str, call: ListCall) -> Family:
    # thousands of operations have the same
    return Family(parent=InstanceName(project=project, instance=instance), call=call)


def family_of(name: OperationName) -> Family:
    """Return the family of an operation."""
    resource = name.resource
    if isinstance(resource, InstanceName):
        # the instance itself, or something in it
        return _within(resource.project, resource.instance, LIST_CALLS[type(resource)])
    if type(resource) is InstanceConfigName:
        return Family(parent=ProjectName(project=resource.project), call=ListCall.OF_CONFIGS)
    # the caches of a configuration: no client library has a call for them
    return Family(parent=resource, call=None)


_ONCE = PollPolicy()
FRESH = 10.0
"""Seconds for which an operation counts as running that was seen to run. Airflow gives the triggers
of a triggerer to another one after thirty seconds of silence, and only then may somebody else have
seen the end meanwhile."""
LISTS_AGAIN = 3600.0
"""Seconds after which a list that was refused is tried again: permissions change."""


class WatchedFamily:
    """The watched operations of a family."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self._watched: dict[str, WatchedOperation] = {}
        self._left: dict[str, float] = {}
        """When those were last seen to run that nobody listens to any more, as they left."""
        self._pages = 1
        self._no_lists_until = math.inf if family.call is None else -math.inf
        self._by_name = True
        self._due: float | None = math.inf

    def __len__(self) -> int:
        return len(self._watched)

    def __contains__(self, name: str) -> bool:
        return name in self._watched

    @property
    def due(self) -> float:
        """When there is something to ask next; infinite if never."""
        if self._due is None:
            waiting = (each.due for each in self._watched.values() if not each.asked)
            self._due = min(waiting, default=math.inf)
        return self._due

    def next_due(self, *, at: float, fair: bool = False) -> WatchedOperation | None:
        """Return who goes first of what is due; None if nothing is.

        :param fair: it is the turn of the one who has waited longest
        """
        if self.due > at:
            return None
        waiting = self._watched.values()
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
        watched = self._watched.get(name)
        if watched is None:
            watched = WatchedOperation(name=name, policy=policy or _ONCE, at=at)
            if policy is None:
                # it may be done, and a list of what is pending would only say that it is not there
                watched.method = PollMethod.LIST_NAMED
            self._watched[name] = watched
        elif policy and policy.maximum < watched.pace.policy.maximum:
            watched.pace.policy = policy
        watched.listeners.append(listener)
        watched.poll_now(urgency, at=at)
        self._changed()

    def unsubscribe(self, name: str, listener: Listener, *, at: float) -> None:
        """Let a listener go."""
        if (watched := self._watched.get(name)) and listener in watched.listeners:
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
        watched = self._watched.get(name)
        seen = watched.running_at if watched else None
        if seen is None:
            seen = self._left.get(name)
        return seen is not None and seen + FRESH >= at

    def poll_now(self, name: str, urgency: Urgency, *, at: float) -> None:
        """Have an operation polled now."""
        if watched := self._watched.get(name):
            watched.poll_now(urgency, at=at)
            self._changed()

    def next_poll(self, *, at: float, fair: bool = False) -> Poll | None:
        """Return what to ask now, and count it as asked; None if nothing is due.

        :param fair: it is the turn of the one who has waited longest
        """
        poll = next_poll(
            self._watched.values(),
            at=at,
            fair=fair,
            pages=self._pages,
            lists=at >= self._no_lists_until,
            by_name=self._by_name,
        )
        if poll is not None:
            for name in poll.names:
                self._watched[name].asked = True
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
        watched = self._watched.get(name)
        if watched is None or sent < watched.since:
            return
        watched.on_answer(answer, at=at, now=now, jitter=jitter)
        if not isinstance(answer, Exception):
            self._left.pop(name, None)
            watched.seen_running(among_pending=method is PollMethod.LIST_PENDING)
        self._let_go(watched)

    def not_listed(self, name: str, *, at: float) -> None:
        """Note that a list did not show an operation that it was asked for."""
        if watched := self._watched.get(name):
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
            if watched := self._watched.get(name):
                watched.asked = False
        self._changed()
        return not known

    def fail(self, exc: Exception) -> None:
        """Let all who listen fail: nothing more will be asked."""
        watched, self._watched = self._watched, {}
        self._changed()
        for each in watched.values():
            for listener in each.listeners:
                listener.on_answer(exc, permanent=True)

    def _let_go(self, watched: WatchedOperation) -> None:
        if not watched.listeners:
            self._watched.pop(watched.name, None)
        self._changed()

    def _forget(self, *, at: float) -> None:
        while self._left:
            first = next(iter(self._left))
            if self._left[first] + FRESH >= at:
                break
            del self._left[first]

    def _changed(self) -> None:
        self._due = None
