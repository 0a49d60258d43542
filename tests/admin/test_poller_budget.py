# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""However many wait and whatever happens, Spanner sees no more requests than the budget allows."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.polling.budget import Urgency

from .virtual_spanner import (
    EXHAUSTED,
    CrowdedSpanner,
    Noticing,
    name_of,
    outcomes,
    poller_of,
    waiting,
)
from .virtual_time import in_virtual_time


@pytest.mark.slow
@in_virtual_time
async def test_ten_thousand_waits() -> None:
    """Ten thousand waits on a hundred instances stay within the budget, and all ends are seen."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    names = spanner.begin_many(10_000, instances=100, ends=lambda number: 5 + number % 150)
    poller = poller_of(spanner, telemetry=telemetry)

    ends = await asyncio.gather(*waiting(poller, names))
    await asyncio.sleep(0)

    assert all(end.succeeded for end in ends)
    assert set(map(str, names)) == set(telemetry.seen)
    assert spanner.busiest <= 100
    assert poller.idle
    assert 0 == poller.waits == telemetry.waits[-1]


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5, 5.0])
@in_virtual_time
async def test_budget_is_what_was_asked_for(rate: float) -> None:
    """The budget holds for any number, in every hundred seconds, and is made use of."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(400, instances=200, ends=lambda _: 1000.0)
    waits = waiting(poller_of(spanner, rate=rate), names)

    await asyncio.sleep(220)

    # an instance with two is asked about with one list: two hundred in some seconds are wanted
    assert rate * 100 * 0.8 <= spanner.busiest <= rate * 100
    for wait in waits:
        wait.cancel()


@pytest.mark.slow
@in_virtual_time
async def test_each_project_has_a_budget() -> None:
    """Spanner counts for each project, and so does the poller."""
    spanner = CrowdedSpanner()
    names = [
        spanner.begin(name_of(number, instance=number, project=project), ends=300.0)
        for project in ("one", "two")
        for number in range(100)
    ]

    await asyncio.gather(*waiting(poller_of(spanner), names))

    counts = Counter(each.about.split("/")[1] for each in spanner.requests if each.at < 100)
    assert 80 <= counts["one"] <= 100
    assert 80 <= counts["two"] <= 100


@in_virtual_time
async def test_no_stampede() -> None:
    """A triggerer that starts with a thousand waits asks evenly, and only so much at once."""
    spanner = CrowdedSpanner(hangs=lambda request: request.at < 60)
    names = spanner.begin_many(1000, instances=50, ends=lambda _: 200.0)

    ends = await outcomes(waiting(poller_of(spanner), names))

    assert all(not isinstance(end, BaseException) and end.succeeded for end in ends)
    assert max(request.at_once for request in spanner.requests) <= 10
    assert sum(request.at < 10 for request in spanner.requests) <= 15
    assert spanner.busiest <= 100


@pytest.mark.slow
@in_virtual_time
async def test_intervals_stretch_evenly() -> None:
    """When the budget binds, each instance is polled about as often as any other."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(400, instances=100)
    waits = waiting(poller_of(spanner), names)

    await asyncio.sleep(1000)

    polls = Counter(request.about for request in spanner.of("list"))
    assert 100 == len(polls)
    assert max(polls.values()) - min(polls.values()) <= 2
    assert 850 <= len(spanner.requests) <= 1000
    for wait in waits:
        wait.cancel()


@pytest.mark.slow
@in_virtual_time
async def test_nobody_starves_among_those_that_end() -> None:
    """A stream of operations that end keeps nobody from being polled."""
    spanner = CrowdedSpanner()
    quiet = spanner.begin_many(3, instances=1)
    poller = poller_of(spanner, rate=0.2)
    waits = waiting(poller, quiet)
    for number in range(100, 400):
        short = spanner.begin(name_of(number, instance=number), ends=number * 2.0)
        waits += waiting(poller, [short])

    await asyncio.sleep(1800)

    polls = [each.at for each in spanner.requests if "instance-0/" in each.about + "/"]
    assert len(polls) >= 2
    for wait in waits:
        wait.cancel()


@in_virtual_time
async def test_quota_used_up_by_others() -> None:
    """Where Spanner refuses requests it is asked rarely; nobody fails, and all recover."""
    spanner = CrowdedSpanner(trouble=lambda request: EXHAUSTED if 50 < request.at < 650 else None)
    names = spanner.begin_many(500, instances=50, ends=lambda number: 700.0 + number % 50)

    ends = await outcomes(waiting(poller_of(spanner), names))

    assert all(not isinstance(end, BaseException) and end.succeeded for end in ends)
    assert 5 <= sum(55 < request.at < 650 for request in spanner.requests) <= 60
    assert spanner.requests[-1].at < 1000


@in_virtual_time
async def test_cancels_do_not_wait_for_the_quota() -> None:
    """While Spanner refuses requests, a cancel is tried every second or so until it is taken."""
    spanner = CrowdedSpanner(trouble=lambda request: EXHAUSTED if request.at < 30 else None)
    name = spanner.begin(name_of(1))
    poller = poller_of(spanner)
    waits = waiting(poller, [name])
    await asyncio.sleep(20)
    client = poller.client(urgency=Urgency.DECIDING)
    began = asyncio.get_running_loop().time()

    while True:
        try:
            await client.cancel(name=name, timeout=10)
            break
        except type(EXHAUSTED):
            pass
    await asyncio.gather(*waits)

    assert 10 <= spanner.of("cancel")[-1].at - began < 12
    assert len(spanner.of("cancel")) <= 12


@pytest.mark.slow
@in_virtual_time
async def test_cancels_go_first_and_many_at_once() -> None:
    """While polls wait for their budget, four hundred cancels are sent within a second."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(500, instances=100)
    poller = poller_of(spanner)
    waits = waiting(poller, names)
    await asyncio.sleep(500.3)
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(poller.client().cancel(name=name, timeout=10) for name in names[:400]))

    assert all(began <= cancel.at <= began + 1 for cancel in spanner.of("cancel"))
    assert 400 == len(spanner.of("cancel"))
    assert spanner.busiest <= 500
    assert len(spanner.requests) - 400 <= 90 * 6
    for wait in waits:
        wait.cancel()


@in_virtual_time
async def test_cancels_stay_within_the_budget() -> None:
    """Even cancels are no more than Spanner takes; each is sent in the end."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(750)
    poller = poller_of(spanner)

    await asyncio.gather(*(poller.client().cancel(name=name, timeout=10) for name in names))

    assert 750 == len(spanner.of("cancel"))
    assert 500 == spanner.busiest
    assert 500 == sum(cancel.at < 5 for cancel in spanner.of("cancel"))


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf")])
def test_budget_that_is_none(rate: float) -> None:
    """A budget that is no number above 0 is told of when the poller is made."""
    with pytest.raises(InvalidArgumentError, match="max_admin_requests_per_second"):
        poller_of(CrowdedSpanner(), rate=rate)


@in_virtual_time
async def test_long_wait_costs_few_requests() -> None:
    """A wait of four hours takes a request each nine seconds, an eighth of the budget."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    name = spanner.begin(name_of(1), ends=4 * 3600.0)

    await asyncio.gather(*waiting(poller_of(spanner, telemetry=telemetry), [name]))

    assert len(spanner.requests) <= 4 * 400 + 120
    assert 0 <= telemetry.seen[str(name)] - 4 * 3600 <= 11


@pytest.mark.parametrize("ends", [0.4, 1.7, 3.0, 8.0])
@in_virtual_time
async def test_short_operation_is_noticed_at_once(ends: float) -> None:
    """An operation of some seconds is seen to have ended about a second later."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    name = spanner.begin(name_of(1), ends=ends)

    await asyncio.gather(*waiting(poller_of(spanner, telemetry=telemetry), [name]))

    assert 0 <= telemetry.seen[str(name)] - ends <= 1.3
