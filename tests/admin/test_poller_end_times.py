# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One list of those that are pending and those that have just ended, where the service takes it.

The filter is documented, and has not been tried on production: a service that refuses it is asked
without, and loses no end.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.clock import LoopClock
from airflow_spanner_lro.admin.polling.poller import OperationPoller
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import NAMED_AT_ONCE
from airflow_spanner_lro.core.status import Code

from .started_families import World

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

MANY = NAMED_AT_ONCE + 10
ENDED = "*end_time*"


class EmulatorsTime(LoopClock):
    """A wall clock that shows what the emulator's shows."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return it."""
        return self._clock.now()


class Filters:
    """Notes the filters of the lists that a client is asked for."""

    def __init__(self, client: AsyncSpannerAdminClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        ask = client.operations_page

        async def note(*, query: OperationQuery, token: str = "", timeout: float) -> object:
            self.seen.append(query.server_filter)
            return await ask(query=query, token=token, timeout=timeout)

        monkeypatch.setattr(client, "operations_page", note)

    def of(self, pattern: str) -> list[str]:
        """Return those that match."""
        return [each for each in self.seen if fnmatch(each, pattern)]


@pytest.fixture
def filters(async_client: AsyncSpannerAdminClient, monkeypatch: pytest.MonkeyPatch) -> Filters:
    """Return the filters of lists."""
    return Filters(async_client, monkeypatch)


@pytest.fixture
def poller(
    async_client: AsyncSpannerAdminClient, clock: ManualClock, filters: Filters
) -> OperationPoller:
    """Return a poller with a budget that does not bind, at the emulator's time."""
    del filters
    return OperationPoller(
        client=async_client, clock=EmulatorsTime(clock), max_requests_per_second=1000
    )


@pytest.fixture
def world(emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock) -> World:
    """Return what starts operations."""
    return World(emulator, client, clock)


def wait_for(
    poller: OperationPoller, names: list[OperationName]
) -> list[asyncio.Task[OperationSnapshot]]:
    """Begin to wait."""
    return [asyncio.create_task(poller.wait(name=name, policy=PollPolicy())) for name in names]


async def until_listed(filters: Filters, pattern: str, *, times: int = 2) -> None:
    """Return when lists with such a filter were asked for."""
    async with asyncio.timeout(20):
        while len(filters.of(pattern)) < times:  # noqa: ASYNC110  # nothing tells of a call
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("family", ["backups", "databases"])
async def test_ends_of_many_are_seen_with_one_list(
    world: World, poller: OperationPoller, filters: Filters, family: str
) -> None:
    """More than fifty on an instance: the list that shows those pending shows their ends too."""
    names = await asyncio.to_thread(getattr(world, family), MANY)
    waits = wait_for(poller, names)
    await until_listed(filters, ENDED)

    world.end_all(late=timedelta(seconds=1))
    ends = await asyncio.gather(*waits)

    assert names == [end.name for end in ends]
    assert all(end.succeeded for end in ends)
    # there was no second look
    assert 0 == world.gets()
    assert filters.seen == filters.of(ENDED)


async def test_service_that_refuses_the_filter(
    world: World, poller: OperationPoller, filters: Filters, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked once, then for those that are pending: no warning, and no end is lost."""
    world.emulator.faults.fail(
        method="ListBackupOperations",
        filter_=ENDED,
        code=Code.INVALID_ARGUMENT,
        message="end_time is no field",
        times=None,
    )
    names = await asyncio.to_thread(world.backups, MANY)
    waits = wait_for(poller, names)
    await until_listed(filters, "(NOT done:true)")

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert names == [end.name for end in ends]
    assert all(end.succeeded for end in ends)
    assert 1 == len(filters.of(ENDED))
    assert [] == [each for each in caplog.records if each.name.startswith("airflow_spanner_lro")]


async def test_clocks_that_are_days_apart(
    world: World, async_client: AsyncSpannerAdminClient, filters: Filters
) -> None:
    """Where the filter shows no end because clocks differ, ends are seen with a second look."""
    poller = OperationPoller(client=async_client, clock=LoopClock(), max_requests_per_second=1000)
    names = await asyncio.to_thread(world.backups, MANY)
    waits = wait_for(poller, names)
    await until_listed(filters, ENDED)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)
    assert filters.of("*name=*")
