# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real clocks. Everything else is given one."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

from airflow_spanner_lro.core.errors import SpannerLroError


class WaitStoppedError(SpannerLroError):
    """Raised in a blocking wait when the task is killed."""

    def __init__(self) -> None:
        super().__init__("The task was killed while it waited for an operation.")


class StoppableClock:
    """System time for sync code, whose sleep ends at once when somebody calls ``stop``.

    ``stop`` may be called from a signal handler or another thread.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the current sleep, and every later one, with ``WaitStoppedError``."""
        self._stopped.set()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(tz=UTC)

    def sleep(self, seconds: float) -> None:
        """Sleep.

        :raises WaitStoppedError: if ``stop`` was or is called
        """
        if self._stopped.wait(seconds):
            raise WaitStoppedError


class LoopClock:
    """System time for async code."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(tz=UTC)

    async def sleep(self, seconds: float) -> None:
        """Sleep without holding the event loop."""
        await asyncio.sleep(seconds)
