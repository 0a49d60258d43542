# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The poller against the emulator: lists, filters and pages as they are on a real channel.

How many requests it takes is held in virtual time; here a busy machine may put a get in between.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.admin.clock import LoopClock
from airflow_spanner_lro.admin.polling.poller import OperationPoller
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling import policy
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import pagination

from .started_families import COUNT, World

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let operations be polled fifty times a second."""
    monkeypatch.setattr(policy, "MINIMUM_INTERVAL", 0.02)


@pytest.fixture
def poller(async_client: AsyncSpannerAdminClient) -> OperationPoller:
    """Return a poller with a budget that does not bind."""
    return OperationPoller(client=async_client, clock=LoopClock(), max_requests_per_second=1000)


@pytest.fixture
def world(emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock) -> World:
    """Return what starts operations."""
    return World(emulator, client, clock)


def wait_for(
    poller: OperationPoller, names: list[OperationName]
) -> list[asyncio.Task[OperationSnapshot]]:
    """Begin to wait."""
    return [
        asyncio.create_task(poller.wait(name=name, policy=PollPolicy(maximum=0.05)))
        for name in names
    ]


async def until(condition: Any) -> None:
    """Return when something is so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # the emulator lives in other threads
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("family", "method"),
    [
        ("databases", "ListDatabaseOperations"),
        ("backups", "ListBackupOperations"),
        ("partitions", "ListInstancePartitionOperations"),
        ("configs", "ListInstanceConfigOperations"),
    ],
)
async def test_each_family_is_listed(
    world: World, poller: OperationPoller, family: str, method: str
) -> None:
    """Those that are pending are listed, and those that are not any more by their names."""
    names = await asyncio.to_thread(getattr(world, family))
    waits = wait_for(poller, names)
    await until(lambda: len(world.emulator.calls.of(method)) >= 3)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert names == [end.name for end in ends]
    assert all(end.succeeded for end in ends)
    assert {method} == world.lists()


async def test_operations_of_an_instance(world: World, poller: OperationPoller) -> None:
    """Those of one instance, most of which have ended long ago, are listed together as well."""
    names = await asyncio.to_thread(world.instances)
    waits = wait_for(poller, names)
    await asyncio.gather(*waits[:-1])

    world.end_all()
    end = await waits[-1]

    assert end.succeeded
    assert {"ListOperations"} == world.lists()
    # by name, so it tells of those that have ended as well
    assert 1 == len(world.emulator.calls.of("ListOperations"))
    assert {names[-1]} == {
        OperationName.parse(call.resource) for call in world.emulator.calls.of("GetOperation")
    }


async def test_operations_of_others_do_not_matter(world: World, poller: OperationPoller) -> None:
    """Only those that are waited for are told; some that run beside them are not."""
    names = await asyncio.to_thread(world.databases, 8)
    waits = wait_for(poller, names[::2])
    await until(world.lists)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert names[::2] == [end.name for end in ends]
    assert all(end.succeeded for end in ends)


async def test_pages(
    world: World, poller: OperationPoller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of several pages is read to its end."""
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 3)
    names = await asyncio.to_thread(world.databases, 10)
    waits = wait_for(poller, names)
    await until(lambda: len(world.emulator.calls.of("ListDatabaseOperations")) >= 8)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert names == [end.name for end in ends]
    assert all(end.succeeded for end in ends)


async def test_filter_with_fifty_names(world: World, poller: OperationPoller) -> None:
    """As many names as go into one filter are understood."""
    names = await asyncio.to_thread(world.databases, 60)
    waits = wait_for(poller, names)
    await until(world.lists)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)
    # were the filter refused, each of them would be got
    assert world.gets() < len(names) / 2


async def test_without_permission_to_list(
    world: World, poller: OperationPoller, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever may not list asks about each, and the log says so once."""
    world.emulator.faults.fail(
        method="ListDatabaseOperations",
        code=Code.PERMISSION_DENIED,
        message="spanner.databaseOperations.list is missing",
        times=None,
    )
    names = await asyncio.to_thread(world.databases)
    waits = wait_for(poller, names)
    await until(lambda: world.gets() >= 2 * COUNT)

    world.end_all()
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)
    assert 1 == len(world.emulator.calls.of("ListDatabaseOperations"))
    lines = [
        each.getMessage() for each in caplog.records if "cannot be listed" in each.getMessage()
    ]
    assert 1 == len(lines)
    assert "spanner.databaseOperations.list is missing" in lines[0]


async def test_operation_that_does_not_exist(world: World, poller: OperationPoller) -> None:
    """One wrong name among others fails alone."""
    names = await asyncio.to_thread(world.databases)
    unknown = OperationName(resource=names[0].resource, operation="unknown")
    bad, *waits = wait_for(poller, [unknown, *names])

    with pytest.raises(exceptions.NotFound):
        await bad
    world.end_all()
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)


async def test_outage(world: World, poller: OperationPoller) -> None:
    """An outage fails nobody."""
    names = await asyncio.to_thread(world.databases)
    waits = wait_for(poller, names)
    await until(world.lists)

    with world.emulator.faults.outage():
        world.end_all()
        await asyncio.sleep(0.1)
    ends = await asyncio.gather(*waits)

    assert all(end.succeeded for end in ends)


async def test_client_that_is_closed(
    world: World, poller: OperationPoller, async_client: AsyncSpannerAdminClient
) -> None:
    """Whoever waits when the client is closed hears of it, and does not wait for ever."""
    world.emulator.faults.delay(1.0, method="GetOperation")
    names = await asyncio.to_thread(world.databases, 1)
    (wait,) = wait_for(poller, names)
    await asyncio.sleep(0.3)

    await async_client.close()

    with pytest.raises(RuntimeError, match="cancelled"):
        await asyncio.wait_for(wait, timeout=10)
