# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The loop through which every request goes: whenever the budget allows one, the most urgent.

What is sent is decided at that moment and not before, so a cancel never stands in a queue behind
polls. The loop begins when there is something to send and ends when there is nothing left.
"""

from __future__ import annotations

import asyncio
import math
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_spanner_lro.core.polling.budget import FAIR_EACH, Urgency
from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.polling.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request that could be sent now.

    :param due: since when it is wanted
    :param go: sends it, and returns at once
    """

    urgency: Urgency
    due: float
    go: Callable[[], None]


class RequestSource(Protocol):
    """Something that has requests to send."""

    @property
    def due(self) -> float:
        """When the next one can be sent; infinite while it cannot be said."""

    @property
    def empty(self) -> bool:
        """There is nothing to send, and nothing to come."""

    def offer(self, *, at: float, fair: bool) -> PendingRequest | None:
        """Return what should be sent first; None if nothing is due.

        :param fair: it is the turn of the one who has waited longest
        """

    def fail(self, exc: BaseException) -> None:
        """Hear that nothing will be sent any more."""


class Dispatcher:
    """Lets requests go, one at a time. Time is the event loop's.

    :param sources: what wants to send
    """

    def __init__(self, *, budget: Budget, telemetry: Telemetry) -> None:
        self.sources: list[RequestSource] = []
        self.budget = budget
        self._telemetry = telemetry
        self._sent = 0
        self._running: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether the loop has ended."""
        return self._running is None

    def wake(self, urgency: Urgency = Urgency.USUAL) -> None:
        """Look again at what is to be sent; run, if there is anything.

        :param urgency: of what has come
        """
        self._changed.set()
        if urgency <= Urgency.DECIDING or self._empty:
            self._urgent.set()
        if self._running is None and not self._empty:
            # not in the context of the one who came first: it is nobody's own
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._run(), context=Context())
            self._running.add_done_callback(self._ended)

    def answered(self, exc: Exception | None) -> None:
        """Hear how a request was answered."""
        at = asyncio.get_running_loop().time()
        if exc is not None and code_of(exc) is Code.RESOURCE_EXHAUSTED:
            self.budget.refuse(at=at)
        elif exc is None or code_of(exc) is not None:
            self.budget.accept(at=at)

    @property
    def _empty(self) -> bool:
        return all(source.empty for source in self.sources)

    def _offers(self, *, at: float, fair: bool) -> list[PendingRequest]:
        offers = []
        for source in self.sources:
            if offer := source.offer(at=at, fair=fair):
                offers.append(offer)
                if offer.urgency is Urgency.CANCEL:
                    # it goes first: among thousands that wait nobody else need be looked for
                    break
        return offers

    async def _run(self) -> None:
        time = asyncio.get_running_loop().time
        while not self._empty:
            self._changed.clear()
            self._urgent.clear()
            at = time()
            fair = (self._sent + 1) % FAIR_EACH == 0
            offers = self._offers(at=at, fair=fair)
            if not offers:
                due = min(source.due for source in self.sources)
                await _at_most(due - at, until=self._changed)
                continue
            best = min(offers, key=lambda offer: offer.urgency.rank(due=offer.due, fair=fair))
            if delay := self.budget.delay(best.urgency, at=at):
                # what comes meanwhile has to wait as well, unless it cancels
                await _at_most(delay, until=self._urgent)
                continue
            self.budget.take(best.urgency, at=at)
            # what cancels is let in between and takes nobody's turn
            self._sent += best.urgency > Urgency.DECIDING
            self._telemetry.held_back(urgency=best.urgency, seconds=at - best.due)
            best.go()
            # those that were let go may have more to send, more urgent than what is left
            await asyncio.sleep(0)

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running = None
        if running.cancelled():
            return
        if exc := running.exception():
            # a bug: whoever waits must not wait for ever
            for source in self.sources:
                source.fail(exc)
        self.wake()


async def _at_most(seconds: float, *, until: asyncio.Event) -> None:
    """Wait for an event, but no longer than so many seconds."""
    limit = None if seconds == math.inf else max(seconds, 0.0)
    try:
        async with asyncio.timeout(limit):
            await until.wait()
    except TimeoutError:
        pass


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ticket:
    urgency: Urgency
    due: float
    turn: asyncio.Future[None]

    def rank(self, *, fair: bool) -> tuple[int, float]:
        return self.urgency.rank(due=self.due, fair=fair)


class RequestQueue:
    """The calls of one gate."""

    def __init__(self, gate: Dispatcher) -> None:
        self._gate = gate
        # in the order in which they came
        self._waiting: dict[_Ticket, None] = {}
        self._made: set[asyncio.Future[Any]] = set()

    @property
    def due(self) -> float:
        """When the next one can be sent: at once, or it is not known."""
        return min((ticket.due for ticket in self._waiting), default=math.inf)

    @property
    def empty(self) -> bool:
        """Whether no call waits."""
        return not self._waiting

    def offer(self, *, at: float, fair: bool) -> PendingRequest | None:  # noqa: ARG002  # all are due
        """Return the call that goes first."""
        # one whose caller was cancelled in this very moment is still there
        waiting = (ticket for ticket in self._waiting if not ticket.turn.done())
        first = min(waiting, key=lambda ticket: ticket.rank(fair=fair), default=None)
        if first is None:
            return None

        def go() -> None:
            del self._waiting[first]
            first.turn.set_result(None)

        return PendingRequest(urgency=first.urgency, due=first.due, go=go)

    def fail(self, exc: BaseException) -> None:
        """Let all that wait fail."""
        waiting, self._waiting = self._waiting, {}
        for ticket in waiting:
            if not ticket.turn.done():
                ticket.turn.set_exception(exc)

    async def ask(self, call: Callable[[], Awaitable[T]], *, urgency: Urgency) -> T:
        """Make a call when it is its turn, and return what it is answered.

        A caller that goes away then does not take back a call that was made.
        """
        await self.turn(urgency)
        made = asyncio.ensure_future(self.made(call))
        self._made.add(made)
        made.add_done_callback(self._over)
        # in a task of its own: a cancel that reaches a caller within gRPC would lose its message
        return await asyncio.shield(made)

    async def turn(self, urgency: Urgency, *, since: float | None = None) -> None:
        """Return when a call may be made, and count it as made.

        :param since: when it was first wanted; now, by default
        """
        loop = asyncio.get_running_loop()
        due = loop.time() if since is None else since
        ticket = _Ticket(urgency=urgency, due=due, turn=loop.create_future())
        self._waiting[ticket] = None
        self._gate.wake(urgency)
        try:
            await ticket.turn
        finally:
            if self._waiting.pop(ticket, self) is None:
                # it went away: the gate may have waited for nothing else
                self._gate.wake(urgency)

    async def made(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call whose turn it is."""
        try:
            answer = await call()
        except Exception as exc:
            self._gate.answered(exc)
            raise
        self._gate.answered(None)
        return answer

    def _over(self, made: asyncio.Future[Any]) -> None:
        self._made.discard(made)
        if not made.cancelled():
            # whoever asked may be gone; then nobody else takes note of an error
            made.exception()
