# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How late ends are noticed: by the project's poller, by gets on their own, and by an oracle."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from airflow_spanner_lro.admin.polling.poller import OperationPoller
from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.core.polling.families import family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.wake_ups import WakeUp
from tests.admin.virtual_time import VirtualClock, VirtualLoop
from tests.benchmarks.detection.virtual_operations import VirtualSpanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.admin.driver import AsyncPagesClient
    from airflow_spanner_lro.core.polling.families import Family
    from tests.benchmarks.detection.virtual_operations import VirtualOperation

_SPAN = 100.0
_ORACLE_PACE = 0.9
_GET_EACH = 10.0
_SETTLED = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How wake-ups come.

    :param after: between so many seconds after the end
    :param lost: the part of them that never comes
    """

    after: tuple[float, float] = (0.3, 3.0)
    lost: float = 0.0


@dataclass(slots=True, kw_only=True)
class Noticed:
    """When ends were noticed.

    :param late: seconds after the end, or after the delivery of its wake-up
    :param requests: how many were sent
    :param seconds: in which time
    :param busiest: the most in any hundred seconds
    """

    late: list[float] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    busiest: int = 0
    beside_ends: float = 0.0
    """Requests a second beyond one for each end, from a minute after the first end on."""

    def add(self, other: Noticed) -> None:
        """Take another simulation into account."""
        self.late += other.late
        self.requests += other.requests
        self.seconds += other.seconds
        self.busiest = max(self.busiest, other.busiest)

    def quantile(self, part: float) -> float:
        """Return within which time a part of the ends was noticed."""
        ordered = sorted(self.late)
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def poll(
    operations: Sequence[VirtualOperation],
    *,
    busy: float | None = None,
    delivery: Delivery | None = None,
) -> Noticed:
    """Let the poller wait for operations, from the start of each, with one request a second.

    :param busy: to how many the budget may rise
    :param delivery: how wake-ups come, if they do
    """
    spanner = VirtualSpanner(operations)
    noticed = Noticed()
    dice = random.Random(4)  # noqa: S311  # the same each time

    async def wait(poller: OperationPoller, operation: VirtualOperation) -> None:
        await asyncio.sleep(operation.starts)
        known = operation.ends
        if delivery and dice.random() >= delivery.lost:
            known += dice.uniform(*delivery.after)
            wake_up = WakeUp(operation=operation.name, last=True)
            loop = asyncio.get_running_loop()
            loop.call_at(known, lambda: poller.wake_up(wake_up))
        await poller.wait(name=operation.name, policy=PollPolicy())
        noticed.late.append(max(asyncio.get_running_loop().time() - known, 0.0))

    async def wait_for_all() -> float:
        poller = OperationPoller(
            # it answers what is asked of waits, and nothing else is
            client=cast("AsyncPagesClient", spanner),
            clock=VirtualClock(),
            budget_of=lambda _: Budget(rate=1.0, busy=busy),
        )
        await asyncio.gather(*(wait(poller, each) for each in operations))
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        noticed.seconds = runner.run(wait_for_all())
    times = spanner.requests
    noticed.requests = len(times)
    noticed.busiest = max(
        place - bisect_right(times, at - _SPAN) + 1 for place, at in enumerate(times)
    )
    settled = min(each.ends for each in operations) + _SETTLED
    later = sum(each.ends >= settled for each in operations)
    beside = sum(at >= settled for at in times) - later
    noticed.beside_ends = max(beside, 0) / max(noticed.seconds - settled, 1.0)
    return noticed


def get_each_ten_seconds(operations: Sequence[VirtualOperation]) -> Noticed:
    """Let each trigger get its own operation every ten seconds, from a moment of its own on."""
    dice = random.Random(5)  # noqa: S311  # the same each time
    noticed = Noticed(seconds=max(each.ends for each in operations))
    times = []
    for each in operations:
        at = each.starts + dice.uniform(0, _GET_EACH)
        while at < each.ends:
            times.append(at)
            at += _GET_EACH
        times.append(at)
        noticed.late.append(at - each.ends)
    times.sort()
    noticed.requests = len(times)
    noticed.busiest = max(
        place - bisect_right(times, at - _SPAN) + 1 for place, at in enumerate(times)
    )
    return noticed


def oracle(operations: Sequence[VirtualOperation]) -> Noticed:
    """Ask for nothing but ends, each at once or as soon as the same budget allows.

    It knows when operations end, and goes to the family where the most time has been lost.
    """
    ends = sorted(operations, key=lambda each: each.ends)
    ended: dict[Family, list[float]] = {}
    noticed = Noticed()
    at, place = 0.0, 0
    while place < len(ends) or ended:
        if not ended:
            at = max(at, ends[place].ends)
        while place < len(ends) and ends[place].ends <= at:
            ended.setdefault(family_of(ends[place].name), []).append(ends[place].ends)
            place += 1
        worst = max(ended, key=lambda family: sum(at - end for end in ended[family]))
        noticed.late += [at - end for end in ended.pop(worst)]
        noticed.requests += 1
        at += 1 / _ORACLE_PACE
    noticed.seconds = at
    return noticed
