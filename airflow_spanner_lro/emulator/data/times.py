# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When an emulated moment was, in real time: Google's emulator knows no other.

Emulated time may run fast, jump or stand still, and each stretch of it has a place in real time. A
version time is looked up there: the rows that it shows are those that were there at the last real
moment at which the emulated clock showed no later time.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.clock import Anchor

_SAME = 0.1
"""Emulated time that runs as fast as the real one, this many seconds from it, is the real one."""


class RealTimes:
    """The stretches of emulated time so far. Safe to use from any thread.

    :param first: where they begin
    :param wall: the real time, as by ``time.time()``
    """

    def __init__(self, first: Anchor, *, wall: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._anchors = [first]
        self._wall = wall

    def note(self, anchor: Anchor) -> None:
        """Note that time goes on from another place, forwards by a jump."""
        with self._lock:
            self._anchors.append(anchor)

    def restart(self, anchor: Anchor) -> None:
        """Forget what was: time has gone back, and what it showed then is of another world."""
        with self._lock:
            self._anchors = [anchor]

    def real(self, emulated: datetime) -> datetime:
        """Return the last real moment, up to now, at which it was no later than an emulated one."""
        now = self._wall()
        with self._lock:
            anchors = list(self._anchors)
        ends = [each.wall for each in anchors[1:]] + [now]
        for anchor, end in zip(reversed(anchors), reversed(ends), strict=True):
            if anchor.emulated <= emulated:
                return _moment(min(_within(anchor, emulated, end), end))
        return _moment(anchors[0].wall)


def _within(anchor: Anchor, emulated: datetime, end: float) -> float:
    """Return when, after its beginning, a stretch had reached a time."""
    if not anchor.scale:
        return end
    real = emulated.timestamp()
    if anchor.scale == 1.0 and abs(anchor.emulated.timestamp() - anchor.wall) < _SAME:
        # exact, where both clocks are meant to show the same: a client asks for the version at
        # the time of a commit, which Google's emulator has set
        return real
    return anchor.wall + (emulated - anchor.emulated).total_seconds() / anchor.scale


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
