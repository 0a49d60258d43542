# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A few numbers that a triggerer's main process and the one that runs its triggers both see.

The main process has Airflow's database and no triggers; the other one, its fork, has the triggers
and no database. What the one wants and what the other was granted stands in a page of memory that
was there before the fork. Each number has one writer, and is written in one piece; so nobody waits
for anybody, and a process that ends at any moment leaves nothing locked.

Moments are those of ``time.monotonic``, which both processes share.
"""

from __future__ import annotations

import hashlib
import mmap
from dataclasses import dataclass

SLOTS = 63
"""Budgets that can be shared at a time; those that come after them have no lease."""
WANTED_FOR = 120.0
"""Seconds for which something is wanted, if nobody says more."""
_FREE_AFTER = WANTED_FOR + 60.0
"""Seconds after which nothing is wanted in a slot, and nothing granted there counts."""
_EACH = 8
"""Numbers in a slot, and in the head of the page."""
_SIZE = 8
_USED, _ALIVE_AT, _FAILING = range(3)
_HIGH, _LOW, _WANTED, _WANTED_AT, _RATE, _UNTIL, _FOR, _ALONE = range(_EACH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the triggers want of one budget.

    :param key: which budget, as a digest
    :param rate: requests a second
    :param at: when that was said last
    """

    slot: int
    key: str
    rate: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardGrant:
    """What the main process got for them.

    :param alone: the rate after ``until``
    """

    rate: float
    until: float
    alone: float


def digest_of(*parts: str) -> bytes:
    """Return what stands for a budget in the page, and in the record: it names nobody."""
    return hashlib.sha256("\0".join(parts).encode()).digest()[: 2 * _SIZE]


class LeaseBoard:
    """The page; made before the fork."""

    def __init__(self) -> None:
        page = memoryview(mmap.mmap(-1, _EACH * _SIZE * (SLOTS + 1)))
        # assigning to an item of these is one store of eight bytes
        self._numbers = page.cast("d")
        self._words = page.cast("Q")
        self._slots: dict[bytes, int] = {}

    # what the process of the triggers does

    def want(self, digest: bytes, *, rate: float, at: float) -> int | None:
        """Say what is wanted of a budget; return its slot, None if all are taken."""
        slot = self._slots.get(digest)
        if slot is None:
            slot = self._free_slot(at)
            if slot is None:
                return None
            self._slots[digest] = slot
            place = self._place(slot)
            self._numbers[place + _WANTED_AT] = 0.0
            self._words[place + _HIGH] = int.from_bytes(digest[:_SIZE])
            self._words[place + _LOW] = int.from_bytes(digest[_SIZE:])
            self._numbers[_USED] = max(self._numbers[_USED], slot + 1.0)
        place = self._place(slot)
        self._numbers[place + _WANTED] = rate
        self._numbers[place + _WANTED_AT] = at
        return slot

    def answering(self, *, at: float, within: float) -> bool:
        """Tell whether the main process is at work, and has not failed with what it tried last."""
        numbers = self._numbers
        return at - numbers[_ALIVE_AT] <= within and not numbers[_FAILING]

    def _free_slot(self, at: float) -> int | None:
        if len(self._slots) < SLOTS:
            return len(self._slots)
        digest, slot = min(
            self._slots.items(), key=lambda item: self._numbers[self._place(item[1]) + _WANTED_AT]
        )
        if at - self._numbers[self._place(slot) + _WANTED_AT] <= _FREE_AFTER:
            return None
        del self._slots[digest]
        return slot

    # what the main process does

    def wishes(self) -> list[Wish]:
        """Return what is wanted, and was."""
        found = []
        for slot in range(int(self._numbers[_USED])):
            place = self._place(slot)
            key = f"{self._words[place + _HIGH]:016x}{self._words[place + _LOW]:016x}"
            rate, at = self._numbers[place + _WANTED], self._numbers[place + _WANTED_AT]
            found.append(Wish(slot=slot, key=key, rate=rate, at=at))
        return found

    def grant(self, wish: Wish, grant: BoardGrant) -> None:
        """Show what was granted. If it is less than before, ``lower`` has shown that already."""
        place = self._place(wish.slot)
        self._words[place + _FOR] = int(wish.key[: 2 * _SIZE], 16)
        self._numbers[place + _ALONE] = grant.alone
        # in this order there is never more to be seen than one of both grants
        self._numbers[place + _UNTIL] = grant.until
        self._numbers[place + _RATE] = grant.rate

    def lower(self, wish: Wish, rate: float) -> None:
        """Show less than before, if it is less."""
        place = self._place(wish.slot)
        self._numbers[place + _RATE] = min(rate, self._numbers[place + _RATE])

    def tell_alive(self, *, at: float, failing: bool) -> None:
        """Say that the main process is at work."""
        self._numbers[_FAILING] = float(failing)
        self._numbers[_ALIVE_AT] = at

    # both

    def granted(self, slot: int) -> BoardGrant | None:
        """Return the last grant for the budget that has a slot now; None if there was none."""
        place = self._place(slot)
        if self._words[place + _FOR] != self._words[place + _HIGH]:
            return None
        return BoardGrant(
            rate=self._numbers[place + _RATE],
            until=self._numbers[place + _UNTIL],
            alone=self._numbers[place + _ALONE],
        )

    @staticmethod
    def _place(slot: int) -> int:
        return (slot + 1) * _EACH


@dataclass(slots=True)
class _Here:
    board: LeaseBoard | None = None


_here = _Here()


def open_board() -> LeaseBoard:
    """Make the page of this process and of those it forks."""
    _here.board = LeaseBoard()
    return _here.board


def inherited_board() -> LeaseBoard | None:
    """Return the page that was made before this process was forked; None if there was none."""
    return _here.board
