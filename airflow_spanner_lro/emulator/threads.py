# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Threads that answer calls: those whose calls are held back do not count among them.

A fault may hold back calls, or their answers, for as long as somebody likes. Each of them keeps its
thread, and others must be answered nevertheless; a burst of a thousand calls, on the other hand,
is no reason for a thousand threads.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_HELD = 2000
"""How many calls of one server are held back without a place of their own; others wait then."""

_current = threading.local()


class CallThreads(ThreadPoolExecutor):
    """A pool that has a thread more for each call that is held back.

    :param workers: how many calls are worked on at once
    :param name: what the names of the threads begin with
    """

    def __init__(self, workers: int, *, name: str) -> None:
        super().__init__(workers, thread_name_prefix=name, initializer=self._enter)
        self._held_lock = threading.Lock()
        self._held = 0

    def _enter(self) -> None:
        _current.pool = self

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Let another thread take the place of this one meanwhile."""
        with self._held_lock:
            granted = self._held < _MOST_HELD
            if granted:
                self._held += 1
                self._max_workers += 1
        try:
            if granted:
                self._start_another()
            yield
        finally:
            if granted:
                with self._held_lock:
                    self._held -= 1
                    self._max_workers -= 1

    def _start_another(self) -> None:
        """See to calls that are waiting for a thread already: a pool looks when it is given one."""
        try:
            self.submit(_nothing)
        except RuntimeError:
            # it has been shut down, so that nobody waits for a thread
            return


def _nothing() -> None:
    pass


@contextmanager
def held_back() -> Iterator[None]:
    """Say that this thread waits for nothing but time, so that others get its place."""
    pool = getattr(_current, "pool", None)
    if pool is None:
        yield
        return
    with pool.one_more():
        yield
