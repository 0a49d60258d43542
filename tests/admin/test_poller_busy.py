# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A budget that rises while polls are late, falls when Spanner refuses one, and stays a budget.

And what it costs to decide which poll goes next: thousands wait in one event loop with others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.core.polling.watched_operation import WatchedOperation

from .virtual_spanner import EXHAUSTED, CrowdedSpanner, outcomes, poller_of, waiting
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.polling.poller import OperationPoller

    from .virtual_spanner import Request

RATE, BUSY = 1.0, 3.0
CROWD = 180
"""So many, each on its own instance, that it is polled late; and few enough to cancel them all."""


def busy_poller(spanner: CrowdedSpanner) -> OperationPoller:
    """Return a poller whose budget may rise."""
    return poller_of(spanner, budget_of=lambda _: Budget(rate=RATE, busy=BUSY))


def most_within(spanner: CrowdedSpanner, begin: float, end: float) -> int:
    """Return the most requests in any hundred seconds of a time."""
    times = [each.at for each in spanner.requests if begin <= each.at <= end]
    return max((sum(at - 100 < each <= at for each in times) for at in times), default=0)


@pytest.mark.slow
@in_virtual_time
async def test_budget_rises_while_polls_are_late() -> None:
    """A crowd that is polled late has three times the requests, and never more than that."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(CROWD, instances=CROWD, ends=lambda _: 900.0)

    ends = await outcomes(waiting(busy_poller(spanner), names))

    assert all(not isinstance(end, BaseException) and end.succeeded for end in ends)
    assert 0.85 * BUSY * 100 <= spanner.busiest <= BUSY * 100


@pytest.mark.slow
@in_virtual_time
async def test_budget_leaves_room_to_cancel_all_that_is_waited_for() -> None:
    """Of five hundred requests, three hundred are left for those who may all be killed at once."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(600, instances=200, ends=lambda _: 900.0)

    await outcomes(waiting(busy_poller(spanner), names))

    assert RATE * 100 < spanner.busiest <= 200


@in_virtual_time
async def test_budget_stays_where_polls_are_in_time() -> None:
    """Few operations do not make use of what is there for many."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(3, instances=3, ends=lambda _: 1500.0)

    await outcomes(waiting(busy_poller(spanner), names))

    assert spanner.busiest <= BUSY * 100
    assert most_within(spanner, 200, 1500) <= RATE * 100


@pytest.mark.slow
@in_virtual_time
async def test_budget_falls_with_a_refusal() -> None:
    """One refused request, and for ten minutes there are no more requests than at first."""
    refused: list[float] = []

    def refuse_once(request: Request) -> Exception | None:
        if request.at > 700 and not refused:
            refused.append(request.at)
            return EXHAUSTED
        return None

    spanner = CrowdedSpanner(trouble=refuse_once)
    names = spanner.begin_many(CROWD, instances=CROWD, ends=lambda _: 2100.0)

    ends = await outcomes(waiting(busy_poller(spanner), names))

    assert all(not isinstance(end, BaseException) and end.succeeded for end in ends)
    assert most_within(spanner, 0, 700) > 2.5 * RATE * 100
    # those that were under way with it had been sent before
    assert most_within(spanner, refused[0] + 1, refused[0] + 600) <= RATE * 100
    assert most_within(spanner, refused[0] + 700, 2000) > 2.5 * RATE * 100
    assert spanner.busiest <= BUSY * 100


@pytest.mark.slow
@in_virtual_time
async def test_refusals_without_end() -> None:
    """Where the service goes on to refuse, it is asked rarely, and cancels are not held up."""
    spanner = CrowdedSpanner(trouble=lambda each: EXHAUSTED if 300 < each.at < 1500 else None)
    names = spanner.begin_many(CROWD, instances=CROWD, ends=lambda _: 1600.0)
    poller = busy_poller(spanner)
    waits = waiting(poller, names)
    await asyncio.sleep(1499.5)
    began = asyncio.get_running_loop().time()

    while not spanner.is_cancelled(names[0]):
        try:
            await poller.client().cancel(name=names[0], timeout=10)
        except type(EXHAUSTED):
            continue
    took = asyncio.get_running_loop().time() - began
    ends = await outcomes(waits)

    assert took <= 2
    assert all(not isinstance(end, BaseException) for end in ends)
    assert sum(310 < each.at < 1499 for each in spanner.requests) <= 60


@pytest.mark.slow
@in_virtual_time
async def test_deciding_for_ten_thousand_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which poll goes next is found without weighing all ten thousand operations anew."""
    weighed = 0
    weigh = WatchedOperation.delay

    def count(self: WatchedOperation, at: float) -> float:
        nonlocal weighed
        weighed += 1
        return weigh(self, at)

    monkeypatch.setattr(WatchedOperation, "delay", count)
    spanner = CrowdedSpanner()
    names = spanner.begin_many(10_000, instances=100)
    waits = waiting(poller_of(spanner), names)
    await asyncio.sleep(200)
    weighed, before = 0, len(spanner.requests)

    await asyncio.sleep(200)

    requests = len(spanner.requests) - before
    assert requests > 150
    # a bound of what each family is worth holds for ten seconds, and most of them need no more
    assert weighed / requests <= 5_000
    for wait in waits:
        wait.cancel()
