# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One measurement: a server, a client, so many operations; what both have seen of each other."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks.waiting.audit_log import DELIVERED_AFTER, SUBSCRIPTION
from tests.benchmarks.waiting.operations import TYPICAL_DURATION, World
from tests.benchmarks.waiting.processes import ChildError, child
from tests.benchmarks.waiting.server import Order
from tests.benchmarks.waiting.sides import CONNECTION, Side, connection

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.waiting.processes import Child
    from tests.benchmarks.waiting.server import Certificate

_LOADING = 120.0
_LOOK_EVERY = 0.5
_SETTLING = 3.0
"""Seconds of starting that are measured after the last trigger of ours was made."""
_COUNT_EVERY = 2.0
_ANSWER_WITHIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What to measure.

    :param window: for how long, in seconds, once all triggers have started
    :param cap: how long starting may take, in seconds
    :param endings_within: in the first so many seconds of the window operations end
    :param settling: seconds before the first of these ends, after all triggers have started
    :param uncounted: seconds of ends that come before the window
    :param duration: of so many operations as this has seconds, one ends each second
    """

    side: Side
    operations: int
    instances: int
    window: float
    endings_within: float
    cap: float = 60.0
    settling: float = 0.0
    uncounted: float = 0.0
    duration: float = TYPICAL_DURATION

    @property
    def length(self) -> float:
        """How long it takes once all triggers have started."""
        return self.settling + self.uncounted + self.window


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How an end was noticed.

    :param seconds: after how long; None if not before the window closed
    :param allowed: with wake-ups until they are delivered; else for ours the interval that its age
        alone calls for, for others the class's
    """

    seconds: float | None
    allowed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured. What could not be is None.

    :param started: how many triggers were heard of before time was up
    :param starting: seconds until the server had been asked about all; with ours until all waited
    :param memory: bytes by which the client grew, for each trigger that had started
    :param requests: in a second of the window, as the server saw them
    :param busiest: requests in those hundred seconds in which there were most, starting included
    :param connections: open at the server at the same time, at most, as seen every two seconds
    :param peers: connections the server has seen in all
    :param server_cpu: CPU seconds of the server for each request of the window
    :param block_starting: longest block of the event loop while triggers started, in seconds
    :param block_waiting: and afterwards
    :param trouble: what went wrong, in a few words
    """

    cell: Cell
    started: int
    starting: float | None
    memory: float | None
    connections: int | None
    requests: float | None = None
    busiest: int | None = None
    methods: dict[str, int] | None = None
    peers: int | None = None
    cpu: float | None = None
    server_cpu: float | None = None
    block_starting: float | None = None
    block_waiting: float | None = None
    delays: tuple[Delay, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where measurements are made.

    :param folder: for logs and whatever Airflow wants to write
    :param loading: so many processes may load at the same time
    :param gate: whoever starts triggers does so alone
    """

    folder: Path
    certificate: Certificate
    loading: asyncio.Semaphore
    gate: asyncio.Lock

    async def measure(self, cell: Cell, *, seed: int, loaded: asyncio.Barrier) -> Figures:
        """Measure a cell once.

        :param loaded: nobody starts triggers while others still load their libraries
        """
        name = f"{cell.side.name.lower()}-{cell.operations}-{cell.instances}-{seed}"
        world = World(
            service=cell.side.service,
            operations=cell.operations,
            instances=cell.instances,
            seed=seed,
            endings_within=cell.uncounted + cell.endings_within,
            duration=cell.duration,
        )
        async with AsyncExitStack() as stack:
            try:
                async with self.loading:
                    server, told = await self._serve(stack, name, world, cell.side)
                    client = await self._wait_in(stack, name, world, cell.side, told)
            except (ChildError, TimeoutError) as exc:
                await loaded.wait()
                return _nothing(cell, exc)
            await loaded.wait()
            measurement = _Measurement(cell, world, server=server, client=client)
            try:
                return await measurement.make(self.gate)
            except (ChildError, TimeoutError) as exc:
                return _nothing(cell, exc)

    async def _serve(
        self, stack: AsyncExitStack, name: str, world: World, side: Side
    ) -> tuple[Child, dict[str, Any]]:
        log = self.folder / f"{name}-server.log"
        server = await stack.enter_async_context(
            child("server", log=log, environment=self._environment())
        )
        order = Order(
            world=world,
            certificate=str(self.certificate.certificate),
            key=str(self.certificate.key),
            audit_log=side.listens,
        )
        return server, await server.ask(_LOADING, **asdict(order))

    async def _wait_in(
        self, stack: AsyncExitStack, name: str, world: World, side: Side, told: dict[str, Any]
    ) -> Child:
        endpoint = f"localhost:{told['port']}"
        environment = self._environment() | {
            CONNECTION: connection(endpoint),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.certificate.certificate),
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        }
        if side.listens:
            environment["AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION"] = SUBSCRIPTION
            environment["PUBSUB_EMULATOR_HOST"] = told["pubsub"]
        log = self.folder / f"{name}-client.log"
        client = await stack.enter_async_context(child("client", log=log, environment=environment))
        await client.ask(_LOADING, side=side, endpoint=endpoint, world=asdict(world))
        return client

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        # a proxy is not for the loopback
        return kept | {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}


class _Measurement:
    """One measurement under way."""

    def __init__(self, cell: Cell, world: World, *, server: Child, client: Child) -> None:
        self._cell = cell
        self._world = world
        self._server = server
        self._client = client
        self._bare = client.memory
        self._begin = 0.0
        self._starting = 0.0

    async def make(self, gate: asyncio.Lock) -> Figures:
        async with gate:
            self._begin = time.time()
            await self._server.ask(do="begin", at=self._begin)
            try:
                async with asyncio.timeout(self._cell.cap):
                    await self._client.ask(self._cell.cap, do="start")
                    await self._all_asked()
            except TimeoutError:
                return await self._given_up()
            marked = await self._client.ask(_ANSWER_WITHIN, do="mark")
        await asyncio.sleep(self._cell.settling)
        return await self._watch(block_starting=marked["blocked"])

    async def _all_asked(self) -> None:
        if self._cell.side.of_us:
            # whose first look at all of them is paced by the budget, and may take minutes
            self._starting = time.time() - self._begin
            await asyncio.sleep(_SETTLING)
            return
        while True:
            seen = await self._server.ask(do="look")
            # the warm one was asked about, too
            if seen["names"] > self._cell.operations:
                self._starting = time.time() - self._begin
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def _given_up(self) -> Figures:
        seen = await self._server.ask(do="look")
        # the warm one has no part in this
        started = max(seen["names"] - 1, 0)
        grown = self._client.memory - self._bare
        return Figures(
            cell=self._cell,
            started=started,
            starting=time.time() - self._begin,
            memory=grown / started if started else None,
            connections=seen["connections"],
            trouble=f"{started:,} of {self._cell.operations:,} had started after "
            f"{self._cell.cap:g} s",
        )

    async def _watch(self, *, block_starting: float) -> Figures:
        ending = time.time()
        await self._server.ask(do="open", at=ending)
        if self._cell.uncounted:
            await asyncio.sleep(ending + self._cell.uncounted - time.time())
            await self._client.ask(_ANSWER_WITHIN, do="mark")
        opened, server_cpu = ending + self._cell.uncounted, self._server.cpu
        connections = await self._most_connections(until=opened + self._cell.window)
        closed = time.time()
        server_cpu = self._server.cpu - server_cpu
        memory = self._client.memory - self._bare
        told = await self._server.ask(do="tell", since=opened, until=closed, begin=self._begin)
        try:
            client = await self._client.ask(_ANSWER_WITHIN, do="tell")
        except TimeoutError:
            client = {}
        requests = sum(told["methods"].values())
        return Figures(
            cell=self._cell,
            started=self._cell.operations,
            starting=self._starting,
            memory=memory / self._cell.operations,
            connections=connections,
            requests=requests / (closed - opened),
            busiest=told["busiest"],
            methods=told["methods"],
            peers=told["peers"],
            cpu=client["cpu"] / client["wall"] * 60 if client else None,
            server_cpu=server_cpu / requests if requests else None,
            block_starting=block_starting,
            block_waiting=client.get("blocked"),
            delays=self._delays(client.get("detected", {}), ending=ending, closed=closed),
            trouble=_trouble(client),
        )

    async def _most_connections(self, *, until: float) -> int:
        most = 0
        while (left := until - time.time()) > 0:
            most = max(most, (await self._server.ask(do="look"))["connections"])
            await asyncio.sleep(min(left, _COUNT_EVERY))
        return most

    def _delays(
        self, detected: dict[str, float], *, ending: float, closed: float
    ) -> tuple[Delay, ...]:
        delays = []
        for item in self._world.items():
            if item.ends_after is None or item.ends_after < self._cell.uncounted:
                continue
            end = ending + item.ends_after
            seen = detected.get(item.name)
            noticed = None if seen is None or seen > closed else seen - end
            delays.append(
                Delay(seconds=noticed, allowed=self._allowed(end - self._begin + item.age))
            )
        return tuple(delays)

    def _allowed(self, age: float) -> float:
        if self._cell.side.listens:
            return DELIVERED_AFTER
        longest = self._cell.side.interval
        return min(max(age / 10, 1.0), longest) if self._cell.side.of_us else longest


def _nothing(cell: Cell, exc: Exception) -> Figures:
    what = str(exc) or type(exc).__name__
    return Figures(cell=cell, started=0, starting=None, memory=None, connections=None, trouble=what)


def _trouble(client: dict[str, Any]) -> str:
    if not client:
        return f"the client did not answer within {_ANSWER_WITHIN:g} s"
    if client["failed"]:
        return f"{client['failed']:,} triggers failed: {client['problems'][0]}"
    return ""
