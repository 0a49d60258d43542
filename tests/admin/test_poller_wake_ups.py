# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wake-ups reach the poller: the look at an operation is due now, and what it answers counts.

They come from whoever may publish to a topic, so they may be late, said twice, lost or forged.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.names import DatabaseName, InstanceName, OperationName
from airflow_spanner_lro.core.polling.schedule import NAMED_AT_ONCE
from airflow_spanner_lro.core.polling.wake_ups import WakeUp

from .virtual_spanner import CrowdedSpanner, Noticing, name_of, poller_of, waiting
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    from .virtual_spanner import Request

DELIVERY = 1.0
"""Seconds from an end to the message about it."""
INSTANCES = 20


def ended(name: OperationName) -> WakeUp:
    """Return what an entry says about the end of an operation."""
    return WakeUp(operation=name, last=True)


async def tell(
    poller: OperationPoller, ends: Iterable[tuple[OperationName, float]], *, after: float = DELIVERY
) -> None:
    """Tell of ends, each so many seconds later."""
    loop = asyncio.get_running_loop()
    for name, end in sorted(ends, key=lambda each: each[1]):
        await asyncio.sleep(end + after - loop.time())
        poller.wake_up(ended(name))


def give_up(waits: Iterable[asyncio.Task[OperationSnapshot]]) -> None:
    """Let those go that wait for what never ends."""
    for wait in waits:
        wait.cancel()


@pytest.mark.slow
@pytest.mark.parametrize("each", [10, 60], ids=["by name", "by the list of pending ones"])
@pytest.mark.parametrize("shows_ended", [True, False])
@in_virtual_time
async def test_woken_end_is_seen_at_once(each: int, shows_ended: bool) -> None:
    """In a crowd whose turns take half a minute, an end that is told of is seen seconds later."""
    spanner, telemetry = CrowdedSpanner(shows_ended=shows_ended), Noticing()
    ends = {number * INSTANCES: 600.0 + 15 * number for number in range(1, each, each // 10)}
    names = spanner.begin_many(
        each * INSTANCES, instances=INSTANCES, ends=lambda number: ends.get(number, 10.0**9)
    )
    poller = poller_of(spanner, telemetry=telemetry)
    waits = waiting(poller, names)
    await asyncio.sleep(0)

    await tell(poller, [(names[number], end) for number, end in ends.items()])
    await asyncio.sleep(30)

    late = [telemetry.seen.get(str(names[each]), 10.0**9) - end for each, end in ends.items()]
    # where the list does not show ends, the one by name that tells of them is a second request
    second_look = not shows_ended and each > NAMED_AT_ONCE
    assert max(late) <= DELIVERY + (8 if second_look else 3)
    assert min(late) >= 0
    assert len(ends) == len(telemetry.seen)
    assert spanner.busiest <= 100
    give_up(waits)


@in_virtual_time
async def test_woken_end_of_one_by_resource() -> None:
    """An entry that tells only the database and the method wakes what runs on that database."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    name = spanner.begin(name_of(1), ends=7200.0)
    poller = poller_of(spanner, telemetry=telemetry)
    waits = waiting(poller, [name])
    await asyncio.sleep(7200.5)

    woken = poller.wake_up(WakeUp(resource=name.resource, method="UpdateDatabaseDdl", last=True))
    await asyncio.gather(*waits)

    assert 1 == woken
    assert telemetry.seen[str(name)] <= 7200.6


@pytest.mark.slow
@in_virtual_time
async def test_early_word_is_not_believed() -> None:
    """An operation is not reported done before it is, whoever says so and however often."""
    spanner, telemetry = CrowdedSpanner(shows_ended=True), Noticing()
    names = spanner.begin_many(120, instances=2, ends=lambda number: 300.0 + number)
    poller = poller_of(spanner, telemetry=telemetry)
    waits = waiting(poller, names)
    await asyncio.sleep(0)

    for _ in range(300):
        for name in names:
            poller.wake_up(ended(name))
        await asyncio.sleep(1)
    assert {} == telemetry.seen
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)
    assert all(telemetry.seen[str(name)] >= 300 + number for number, name in enumerate(names))
    assert spanner.busiest <= 100


@pytest.mark.slow
@in_virtual_time
async def test_flood_of_forged_words_costs_few_requests() -> None:
    """Ten forged messages a second about one operation cost no more than some requests."""
    spanner, quiet = CrowdedSpanner(), CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=900.0)
    quiet.begin(name, ends=900.0)
    poller = poller_of(spanner, rate=5.0)
    waits = waiting(poller, [name]) + waiting(poller_of(quiet, rate=5.0), [name])

    for _ in range(9000):
        poller.wake_up(ended(name))
        await asyncio.sleep(0.1)
    await asyncio.gather(*waits)

    assert len(spanner.requests) <= 2.5 * len(quiet.requests)


@pytest.mark.slow
@in_virtual_time
async def test_forged_words_about_some_keep_nobody_waiting() -> None:
    """Where half of a crowd is said to have ended all the time, the other half is polled too."""
    spanner, telemetry = CrowdedSpanner(), Noticing()
    names = spanner.begin_many(400, instances=40)
    poller = poller_of(spanner, telemetry=telemetry)
    waits = waiting(poller, names)
    # an operation's number tells its instance
    forged = names[1::2]

    for _ in range(1200):
        for name in forged:
            poller.wake_up(ended(name))
        await asyncio.sleep(1)

    polls = Counter(each.about for each in spanner.requests if each.at > 200)
    assert 40 == len(polls)
    # evenly it would be twenty-four each
    assert min(polls.values()) >= 8
    assert spanner.busiest <= 100
    give_up(waits)


@in_virtual_time
async def test_late_and_doubled_words_cost_nothing() -> None:
    """What comes after the end was seen, or says the same again, asks nothing and wakes nobody."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=30.0)
    poller = poller_of(spanner)
    await asyncio.gather(*waiting(poller, [name]))
    await asyncio.sleep(1)
    before = len(spanner.requests)

    woken = [poller.wake_up(ended(name)) for _ in range(1000)]
    await asyncio.sleep(600)

    assert {0} == set(woken)
    assert before == len(spanner.requests)
    assert poller.idle


@in_virtual_time
async def test_words_that_come_together_cost_one_request() -> None:
    """A thousand messages about the same end at the same time are one look."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=7200.0)
    poller = poller_of(spanner)
    waits = waiting(poller, [name])
    await asyncio.sleep(7199.0)
    # no other look is due soon
    before = len([each for each in spanner.requests if each.at < 7200])
    await asyncio.sleep(1.5)

    for _ in range(1000):
        poller.wake_up(ended(name))
    await asyncio.gather(*waits)

    assert len(spanner.requests) - before <= 1


@pytest.mark.parametrize(
    "wake_up",
    [
        pytest.param(ended(name_of(1, project="another")), id="another project"),
        pytest.param(ended(name_of(2)), id="unknown operation"),
        pytest.param(
            WakeUp(
                operation=OperationName(resource=name_of(1).resource, operation="other"), last=True
            ),
            id="another operation on the database",
        ),
        pytest.param(ended(name_of(1, instance=7)), id="another instance"),
        pytest.param(
            WakeUp(resource=name_of(1).resource, method="CreateBackup", last=True),
            id="another kind",
        ),
        pytest.param(
            WakeUp(
                resource=DatabaseName(project="test", instance="instance-0", database="nothing"),
                method="UpdateDatabaseDdl",
                last=True,
            ),
            id="another database",
        ),
        pytest.param(
            WakeUp(
                resource=InstanceName(project="another", instance="instance-0"),
                method="UpdateDatabaseDdl",
                last=True,
            ),
            id="instance of another project",
        ),
    ],
)
@in_virtual_time
async def test_word_about_something_else(wake_up: WakeUp) -> None:
    """What is said about something else wakes nobody, and costs no request."""
    spanner, same = CrowdedSpanner(), CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=600.0)
    same.begin(name, ends=600.0)
    poller = poller_of(spanner)
    waits = waiting(poller, [name]) + waiting(poller_of(same), [name])

    for _ in range(100):
        await asyncio.sleep(1)
        assert 0 == poller.wake_up(wake_up)
    await asyncio.gather(*waits)

    assert [each.at for each in same.requests] == pytest.approx(
        [each.at for each in spanner.requests], abs=0.05
    )


@in_virtual_time
async def test_word_during_a_look_is_not_lost() -> None:
    """An operation that ends while an older look is under way is looked at again at once."""
    told: list[float] = []

    def end_during_a_look(request: Request) -> None:
        if request.at > 7100 and not told:
            loop = asyncio.get_running_loop()
            told.append(loop.time())
            poller.wake_up(ended(name))
            # this look is still answered that it runs
            loop.call_soon(spanner.end_now, name)

    spanner, telemetry = CrowdedSpanner(trouble=end_during_a_look), Noticing()
    name = spanner.begin(name_of(1))
    poller = poller_of(spanner, telemetry=telemetry)
    await asyncio.gather(*waiting(poller, [name]))

    assert 0 <= telemetry.seen[str(name)] - told[0] <= 2.0
