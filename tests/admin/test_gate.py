# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The gate by itself: what goes first, when it begins and ends, and what it is told."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from airflow_spanner_lro.admin.polling.dispatcher import Dispatcher, PendingRequest, RequestQueue
from airflow_spanner_lro.core.polling.budget import Budget, Urgency

from .crowds import EXHAUSTED, GONE, Noticing
from .virtual_time import in_virtual_time


class Held(Noticing):
    """Telemetry that notes for how long what was held back."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Urgency, float]] = []

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Note it."""
        self.held.append((urgency, seconds))


def gate_of(rate: float = 1.0) -> tuple[Dispatcher, RequestQueue, Held]:
    """Return a gate for calls only."""
    telemetry = Held()
    gate = Dispatcher(budget=Budget(rate=rate), telemetry=telemetry)
    calls = RequestQueue(gate)
    gate.sources.append(calls)
    return gate, calls, telemetry


class Later:
    """A source whose only request is due at some time."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.sent: float | None = None
        self.failed: BaseException | None = None

    @property
    def due(self) -> float:
        """When it is due."""
        return self.at if self.sent is None else math.inf

    @property
    def empty(self) -> bool:
        """Whether it was sent."""
        return self.sent is not None or self.failed is not None

    def offer(self, *, at: float, fair: bool) -> PendingRequest | None:  # noqa: ARG002  # it is alone
        """PendingRequest it when it is due."""

        def go() -> None:
            self.sent = asyncio.get_running_loop().time()

        if self.sent is not None or at < self.at:
            return None
        return PendingRequest(urgency=Urgency.USUAL, due=self.at, go=go)

    def fail(self, exc: BaseException) -> None:
        """Note it."""
        self.failed = exc


@in_virtual_time
async def test_first_call_goes_at_once() -> None:
    """While there is room, nobody is held back, and the loop ends when nothing is left."""
    gate, calls, telemetry = gate_of()

    await calls.turn(Urgency.USUAL)
    await asyncio.sleep(0.1)

    assert [(Urgency.USUAL, 0.0)] == telemetry.held
    assert gate.idle


@in_virtual_time
async def test_idle_before_anything_came() -> None:
    """A gate without requests runs no loop, even when it is woken."""
    gate, _, _ = gate_of()

    gate.wake()

    assert gate.idle


@in_virtual_time
async def test_request_that_is_due_later() -> None:
    """A request goes when it is due, and not before."""
    gate, _, _ = gate_of()
    later = Later(at=1000.0)
    gate.sources.append(later)

    gate.wake()
    await asyncio.sleep(2000)

    assert later.sent == pytest.approx(1000)
    assert gate.idle


@in_virtual_time
async def test_order() -> None:
    """Cancels go first, then what they wait for, what is about to end, and the rest, as they came.

    Each third of these last two is the one that has waited longest.
    """
    _, calls, _ = gate_of(rate=0.05)
    order: list[tuple[Urgency, int]] = []

    async def ask(urgency: Urgency, number: int) -> None:
        await calls.turn(urgency)
        order.append((urgency, number))

    await calls.turn(Urgency.USUAL)
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
    """A cancel is sent at once although the loop waits for the next turn of something else."""
    _, calls, telemetry = gate_of(rate=0.02)
    others = [asyncio.create_task(calls.turn(Urgency.USUAL)) for _ in range(3)]
    await asyncio.sleep(10)

    await calls.turn(Urgency.CANCEL)

    assert 10 == asyncio.get_running_loop().time()
    assert (Urgency.CANCEL, 0.0) == telemetry.held[-1]
    await asyncio.gather(*others)


@in_virtual_time
async def test_nobody_starves() -> None:
    """However many urgent calls come, an old one that is not urgent is made soon."""
    _, calls, _ = gate_of(rate=0.1)
    order: list[str] = []

    async def ask(name: str, urgency: Urgency) -> None:
        await calls.turn(urgency)
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
    _, calls, _ = gate_of(rate=0.02)
    order: list[str] = []

    async def ask(name: str, since: float) -> None:
        await calls.turn(Urgency.USUAL, since=since)
        order.append(name)

    await asyncio.sleep(100)
    await calls.turn(Urgency.USUAL)
    one, two = asyncio.create_task(ask("one", 99.0)), asyncio.create_task(ask("two", 50.0))
    await asyncio.gather(one, two)

    assert ["two", "one"] == order


@in_virtual_time
async def test_answer_reaches_the_caller() -> None:
    """A call returns what it was answered, or raises it."""
    _, calls, _ = gate_of()

    async def answer() -> str:
        return "fine"

    async def refuse() -> str:
        raise GONE

    assert "fine" == await calls.ask(answer, urgency=Urgency.USUAL)
    with pytest.raises(type(GONE)):
        await calls.ask(refuse, urgency=Urgency.USUAL)


@in_virtual_time
async def test_refusal_pauses_all_calls() -> None:
    """A call that is refused for want of quota holds the next one back for some seconds."""
    _, calls, _ = gate_of(rate=5.0)

    async def refuse() -> None:
        raise EXHAUSTED

    with pytest.raises(type(EXHAUSTED)):
        await calls.ask(refuse, urgency=Urgency.USUAL)
    await calls.turn(Urgency.USUAL)

    assert 5 <= asyncio.get_running_loop().time() < 6


@in_virtual_time
async def test_error_of_a_call_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """A caller that went away leaves no error behind that asyncio would complain about."""
    _, calls, _ = gate_of()

    async def fail_slowly() -> None:
        await asyncio.sleep(5)
        raise GONE

    asking = asyncio.create_task(calls.ask(fail_slowly, urgency=Urgency.USUAL))
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.sleep(10)

    assert asking.cancelled()
    assert not calls._made
    assert not caplog.records


@in_virtual_time
async def test_source_that_raises() -> None:
    """A bug in one source fails all that wait, and is not repeated for ever."""

    class Broken(Later):
        def offer(self, *, at: float, fair: bool) -> Any:
            del at, fair
            raise KeyError

    gate, calls, _ = gate_of()
    broken = Broken(at=0.0)
    gate.sources.append(broken)

    with pytest.raises(KeyError):
        await calls.turn(Urgency.USUAL)
    await asyncio.sleep(0)

    assert isinstance(broken.failed, KeyError)
    assert gate.idle
