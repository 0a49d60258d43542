# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The dispatcher by itself: what goes first, and when its loop begins and ends."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from airflow_spanner_lro.admin.polling.dispatcher import Dispatcher, PendingRequest
from airflow_spanner_lro.core.polling.budget import Budget, Urgency

from .virtual_spanner import EXHAUSTED, GONE, Noticing
from .virtual_time import in_virtual_time


class Held(Noticing):
    """Telemetry that notes for how long what was held back."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Urgency, float]] = []

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Note it."""
        self.held.append((urgency, seconds))


class Later:
    """A source whose only poll is due at some time; none at all, by default."""

    def __init__(self, at: float = math.inf) -> None:
        self.at = at
        self.sent: float | None = None
        self.failed: BaseException | None = None
        self.cancellable = 0

    @property
    def empty(self) -> bool:
        """Whether it was sent."""
        return self.at == math.inf or self.sent is not None or self.failed is not None

    def next_request(self, *, at: float) -> PendingRequest | float:
        """Return it, or when it is due."""

        def send() -> None:
            self.sent = asyncio.get_running_loop().time()

        if self.sent is not None:
            return math.inf
        if at < self.at:
            return self.at
        return PendingRequest(urgency=Urgency.USUAL, due=self.at, send=send)

    def fail(self, exc: BaseException) -> None:
        """Note it."""
        self.failed = exc


def dispatching(polls: Later | None = None, *, rate: float = 1.0) -> tuple[Dispatcher, Held]:
    """Return a dispatcher of these polls, and what it notes."""
    telemetry = Held()
    budget = Budget(rate=rate)
    return Dispatcher(polls=polls or Later(), budget=budget, telemetry=telemetry), telemetry


@in_virtual_time
async def test_first_call_goes_at_once() -> None:
    """While there is room, nobody is held back, and the loop ends when nothing is left."""
    dispatcher, telemetry = dispatching()

    await dispatcher.permit(Urgency.USUAL)
    await asyncio.sleep(0.1)

    assert [(Urgency.USUAL, 0.0)] == telemetry.held
    assert dispatcher.idle


@in_virtual_time
async def test_idle_before_anything_came() -> None:
    """A dispatcher without requests runs no loop, even when it is woken."""
    dispatcher, _ = dispatching()

    dispatcher.wake()

    assert dispatcher.idle


@in_virtual_time
async def test_request_that_is_due_later() -> None:
    """A request goes when it is due, and not before."""
    later = Later(at=1000.0)
    dispatcher, _ = dispatching(later)

    dispatcher.wake()
    await asyncio.sleep(2000)

    assert later.sent == pytest.approx(1000)
    assert dispatcher.idle


@in_virtual_time
async def test_order() -> None:
    """Cancels go first, then what they wait for, what is about to end, and the rest, as they came.

    Each third of these last two is the one that has waited longest.
    """
    dispatcher, _ = dispatching(rate=0.05)
    order: list[tuple[Urgency, int]] = []

    async def ask(urgency: Urgency, number: int) -> None:
        await dispatcher.permit(urgency)
        order.append((urgency, number))

    await dispatcher.permit(Urgency.USUAL)
    async with asyncio.TaskGroup() as group:
        for urgency in reversed(Urgency):
            for number in range(3):
                group.create_task(ask(urgency, number))
            if urgency > Urgency.DECIDING:
                await asyncio.sleep(0.001)

    cancel, deciding, ending, usual = Urgency
    assert [
        *((cancel, number) for number in range(3)),
        *((deciding, number) for number in range(3)),
        (ending, 0),
        (usual, 0),
        (ending, 1),
        (ending, 2),
        (usual, 1),
        (usual, 2),
    ] == order


@in_virtual_time
async def test_cancel_that_comes_while_others_wait() -> None:
    """A cancel is sent at once although the loop waits until something else may go."""
    dispatcher, telemetry = dispatching(rate=0.02)
    others = [asyncio.create_task(dispatcher.permit(Urgency.USUAL)) for _ in range(3)]
    await asyncio.sleep(10)

    await dispatcher.permit(Urgency.CANCEL)

    assert 10 == asyncio.get_running_loop().time()
    assert (Urgency.CANCEL, 0.0) == telemetry.held[-1]
    await asyncio.gather(*others)


@in_virtual_time
async def test_nobody_starves() -> None:
    """However many urgent calls come, an old one that is not urgent is made soon."""
    dispatcher, _ = dispatching(rate=0.1)
    order: list[str] = []

    async def ask(name: str, urgency: Urgency) -> None:
        await dispatcher.permit(urgency)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("old", Urgency.USUAL))
        group.create_task(ask("older", Urgency.USUAL))
        await asyncio.sleep(0.001)
        for _ in range(20):
            group.create_task(ask("urgent", Urgency.ENDING))

    assert {"old", "older"} <= set(order[:6])


@in_virtual_time
async def test_call_waits_since_it_was_first_wanted() -> None:
    """The next page of a list takes the place in the queue of the list."""
    dispatcher, _ = dispatching(rate=0.02)
    order: list[str] = []

    async def ask(name: str, since: float) -> None:
        await dispatcher.permit(Urgency.USUAL, since=since)
        order.append(name)

    await asyncio.sleep(100)
    await dispatcher.permit(Urgency.USUAL)
    one, two = asyncio.create_task(ask("one", 99.0)), asyncio.create_task(ask("two", 50.0))
    await asyncio.gather(one, two)

    assert ["two", "one"] == order


@in_virtual_time
async def test_answer_reaches_the_caller() -> None:
    """A call returns what it was answered, or raises it."""
    dispatcher, _ = dispatching()

    async def answer() -> str:
        return "fine"

    async def refuse() -> str:
        raise GONE

    assert "fine" == await dispatcher.request(answer, urgency=Urgency.USUAL)
    with pytest.raises(type(GONE)):
        await dispatcher.request(refuse, urgency=Urgency.USUAL)


@in_virtual_time
async def test_refusal_pauses_all_calls() -> None:
    """A call that is refused for want of quota holds the next one back for some seconds."""
    dispatcher, _ = dispatching(rate=5.0)

    async def refuse() -> None:
        raise EXHAUSTED

    with pytest.raises(type(EXHAUSTED)):
        await dispatcher.request(refuse, urgency=Urgency.USUAL)
    await dispatcher.permit(Urgency.USUAL)

    assert 5 <= asyncio.get_running_loop().time() < 6


@in_virtual_time
async def test_error_of_a_call_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """A caller that went away leaves no error behind that asyncio would complain about."""
    dispatcher, _ = dispatching()

    async def fail_slowly() -> None:
        await asyncio.sleep(5)
        raise GONE

    asking = asyncio.create_task(dispatcher.request(fail_slowly, urgency=Urgency.USUAL))
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.sleep(10)

    assert asking.cancelled()
    assert not dispatcher._under_way
    assert GONE not in [each.exc_info[1] for each in caplog.records if each.exc_info]


@in_virtual_time
async def test_source_that_raises() -> None:
    """A bug in one source fails all that wait, and is not repeated for ever."""

    class Broken(Later):
        def next_request(self, *, at: float) -> Any:
            del at
            raise KeyError

    broken = Broken(at=0.0)
    dispatcher, _ = dispatching(broken)

    with pytest.raises(KeyError):
        await dispatcher.permit(Urgency.USUAL)
    await asyncio.sleep(0)

    assert isinstance(broken.failed, KeyError)
    assert dispatcher.idle
