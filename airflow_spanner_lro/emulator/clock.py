# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator's time, as an object that somebody owns.

Nothing else in the emulator asks the machine what time it is, so a test can hold time still and a
demonstration can make it run sixty times faster. Nothing ticks: an idle emulator does nothing.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever can say what time it is in the emulated world."""

    def now(self) -> datetime:
        """Return the emulated time, in UTC and aware; it never goes backwards."""
        ...


class SystemClock:
    """Emulated time that starts at the real time and then runs ``scale`` times as fast.

    :param scale: emulated seconds per real second, above 0; 60 makes 25 minutes last 25 seconds
    :raises ValueError: if the scale is not above 0.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        if scale <= 0:
            message = f"scale={scale!r} is not usable: emulated time must go forwards"
            raise ValueError(message)
        self.scale = scale
        self._start = datetime.now(UTC)
        self._real_start = time.monotonic()

    def now(self) -> datetime:
        """Return the emulated time."""
        # the monotonic clock, because the machine's wall clock may be set back under us
        return self._start + timedelta(seconds=(time.monotonic() - self._real_start) * self.scale)


class ManualClock:
    """Emulated time that stands still until somebody moves it.

    :param start: the first time it shows; the real time by default, because clients compute
        absolute times such as a backup's ``expire_time`` from the real one
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the emulated time."""
        return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Move time forwards by a duration, or by a number of seconds; return the new time.

        :raises ValueError: if the duration is negative.
        """
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        with self._lock:
            return self._move_to(self._now + step)

    def set(self, to: datetime) -> datetime:
        """Move time forwards to a moment; return it.

        :raises ValueError: if the moment is in the past.
        """
        with self._lock:
            return self._move_to(to)

    def _move_to(self, to: datetime) -> datetime:
        if to < self._now:
            message = f"emulated time cannot go back from {self._now} to {to}"
            raise ValueError(message)
        self._now = to
        return to
