# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The pool of threads that answer calls: a held one makes room, within limits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import threads
from airflow_spanner_lro.emulator.threads import CallThreads, held_back

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONG = 20.0


@pytest.fixture
def pool() -> Iterator[CallThreads]:
    """Return a pool that works on one call at a time."""
    with CallThreads(1, name="held") as made:
        yield made


def _hold(entered: threading.Event, end: threading.Event) -> bool:
    """Be held back until the end."""
    with held_back():
        entered.set()
        return end.wait(_LONG)


def test_a_held_call_gives_its_place_to_one_that_waits_already(pool: CallThreads) -> None:
    """The next call is answered though all threads are taken, also one that came before."""
    begin, entered, end = (threading.Event() for _ in range(3))

    def held_later() -> bool:
        begin.wait(_LONG)
        return _hold(entered, end)

    held = pool.submit(held_later)
    waiting = pool.submit(lambda: "answered")
    begin.set()

    assert "answered" == waiting.result(_LONG)
    assert entered.wait(_LONG)
    assert not held.done()
    end.set()
    assert held.result(_LONG)


def test_more_than_the_most_share_the_places_of_others(
    pool: CallThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is held back beyond the limit keeps its place, so there are threads for no more."""
    monkeypatch.setattr(threads, "_MOST_HELD", 1)
    first, second, end = (threading.Event() for _ in range(3))
    held = [pool.submit(_hold, first, end), pool.submit(_hold, second, end)]
    assert first.wait(_LONG)
    assert second.wait(_LONG)
    third = pool.submit(lambda: "answered")

    assert not third.done()
    assert 2 == sum(each.name.startswith("held") for each in threading.enumerate())
    end.set()
    assert "answered" == third.result(_LONG)
    assert all(each.result(_LONG) for each in held)


def test_a_pool_that_is_shut_down_starts_no_other_thread(pool: CallThreads) -> None:
    """A call that is held back while the server stops goes on to its end."""
    begin, entered, end = (threading.Event() for _ in range(3))
    end.set()

    def held_after_the_end() -> bool:
        begin.wait(_LONG)
        return _hold(entered, end)

    held = pool.submit(held_after_the_end)
    pool.shutdown(wait=False)
    begin.set()

    assert held.result(_LONG)


def test_a_thread_of_somebody_else_may_wait_too() -> None:
    """Who calls from a thread of no pool is held back all the same."""
    entered, end = threading.Event(), threading.Event()
    end.set()

    assert _hold(entered, end)
    assert entered.is_set()
