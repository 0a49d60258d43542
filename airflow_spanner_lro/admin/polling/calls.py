# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Single calls that wait for their turn at the gate: cancels, lists of others, resources."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.admin.polling.gate import PendingRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.polling.gate import Dispatcher
    from airflow_spanner_lro.core.polling.urgency import Urgency

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
