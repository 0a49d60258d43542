# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked about many operations: lists where there are many, gets where there are few."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.names import OperationName, SsdCacheName
from airflow_spanner_lro.core.polling.policy import PollPolicy
from tests.support.log_lines import logged

from .virtual_spanner import (
    DENIED,
    ROUND_TRIP,
    CrowdedSpanner,
    Noticing,
    name_of,
    outcomes,
    poller_of,
    waiting,
)
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from .virtual_spanner import Request

PLENTY = 5.0
"""A budget that does not bind."""


def refused_lists(request: Request) -> Exception | None:
    """Refuse lists, for want of a permission."""
    return DENIED if request.method == "list" else None


@in_virtual_time
async def test_one_is_got() -> None:
    """The only operation on an instance is asked about by a get."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=100.0)

    await asyncio.gather(*waiting(poller_of(spanner), [name]))

    assert {("get", str(name))} == {(each.method, each.about) for each in spanner.requests}


@pytest.mark.parametrize("count", [2, 50])
@in_virtual_time
async def test_up_to_fifty_are_listed_by_name(count: int) -> None:
    """One list tells of all of them, those that have ended too, so no end takes a second look."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    names = spanner.begin_many(count, ends=lambda _: 100.0)

    await asyncio.gather(*waiting(poller_of(spanner, telemetry=telemetry), names))

    wanted = frozenset(map(str, names))
    assert {("list", wanted)} == {(each.method, frozenset(each.names)) for each in spanner.requests}
    # the last of them showed all ends at once
    last = spanner.requests[-1].at + ROUND_TRIP
    assert dict.fromkeys(map(str, names), pytest.approx(last)) == telemetry.seen


@pytest.mark.slow
@in_virtual_time
async def test_many_are_listed() -> None:
    """A hundred operations on an instance take one list about each second, and no get."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(100, ends=lambda _: 700.0)

    await asyncio.gather(*waiting(poller_of(spanner, rate=PLENTY), names))

    assert not spanner.of("get")
    old = [request.at for request in spanner.requests if 100 < request.at < 700]
    assert all(not request.names for request in spanner.requests if request.at < 700)
    assert min(after - before for before, after in pairwise(old)) >= 1.0
    # the ends take two lists by name
    assert 2 == sum(bool(request.names) for request in spanner.requests)


@pytest.mark.slow
@in_virtual_time
async def test_one_list_for_each_instance() -> None:
    """Each instance has a list of its own."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(60, instances=3, ends=lambda _: 600.0)

    await asyncio.gather(*waiting(poller_of(spanner, rate=PLENTY), names))

    lists = Counter(request.about for request in spanner.of("list"))
    assert {f"projects/test/instances/instance-{number}" for number in range(3)} == set(lists)
    assert not spanner.of("get")


@pytest.mark.slow
@in_virtual_time
async def test_one_that_has_left_the_list_is_asked_about() -> None:
    """An operation that is no longer pending is got, alone, and only that one."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    names = spanner.begin_many(60, ends=lambda number: 200.0 if number == 7 else 900.0)
    poller = poller_of(spanner, rate=PLENTY, telemetry=telemetry)
    waits = waiting(poller, names)

    await asyncio.sleep(300)

    assert [str(names[7])] == [request.about for request in spanner.of("get")]
    assert [str(names[7])] == list(telemetry.seen)
    assert telemetry.seen[str(names[7])] - 200 <= 22 * 1.1 + 1
    await asyncio.gather(*waits)


@pytest.mark.slow
@in_virtual_time
async def test_many_that_have_left_the_list_are_asked_for_together() -> None:
    """Those that ended at the same time are asked for by one list of their names."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(60, ends=lambda number: 200.0 if number < 20 else 900.0)
    poller = poller_of(spanner, rate=PLENTY)
    waits = waiting(poller, names)

    await asyncio.sleep(300)

    assert not spanner.of("get")
    assert 40 == poller.waits
    ended = frozenset(map(str, names[:20]))
    assert ended in {frozenset(request.names) for request in spanner.requests}
    await asyncio.gather(*waits)


@pytest.mark.slow
@pytest.mark.parametrize("page_size", [7, 50, 100])
@in_virtual_time
async def test_each_page_counts(page_size: int) -> None:
    """Each page of a list is a request, and waits for the budget; all ends are seen."""
    spanner = CrowdedSpanner(page_size=page_size)
    names = spanner.begin_many(600, instances=2, ends=lambda number: 100.0 + number % 300)

    ends = await asyncio.gather(*waiting(poller_of(spanner), names))

    assert all(end.succeeded for end in ends)
    assert spanner.busiest <= 100


@in_virtual_time
async def test_operations_of_others() -> None:
    """What others run on the instance is on its list, and makes no difference."""
    spanner = CrowdedSpanner(page_size=100)
    spanner.begin_many(1000)
    names = [spanner.begin(name_of(number), ends=150.0) for number in range(5000, 5010)]

    ends = await asyncio.gather(*waiting(poller_of(spanner), names))

    assert all(end.succeeded for end in ends)
    # ten by name are one page; all that are pending would be eleven
    assert {10} == {len(request.names) for request in spanner.requests}
    assert spanner.busiest <= 100


@pytest.mark.slow
@in_virtual_time
async def test_without_permission_to_list(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever may not list gets, within the budget, and one line of the log says so."""
    spanner = CrowdedSpanner(trouble=refused_lists)
    names = spanner.begin_many(200, ends=lambda number: 300.0 + number)

    ends = await asyncio.gather(*waiting(poller_of(spanner), names))

    assert all(end.succeeded for end in ends)
    assert 1 == len(spanner.of("list"))
    assert spanner.busiest <= 100
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Operations cannot be listed (PERMISSION_DENIED: ")
    assert line.endswith("reported. projects/test/instances/instance-0")


@in_virtual_time
async def test_permission_on_another_instance() -> None:
    """A missing permission on one instance is no reason not to list on another."""
    closed = "projects/test/instances/instance-0"
    spanner = CrowdedSpanner(
        trouble=lambda each: DENIED if (each.method, each.about) == ("list", closed) else None
    )
    names = spanner.begin_many(40, instances=2, ends=lambda _: 300.0)

    await asyncio.gather(*waiting(poller_of(spanner, rate=PLENTY), names))

    lists = Counter(request.about for request in spanner.of("list"))
    assert 1 == lists[closed]
    assert lists["projects/test/instances/instance-1"] > 10
    assert all(f"{closed}/" in request.about for request in spanner.of("get"))


@pytest.mark.slow
@in_virtual_time
async def test_permission_that_comes_later() -> None:
    """A list is tried again after an hour."""
    spanner = CrowdedSpanner(trouble=lambda each: refused_lists(each) if each.at < 600 else None)
    names = spanner.begin_many(40, ends=lambda _: 4200.0)

    await asyncio.gather(*waiting(poller_of(spanner), names))

    assert 3600 <= spanner.of("list")[1].at <= 3700
    assert spanner.of("get")[-1].at < 3700


@in_virtual_time
async def test_filter_by_name_that_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A service that does not take names in a filter is asked for those that are pending."""
    refused = exceptions.InvalidArgument("name is no field")
    spanner = CrowdedSpanner(
        page_size=10, trouble=lambda request: refused if request.names else None
    )
    names = spanner.begin_many(60, ends=lambda number: 100.0 if number < 20 else 300.0)

    ends = await asyncio.gather(*waiting(poller_of(spanner, rate=PLENTY), names))

    assert all(end.succeeded for end in ends)
    assert 1 == sum(bool(request.names) for request in spanner.requests)
    assert 1 == len(logged(caplog, "airflow_spanner_lro.admin.polling"))


@in_virtual_time
async def test_trouble_with_a_list_that_passes(caplog: pytest.LogCaptureFixture) -> None:
    """A list that fails for a moment is asked for again; nobody is got one by one."""
    trouble = exceptions.ServiceUnavailable("try later")
    spanner = CrowdedSpanner(trouble=lambda each: trouble if 20 < each.at < 90 else None)
    names = spanner.begin_many(40, ends=lambda _: 300.0)

    await asyncio.gather(*waiting(poller_of(spanner), names))

    assert not spanner.of("get")
    assert [] == logged(caplog, "airflow_spanner_lro.admin.polling")


@in_virtual_time
async def test_resources_that_no_call_lists() -> None:
    """Where there is no list call, each is got."""
    spanner = CrowdedSpanner()
    cache = SsdCacheName.parse("projects/test/instanceConfigs/custom-mine/ssdCaches/cache")
    names = [
        spanner.begin(OperationName(resource=cache, operation=f"op{number}"), ends=60.0)
        for number in range(5)
    ]

    await asyncio.gather(*waiting(poller_of(spanner), names))

    assert {"get"} == {request.method for request in spanner.requests}


@in_virtual_time
async def test_two_waits_for_one_operation() -> None:
    """Two who wait for the same operation cause no more requests than one."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=300.0)

    first, second = await asyncio.gather(*waiting(poller_of(spanner), [name, name]))
    two, spanner.requests = spanner.requests, []
    alone = CrowdedSpanner()
    began = asyncio.get_running_loop().time()
    name = alone.begin(name_of(1), ends=began + 300.0)
    await asyncio.gather(*waiting(poller_of(alone), [name]))

    assert first == second
    assert [pytest.approx(each.at - began, abs=0.01) for each in alone.requests] == [
        each.at for each in two
    ]
    assert len(two) < 120


@pytest.mark.parametrize("intervals", [(300.0, 10.0), (10.0, 300.0)])
@in_virtual_time
async def test_shorter_interval_counts(intervals: tuple[float, float]) -> None:
    """Of two who wait for the same operation, the one who polls more often decides."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=7200.0)
    poller = poller_of(spanner)

    await asyncio.gather(
        *(poller.wait(name=name, policy=PollPolicy(maximum=each)) for each in intervals)
    )

    times = [request.at for request in spanner.requests]
    assert max(after - before for before, after in pairwise(times)) <= 11.1


@in_virtual_time
async def test_end_is_seen_within_the_interval() -> None:
    """While the budget does not bind, an end is seen one interval later at the latest."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    ends = [20.0 + 11 * number for number in range(50)]
    names = spanner.begin_many(50, instances=2, ends=ends.__getitem__)

    await outcomes(waiting(poller_of(spanner, rate=PLENTY, telemetry=telemetry), names))

    late = [telemetry.seen[str(name)] - end for name, end in zip(names, ends, strict=True)]
    in_force = [min(30.0, end / 10) * 1.1 for end in ends]
    assert all(0 <= one <= most + 1 for one, most in zip(late, in_force, strict=True))
