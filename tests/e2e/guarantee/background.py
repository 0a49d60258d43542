# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Do things in the background, a few at a time, and begin none while somebody needs calm."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Background:
    """Does what it is given, in the order in which it is given.

    :param at_a_time: how many things
    """

    def __init__(self, *, at_a_time: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=at_a_time)
        self._futures: list[Future[None]] = []
        self._may_begin = Event()
        self._may_begin.set()
        self._closed = False

    def add(self, do: Callable[[], None]) -> None:
        """Do something, as soon as there is a place for it."""
        self._futures.append(self._pool.submit(self._do, do))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin nothing meanwhile; what has begun goes on."""
        self._may_begin.clear()
        try:
            yield
        finally:
            self._may_begin.set()

    def wait(self) -> None:
        """Wait until everything is done."""
        for future in self._futures:
            future.result()

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)

    def _do(self, do: Callable[[], None]) -> None:
        self._may_begin.wait()
        if not self._closed:
            do()
