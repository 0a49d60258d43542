# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Calls to Spanner on behalf of an api-server: few at once, none for long, off its event loop.

An api-server answers all users of Airflow in one loop and a few threads. So what asks Spanner has
threads of its own, and whoever comes when they are taken is told so at once. What has begun goes on
when its browser has gone: a cancel that was asked for is written down all the same.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

AT_ONCE = 4
TIMEOUT = 30.0


class BoundedCalls:
    """Runs work in a few threads.

    :param at_once: how many pieces may run at the same time; none waits for another
    :param timeout: seconds after which whoever asked is told that it takes too long
    """

    def __init__(self, *, at_once: int = AT_ONCE, timeout: float = TIMEOUT) -> None:
        self._at_once = at_once
        self._timeout = timeout
        self._running: set[str] = set()
        self._pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="spanner-lro-web")

    async def run(self, key: str, work: Callable[[StoppableClock], T]) -> T:
        """Run a piece of work, and return what it returned.

        :param key: what it is about; nothing runs twice at the same time
        :param work: is given a clock that stops when the time is up
        :raises ProblemError: if it cannot be run now, or takes too long
        """
        if key in self._running:
            raise ProblemError(409, "The same is being done at this moment.")
        if len(self._running) >= self._at_once:
            raise ProblemError(503, f"{self._at_once} other actions are being done here just now.")
        clock = StoppableClock()
        self._running.add(key)
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._pool, self._run, key, work, clock)
        # what nobody waits for any more must not be reported as never retrieved
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._timeout)
        except (TimeoutError, WaitStoppedError):
            clock.stop()
            raise ProblemError(
                503,
                f"No outcome within {self._timeout:g} s. What was begun may still take effect.",
                what_to_do="Look at the operation before you try again.",
            ) from None

    def _run(self, key: str, work: Callable[[StoppableClock], T], clock: StoppableClock) -> T:
        try:
            return work(clock)
        finally:
            self._running.discard(key)
