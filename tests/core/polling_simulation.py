# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many operations, a budget and a service that answers at once, in virtual time."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from google.api_core.exceptions import ResourceExhausted

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.budget import Budget, Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE
from airflow_spanner_lro.core.polling.families import family_of
from airflow_spanner_lro.core.polling.schedule import WatchedFamily
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .sample_values import DENIED, after, snapshot
from .watched_operations import POLICY, Recorder, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.polling.policy import PollPolicy
    from airflow_spanner_lro.core.polling.schedule import Poll

_GROWS = 1.0
QUOTA = ResourceExhausted("too many administrative requests")


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """An operation, and when it was polled.

    :param age: how old it is when the wait begins
    :param ends: when it ends
    :param percent: how far it says it is, all the time
    :param policy: how often it is to be polled
    """

    name: OperationName
    age: float = 0.0
    ends: float = math.inf
    percent: int | None = None
    policy: PollPolicy = POLICY
    polls: list[float] = field(default_factory=list)
    recorder: Recorder = field(default_factory=Recorder)

    @property
    def gaps(self) -> list[float]:
        """The time from each poll to the next; without the first two, when all came at once."""
        return [later - one for one, later in pairwise(self.polls[2:])]

    @property
    def mean_gap(self) -> float:
        """How long it is from one poll to the next."""
        return mean(self.gaps)


def members(count: int, *, groups: int, ages: Iterable[float]) -> list[Member]:
    """Return operations spread evenly over instances, of these ages."""
    return [
        Member(name=numbered(number, instance=f"main-{number % groups}"), age=age)
        for number, age in zip(range(count), ages, strict=False)
    ]


class Crowd:
    """Polls all of them within a budget, from 0 on.

    :param busy: to how many requests a second the budget may rise
    :param lists: whether the service has the permission to list
    :param refuses: from when to when the service refuses every request
    """

    def __init__(
        self,
        members: Iterable[Member],
        *,
        rate: float = 1,
        busy: float | None = None,
        lists: bool = True,
        refuses: tuple[float, float] = (math.inf, math.inf),
    ) -> None:
        self.members = {str(member.name): member for member in members}
        self.requests: list[tuple[float, PollMethod]] = []
        self._budget = Budget(rate=rate, busy=busy)
        self._lists = lists
        self._refuses = refuses
        self._groups: dict[str, WatchedFamily] = {}
        self._dice = random.Random(6)  # noqa: S311  # the same each time
        self._at = 0.0
        self._most_urgent = Urgency.USUAL
        for name, member in self.members.items():
            family = family_of(member.name)
            group = self._groups.setdefault(str(family.parent), WatchedFamily(family))
            group.subscribe(
                name, member.recorder, policy=member.policy, urgency=Urgency.USUAL, at=0
            )

    @property
    def mean_gap(self) -> float:
        """How long it is from one poll of an operation to the next."""
        return mean(member.mean_gap for member in self.members.values())

    def run(self, *, until: float) -> None:
        """Let time pass."""
        while self._at < until:
            # what goes next is chosen when something may go: it is what most of the time is for
            if delay := self._budget.delay(self._most_urgent, at=self._at):
                self._at = min(until, self._at + min(delay, _GROWS))
                continue
            best = self._best()
            if best is None:
                due = (group.due_after(self._at) for group in self._groups.values())
                self._at = min(until, *due)
                continue
            poll, group = best
            if delay := self._budget.delay(poll.urgency, at=self._at, worth=poll.delay):
                # what a poll is worth grows meanwhile, and others may be worth more
                self._at = min(until, self._at + min(delay, _GROWS))
                continue
            self._budget.take(poll.urgency, at=self._at, late=poll.delay >= 2 * PRICE)
            group.send(poll)
            self.requests.append((self._at, poll.method))
            self._answer(group, poll)

    def _best(self) -> tuple[Poll, WatchedFamily] | None:
        offers = [
            (poll, group)
            for group in self._groups.values()
            if group.due(self._at) <= self._at and (poll := group.next_poll(at=self._at))
        ]
        return max(offers, key=lambda offer: offer[0].delay, default=None)

    def poll_now(self, member: Member) -> None:
        """Have an operation polled because of a cancel."""
        group = self._groups[str(family_of(member.name).parent)]
        self._most_urgent = Urgency.DECIDING
        group.poll_now(str(member.name), Urgency.DECIDING, at=self._at)

    def _answer(self, group: WatchedFamily, poll: Poll) -> None:
        at, now, jitter = self._at, after(self._at), self._dice.uniform(0.9, 1.1)
        refused = self._refuses[0] <= at < self._refuses[1]
        if refused:
            self._budget.refuse(at=at)
        else:
            self._budget.accept(at=at)
        if poll.method is not PollMethod.GET and (refused or not self._lists):
            exc = QUOTA if refused else DENIED
            group.list_failed(poll, exc, at=at, now=now, jitter=jitter)
            return
        for name in poll.names:
            member = self.members[name]
            done = member.ends <= at
            if not refused:
                member.polls.append(at)
            if done and poll.method is PollMethod.LIST_PENDING:
                group.not_listed(name, at=at, method=poll.method)
                continue
            seen = snapshot(
                OperationState.SUCCEEDED if done else OperationState.RUNNING,
                name=member.name,
                percent=member.percent,
                start_time=after(0) - timedelta(seconds=member.age),
            )
            answer = QUOTA if refused else seen
            group.on_answer(name, answer, at=at, now=now, method=poll.method, jitter=jitter)
