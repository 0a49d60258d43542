# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for several operations as one: those of an instance are asked about by one list.

It is for a process that waits for a handful and has no poller: a terminal. Operations that one
list call can show (a family) share it; one alone is got by its name. A list that is refused is not
tried again, and its operations are got one by one. However many there are, no more than three
requests a second go out on average, because others use the same quota.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.commands import Answer, Flow, Get, ListOperations, Sleep
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.expected_end import PRICE, ExpectedEnd
from airflow_spanner_lro.core.polling.families import Family, family_of
from airflow_spanner_lro.core.polling.policy import BackOffPolicy, PollPolicy
from airflow_spanner_lro.core.status import ErrorClass, classify, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from airflow_spanner_lro.core.names import OperationName

    OnAnswer = Callable[[OperationName, OperationSnapshot | Exception], None]

REQUESTS_PER_SECOND = 3.0
"""What all waits of one terminal may ask on average; Spanner grants a project five."""
MOST_IN_A_LIST = 20
"""Names in one filter: a longer one is a longer text than some proxies let pass."""
_DEARER_FROM = 60.0
"""As in a wait for one: from this age on a poll is dearer, because no budget counts it here."""


@dataclass(slots=True, eq=False)
class _Awaited:
    """One operation that is waited for."""

    name: OperationName
    end: ExpectedEnd = field(default_factory=lambda: ExpectedEnd(since=0.0))
    answered_at: float = 0.0
    outcome: OperationSnapshot | Exception | None = None
    next_at: float = 0.0


class _Round:
    """What is waited for, and how the answers change that."""

    def __init__(
        self, names: Iterable[OperationName], *, policy: PollPolicy, on_answer: OnAnswer
    ) -> None:
        self.awaited = {name: _Awaited(name) for name in names}
        self.waited = 0.0
        self.now: datetime | None = None
        self.requests = 0
        self._policy = policy
        self._on_answer = on_answer
        self._unlisted: set[Family] = set()
        self._back_off, self._pause = BackOffPolicy(), 0.0

    @property
    def pending(self) -> list[_Awaited]:
        return [each for each in self.awaited.values() if each.outcome is None]

    @property
    def outcomes(self) -> dict[OperationName, OperationSnapshot | Exception]:
        return {each.name: each.outcome for each in self.awaited.values() if each.outcome}

    def groups(self) -> list[tuple[Family, list[OperationName]]]:
        """Return what is due, as it is asked for: the others of a family come along."""
        families: dict[Family, list[_Awaited]] = {}
        for each in self.pending:
            families.setdefault(family_of(each.name), []).append(each)
        groups = []
        for family, members in families.items():
            if all(each.next_at > self.waited for each in members):
                continue
            listed = family.call is not None and family not in self._unlisted
            size = MOST_IN_A_LIST if listed else 1
            names = [each.name for each in members if listed or each.next_at <= self.waited]
            groups += [
                (family, names[first : first + size]) for first in range(0, len(names), size)
            ]
        return groups

    def unlist(self, family: Family) -> None:
        """Get the operations of a family one by one from now on."""
        self._unlisted.add(family)

    def on_answer(self, name: OperationName, answer: Answer) -> None:
        """Take note of what became known of one operation."""
        each = self.awaited[name]
        if isinstance(answer, OperationSnapshot):
            self._on_answer(name, answer)
            self._on_snapshot(each, answer)
        elif isinstance(answer, Exception):
            self._on_answer(name, answer)
            self._on_error(each, answer)

    def _on_snapshot(self, each: _Awaited, snapshot: OperationSnapshot) -> None:
        each.answered_at, self._pause = self.waited, 0.0
        if snapshot.done:
            each.outcome = snapshot
            return
        each.end.on_running(snapshot, at=self.waited, now=self.now)
        price = PRICE * max(each.end.age / _DEARER_FROM, 1.0)
        latest = self.waited + self._policy.maximum
        delay = each.end.worth_polling_at(latest=latest, price=price) - self.waited
        each.next_at = self.waited + self._policy.jittered(delay)

    def _on_error(self, each: _Awaited, exc: Exception) -> None:
        silence = self.waited - each.answered_at
        if self._policy.gives_up(exc, silence=silence):
            each.outcome = exc
            return
        if classify(exc) is ErrorClass.QUOTA:
            self._pause = self._back_off.after(self._pause or None)
            delay = self._back_off.jittered(self._pause)
        else:
            delay = self._policy.pause_after_error(silence)
        each.next_at = self.waited + delay

    def sleep(self) -> float:
        """Return how long to sleep now."""
        due = min(each.next_at for each in self.pending) - self.waited
        least, self.requests = self.requests / REQUESTS_PER_SECOND, 0
        return max(due, least, self._pause)


def wait_for_several(
    *,
    names: Collection[OperationName],
    policy: PollPolicy,
    on_answer: OnAnswer,
    first: bool = False,
) -> Flow[Mapping[OperationName, OperationSnapshot | Exception]]:
    """Poll until all of them are done, or cannot be seen any more; return how each ended.

    Transient errors are waited out, as in a wait for one. Where an operation cannot be asked for at
    all, the error is its outcome, and the others are waited for. A driver's deadline is thrown into
    it, and is raised.

    :param on_answer: is given every snapshot, and every error, with the operation it is about
    :param first: return as soon as one of them has ended
    """
    waits = _Round(names, policy=policy, on_answer=on_answer)
    while True:
        for family, group in waits.groups():
            yield from _ask(waits, family, group)
        outcomes = waits.outcomes
        if not waits.pending or (first and outcomes):
            return outcomes
        delay = waits.sleep()
        now = yield Sleep(delay)
        waits.now = now if isinstance(now, datetime) else None
        waits.waited += delay


def _ask(waits: _Round, family: Family, names: list[OperationName]) -> Flow[None]:
    """Ask for some operations of a family: by one list, where that saves requests."""
    left = names
    if len(names) > 1:
        waits.requests += 1
        listed: Answer = yield ListOperations(family.named(map(str, names)))
        if isinstance(listed, Exception) and is_transient(listed):
            for name in names:
                waits.on_answer(name, listed)
            return
        if isinstance(listed, tuple):
            found = {each.name: each for each in listed if isinstance(each, OperationSnapshot)}
            for name in names:
                waits.on_answer(name, found.get(name))
            # a list may lag behind, or leave out what it may not show
            left = [name for name in names if name not in found]
        else:
            waits.unlist(family)
    for name in left:
        waits.requests += 1
        waits.on_answer(name, (yield Get(name)))
