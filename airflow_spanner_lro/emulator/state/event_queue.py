# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The next event of each operation and resource, in the order in which they come.

Thousands of operations may be pending, and every call asks whether something is due: so the next
event must be at hand without looking at all of them.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import OperationName, ResourceName

if TYPE_CHECKING:
    from datetime import datetime

EventKey = OperationName | ResourceName


class EventQueue:
    """The next event of each operation and resource that has one."""

    def __init__(self) -> None:
        self._times: dict[EventKey, tuple[datetime, int]] = {}
        # may hold entries that no longer count; those are dropped when they come up
        self._heap: list[tuple[datetime, int, int, EventKey]] = []
        self._pushed = 0

    def note(self, key: EventKey, *, at: datetime | None, serial: int = 0) -> None:
        """Note the next event of something, in place of the one it had.

        :param at: when; None if it has none any more
        :param serial: who comes first among those of the same time
        """
        if at is None:
            self._times.pop(key, None)
            return
        if self._times.get(key) == (at, serial):
            return
        self._times[key] = (at, serial)
        self._pushed += 1
        # names are not comparable, so a number that never repeats stands before them
        heapq.heappush(self._heap, (at, serial, self._pushed, key))

    def upcoming(self) -> tuple[datetime, EventKey] | None:
        """Return the next event, or None if there is none."""
        while self._heap:
            at, serial, _, key = self._heap[0]
            if self._times.get(key) == (at, serial):
                return at, key
            heapq.heappop(self._heap)
        return None
