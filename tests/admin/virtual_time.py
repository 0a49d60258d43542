# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An event loop whose time jumps to the next timer: hours of waiting in milliseconds.

A test in which nothing is left to happen fails at once instead of hanging.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .scripted_client import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_LONGEST = 30 * 86400.0
"""Seconds; a test that comes so far waits for something that does not happen."""


class NothingHappensError(AssertionError):
    """Everybody waits, and for each other."""


class _JumpingSelector(selectors.SelectSelector):
    """Returns at once, having moved the time on instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None or self.seconds > _LONGEST:
            message = f"after {self.seconds:g} seconds nothing happens any more"
            raise NothingHappensError(message)
        self.seconds += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._virtual = _JumpingSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._virtual.seconds


class VirtualClock:
    """A wall clock that goes with the running loop."""

    def now(self) -> datetime:
        """Return the time."""
        return NOW + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop of its own, in virtual time."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
