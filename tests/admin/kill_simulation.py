# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Kills by the hundred in virtual time, among those who wait on, and what the reaper makes of them.

The Spanner here counts: what is more than five hundred requests in a hundred seconds is refused.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.driver import arun
from airflow_spanner_lro.core.flows.operation import cancel_if_running
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.budget import Budget, Urgency
from airflow_spanner_lro.core.polling.policy import CancelPolicy

from .virtual_spanner import EXHAUSTED, SPAN, CrowdedSpanner, poller_of, waiting
from .virtual_time import VirtualClock, VirtualLoop

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.names import OperationName

    from .virtual_spanner import Request

QUOTA = 500
KILL_SECONDS = 26.0
"""``KILL_TIMEOUT`` of the trigger, without what is to spare for telling."""
ASKED_AFTER = 2.0
"""Seconds for the triggerer to notice, and for Airflow to say whose the operations are."""
GRACE = 60.0
REAPER_ROOM, REAPER_OVER = 400, 101.0
"""The reaper's own allowance, see ``reaper/pacing.py``."""
_AGAIN = 5.0
_ALL_POLLED = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """Who is killed, and when.

    :param kills: how many
    :param instances: on how many instances; all others are there as well
    :param others: how many operations are waited for besides
    :param rate: the budget
    :param busy: to how much it rises while ends would be noticed late; None for no more
    :param after: for how long all have waited
    :param waits: whether those that are killed were waited for by the same poller
    """

    kills: int
    instances: int
    others: int = 0
    rate: float = 1.0
    busy: float | None = None
    after: float = 300.0
    waits: bool = True

    @property
    def most(self) -> float:
        """To how many requests a second the budget may rise."""
        return max(self.rate, self.busy or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What came of it.

    :param cancels: seconds from the stroke to each cancel, in order
    :param endings: how many kills ended how; one that found its operation done is none of them
    :param polls: the most requests that were no cancels in any hundred seconds
    :param all_: the most requests of the poller in any hundred seconds
    :param unseen: on how many instances nothing was polled from the stroke until the kills were
        over and all could have been polled once more
    :param left: operations that were killed and run on, by seconds from the stroke
    """

    stroke: Stroke
    cancels: tuple[float, ...]
    endings: Counter[Ending]
    polls: int
    all_: int
    unseen: int
    left: dict[float, int]


def strike(stroke: Stroke, *, looked_at_after: tuple[float, ...] = (30.0,)) -> Struck:
    """Let it happen.

    :param looked_at_after: when to count what is left, in seconds from the stroke; the reaper comes
        when its grace is over
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_strike(stroke, looked_at_after))


class _Quota:
    """Refuses what is too much."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def __call__(self, request: Request) -> BaseException | None:
        while self._taken and self._taken[0] + SPAN <= request.at:
            self._taken.popleft()
        if len(self._taken) >= QUOTA:
            return EXHAUSTED
        self._taken.append(request.at)
        return None


async def _strike(stroke: Stroke, looked_at_after: tuple[float, ...]) -> Struck:
    spanner = CrowdedSpanner(trouble=_Quota())
    names = spanner.begin_many(stroke.kills + stroke.others, instances=stroke.instances)
    killed, others = names[: stroke.kills], names[stroke.kills :]
    poller = poller_of(
        spanner, rate=stroke.rate, budget_of=lambda _: Budget(rate=stroke.rate, busy=stroke.busy)
    )
    waits = waiting(poller, others)
    own = waiting(poller, killed) if stroke.waits else []
    await asyncio.sleep(stroke.after)
    since = asyncio.get_running_loop().time()
    for wait in own:
        wait.cancel()
    await asyncio.sleep(ASKED_AFTER)
    kills = asyncio.gather(*(_kill(poller, name) for name in killed))
    reaper = asyncio.create_task(_reap(spanner, killed, since + GRACE))
    left = {}
    for moment in looked_at_after:
        await asyncio.sleep(max(0.0, since + moment - asyncio.get_running_loop().time()))
        left[moment] = sum(not spanner.is_done(name) for name in killed)
    ends = await kills
    # a poll of each instance takes 1.2 times that, and has been slowed down by the kills
    await asyncio.sleep(_ALL_POLLED * stroke.instances / stroke.rate)
    until = asyncio.get_running_loop().time()
    for task in (*waits, reaper):
        task.cancel()
    return Struck(
        stroke=stroke,
        cancels=tuple(sorted(each.at - since for each in spanner.of("cancel"))),
        endings=Counter(end.ending for end in ends if isinstance(end, Settlement)),
        polls=_busiest(spanner, cancels=False, until=since + GRACE),
        all_=_busiest(spanner, cancels=True, until=since + GRACE),
        unseen=_unseen(spanner, others, since=since, until=until) if others else 0,
        left=left,
    )


async def _kill(poller: OperationPoller, name: OperationName) -> object:
    """Do what a trigger does when Airflow has said that its task is over."""
    clock = VirtualClock()
    until = clock.now() + timedelta(seconds=KILL_SECONDS - ASKED_AFTER)
    flow = cancel_if_running(
        name=name, policy=CancelPolicy(), cleans_up=True, seen_running=poller.seen_running(name)
    )
    client = poller.client(urgency=Urgency.DECIDING, deadline=until, cancel_by=until)
    return await arun(flow, client=client, clock=clock, deadline=until)


async def _reap(spanner: CrowdedSpanner, names: list[OperationName], at: float) -> None:
    """Cancel what still runs when the grace is over, within the reaper's allowance."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, at - loop.time()))
    sent: deque[float] = deque()
    while left := [name for name in names if not spanner.is_done(name)]:
        for name in left:
            while sent and sent[0] + REAPER_OVER <= loop.time():
                sent.popleft()
            if len(sent) >= REAPER_ROOM:
                break
            sent.append(loop.time())
            try:
                await spanner.cancel(name=name, timeout=10)
            except type(EXHAUSTED):
                break
        await asyncio.sleep(_AGAIN)


def _busiest(spanner: CrowdedSpanner, *, cancels: bool, until: float) -> int:
    """Return the most requests in any hundred seconds before the reaper came."""
    times = [
        each.at
        for each in spanner.requests
        if each.at < until and (cancels or each.method != "cancel")
    ]
    return max(
        (last - bisect_right(times, at - SPAN) + 1 for last, at in enumerate(times)), default=0
    )


def _unseen(
    spanner: CrowdedSpanner, names: list[OperationName], *, since: float, until: float
) -> int:
    """Return on how many instances nothing was polled in a while."""
    polled = {
        "/".join(each.about.split("/")[:4])
        for each in spanner.requests
        if since <= each.at <= until and each.method != "cancel"
    }
    parents = {"/".join(str(name).split("/")[:4]) for name in names}
    return len(parents - polled)
