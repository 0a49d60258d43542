# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Flows through the poller: whatever a kill or a timeout asks for stays within the budget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.admin.driver import arun
from airflow_spanner_lro.core.flows.operation import cancel_and_settle, cancel_if_running, stop
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.lists.backups import BackupQuery
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import BackupName, InstanceName, OperationName
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import CancelPolicy

from .scripted_client import after
from .virtual_spanner import CrowdedSpanner, Noticing, name_of, poller_of, waiting
from .virtual_time import VirtualClock, in_virtual_time

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.flows.commands import Flow

POLICY = CancelPolicy()
INSTANCE = InstanceName(project="test", instance="instance-0")


async def perform(
    poller: OperationPoller,
    flow: Flow[Any],
    *,
    urgency: Urgency = Urgency.DECIDING,
    seconds: float = 26.0,
    cancels_late: bool = False,
) -> Any:
    """Perform a flow from now on, as a trigger does."""
    deadline = after(asyncio.get_running_loop().time() + seconds)
    client = poller.client(
        urgency=urgency, deadline=deadline, cancel_by=None if cancels_late else deadline
    )
    return await arun(flow, client=client, clock=VirtualClock(), deadline=deadline)


def kill(name: OperationName) -> Flow[Any]:
    """Return what a kill does."""
    return cancel_if_running(name=name, policy=POLICY, cleans_up=False)


def methods(spanner: CrowdedSpanner) -> list[str]:
    """Return the methods that were called."""
    return [request.method for request in spanner.requests]


@in_virtual_time
async def test_kill() -> None:
    """A kill polls, cancels, and polls until the operation has ended."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1))

    settlement = await perform(poller_of(spanner), kill(name))

    assert Ending.CANCELLED is settlement.ending
    assert ["get", "cancel", "get"] == methods(spanner)[:3]


@in_virtual_time
async def test_kill_of_one_that_is_done() -> None:
    """A kill of an operation that has ended cancels nothing, and the loop ends."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1), ends=0.0)
    poller = poller_of(spanner)

    seen = await perform(poller, kill(name))
    await asyncio.sleep(0.1)

    assert seen.succeeded
    assert ["get"] == methods(spanner)
    assert poller.idle


@in_virtual_time
async def test_only_the_way_to_the_cancel_is_urgent() -> None:
    """What is asked after the cancel has been sent is not as urgent as other cancels."""

    class Urgencies(Noticing):
        told: list[Urgency]

        def held_back(self, *, urgency: Urgency, seconds: float) -> None:
            super().held_back(urgency=urgency, seconds=seconds)
            self.told.append(urgency)

    spanner, telemetry = CrowdedSpanner(), Urgencies()
    telemetry.told = []
    name = spanner.begin(name_of(1))

    await perform(poller_of(spanner, telemetry=telemetry), kill(name))

    assert [Urgency.DECIDING, Urgency.CANCEL] == telemetry.told[:2]
    assert {Urgency.ENDING} == set(telemetry.told[2:])


@in_virtual_time
async def test_cleaning_up() -> None:
    """What an operation made in spite of its cancel is deleted, through the budget as well."""
    spanner = CrowdedSpanner(settles=10.0)
    backup = BackupName(project="test", instance="instance-0", backup="nightly")
    name = spanner.begin(OperationName(resource=backup, operation="op"), ends=0.1)
    made = spanner._operations[str(name)].operation
    made.metadata.type_url = CREATE_BACKUP.metadata_type_url

    flow = stop(name=name, policy=POLICY, cleans_up=True)
    settlement = await perform(poller_of(spanner), flow)

    assert str(backup) == settlement.cleaned_up
    assert ["get_result", "get_resource", "delete"] == methods(spanner)[-3:]


@in_virtual_time
async def test_fifty_kills_at_once() -> None:
    """Fifty kills send fifty cancels at once, and share their polls."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(50)
    poller = poller_of(spanner)

    settlements = await asyncio.gather(*(perform(poller, kill(name)) for name in names))

    assert {Ending.CANCELLED} == {settlement.ending for settlement in settlements}
    assert 50 == len(spanner.of("cancel"))
    assert spanner.of("cancel")[-1].at < 1
    assert len(spanner.requests) - 50 <= 15


@in_virtual_time
async def test_kill_whose_turn_does_not_come() -> None:
    """Where cancels have used up the quota, a kill ends in time, and its cancel is never sent."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(600)
    poller = poller_of(spanner)

    settlements = await asyncio.gather(*(perform(poller, kill(name)) for name in names))
    took = asyncio.get_running_loop().time()
    await asyncio.sleep(500)

    assert took <= 30
    endings = [settlement.ending for settlement in settlements]
    assert 400 <= len(spanner.of("cancel")) < 500
    assert 600 - len(spanner.of("cancel")) == endings.count(Ending.NOT_SENT)
    assert endings.count(Ending.CANCELLED) <= len(spanner.of("cancel"))


@in_virtual_time
async def test_timeout_whose_turn_comes_late() -> None:
    """A task that ran out of time has its operation cancelled, however late that is."""
    spanner = CrowdedSpanner()
    names = spanner.begin_many(600)
    poller = poller_of(spanner)
    flows = [stop(name=name, policy=POLICY, cleans_up=False) for name in names]

    await asyncio.gather(*(perform(poller, flow, cancels_late=True) for flow in flows))

    assert {str(name) for name in names} == {each.about for each in spanner.of("cancel")}


async def kill_among_many(spanner: CrowdedSpanner) -> float:
    """Kill five of those that wait while the budget binds; return how long it took."""
    names = spanner.begin_many(500, instances=100)
    poller = poller_of(spanner)
    waits = waiting(poller, names)
    await asyncio.sleep(500)

    settlements = await asyncio.gather(*(perform(poller, kill(name)) for name in names[:5]))

    for wait in waits:
        wait.cancel()
    assert {Ending.CANCELLED} == {settlement.ending for settlement in settlements}
    return asyncio.get_running_loop().time() - 500


@pytest.mark.slow
@in_virtual_time
async def test_cancels_of_kills_among_many_who_wait() -> None:
    """While the budget binds, kills send their cancels at once."""
    spanner = CrowdedSpanner()

    await kill_among_many(spanner)

    assert 5 == len(spanner.of("cancel"))
    assert all(500 <= cancel.at < 501 for cancel in spanner.of("cancel"))


@pytest.mark.slow
@in_virtual_time
async def test_kills_among_many_who_wait_settle() -> None:
    """While the budget binds, kills know how they ended before their time is up."""
    assert await kill_among_many(CrowdedSpanner()) < 26


@in_virtual_time
async def test_caller_that_goes_away_does_not_take_back_a_cancel() -> None:
    """A cancel that is on its way arrives although nobody waits for its answer any more."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1))
    client = poller_of(spanner).client(urgency=Urgency.DECIDING)
    cancelling = asyncio.create_task(client.cancel(name=name, timeout=10))
    await asyncio.sleep(0.01)

    cancelling.cancel()
    await asyncio.sleep(1)

    assert cancelling.cancelled()
    assert (await client.get(name=name, timeout=10)).cancelled


@in_virtual_time
async def test_cancel_of_one_that_is_watched() -> None:
    """Those who wait for an operation that somebody else cancels see its end."""
    spanner = CrowdedSpanner()
    name = spanner.begin(name_of(1))
    poller = poller_of(spanner)
    waits = waiting(poller, [name])
    await asyncio.sleep(30)

    settlement = await perform(poller, cancel_and_settle(name=name, policy=POLICY))
    (end,) = await asyncio.gather(*waits)

    assert Settlement(name=name, ending=Ending.CANCELLED, snapshot=end) == settlement


@in_virtual_time
async def test_pages_wait_for_their_turn() -> None:
    """Each page of a list that a flow asks for is a request of the budget."""
    spanner = CrowdedSpanner(page_size=100)
    names = spanner.begin_many(1000)
    query = OperationQuery(call=ListCall.OF_DATABASES, parent=INSTANCE, pending=True)
    client = poller_of(spanner, rate=0.1).client()

    found = await client.query_operations(query=query, timeout=10)
    again = await client.query_operations(query=query, timeout=10)

    assert names == [each.name for each in found] == [each.name for each in again]
    assert 20 == len(spanner.requests)
    assert spanner.busiest <= 10


@in_virtual_time
async def test_pages_of_backups() -> None:
    """A list of backups is read to its last page."""
    spanner = CrowdedSpanner()

    found = (
        await poller_of(spanner)
        .client()
        .query_backups(query=BackupQuery(instance=INSTANCE), timeout=10)
    )

    assert () == found
    assert ["list_backups", "list_backups"] == methods(spanner)
