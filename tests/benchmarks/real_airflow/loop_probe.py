# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What kept an event loop from its next round, seen from inside its process.

A round is everything that was ready at once. One that is long is told with what it was made of:
the garbage collector's passes, and the callbacks that took longest. Long means CPU time of the
thread, since others may have had the machine; so does the length of a pass.
"""

from __future__ import annotations

import gc
import json
import selectors
import time
from asyncio import events
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LONG = 0.1
"""Seconds of CPU from which on a round is told."""
PASS, ROUND = "pass", "round"
_ALL = 2
_DEAREST = 4


@dataclass(slots=True, kw_only=True)
class Probe:
    """Notes long rounds, and each full pass of the collector, a line of JSON each.

    :param file: where to; it is appended to
    """

    file: Path
    _begun: float = 0.0
    _cpu: float = 0.0
    _collecting: tuple[float, float] = (0.0, 0.0)
    _collected: float = 0.0
    _of_callbacks: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def install(self) -> None:
        """Begin, for all event loops of this process that are made from now on."""
        gc.callbacks.append(self._on_collection)
        self._time_callbacks()
        self._time_rounds()

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter(), time.thread_time()
            return
        begun, cpu = self._collecting
        self._collected += time.perf_counter() - begun
        if info["generation"] == _ALL:
            # in whichever thread: it has the lock that the event loop needs
            self._tell(what=PASS, cpu=time.thread_time() - cpu)

    def _time_callbacks(self) -> None:
        run = events.Handle._run

        def timed(handle: events.Handle) -> None:
            begun = time.perf_counter()
            name = _name(handle)
            run(handle)
            self._of_callbacks[name] += time.perf_counter() - begun

        events.Handle._run = timed  # type: ignore[method-assign,assignment]

    def _time_rounds(self) -> None:
        select = selectors.EpollSelector.select

        def timed(selector: Any, timeout: float | None = None) -> Any:
            if self._begun:
                self._round_over()
            ready = select(selector, timeout)
            self._begun, self._cpu = time.perf_counter(), time.thread_time()
            self._collected = 0.0
            self._of_callbacks.clear()
            return ready

        selectors.EpollSelector.select = timed  # type: ignore[method-assign,assignment]

    def _round_over(self) -> None:
        cpu = time.thread_time() - self._cpu
        if cpu < LONG:
            return
        dearest = sorted(self._of_callbacks.items(), key=lambda each: -each[1])[:_DEAREST]
        self._tell(
            what=ROUND,
            cpu=cpu,
            collecting=self._collected,
            callbacks={name: round(took, 4) for name, took in dearest},
        )

    def _tell(self, **record: Any) -> None:
        line = json.dumps({"at": time.time(), **record})
        with self.file.open("a") as file:
            file.write(line + "\n")


def _name(handle: events.Handle) -> str:
    """Return whose callback it is: a coroutine's where there is one."""
    callback = handle._callback  # type: ignore[attr-defined]
    task = getattr(callback, "__self__", None)
    coroutine = getattr(task, "get_coro", None)
    found = coroutine() if coroutine is not None else callback
    return str(getattr(found, "__qualname__", None) or type(found).__name__)
