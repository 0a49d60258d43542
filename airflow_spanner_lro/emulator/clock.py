# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator's time: real and scaled, or moved by a test.

Nothing else in the emulator asks the machine what time it is, so a test can hold time still and a
demonstration can make it run sixty times faster. Nothing ticks: an idle emulator does nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

# durations must fit behind it, and Python's calendar ends with the year 9999
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""The last time that a clock shows."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What time it was at one moment, and how it went on: enough to know what time it is later.

    :param emulated: the emulated time then
    :param wall: the real time then, as by ``time.time()``
    :param scale: emulated seconds per real second from then on; 0 for a time that stands still
    """

    emulated: datetime
    wall: float
    scale: float

    def later(self, wall: float) -> datetime:
        """Return the emulated time at a real time, as if nothing had happened in between."""
        # a wall clock may be set back, and emulated time never goes back
        return _later(self.emulated, max(0.0, wall - self.wall) * self.scale)


JumpListener = Callable[[Anchor], None]
"""Is told of a jump before it happens; an exception prevents the jump."""


class Clock(Protocol):
    """Whatever can say what time it is in the emulated world."""

    def now(self) -> datetime:
        """Return the emulated time, in UTC and aware; it never goes backwards."""
        ...

    def client_seconds(self) -> float:
        """Return seconds as clients feel them, from a beginning of its own."""
        ...

    def advance(self, by: timedelta | float) -> datetime:
        """Jump ahead by a duration, or by a number of seconds; return the new time."""
        ...

    def anchor(self) -> Anchor:
        """Return what it takes to go on from here."""
        ...

    def restore(self, to: datetime) -> None:
        """Go on from a time, which may be in the past: the world is another one."""
        ...

    def on_jump(self, listener: JumpListener) -> None:
        """Call a listener before each jump, in place of the one before."""
        ...


class SystemClock:
    """Emulated time that starts at the real time and then runs ``scale`` times as fast.

    It stops at the end of Python's calendar, where a large scale gets it in no time.

    :param scale: emulated seconds per real second, above 0; 60 makes 25 minutes last 25 seconds
    :raises ValueError: if the scale is not above 0, or no number.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        if not 0 < scale < math.inf:
            message = (
                f"scale={scale!r} is not usable: emulated time must go forwards. "
                "Give a number above 0, or use a ManualClock for a time that stands still."
            )
            raise ValueError(message)
        self.scale = scale
        # one value, so that whoever reads sees both parts of the same start
        self._start = (datetime.now(UTC), time.monotonic())
        self._lock = threading.Lock()
        self._listener: JumpListener | None = None

    def now(self) -> datetime:
        """Return the emulated time."""
        start, real_start = self._start
        # the monotonic clock, because the machine's wall clock may be set back under us
        return _later(start, (time.monotonic() - real_start) * self.scale)

    def client_seconds(self) -> float:
        """Return real seconds: a client's pauses do not shrink with the scale."""
        return time.monotonic()

    def advance(self, by: timedelta | float) -> datetime:
        """Jump ahead by a duration, or by a number of seconds, and run on; return the new time.

        :raises ValueError: if the duration is negative, or absurdly long.
        """
        step = _step(by)
        with self._lock:
            start, real_start = self._start
            anchor = self.anchor()
            to = _after(anchor.emulated, step)
            if self._listener is not None:
                self._listener(Anchor(emulated=to, wall=anchor.wall, scale=anchor.scale))
            self._start = (start + step, real_start)
            return self.now()

    def anchor(self) -> Anchor:
        """Return what it takes to go on from here."""
        return Anchor(emulated=self.now(), wall=time.time(), scale=self.scale)

    def restore(self, to: datetime) -> None:
        """Run on from a time."""
        self._start = (to, time.monotonic())

    def on_jump(self, listener: JumpListener) -> None:
        """Call a listener before each jump."""
        self._listener = listener


class ManualClock:
    """Emulated time that stands still until somebody moves it.

    :param start: the first time it shows; the real time by default, because clients compute
        absolute times such as a backup's ``expire_time`` from the real one
    :raises ValueError: if it has no time zone.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = datetime.now(UTC) if start is None else _in_utc(start)
        self._lock = threading.Lock()
        self._listener: JumpListener | None = None

    def now(self) -> datetime:
        """Return the emulated time."""
        return self._now

    def client_seconds(self) -> float:
        """Return emulated seconds: a test that moves time lets its clients wait, too."""
        return (self._now - _EPOCH).total_seconds()

    def advance(self, by: timedelta | float) -> datetime:
        """Move time forwards by a duration, or by a number of seconds; return the new time.

        :raises ValueError: if the duration is negative, or absurdly long.
        """
        step = _step(by)
        with self._lock:
            return self._move_to(_after(self._now, step))

    def set(self, to: datetime) -> datetime:
        """Move time forwards to a moment; return it.

        :raises ValueError: if the moment is in the past, or has no time zone.
        """
        to = _in_utc(to)
        with self._lock:
            if to < self._now:
                message = f"emulated time cannot go back from {self._now} to {to}"
                raise ValueError(message)
            return self._move_to(to)

    def anchor(self) -> Anchor:
        """Return what it takes to go on from here."""
        return _still(self._now)

    def restore(self, to: datetime) -> None:
        """Stand at a time."""
        self._now = to

    def on_jump(self, listener: JumpListener) -> None:
        """Call a listener before each move."""
        self._listener = listener

    def _move_to(self, to: datetime) -> datetime:
        if self._listener is not None and to != self._now:
            self._listener(_still(to))
        self._now = to
        return to


def _later(at: datetime, seconds: float) -> datetime:
    """Return a time some seconds later, as far as there are times."""
    if seconds >= (LATEST - at).total_seconds():
        return max(at, LATEST)
    return at + timedelta(seconds=seconds)


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = f"{at!r} is not usable: it has no time zone. Give it one, such as tzinfo=UTC."
        raise ValueError(message)
    return at.astimezone(UTC)


def _still(at: datetime) -> Anchor:
    return Anchor(emulated=at, wall=time.time(), scale=0.0)


def _step(by: timedelta | float) -> timedelta:
    step = by if isinstance(by, timedelta) else timedelta(seconds=by)
    if step < timedelta():
        message = f"emulated time cannot go back by {-step}"
        raise ValueError(message)
    return step


def _after(at: datetime, step: timedelta) -> datetime:
    if step > LATEST - at:
        message = f"emulated time cannot go beyond {LATEST}"
        raise ValueError(message)
    return at + step
