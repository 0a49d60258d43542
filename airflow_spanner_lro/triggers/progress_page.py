# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A record that the process of the triggers shows to the triggerer's main process.

The main process has Airflow's database and no triggers; the other one, its fork, has the triggers
and no database. Between them is memory that was there before the fork: two places for a record, and
the number of the last one, which says in which place it is. The one writes, the other reads; nobody
waits for anybody, and a record that was written meanwhile is known by its checksum and read again.
Memory that is not written to takes none.
"""

from __future__ import annotations

import mmap
import zlib
from dataclasses import dataclass

MOST_BYTES = 1024 * 1024
"""Bytes of a record."""
_HEAD = 64
_PLACES = 2
_TRIES = 3
_NUMBER = 0


class ProgressPage:
    """The memory; made before the fork."""

    def __init__(self) -> None:
        self._bytes = memoryview(mmap.mmap(-1, _HEAD + _PLACES * (_HEAD + MOST_BYTES)))
        # assigning to an item of these is one store of eight bytes
        self._head = self._bytes[:_HEAD].cast("Q")

    @property
    def number(self) -> int:
        """The number of the last record; 0 before the first."""
        return int(self._head[_NUMBER])

    def show(self, record: bytes) -> None:
        """Show another record.

        :raises ValueError: if it is longer than ``MOST_BYTES``
        """
        if len(record) > MOST_BYTES:
            message = f"a record of {len(record)} bytes has no room here"
            raise ValueError(message)
        number = self.number + 1
        place = self._place(number)
        place[_HEAD : _HEAD + len(record)] = record
        sizes = place[:_HEAD].cast("Q")
        sizes[0], sizes[1] = len(record), zlib.crc32(record)
        self._head[_NUMBER] = number

    def read(self) -> tuple[int, bytes]:
        """Return the last record and its number; an empty one if none can be read just now."""
        for _ in range(_TRIES):
            number = self.number
            if number == 0:
                break
            place = self._place(number)
            sizes = place[:_HEAD].cast("Q")
            size, checksum = sizes[0], sizes[1]
            record = bytes(place[_HEAD : _HEAD + min(size, MOST_BYTES)])
            if len(record) == size and zlib.crc32(record) == checksum:
                return number, record
        return 0, b""

    def _place(self, number: int) -> memoryview:
        begin = _HEAD + number % _PLACES * (_HEAD + MOST_BYTES)
        return self._bytes[begin : begin + _HEAD + MOST_BYTES]


@dataclass(slots=True)
class _Here:
    page: ProgressPage | None = None


_here = _Here()


def open_page() -> ProgressPage:
    """Make the memory of this process and of those it forks."""
    _here.page = ProgressPage()
    return _here.page


def inherited_page() -> ProgressPage | None:
    """Return the memory that was made before this process was forked; None if there is none."""
    return _here.page
