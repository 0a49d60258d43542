# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Thousands of our triggers in one event loop: what each turn, and each trigger, may cost it.

Spanner is an object in memory here, and nothing of Airflow's triggerer takes part, so what is
measured is ours alone. Turns are measured in CPU time of the thread, and against each other: others
may have the machine, and it may be a slow one.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
import time
import weakref
from typing import TYPE_CHECKING, Any, cast

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.triggers import base
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from tests.admin.virtual_spanner import CrowdedSpanner, poller_of
from tests.support.garbage import no_collections

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence

    from airflow_spanner_lro.core.names import OperationName

COUNT = 3_000
INSTANCES = 10
LONGEST_TURN = 0.2
"""Of what all turns together take; 0.06 to 0.13 were measured, the most on a busy machine."""
MOST_OBJECTS = 30
"""That the collector looks at, for each trigger with its task; 28 were counted on Python 3.11."""
FEW = 100
"""Triggers by which all is loaded that is there once, and not for each."""
VIA = ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint=None)


class TurnSelector(selectors.DefaultSelector):
    """What an event loop waits with; knows how much CPU its longest turn took, and all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = self.all = 0.0
        self._since = time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, after a turn that is over now."""
        turn = time.thread_time() - self._since
        self.longest = max(self.longest, turn)
        self.all += turn
        ready = super().select(timeout)
        self._since = time.thread_time()
        return ready


class Crowd:
    """Triggers that run as Airflow's triggerer runs them: a task each, and turns between them."""

    def __init__(self, spanner: CrowdedSpanner, names: Sequence[OperationName]) -> None:
        self.spanner = spanner
        self.names = names
        self._asked = asyncio.Event()
        spanner.trouble = self._note
        self.fired = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.alive: weakref.WeakSet[SpannerOperationTrigger] = weakref.WeakSet()

    async def load(self, names: Sequence[OperationName]) -> None:
        """Start a trigger for each operation."""
        for name in names:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            trigger = SpannerOperationTrigger.for_operation(name, connection_spec=VIA)
            self.alive.add(trigger)
            task = asyncio.create_task(self._run(trigger))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def look(self, count: int) -> None:
        """Wait until Spanner was asked about the triggers so often."""
        while len(self.spanner.requests) < count:
            self._asked.clear()
            await self._asked.wait()

    def _note(self, _: object) -> None:
        self._asked.set()

    async def _run(self, trigger: SpannerOperationTrigger) -> None:
        events = cast("AsyncGenerator[Any, None]", trigger.run())
        async for _ in events:
            self.fired += 1


@pytest.fixture
def in_crowd(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Crowd], Any]], float]:
    """Return what runs a scene in a loop of its own, and returns its longest turn's part."""

    def run(scene: Callable[[Crowd], Coroutine[Any, Any, None]]) -> float:
        selector = TurnSelector()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            runner.run(_act(scene, monkeypatch))
        return selector.longest / selector.all

    return run


async def _act(
    scene: Callable[[Crowd], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spanner = CrowdedSpanner()
    now = asyncio.get_running_loop().time()
    names = spanner.begin_many(COUNT, instances=INSTANCES, ends=lambda _: now + 86_400)
    # the first requests go at once, which is enough for each instance
    poller = poller_of(spanner, rate=10.0)

    async def found(*_: object, **__: object) -> object:
        return poller

    monkeypatch.setattr(base, "wait_for_poller", found)
    crowd = Crowd(spanner, names)
    await scene(crowd)
    tasks = tuple(crowd.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.slow
def test_no_turn_is_long(in_crowd: Callable[[Callable[[Crowd], Any]], float]) -> None:
    """While thousands of triggers load and all are polled, the loop gets to others soon."""

    async def scene(crowd: Crowd) -> None:
        await crowd.load(crowd.names)
        await crowd.look(2 * INSTANCES)

    with no_collections():
        longest = in_crowd(scene)

    assert longest < LONGEST_TURN


@pytest.mark.slow
def test_few_objects_for_the_collector(
    in_crowd: Callable[[Callable[[Crowd], Any]], float],
) -> None:
    """What a full pass of the garbage collector goes through is bounded for each trigger."""
    counts = []

    async def scene(crowd: Crowd) -> None:
        for some in (crowd.names[:FEW], crowd.names[FEW:]):
            asked = len(crowd.spanner.requests)
            await crowd.load(some)
            await crowd.look(asked + INSTANCES)
            counts.append(len(gc.get_objects()))

    with no_collections():
        in_crowd(scene)

    before, after = counts
    assert (after - before) / (COUNT - FEW) < MOST_OBJECTS


@pytest.mark.slow
def test_nothing_is_left_in_a_circle(
    in_crowd: Callable[[Callable[[Crowd], Any]], float],
) -> None:
    """A trigger that has fired is gone without the garbage collector, so it may be frozen."""
    seen = []

    async def scene(crowd: Crowd) -> None:
        await crowd.load(crowd.names)
        await crowd.look(INSTANCES)
        seen.append(len(crowd.alive))
        for running in crowd.spanner._operations.values():
            running.ends = 0.0
        await asyncio.wait(crowd.tasks)
        # whoever still has to be called has been
        await asyncio.sleep(0)
        seen.append(crowd.fired)
        seen.append(len(crowd.alive))

    with no_collections():
        in_crowd(scene)

    assert [COUNT, COUNT, 0] == seen
