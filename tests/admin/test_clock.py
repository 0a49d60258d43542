# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real clocks: sleeping ends when somebody says so, and time is aware and in UTC."""

from __future__ import annotations

import threading
from datetime import UTC

import pytest

from airflow_spanner_lro.admin.clock import LoopClock, StoppableClock, WaitStoppedError

AGES = 3600.0
"""Seconds that no test would survive."""


class AnnouncedEvent(threading.Event):
    """An event that tells when somebody begins to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait."""
        self.awaited.set()
        return super().wait(timeout)


def test_a_sleep_ends_when_another_thread_stops_it() -> None:
    """Who sleeps for an hour is woken at once, by an exception."""
    clock = StoppableClock()
    clock._stopped = event = AnnouncedEvent()

    def stop() -> None:
        event.awaited.wait()
        clock.stop()

    stopping = threading.Thread(target=stop)
    stopping.start()

    with pytest.raises(WaitStoppedError, match="was killed while"):
        clock.sleep(AGES)

    stopping.join()
    assert clock.stopped


def test_nobody_sleeps_any_more_after_a_stop() -> None:
    """Every later sleep ends at once too, also one of no time."""
    clock = StoppableClock()
    clock.stop()
    clock.stop()

    for seconds in (AGES, 0):
        with pytest.raises(WaitStoppedError):
            clock.sleep(seconds)


def test_an_undisturbed_sleep_just_ends() -> None:
    """Nothing is raised when the time is over."""
    clock = StoppableClock()

    clock.sleep(0)

    assert not clock.stopped


async def test_the_loops_clock_lets_the_loop_run() -> None:
    """Its sleep ends by itself, and time has not gone back meanwhile."""
    clock = LoopClock()
    before = clock.now()

    await clock.sleep(0)

    assert before <= clock.now()


@pytest.mark.parametrize("clock", [StoppableClock(), LoopClock()], ids=["worker", "triggerer"])
def test_time_is_aware_and_in_utc(clock: StoppableClock | LoopClock) -> None:
    """The zone of the machine plays no part."""
    assert UTC is clock.now().tzinfo
