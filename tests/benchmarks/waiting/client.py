# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One side's triggers in one event loop, as a process of its own.

``python -m tests.benchmarks.waiting.client``; what to be comes as JSON in the first line of the
standard input, commands in the lines after it. Triggers are made from their stored arguments and
started as Airflow's TriggerRunner does it (3.3.2): a task each, and two turns for others between
one and the next. What that runner adds itself (a span, a portal to sync code, log lines) is left
out for all sides alike.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.benchmarks.waiting.loop_block import LoopWatchdog, TimedSelector
from tests.benchmarks.waiting.operations import Service, World
from tests.benchmarks.waiting.processes import Lines
from tests.benchmarks.waiting.sides import Side, arguments, succeeded, trigger_class

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

_WARM_UP = 60.0
_MOST_PROBLEMS = 3


class Runner:
    """Runs triggers, and notes what they yield and when."""

    def __init__(self, side: Side, *, class_: type[BaseTrigger]) -> None:
        self._side = side
        self._class = class_
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.detected: dict[str, float] = {}
        self.problems: list[str] = []
        self.failed = 0

    async def start(self, stored: dict[str, str]) -> None:
        """Start a trigger for each operation.

        :param stored: the arguments, as they lie in Airflow's database
        """
        for name, text in stored.items():
            await asyncio.sleep(0)
            # classes are looked up here, which may be dear
            await asyncio.sleep(0)
            trigger = self._class(**json.loads(text))
            self._tasks[name] = asyncio.create_task(self._run(name, trigger), name=name)

    async def finish(self) -> None:
        """Wait until all that were started have ended, and forget them."""
        await asyncio.wait_for(asyncio.gather(*self._tasks.values()), timeout=_WARM_UP)
        if self.problems:
            raise RuntimeError(self.problems[0])
        self._tasks.clear()
        self.detected.clear()

    async def _run(self, name: str, trigger: BaseTrigger) -> None:
        try:
            async for event in trigger.run():
                self.detected[name] = time.time()
                if not succeeded(self._side, event.payload):
                    self._complain(f"{name}: {event.payload}")
        except asyncio.CancelledError:
            raise
        except Exception as exc:  # noqa: BLE001  # it is told, and the others go on
            self._complain(f"{name}: {exc!r}")
        finally:
            with suppress(Exception):
                await trigger.cleanup()

    def _complain(self, about: str) -> None:
        self.failed += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(about)


async def work(selector: TimedSelector, writing: int) -> None:
    """Obey until the standard input ends."""
    lines = Lines(sys.stdin.fileno(), writing)
    order = await lines.read()
    if order is None:
        return
    side, endpoint = Side(order["side"]), order["endpoint"]
    world = World(**order["world"] | {"service": Service(order["world"]["service"])})
    runner = Runner(side, class_=trigger_class(side, endpoint=endpoint))
    if side.listens:
        # only then, so that nobody else loads more than a trigger needs
        from tests.benchmarks.waiting.budget_share import keep_a_share  # noqa: PLC0415

        keep_a_share()

    def stored(name: str) -> str:
        return json.dumps(arguments(side, name, endpoint=endpoint))

    all_ = {item.name: stored(item.name) for item in world.items()}
    warm = world.warm().name
    await runner.start({warm: stored(warm)})
    await runner.finish()
    give_back_memory()
    lines.write(ready=True)
    watchdog = LoopWatchdog()
    cpu = wall = 0.0
    while command := await lines.read():
        match command["do"]:
            case "start":
                selector.reset()
                watchdog.start()
                await runner.start(all_)
                lines.write()
            case "mark":
                watchdog.stop()
                lines.write(blocked=max(watchdog.latest, selector.longest))
                selector.reset()
                cpu, wall = time.process_time(), time.perf_counter()
            case "tell":
                lines.write(
                    blocked=selector.longest,
                    cpu=time.process_time() - cpu,
                    wall=time.perf_counter() - wall,
                    detected=runner.detected,
                    failed=runner.failed,
                    problems=runner.problems,
                )


def give_back_memory() -> None:
    """Return what loading has used and no longer needs, so that growth is seen from the start."""
    gc.collect()
    library: Any = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def main() -> None:
    """Be a client."""
    # Airflow logs to the standard output, and that is where the answers go
    writing = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    selector = TimedSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(work(selector, writing))
        # thousands of channels would be closed one by one
        os._exit(0)


if __name__ == "__main__":
    main()
