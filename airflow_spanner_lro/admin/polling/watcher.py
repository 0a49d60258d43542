# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Watch operations: send the polls that each family wants, and hand the answers to who waits."""

from __future__ import annotations

import asyncio
import logging
import math
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.driver import CALL_TIMEOUT
from airflow_spanner_lro.admin.polling.dispatcher import PendingRequest
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, decode_operation
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.families import Family, WatchedFamily, family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import PollMethod
from airflow_spanner_lro.core.status import Code, code_of, error_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.driver import AsyncClock, AsyncPagesClient, Observer
    from airflow_spanner_lro.admin.polling.dispatcher import Dispatcher, RequestQueue
    from airflow_spanner_lro.core.polling.schedule import Listener, Poll


class FirstAnswer:
    """Hears one answer, whatever it is."""

    __slots__ = ("end",)

    def __init__(self) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()

    def hear(self, answer: OperationSnapshot | Exception, *, lasting: bool) -> bool:  # noqa: ARG002
        """Take the answer."""
        _settle(self.end, answer)
        return True


class UntilDone:
    """Hears of an operation until it is done.

    :param observe: is told everything that is heard
    """

    __slots__ = ("_context", "_last", "_observe", "end")

    def __init__(self, observe: Observer | None) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()
        self._observe = observe
        # Airflow finds out by the context in which task's log a line belongs
        self._context = copy_context()
        self._last = False

    def give_up_after_next(self) -> None:
        """Take the next answer for the last: the deadline has passed."""
        self._last = True

    def fail(self, exc: Exception) -> None:
        """End the wait with an error, if it has not ended."""
        _settle(self.end, exc)

    def hear(self, answer: OperationSnapshot | Exception, *, lasting: bool) -> bool:
        """Go on listening, unless this is the end or an error that does not pass."""
        if self._observe:
            try:
                self._context.run(self._observe, answer)
            except Exception as exc:  # noqa: BLE001  # a bug of this listener, and of no other
                _settle(self.end, exc)
        done = isinstance(answer, OperationSnapshot) and answer.done
        if done or lasting:
            _settle(self.end, answer)
        elif self._last:
            _settle(self.end, DeadlinePassedError())
        return self.end.done()


def _settle(end: asyncio.Future[OperationSnapshot], answer: OperationSnapshot | Exception) -> None:
    if end.done():
        return
    if isinstance(answer, Exception):
        end.set_exception(answer)
    else:
        end.set_result(answer)


log = logging.getLogger(__name__)

_AT_ONCE = 10
"""Where Spanner is out of reach, each question takes ten seconds to find that out."""
_LAST_POLL_TIMEOUT = 3.0
"""Seconds for a question on which a cancel waits."""
_DECODED_AT_ONCE = 50
"""Operations of a list that are decoded before the event loop gets its turn."""


class OperationWatcher:
    """The watched operations of one gate.

    :param calls: where the later pages of a list wait for their turn
    :param clock: the wall clock
    """

    def __init__(
        self, *, client: AsyncPagesClient, clock: AsyncClock, gate: Dispatcher, calls: RequestQueue
    ) -> None:
        self._client = client
        self._clock = clock
        self._gate = gate
        self._calls = calls
        self._groups: dict[Family, WatchedFamily] = {}
        """Kept when nothing is watched any more: what was learned about lists holds on."""
        self._told: set[tuple[PollMethod, Code | None]] = set()
        self._rounds: set[asyncio.Task[None]] = set()
        self._jitter = PollPolicy().jittered

    @property
    def due(self) -> float:
        """When the next look is due; infinite while it depends on answers."""
        if self._full:
            return math.inf
        return min((group.due for group in self._groups.values()), default=math.inf)

    @property
    def empty(self) -> bool:
        """Whether nothing is watched."""
        return not any(self._groups.values())

    @property
    def _full(self) -> bool:
        return len(self._rounds) >= _AT_ONCE

    def listen(
        self,
        name: OperationName,
        listener: Listener,
        *,
        policy: PollPolicy | None,
        urgency: Urgency,
    ) -> None:
        """Tell a listener about an operation until it has heard enough, or leaves.

        :param policy: how often to look; None for one look only
        """
        family = family_of(name)
        group = self._groups.get(family)
        if group is None:
            group = self._groups[family] = WatchedFamily(family)
        group.listen(str(name), listener, policy=policy, urgency=urgency, at=_now())
        self._gate.wake(urgency)

    def leave(self, name: OperationName, listener: Listener) -> None:
        """Let a listener go."""
        if group := self._groups.get(family_of(name)):
            group.leave(str(name), listener, at=_now())
            # the gate may wait for nothing else
            self._gate.wake()

    def hurry(self, name: OperationName) -> None:
        """Have an operation looked at before anything else."""
        if group := self._groups.get(family_of(name)):
            group.hurry(str(name), Urgency.DECIDING, at=_now())
            self._gate.wake(Urgency.DECIDING)

    def seen_running(self, name: OperationName) -> bool:
        """Tell whether an operation was seen to run so recently that it counts as running."""
        group = self._groups.get(family_of(name))
        return group is not None and group.seen_running(str(name), at=_now())

    def offer(self, *, at: float, fair: bool) -> PendingRequest | None:
        """Return the look that goes first; None if none is due."""
        firsts = [
            (first, group)
            for group in self._groups.values()
            if (first := group.first(at=at, fair=fair))
            and (first.urgency is Urgency.DECIDING or not self._full)
        ]
        if not firsts:
            return None
        first, group = min(firsts, key=lambda each: each[0].rank(fair=fair))

        def go() -> None:
            if poll := group.next_poll(at=at, fair=fair):
                asking = asyncio.ensure_future(self._ask(group, poll))
                self._rounds.add(asking)
                asking.add_done_callback(self._over)

        return PendingRequest(urgency=first.urgency, due=first.due, go=go)

    def fail(self, exc: BaseException) -> None:
        """Let all who listen fail."""
        for group in self._groups.values():
            group.fail(exc if isinstance(exc, Exception) else RuntimeError(repr(exc)))

    def _over(self, asking: asyncio.Task[None]) -> None:
        self._rounds.discard(asking)
        if asking.cancelled():
            # by gRPC, when its channel is closed
            self.fail(RuntimeError("A request was cancelled while operations were waited for."))
        elif exc := asking.exception():
            # a bug: whoever waits must not wait for ever
            self.fail(exc)
        self._gate.wake()

    async def _ask(self, group: WatchedFamily, poll: Poll) -> None:
        if poll.way is PollMethod.GET:
            await self._get(group, poll)
        else:
            await self._list(group, poll)

    async def _get(self, group: WatchedFamily, poll: Poll) -> None:
        (name,) = poll.names
        operation = OperationName.parse(name)
        answer: OperationSnapshot | Exception
        sent = _now()
        try:
            answer = await self._calls.made(
                lambda: self._client.get(name=operation, timeout=_timeout(poll))
            )
        except Exception as exc:  # noqa: BLE001  # it is the answer for those who listen
            answer = exc
        self._hear(group, name, answer, way=PollMethod.GET, jitter=self._jitter(1.0), sent=sent)

    async def _list(self, group: WatchedFamily, poll: Poll) -> None:
        by_name = poll.way is PollMethod.LIST_NAMED
        query = group.family.named(poll.names) if by_name else group.family.pending
        jitter, since = self._jitter(1.0), _now()
        missing, token, pages = set(poll.names), "", 0
        while True:
            try:
                page = await self._calls.made(
                    lambda token=token: self._client.operations_page(  # type: ignore[misc]
                        query=query, token=token, timeout=_timeout(poll)
                    )
                )
            except Exception as exc:  # noqa: BLE001  # it is the answer for those who listen
                rest = replace(poll, names=tuple(missing))
                self._list_failed(group, rest, exc, jitter=jitter)
                return
            await self._read(group, page.items, missing, way=poll.way, jitter=jitter, sent=since)
            pages, token = pages + 1, page.next_token
            if not token:
                break
            await self._calls.turn(poll.urgency, since=since)
        for name in missing:
            group.not_listed(name, at=_now())
        if not by_name:
            group.listed(pages=pages)

    async def _read(
        self,
        group: WatchedFamily,
        operations: tuple[Operation, ...],
        missing: set[str],
        *,
        way: PollMethod,
        jitter: float,
        sent: float,
    ) -> None:
        """Hand on what a page of a list tells about those that are watched."""
        read = 0
        for operation in operations:
            name = operation.name
            if name not in group:
                continue
            missing.discard(name)
            answer: OperationSnapshot | Exception
            try:
                answer = decode_operation(operation)
            except Exception as exc:  # noqa: BLE001  # metadata of one that nobody else waits for
                answer = exc
            self._hear(group, name, answer, way=way, jitter=jitter, sent=sent)
            read += 1
            if read % _DECODED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _hear(
        self,
        group: WatchedFamily,
        name: str,
        answer: OperationSnapshot | Exception,
        *,
        way: PollMethod,
        jitter: float,
        sent: float,
    ) -> None:
        group.hear(
            name, answer, at=_now(), now=self._clock.now(), way=way, jitter=jitter, sent=sent
        )

    def _list_failed(
        self, group: WatchedFamily, poll: Poll, exc: Exception, *, jitter: float
    ) -> None:
        failed = group.list_failed(poll, exc, at=_now(), now=self._clock.now(), jitter=jitter)
        why = (poll.way, code_of(exc))
        # a permission that is missing for one instance is missing for most, as a rule
        if failed and why not in self._told:
            self._told.add(why)
            log.warning(
                "Operations of %s cannot be listed%s (%s); they are asked about one by one, "
                "which takes more requests of the same budget. The same is not said of others.",
                group.family.parent,
                " by name" if poll.way is PollMethod.LIST_NAMED else "",
                error_text(exc),
            )


def _timeout(poll: Poll) -> float:
    return _LAST_POLL_TIMEOUT if poll.urgency is Urgency.DECIDING else CALL_TIMEOUT


def _now() -> float:
    return asyncio.get_running_loop().time()


_LAST_POLL_WITHIN = 4.0
"""Seconds for a last look at an operation whose deadline has passed."""
_LONGEST_SLEEP = 3600.0
"""Seconds after which the wall clock is looked at again: it may have been set meanwhile."""


class Deadline:
    """Ends a wait when its time has come, after a last look.

    :param listener: is told to give up
    """

    __slots__ = ("_at", "_clock", "_listener", "_looks", "_name", "_timer")

    def __init__(
        self,
        at: datetime,
        *,
        name: OperationName,
        listener: UntilDone,
        looks: OperationWatcher,
        clock: AsyncClock,
    ) -> None:
        self._at = at
        self._name = name
        self._listener = listener
        self._looks = looks
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._watch()

    def cancel(self) -> None:
        """Forget it: the wait is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self) -> None:
        left = (self._at - self._clock.now()).total_seconds()
        if left > 0:
            self._set(min(left, _LONGEST_SLEEP), self._watch)
            return
        self._listener.give_up_after_next()
        self._looks.hurry(self._name)
        self._set(_LAST_POLL_WITHIN, self._give_up)

    def _give_up(self) -> None:
        self._listener.fail(DeadlinePassedError())

    def _set(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
