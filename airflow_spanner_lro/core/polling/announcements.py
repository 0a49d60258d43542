# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether ends of a kind are announced, so that polls need be no more than a safety net.

What is announced is never believed, only looked at; what can be believed after a while is that ends
*are* announced. Of each kind by itself: Google writes no entry for the optimization that follows a
restore, and a sink may leave out what it likes. A kind is trusted when a few ends in a row have
been announced, and not any more with the first that was not, or when announcements as a whole
cannot be heard.

Times are in seconds, on an axis that only goes forward.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

TRUSTED_AFTER = 5
"""Ends in a row that were announced."""
GRACE = 60.0
"""Seconds that an announcement may come after its end was seen; delivery takes its time."""


@dataclass(slots=True)
class Announcements:
    """Which ends were announced, of the operations of a project."""

    _in_a_row: dict[Hashable, int] = field(default_factory=dict)
    _announced: dict[str, float] = field(default_factory=dict)
    """Operations whose end is not seen yet, and when it was announced."""
    _awaited: dict[str, tuple[float, Hashable]] = field(default_factory=dict)
    """Operations whose end was seen before it was announced, when, and their kinds."""
    _gained: bool = False

    def trusted(self, kind: Hashable) -> bool:
        """Tell whether ends of a kind are announced."""
        return self._in_a_row.get(kind, 0) >= TRUSTED_AFTER

    def on_announced(self, name: str, *, at: float) -> None:
        """Note that an end was announced, whether or not it was seen."""
        if awaited := self._awaited.pop(name, None):
            self._count(awaited[1])
        else:
            self._announced[name] = at
            # of what nobody waits for, only the latest
            while len(self._announced) > _REMEMBERED:
                del self._announced[next(iter(self._announced))]

    def on_end(self, name: str, kind: Hashable, *, at: float) -> None:
        """Note that an end was seen."""
        if self._announced.pop(name, None) is not None:
            self._count(kind)
        elif self._in_a_row or self._announced:
            # where nothing was ever announced, nothing is awaited
            self._awaited[name] = at, kind

    def check(self, *, at: float) -> bool:
        """Stop to trust kinds of which an end was not announced; tell whether there was one."""
        lost = False
        while self._awaited:
            name = next(iter(self._awaited))
            seen, kind = self._awaited[name]
            if seen + GRACE > at:
                break
            del self._awaited[name]
            lost |= self.trusted(kind)
            self._in_a_row[kind] = 0
        return lost

    def lost(self) -> None:
        """Note that announcements cannot be heard: nothing is trusted until they come again."""
        self._in_a_row.clear()
        self._awaited.clear()
        self._announced.clear()

    def gained(self) -> bool:
        """Tell whether a kind has come to be trusted since this was asked last."""
        gained, self._gained = self._gained, False
        return gained

    def _count(self, kind: Hashable) -> None:
        self._in_a_row[kind] = self._in_a_row.get(kind, 0) + 1
        self._gained |= self._in_a_row[kind] == TRUSTED_AFTER


_REMEMBERED = 1000
