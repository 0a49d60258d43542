# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who gives up waiting leaves nothing behind: by a cancel, or because a deadline has passed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .scripted_client import after
from .virtual_spanner import UNAVAILABLE, CrowdedSpanner, name_of, outcomes, poller_of, waiting
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from .virtual_spanner import Request

SLOW = PollPolicy(maximum=3600.0, fraction=1.0)
"""Polls at 0, 1, 2, 4, 8 … seconds."""


def now() -> float:
    """Return the time."""
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_cancelled_wait_leaves_nothing() -> None:
    """The only wait that is cancelled ends the loop; nothing more is asked."""
    spanner = CrowdedSpanner()
    poller = poller_of(spanner)
    (wait,) = waiting(poller, [spanner.begin(name_of(1))])
    await asyncio.sleep(100.5)
    before = len(spanner.requests)

    wait.cancel("shutting down")
    with pytest.raises(asyncio.CancelledError) as caught:
        await wait
    await asyncio.sleep(0.1)

    assert ("shutting down",) == caught.value.args
    assert poller.idle
    assert 0 == poller.waits
    await asyncio.sleep(3600)
    assert before == len(spanner.requests)


@in_virtual_time
async def test_cancelled_with_a_deadline() -> None:
    """A wait that has a deadline keeps the message of its cancel as well."""
    spanner = CrowdedSpanner()
    poller = poller_of(spanner)
    (wait,) = waiting(poller, [spanner.begin(name_of(1))], deadline=after(3600))
    await asyncio.sleep(100.5)

    wait.cancel("shutting down")
    with pytest.raises(asyncio.CancelledError) as caught:
        await wait
    await asyncio.sleep(0.1)

    assert ("shutting down",) == caught.value.args
    assert poller.idle


@in_virtual_time
async def test_cancelled_during_its_request() -> None:
    """A wait that is cancelled while Spanner answers ends at once, and the loop soon after."""
    spanner = CrowdedSpanner(hangs=lambda _: True)
    poller = poller_of(spanner)
    (wait,) = waiting(poller, [spanner.begin(name_of(1))])
    await asyncio.sleep(1)

    wait.cancel()
    await outcomes([wait])

    assert 1 == now()
    await asyncio.sleep(0.1)
    assert poller.idle


@in_virtual_time
async def test_others_go_on() -> None:
    """Of many that wait together, some leave, and the rest see their ends."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(50, ends=lambda _: 100.0)
    poller = poller_of(spanner)
    left, staying = waiting(poller, names), waiting(poller, names[::2])
    await asyncio.sleep(50)

    for wait in left:
        wait.cancel()
    ends = await asyncio.gather(*staying)
    await asyncio.sleep(0)

    assert all(end.succeeded for end in ends)
    assert 0 == poller.waits
    assert poller.idle


@in_virtual_time
async def test_last_one_leaves_while_the_budget_is_used_up() -> None:
    """The loop does not wait for its next turn when there is nobody left who wants it."""
    spanner = CrowdedSpanner()
    poller = poller_of(spanner, rate=0.01)
    waits = waiting(poller, spanner.begin_many(10, instances=10))
    await asyncio.sleep(20)

    for wait in waits:
        wait.cancel()
    await outcomes(waits)
    await asyncio.sleep(0.1)

    assert 1 == len(spanner.requests)
    assert poller.idle


@in_virtual_time
async def test_waits_come_back() -> None:
    """A poller whose loop has ended begins again, within the same budget."""
    spanner = CrowdedSpanner()
    poller = poller_of(spanner)

    for _ in range(40):
        waits = waiting(poller, spanner.begin_many(30, instances=30))
        await asyncio.sleep(5)
        for wait in waits:
            wait.cancel()
        await asyncio.sleep(0.1)
        assert poller.idle

    assert spanner.busiest <= 100


@in_virtual_time
async def test_call_that_nobody_wants_any_more() -> None:
    """A call that was cancelled before its turn is not made, and the loop ends."""
    spanner = CrowdedSpanner()
    poller = poller_of(spanner, rate=0.01)
    name = spanner.begin(name_of(1))
    await poller.client().get(name=name, timeout=10)
    calling = asyncio.create_task(poller.client().get_result(name=name, timeout=10))
    await asyncio.sleep(1)

    calling.cancel("never mind")
    with pytest.raises(asyncio.CancelledError, match="never mind"):
        await calling
    await asyncio.sleep(0.1)

    assert not spanner.of("get_result")
    assert poller.idle


@in_virtual_time
async def test_deadline() -> None:
    """After the deadline there is one more poll, at once, and then an error."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1))

    with pytest.raises(DeadlinePassedError):
        await poller_of(spanner).wait(name=name, policy=SLOW, deadline=after(1000))

    assert 1 == sum(request.at >= 1000 for request in spanner.requests)
    assert 1000 < now() < 1001


@in_virtual_time
async def test_end_is_seen_at_the_deadline() -> None:
    """An operation that has ended just before the deadline is a success, not a timeout."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=999.9)

    end = await poller_of(spanner).wait(name=name, policy=SLOW, deadline=after(1000))

    assert end.succeeded
    assert 1000 < now() < 1001


@in_virtual_time
async def test_deadline_that_has_passed_already() -> None:
    """A wait that begins after its deadline, as after a restart, polls once and tells."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=10.0)
    poller = poller_of(spanner)

    with pytest.raises(DeadlinePassedError):
        await poller.wait(name=name, policy=SLOW, deadline=after(-5))
    assert 1 == len(spanner.requests)

    await asyncio.sleep(20)
    assert (await poller.wait(name=name, policy=SLOW, deadline=after(-5))).succeeded


def hangs(_: Request) -> bool:
    """Never answer."""
    return True


@pytest.mark.parametrize(
    ("spanner", "rate"),
    [
        (lambda: CrowdedSpanner(hangs=hangs), 1.0),
        (lambda: CrowdedSpanner(trouble=lambda _: UNAVAILABLE), 1.0),
        (lambda: CrowdedSpanner(trouble=lambda _: exceptions.ResourceExhausted("no")), 1.0),
        (CrowdedSpanner, 0.01),
    ],
    ids=["hangs", "unavailable", "quota", "no-budget"],
)
@in_virtual_time
async def test_deadline_in_trouble(spanner: Callable[[], CrowdedSpanner], rate: float) -> None:
    """Whatever keeps the last poll from being answered, the deadline is missed by 4 s at most."""
    world = spanner()
    names = world.begin_many(5, instances=5)
    waits = waiting(poller_of(world, rate=rate), names, deadline=after(50))

    ends = await outcomes(waits)

    assert all(isinstance(end, DeadlinePassedError) for end in ends)
    assert 50 <= now() <= 54.01


@pytest.mark.slow
@pytest.mark.parametrize("instances", [1, 10])
@in_virtual_time
async def test_many_deadlines_at_once(instances: int) -> None:
    """Three hundred that reach their deadlines together see their ends if they are there."""
    world = CrowdedSpanner()
    names = world.begin_many(
        300, instances=instances, ends=lambda number: 595.0 if number % 2 else 9000.0
    )

    ends = await outcomes(waiting(poller_of(world), names, policy=SLOW, deadline=after(600)))

    assert 604.01 >= now()
    assert world.busiest <= 100
    assert all(isinstance(end, DeadlinePassedError) for end in ends[::2])
    assert all(not isinstance(end, BaseException) and end.succeeded for end in ends[1::2])


@in_virtual_time
async def test_deadline_of_one_of_two() -> None:
    """A deadline ends the wait that has it, and none other for the same operation."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=200.0)
    poller = poller_of(spanner)
    patient, hurried = waiting(poller, [name]) + waiting(poller, [name], deadline=after(100))

    (given_up, seen) = await outcomes([hurried, patient])

    assert isinstance(given_up, DeadlinePassedError)
    assert not isinstance(seen, BaseException)
    assert seen.succeeded


@pytest.mark.slow
@in_virtual_time
async def test_last_look_during_a_long_list() -> None:
    """A last poll is had although a list of many pages, which waits for the budget, is read."""
    spanner = CrowdedSpanner(page_size=10)
    crowd = waiting(poller := poller_of(spanner), spanner.begin_many(400))
    name = spanner.begin(name_of(9000), ends=299.0)

    end = await poller.wait(name=name, policy=SLOW, deadline=after(300))

    assert end.succeeded
    for wait in crowd:
        wait.cancel()


@in_virtual_time
async def test_error_in_the_last_look_that_does_not_pass() -> None:
    """What the last poll finds out is told, if it says more than that time is up."""
    spanner = CrowdedSpanner(
        trouble=lambda each: exceptions.NotFound("gone") if each.at >= 100 else None
    )
    name = spanner.begin(name_of(1))

    with pytest.raises(exceptions.NotFound):
        await poller_of(spanner).wait(name=name, policy=SLOW, deadline=after(100))
