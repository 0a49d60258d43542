# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For how long an event loop was blocked: the longest time in which nobody else had a turn.

Told in two ways. A watchdog that sleeps five milliseconds and measures how late it wakes up sees
everything, but its wake-ups cost about as much CPU as a thousand waiting triggers; it runs while
triggers start. The other way, always on, costs nothing: the time between two looks of the loop at
its files and timers. That is one round of everything that was ready.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectors import SelectorKey

_NAP = 0.005


class TimedSelector(selectors.DefaultSelector):
    """What an event loop waits with; knows how long the loop did something else."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._since: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Wait, after noting how long the round took that has just ended."""
        if self._since is not None:
            self.longest = max(self.longest, time.perf_counter() - self._since)
        ready: list[tuple[SelectorKey, int]] = super().select(timeout)
        self._since = time.perf_counter()
        return ready

    def reset(self) -> None:
        """Forget what was seen so far, this round included."""
        self.longest = 0.0
        self._since = None


class LoopWatchdog:
    """A task that notes how late it wakes up."""

    def __init__(self) -> None:
        self.latest = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch, in the running loop."""
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + _NAP
            await asyncio.sleep(_NAP)
            self.latest = max(self.latest, time.perf_counter() - due)
