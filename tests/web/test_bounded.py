# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What asks Spanner for an api-server is few at once, and not for long."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.web.actions.bounded import BoundedCalls
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.clock import StoppableClock


async def test_the_same_is_not_done_twice_at_once() -> None:
    """A second submit while the first is at work is told so, and the first is not disturbed."""
    calls, go = BoundedCalls(), Event()

    first = asyncio.create_task(calls.run("one", lambda _: go.wait(30)))
    await asyncio.sleep(0)
    with pytest.raises(ProblemError, match="409"):
        await calls.run("one", lambda _: True)
    go.set()

    assert await first
    assert await calls.run("one", lambda _: True)


async def test_no_more_than_a_few_at_once() -> None:
    """Who comes when all threads are taken is told at once, and not kept waiting."""
    calls, go = BoundedCalls(at_once=1), Event()

    first = asyncio.create_task(calls.run("one", lambda _: go.wait(30)))
    await asyncio.sleep(0)
    with pytest.raises(ProblemError, match="503"):
        await calls.run("two", lambda _: True)
    go.set()

    assert await first


async def test_what_takes_too_long_is_told_and_stopped() -> None:
    """Whoever asked gets an answer, and the work ends at its next sleep."""
    calls, stopped = BoundedCalls(timeout=0.05), Event()

    def work(clock: StoppableClock) -> None:
        try:
            clock.sleep(30)
        except WaitStoppedError:
            stopped.set()
            raise

    with pytest.raises(ProblemError, match="503"):
        await calls.run("one", work)

    assert await asyncio.to_thread(stopped.wait, 30)


async def test_what_has_begun_goes_on_without_its_browser() -> None:
    """The request is gone; the work comes to its end all the same."""
    calls, go, done = BoundedCalls(), Event(), Event()

    def work(_: StoppableClock) -> None:
        go.wait(30)
        done.set()

    asking = asyncio.create_task(calls.run("one", work))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go.set()

    assert await asyncio.to_thread(done.wait, 30)


async def test_an_error_is_told() -> None:
    """What the work raises is raised."""

    def work(_: StoppableClock) -> None:
        raise ProblemError(409, "no")

    with pytest.raises(ProblemError, match="no"):
        await BoundedCalls().run("one", work)
