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

from airflow_spanner_lro.core.polling.budget import FAIR_EACH, SAVED_FOR, Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE
from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.polling.budget import Budget

T = TypeVar("T")

_LATE = 1.0
"""Seconds for which a request may wait before it counts as late: more requests would help."""
_LATE_POLL = 2 * PRICE
"""The same for a poll: the expected delay in seconds that it ends."""
_GROWS = 0.25
"""Seconds after which it is seen anew what polls are worth."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PendingRequest:
    """A request that could be sent now.

    :param due: since when it is wanted
    :param send: sends it, and returns at once
    :param worth: the expected delay in seconds that a poll ends; infinite for all else
    """

    urgency: Urgency
    due: float
    send: Callable[[], None]
    worth: float = math.inf

    def rank(self, *, fair: bool) -> tuple[int, float]:
        """Return where it stands among others; the lowest goes first."""
        return self.urgency.rank(due=self.due, fair=fair)


class PollSource(Protocol):
    """What has polls to send."""

    @property
    def empty(self) -> bool:
        """There is nothing to send, and nothing to come."""

    @property
    def cancellable(self) -> int:
        """How many operations are waited for, each of which may have to be cancelled."""

    def next_request(self, *, at: float) -> PendingRequest | float:
        """Return what should be sent first; if nothing is due, when something will be.

        That is infinite while it depends on answers.
        """

    def fail(self, exc: BaseException) -> None:
        """Let all that wait fail: nothing will be sent any more."""


class Dispatcher:
    """Sends the requests about one project, one at a time. Time is the event loop's.

    Polls come from a source, which knows what to ask next; every other request (a cancel, somebody
    else's list, a resource) waits here for its permit.
    """

    def __init__(self, *, polls: PollSource, budget: Budget, telemetry: Telemetry) -> None:
        self.budget = budget
        self._polls = polls
        self._telemetry = telemetry
        # in the order in which they came
        self._waiting: dict[PendingRequest, asyncio.Future[None]] = {}
        self._under_way: set[asyncio.Future[Any]] = set()
        self._sent = 0
        self._running: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether the loop has ended."""
        return self._running is None

    def wake(self, urgency: Urgency = Urgency.USUAL) -> None:
        """Decide anew what is to be sent; run, if there is anything.

        :param urgency: of what has come
        """
        self._changed.set()
        empty = self._empty
        if urgency <= Urgency.DECIDING or empty:
            self._urgent.set()
        if self._running is None and not empty:
            # not in the context of the one who came first: it is nobody's own
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._run(), context=Context())
            self._running.add_done_callback(self._ended)

    async def request(self, call: Callable[[], Awaitable[T]], *, urgency: Urgency) -> T:
        """Make a call as soon as it is permitted, and return what it is answered.

        A caller that goes away then does not take back a call that was made.
        """
        await self.permit(urgency)
        call_ = asyncio.ensure_future(self.perform(call))
        self._under_way.add(call_)
        call_.add_done_callback(self._answered)
        # in a task of its own: a cancel that reaches a caller within gRPC would lose its message
        return await asyncio.shield(call_)

    async def permit(self, urgency: Urgency, *, since: float | None = None) -> None:
        """Return when a call may be made, and count it as made.

        :param since: when it was first wanted; now, by default
        """
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[None] = loop.create_future()

        def grant() -> None:
            del self._waiting[pending]
            granted.set_result(None)

        due = loop.time() if since is None else since
        pending = PendingRequest(urgency=urgency, due=due, send=grant)
        self._waiting[pending] = granted
        self.wake(urgency)
        try:
            await granted
        finally:
            if self._waiting.pop(pending, None):
                # it went away: the loop may have waited for nothing else
                self.wake(urgency)

    async def perform(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call that is permitted, and note what its answer means for the budget."""
        time = asyncio.get_running_loop().time
        try:
            answer = await call()
        except Exception as exc:
            if code_of(exc) is Code.RESOURCE_EXHAUSTED:
                self.budget.refuse(at=time())
            elif code_of(exc) is not None:
                self.budget.accept(at=time())
            raise
        self.budget.accept(at=time())
        return answer

    @property
    def _empty(self) -> bool:
        return not self._waiting and self._polls.empty

    def _first(self, *, at: float, fair: bool) -> PendingRequest | float:
        """Return what is to be sent first; if nothing is due, when something will be."""
        # one whose caller was cancelled in this very moment is still there
        waiting = (each for each, granted in self._waiting.items() if not granted.done())
        first = min(waiting, key=lambda each: each.rank(fair=fair), default=None)
        if first and first.urgency is Urgency.CANCEL:
            # among thousands that wait nobody else counts
            return first
        poll = self._polls.next_request(at=at)
        if first is None:
            return poll
        if not isinstance(poll, PendingRequest):
            return first
        return min(first, poll, key=lambda each: each.rank(fair=fair))

    async def _run(self) -> None:
        time = asyncio.get_running_loop().time
        while not self._empty:
            self._changed.clear()
            self._urgent.clear()
            at = time()
            fair = (self._sent + 1) % FAIR_EACH == 0
            first = self._first(at=at, fair=fair)
            if not isinstance(first, PendingRequest):
                await _at_most(first - at, until=self._changed)
                continue
            self.budget.keep_for_cancels(self._polls.cancellable, of=self, at=at)
            if delay := self.budget.delay(first.urgency, at=at, worth=first.worth):
                # what comes meanwhile has to wait as well, unless it cancels; but a poll that is
                # worth little may not have to wait for so long, for that grows
                delay = min(delay, _GROWS) if first.worth < SAVED_FOR else delay
                await _at_most(delay, until=self._urgent)
                continue
            late = at - first.due >= _LATE if first.worth == math.inf else first.worth >= _LATE_POLL
            self.budget.take(first.urgency, at=at, late=late)
            # what cancels is let in between and takes nobody's turn
            self._sent += first.urgency > Urgency.DECIDING
            self._telemetry.held_back(urgency=first.urgency, seconds=at - first.due)
            first.send()
            # those that were let go may have more to send, more urgent than what is left
            await asyncio.sleep(0)

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running = None
        if running.cancelled():
            return
        if exc := running.exception():
            # a bug: whoever waits must not wait for ever
            waiting, self._waiting = self._waiting, {}
            for granted in waiting.values():
                if not granted.done():
                    granted.set_exception(exc)
            self._polls.fail(exc)
        self.wake()

    def _answered(self, call: asyncio.Future[Any]) -> None:
        self._under_way.discard(call)
        if not call.cancelled():
            # whoever asked may be gone; then nobody else takes note of an error
            call.exception()


async def _at_most(seconds: float, *, until: asyncio.Event) -> None:
    """Wait for an event, but no longer than so many seconds."""
    limit = None if seconds == math.inf else max(seconds, 0.0)
    try:
        async with asyncio.timeout(limit):
            await until.wait()
    except TimeoutError:
        pass
