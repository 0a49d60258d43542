# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Watch the operations of a project: send the polls they need, and hand each answer to who waits.

When and by which request an operation is polled is decided in ``core/polling``.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.driver import CALL_TIMEOUT
from airflow_spanner_lro.admin.polling.dispatcher import Dispatcher, PendingRequest
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, decode_operation
from airflow_spanner_lro.core.polling.announcements import Announcements
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import Overruns
from airflow_spanner_lro.core.polling.families import Family, family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import WatchedFamily
from airflow_spanner_lro.core.polling.seen import RecentlyEnded
from airflow_spanner_lro.core.polling.watched_operation import PollMethod
from airflow_spanner_lro.core.status import Code, code_of, error_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.driver import AsyncClock, AsyncPagesClient, Observer
    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.polling.budget import Budget
    from airflow_spanner_lro.core.polling.schedule import Poll
    from airflow_spanner_lro.core.polling.seen import Sighting
    from airflow_spanner_lro.core.polling.wake_ups import WakeUp
    from airflow_spanner_lro.core.polling.watched_operation import Listener

log = logging.getLogger(__name__)

_AT_ONCE = 10
"""Polls under way at once: where Spanner is out of reach, each takes ten seconds to find out."""
_LAST_POLL_TIMEOUT = 3.0
"""Seconds for a poll on which a cancel waits."""
_LAST_POLL_WITHIN = 4.0
"""Seconds for a last poll of an operation whose deadline has passed."""
_LONGEST_SLEEP = 3600.0
"""Seconds after which the wall clock is read again: it may have been set meanwhile."""
_DECODED_AT_ONCE = 50
"""Operations of a list that are decoded before the event loop gets its turn."""
_CLOCKS_APART = timedelta(seconds=60)
"""What ended so long before it was last seen to run is listed too: clocks differ."""


class OperationWatcher:
    """The watched operations of one project, and the dispatcher that sends what they need.

    :param clock: the wall clock
    :param budget: of the project
    """

    def __init__(
        self, *, client: AsyncPagesClient, clock: AsyncClock, budget: Budget, telemetry: Telemetry
    ) -> None:
        self.dispatcher = Dispatcher(polls=self, budget=budget, telemetry=telemetry)
        self.clock = clock
        self._client = client
        self._families: dict[Family, WatchedFamily] = {}
        """Kept when nothing is watched any more: what was learned about lists holds on."""
        self._overruns = Overruns()
        self._announcements = Announcements()
        self._ended = RecentlyEnded()
        self._warned: set[tuple[PollMethod, Code | None]] = set()
        self._polls: set[asyncio.Task[None]] = set()
        self._jitter = PollPolicy().jittered

    def subscribe(
        self,
        name: OperationName,
        listener: Listener,
        *,
        policy: PollPolicy | None,
        urgency: Urgency,
    ) -> None:
        """Have an operation polled until the listener has had enough, or unsubscribes.

        :param policy: how often to poll; None for one poll only
        """
        key = family_of(name)
        family = self._families.get(key)
        if family is None:
            family = self._families[key] = WatchedFamily(
                key, overruns=self._overruns, announcements=self._announcements
            )
        family.subscribe(str(name), listener, policy=policy, urgency=urgency, at=_now())
        self.dispatcher.wake(urgency)

    def unsubscribe(self, name: OperationName, listener: Listener) -> None:
        """Let a listener go."""
        if family := self._families.get(family_of(name)):
            family.unsubscribe(str(name), listener, at=_now())
            # the dispatcher may wait for nothing else
            self.dispatcher.wake()

    def poll_now(self, name: OperationName) -> None:
        """Have an operation polled before anything else."""
        if family := self._families.get(family_of(name)):
            family.poll_now(str(name), Urgency.DECIDING, at=_now())
            self.dispatcher.wake(Urgency.DECIDING)

    def wake_up(self, wake_up: WakeUp) -> int:
        """Have the operations polled of which somebody says that they have ended.

        It is a hint and never an outcome. Returns how many operations are watched that it can mean.
        """
        at, woken = _now(), 0
        for name, family in self._meant(wake_up):
            family.wake_up(name, at=at)
            woken += 1
        if woken:
            self.dispatcher.wake()
        return woken

    def wake_ups_lost(self) -> None:
        """Note that nobody can be heard who would say that something has ended."""
        self._announcements.lost()
        self._trust()
        self.dispatcher.wake()

    def _meant(self, wake_up: WakeUp) -> list[tuple[str, WatchedFamily]]:
        """Return what is watched and can be meant."""
        if wake_up.operation is not None:
            # what is not watched is noted as well: its end may have been seen before
            self._announcements.on_announced(str(wake_up.operation), at=_now())
            family = self._families.get(family_of(wake_up.operation))
            name = str(wake_up.operation)
            if family and name in family.watched:
                return [(name, family)]
        told = wake_up.operation.resource if wake_up.operation else wake_up.resource
        within = getattr(told, "instance", None)
        meant = [
            (name, family)
            for family in self._families.values()
            if within is None or within == getattr(family.family.parent, "instance", None)
            for name, each in family.watched.items()
            if wake_up.is_about(OperationName.parse(name), each.kind)
        ]
        for name, _ in meant:
            self._announcements.on_announced(name, at=_now())
        return meant

    def _trust(self) -> None:
        for family in self._families.values():
            family.trust_announcements()

    def seen_running(self, name: OperationName) -> bool:
        """Tell whether an operation was seen to run so recently that it counts as running."""
        family = self._families.get(family_of(name))
        return family is not None and family.seen_running(str(name), at=_now())

    def sightings(self) -> Iterator[Sighting]:
        """Yield what was last seen of operations that are watched, or have ended lately."""
        for family in tuple(self._families.values()):
            for watched in tuple(family.watched.values()):
                if (sighting := watched.sighting) is not None:
                    yield sighting
        yield from self._ended.lately(at=_now())

    @property
    def sighted(self) -> int:
        """How many operations are watched, or have ended lately."""
        watched = sum(len(family.watched) for family in self._families.values())
        return watched + len(self._ended.lately(at=_now()))

    @property
    def empty(self) -> bool:
        """Whether nothing is watched."""
        return not any(family.watched for family in self._families.values())

    @property
    def cancellable(self) -> int:
        """How many operations are watched, each of which may have to be cancelled."""
        return sum(len(family.watched) for family in self._families.values())

    @property
    def _full(self) -> bool:
        return len(self._polls) >= _AT_ONCE

    def next_request(self, *, at: float) -> PendingRequest | float:
        """Return the poll that is worth most; if none is worth a request, when one will be."""
        if self._announcements.check(at=at) or self._announcements.gained():
            self._trust()
        watched = [family for family in self._families.values() if family.watched]
        deciding = [family for family in watched if family.decides]
        if self._full and not deciding:
            # with so many under way their answers decide
            return math.inf
        families = deciding or [family for family in watched if family.due(at) <= at]
        best: tuple[Poll, WatchedFamily] | None = None
        for family in sorted(families, key=lambda each: each.at_most(at), reverse=True):
            if best is not None and family.at_most(at) <= best[0].delay:
                break
            poll = family.next_poll(at=at)
            if poll is not None and (best is None or poll.delay > best[0].delay):
                best = poll, family
        if best is None:
            return min((family.due_after(at) for family in watched), default=math.inf)
        poll, family = best
        return PendingRequest(
            urgency=poll.urgency,
            due=family.due(at),
            send=lambda: self._send(family, poll),
            worth=poll.delay,
        )

    def _send(self, family: WatchedFamily, poll: Poll) -> None:
        family.send(poll)
        send = self._get if poll.method is PollMethod.GET else self._list
        polling = asyncio.ensure_future(send(family, poll))
        self._polls.add(polling)
        polling.add_done_callback(self._polled)

    def fail(self, exc: BaseException) -> None:
        """Let all who listen fail."""
        for family in self._families.values():
            family.fail(exc if isinstance(exc, Exception) else RuntimeError(repr(exc)))

    def _polled(self, polling: asyncio.Task[None]) -> None:
        self._polls.discard(polling)
        if polling.cancelled():
            # by gRPC, when its channel is closed
            self.fail(RuntimeError("A request was cancelled while operations were waited for."))
        elif exc := polling.exception():
            # a bug: whoever waits must not wait for ever
            self.fail(exc)
        self.dispatcher.wake()

    async def _get(self, family: WatchedFamily, poll: Poll) -> None:
        (name,) = poll.names
        operation = OperationName.parse(name)
        answer: OperationSnapshot | Exception
        sent = _now()
        try:
            answer = await self.dispatcher.perform(
                lambda: self._client.get(name=operation, timeout=_timeout(poll))
            )
        except Exception as exc:  # noqa: BLE001  # it is the answer for those who listen
            answer = exc
        method, jitter = PollMethod.GET, self._jitter(1.0)
        self._on_answer(family, name, answer, method=method, jitter=jitter, sent=sent)

    def _on_answer(
        self,
        family: WatchedFamily,
        name: str,
        answer: OperationSnapshot | Exception,
        *,
        method: PollMethod,
        jitter: float,
        sent: float,
    ) -> None:
        at, now = _now(), self.clock.now()
        if isinstance(answer, OperationSnapshot) and answer.done:
            self._ended.note(answer, at=at)
        family.on_answer(name, answer, at=at, now=now, method=method, jitter=jitter, sent=sent)

    async def _list(self, family: WatchedFamily, poll: Poll) -> None:
        by_name = poll.method is PollMethod.LIST_NAMED
        query = self._query(family, poll)
        jitter, since = self._jitter(1.0), _now()
        missing, token, pages = set(poll.names), "", 0
        while True:
            try:
                page = await self.dispatcher.perform(
                    lambda token=token: self._client.operations_page(  # type: ignore[misc]
                        query=query, token=token, timeout=_timeout(poll)
                    )
                )
            except Exception as exc:  # noqa: BLE001  # it is the answer for those who listen
                rest = replace(poll, names=tuple(missing))
                self._list_failed(family, rest, exc, jitter=jitter)
                return
            await self._read(family, poll, page.items, missing, jitter=jitter, sent=since)
            pages, token = pages + 1, page.next_token
            if not token:
                break
            await self.dispatcher.permit(poll.urgency, since=since)
        for name in missing:
            family.not_listed(name, at=_now(), method=poll.method)
        if not by_name:
            family.listed(pages=pages)

    def _query(self, family: WatchedFamily, poll: Poll) -> OperationQuery:
        if poll.method is PollMethod.LIST_NAMED:
            return family.family.named(poll.names)
        if not poll.shows_ended:
            return family.family.pending
        back = timedelta(seconds=family.ended_since(at=_now()))
        since = self.clock.now() - back - _CLOCKS_APART
        return family.family.pending_or_ended(since)

    async def _read(
        self,
        family: WatchedFamily,
        poll: Poll,
        operations: tuple[Operation, ...],
        missing: set[str],
        *,
        jitter: float,
        sent: float,
    ) -> None:
        """Hand on what a page of a list tells about those that are watched."""
        read = 0
        for operation in operations:
            name = operation.name
            if name not in family.watched:
                continue
            missing.discard(name)
            answer: OperationSnapshot | Exception
            try:
                answer = decode_operation(operation)
            except Exception as exc:  # noqa: BLE001  # metadata of one that nobody else waits for
                answer = exc
            self._on_answer(family, name, answer, method=poll.method, jitter=jitter, sent=sent)
            read += 1
            if read % _DECODED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _list_failed(
        self, family: WatchedFamily, poll: Poll, exc: Exception, *, jitter: float
    ) -> None:
        given_up = family.list_failed(poll, exc, at=_now(), now=self.clock.now(), jitter=jitter)
        why = (poll.method, code_of(exc))
        # a permission that is missing for one instance is missing for most, as a rule
        if given_up and why not in self._warned:
            self._warned.add(why)
            log.warning(
                "Operations cannot be listed%s (%s), so they are polled one by one, which takes "
                "more requests of the same budget; further instances are not reported. %s",
                " by name" if poll.method is PollMethod.LIST_NAMED else "",
                error_text(exc),
                family.family.parent,
            )


class OperationWait:
    """Listens to an operation until it is done, and gives up after a last poll at a deadline.

    The deadline is a time on the wall clock, watched with a timer of the event loop and with no
    task: thousands wait with a deadline, and a task would be half of what each costs.

    :param on_snapshot: is given every answer
    """

    __slots__ = ("_context", "_last", "_name", "_on_snapshot", "_timer", "_watcher", "end")

    def __init__(
        self, name: OperationName, *, watcher: OperationWatcher, on_snapshot: Observer | None
    ) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()
        self._name = name
        self._watcher = watcher
        self._on_snapshot = on_snapshot
        # Airflow finds out by the context in which task's log a line belongs
        self._context = copy_context()
        self._timer: asyncio.TimerHandle | None = None
        self._last = False

    def on_answer(self, answer: OperationSnapshot | Exception, *, permanent: bool) -> bool:
        """Go on listening, unless this is the end or an error that does not pass."""
        if self._on_snapshot:
            try:
                self._context.run(self._on_snapshot, answer)
            except Exception as exc:  # noqa: BLE001  # a bug of this listener, and of no other
                _settle(self.end, exc)
        done = isinstance(answer, OperationSnapshot) and answer.done
        if done or permanent:
            _settle(self.end, answer)
        elif self._last:
            _settle(self.end, DeadlinePassedError())
        return self.end.done()

    def end_by(self, deadline: datetime) -> None:
        """Give up at a deadline."""
        left = (deadline - self._watcher.clock.now()).total_seconds()
        if left > 0:
            self._call_in(min(left, _LONGEST_SLEEP), lambda: self.end_by(deadline))
            return
        self._last = True
        self._watcher.poll_now(self._name)
        self._call_in(_LAST_POLL_WITHIN, lambda: _settle(self.end, DeadlinePassedError()))

    def close(self) -> None:
        """Forget the deadline: the wait is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _call_in(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, then)


class FirstAnswer:
    """Listens for one answer, whatever it is."""

    __slots__ = ("end",)

    def __init__(self) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()

    def on_answer(self, answer: OperationSnapshot | Exception, *, permanent: bool) -> bool:  # noqa: ARG002
        """Take the answer."""
        _settle(self.end, answer)
        return True


def _settle(end: asyncio.Future[OperationSnapshot], answer: OperationSnapshot | Exception) -> None:
    if end.done():
        return
    if isinstance(answer, Exception):
        end.set_exception(answer)
    else:
        end.set_result(answer)


def _timeout(poll: Poll) -> float:
    return _LAST_POLL_TIMEOUT if poll.urgency is Urgency.DECIDING else CALL_TIMEOUT


def _now() -> float:
    return asyncio.get_running_loop().time()
