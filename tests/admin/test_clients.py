# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two clients, each call through a real channel to the emulator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from grpc.aio import UsageError

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import BackupName, InstanceName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationState, ResourceState
from airflow_spanner_lro.core.status import Code

from .scripted_client import BACKUP, DATABASE, NOW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import StartBackup

    Ask = Callable[..., Awaitable[Any]]

INSTANCE = InstanceName(project="test", instance="main")
MISSING = OperationName(resource=BACKUP, operation="_auto_op_0")
HALF = 750.0
WHOLE = 1500.0


@pytest.fixture(params=["sync", "async"])
def ask(
    request: pytest.FixtureRequest,
    client: SpannerAdminClient,
    async_client: AsyncSpannerAdminClient,
) -> Ask:
    """Return a function that calls a method by name, of one client and then of the other."""

    async def call(method: str, **arguments: object) -> Any:
        if request.param == "async":
            return await getattr(async_client, method)(**arguments)
        return await asyncio.to_thread(getattr(client, method), **arguments)

    return call


async def test_get_tells_how_far_it_is(
    ask: Ask, clock: ManualClock, start_backup: StartBackup
) -> None:
    """A snapshot is of the moment of the call."""
    name = start_backup().name
    clock.advance(HALF)

    snapshot = await ask("get", name=name)

    assert (OperationState.RUNNING, 50) == (snapshot.state, snapshot.percent)


async def test_cancel_asks_and_get_tells(ask: Ask, start_backup: StartBackup) -> None:
    """The cancel itself answers nothing; the operation has ended as cancelled afterwards."""
    name = start_backup().name

    answer = await ask("cancel", name=name)

    assert answer is None
    assert (await ask("get", name=name)).cancelled


async def test_the_result_is_the_resource_as_it_was(
    ask: Ask, clock: ManualClock, start_backup: StartBackup
) -> None:
    """The result has the create time by which the resource is told from a namesake."""
    name = start_backup().name
    clock.advance(WHOLE)

    result = await ask("get_result", name=name)

    assert result == ResourceState(name=str(BACKUP), state="READY", create_time=NOW)
    assert result == await ask("get_resource_state", name=BACKUP)


async def test_a_running_operation_has_no_result(ask: Ask, start_backup: StartBackup) -> None:
    """There is no resource to tell before the end."""
    name = start_backup().name

    assert await ask("get_result", name=name) is None


async def test_an_instances_state_comes_from_the_other_service(ask: Ask) -> None:
    """Resources are asked of the service that has them."""
    state = await ask("get_resource_state", name=INSTANCE)

    assert (str(INSTANCE), "READY") == (state.name, state.state)


@pytest.mark.parametrize("resource", [BACKUP, DATABASE, INSTANCE], ids=lambda name: name.noun)
async def test_delete_resource_deletes(
    ask: Ask, emulator: SpannerAdminEmulator, resource: BackupName
) -> None:
    """Each type of resource has its own call with its own field, and is gone after it."""
    if resource is BACKUP:
        emulator.create_backup(str(BACKUP), str(DATABASE))

    await ask("delete_resource", name=resource)

    assert str(resource) not in {each.name for each in emulator.resources()}


PORT = [
    pytest.param("get", {"name": MISSING}, "GetOperation", id="get"),
    pytest.param("cancel", {"name": MISSING}, "CancelOperation", id="cancel"),
    pytest.param("get_result", {"name": MISSING}, "GetOperation", id="get_result"),
    pytest.param("get_resource_state", {"name": DATABASE}, "GetDatabase", id="get_resource_state"),
    pytest.param("delete_resource", {"name": DATABASE}, "DropDatabase", id="delete_resource"),
]


@pytest.mark.parametrize(("method", "arguments", "rpc"), PORT)
async def test_no_call_is_repeated(
    ask: Ask, emulator: SpannerAdminEmulator, method: str, arguments: Any, rpc: str
) -> None:
    """Trouble propagates as Google's exception after one call: flows and tasks decide on more."""
    emulator.faults.fail(method=rpc)

    with pytest.raises(exceptions.ServiceUnavailable):
        await ask(method, **arguments)

    assert [Code.UNAVAILABLE] == [call.code for call in emulator.calls.of(rpc)]


@pytest.mark.parametrize("method", ["get", "cancel", "get_result"])
async def test_an_unknown_operation_is_not_found(ask: Ask, method: str) -> None:
    """Google's exceptions arrive as they are."""
    with pytest.raises(exceptions.NotFound, match=MISSING.operation):
        await ask(method, name=MISSING)


async def test_a_closed_async_client_opens_a_new_channel(
    async_client: AsyncSpannerAdminClient,
) -> None:
    """Closing closes what was opened, may be repeated, and the next call connects again."""
    await async_client.get_resource_state(name=DATABASE)
    await async_client.get_resource_state(name=INSTANCE)
    first = async_client.channels.client(Service.DATABASE_ADMIN)
    await async_client.close()
    await async_client.close()

    assert (await async_client.get_resource_state(name=DATABASE)).name == str(DATABASE)
    with pytest.raises(UsageError, match="closed"):
        await first.get_database(name=str(DATABASE))
