# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where ends are announced polls are a safety net, and where they are not any more, polls as ever.

Announcements can be lost, so no end may stay unseen because others were announced.
"""

from __future__ import annotations

import asyncio

import pytest

from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL
from airflow_spanner_lro.core.polling.watched_operation import SAFETY_NET

from .test_poller_wake_ups import DELIVERY, ended, give_up, tell
from .virtual_spanner import NEVER, CrowdedSpanner, Noticing, poller_of, waiting
from .virtual_time import in_virtual_time

ENOUGH = 6
"""Ends that are announced; five in a row make believe that ends are."""
FROM, TO = 700.0, 1900.0


def ends_of(number: int) -> float:
    """Return when an operation ends: some in time to be believed in, one much later."""
    if number < ENOUGH:
        return 600.0 + 5 * number
    return 2000.0 if number == ENOUGH else NEVER


class Crowd:
    """Sixty operations on an instance, of which some end."""

    def __init__(self) -> None:
        self.spanner, self.telemetry = CrowdedSpanner(shows_ended=True), Noticing()
        self.names = self.spanner.begin_many(60, ends=ends_of)
        self.poller = poller_of(self.spanner, telemetry=self.telemetry)
        self.waits = waiting(self.poller, self.names)

    async def announce(self, count: int) -> None:
        """Let the first ends be announced."""
        await asyncio.sleep(0)
        await tell(self.poller, [(self.names[each], ends_of(each)) for each in range(count)])

    async def pass_until(self, moment: float) -> None:
        """Let time pass."""
        await asyncio.sleep(moment - asyncio.get_running_loop().time())

    def requests(self, begin: float, end: float) -> int:
        """Return how many requests there were within a time."""
        return sum(begin < each.at <= end for each in self.spanner.requests)

    def late(self, number: int) -> float:
        """Return how long the end of one stayed unseen."""
        return self.telemetry.seen[str(self.names[number])] - ends_of(number)


@pytest.mark.slow
@in_virtual_time
async def test_lists_stretch_where_ends_are_announced() -> None:
    """After five ends that were announced, lists are asked for several times more rarely."""
    crowd = Crowd()

    await crowd.announce(ENOUGH)
    await crowd.pass_until(TO)

    before = crowd.requests(0, 600) / 600
    stretched = crowd.requests(FROM, TO) / (TO - FROM)
    assert 0 < stretched < before / 5
    assert all(0 <= crowd.late(number) <= DELIVERY + 2 for number in range(ENOUGH))
    give_up(crowd.waits)


@pytest.mark.slow
@pytest.mark.parametrize("announced", [0, 4])
@in_virtual_time
async def test_few_announcements_are_not_relied_upon(announced: int) -> None:
    """Until five in a row were announced, polls go on as ever."""
    crowd = Crowd()

    await crowd.announce(announced)
    await crowd.pass_until(TO)

    before = crowd.requests(0, 600) / 600
    assert crowd.requests(FROM, TO) / (TO - FROM) > before / 2
    give_up(crowd.waits)


@pytest.mark.slow
@in_virtual_time
async def test_end_that_is_not_announced_is_seen_all_the_same() -> None:
    """The safety net finds it, and polls come back by themselves for the others."""
    crowd = Crowd()

    await crowd.announce(ENOUGH)
    await crowd.pass_until(3200)

    # some eight of the longest intervals later at the latest, and a minute until it is not awaited
    assert 0 <= crowd.late(ENOUGH) <= SAFETY_NET * DEFAULT_INTERVAL * 1.1
    before = crowd.requests(0, 600) / 600
    assert crowd.requests(2700, 3200) / 500 > before / 2
    give_up(crowd.waits)


@pytest.mark.slow
@in_virtual_time
async def test_lost_announcements_bring_polls_back_at_once() -> None:
    """Where nobody can be heard any more, polls are as ever from that moment on."""
    crowd = Crowd()
    await crowd.announce(ENOUGH)
    await crowd.pass_until(1990)

    crowd.poller.wake_ups_lost()
    await crowd.pass_until(2600)

    assert 0 <= crowd.late(ENOUGH) <= 5
    before = crowd.requests(0, 600) / 600
    assert crowd.requests(2000, 2600) / 600 > before / 2
    give_up(crowd.waits)


@pytest.mark.slow
@in_virtual_time
async def test_announcements_may_come_late() -> None:
    """What is announced some seconds after its end was seen counts as announced."""
    crowd = Crowd()
    await asyncio.sleep(0)

    # the first of them tells that there are any at all
    await tell(
        crowd.poller, [(crowd.names[each], ends_of(each)) for each in range(ENOUGH)], after=4.0
    )
    assert all(crowd.late(number) < 4 for number in range(ENOUGH))
    await crowd.pass_until(TO)

    assert crowd.requests(FROM, TO) / (TO - FROM) < crowd.requests(0, 600) / 600 / 5
    give_up(crowd.waits)


@pytest.mark.slow
@in_virtual_time
async def test_forged_announcements_stretch_nothing() -> None:
    """That operations which run are said to have ended makes nobody rely on announcements."""
    crowd = Crowd()
    await asyncio.sleep(0)

    for _ in range(600):
        for name in crowd.names[ENOUGH:]:
            crowd.poller.wake_up(ended(name))
        await asyncio.sleep(1)
    await crowd.pass_until(TO)

    assert crowd.requests(FROM, TO) / (TO - FROM) > crowd.requests(0, 600) / 600 / 2
    give_up(crowd.waits)
