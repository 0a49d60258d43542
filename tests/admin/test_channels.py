# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Channels that live for months: dead connections, and credentials that are refused one day."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.admin import channels
from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
from airflow_spanner_lro.admin.channels import CredentialsRefusedError
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.status import is_transient
from tests.support.tcp_proxy import TcpProxy
from tests.support.tls_gateway import Gateway

from .scripted_client import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

TARGET = f"{DATABASE}"


class Asking:
    """One of our clients, called in the same way whichever it is."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def look(self, *, timeout: float = 5.0) -> Any:
        """Ask for the state of the database."""
        if isinstance(self.client, AsyncSpannerAdminClient):
            return await self.client.get_resource_state(name=DATABASE, timeout=timeout)
        return await asyncio.to_thread(
            self.client.get_resource_state, name=DATABASE, timeout=timeout
        )

    async def close(self) -> None:
        """Close it."""
        if isinstance(self.client, AsyncSpannerAdminClient):
            await self.client.close()
        else:
            self.client.close()


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Callable[..., Asking]:
    """Return a function that makes a client of an endpoint, of one kind and then of the other."""
    kind = SpannerAdminClient if request.param == "sync" else AsyncSpannerAdminClient
    return lambda endpoint, **kwargs: Asking(kind(endpoint, **kwargs))


@pytest.fixture
def wire(emulator: SpannerAdminEmulator) -> Iterator[TcpProxy]:
    """Return the wire to the emulator."""
    with TcpProxy(emulator.endpoint) as wire:
        yield wire


@pytest.fixture
def gateway(emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Return the gateway to the emulator, with one valid key, ``old``."""
    with Gateway(emulator.endpoint) as gateway, gateway.trusted(monkeypatch):
        gateway.add("old")
        yield gateway


async def test_a_silent_connection_is_replaced(
    make: Callable[..., Asking], wire: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a connection has gone silent, one deadline passes and the next call is answered."""
    monkeypatch.setattr(channels, "SILENT_AFTER", 0.2)
    asking = make(Endpoint(target=wire.endpoint, plain_text=True))
    await asking.look()

    assert 1 == wire.silence()
    with pytest.raises(exceptions.DeadlineExceeded):
        await asking.look(timeout=0.3)
    state = await asking.look()
    await asking.close()

    assert TARGET == state.name


async def test_one_slow_call_replaces_nothing(make: Callable[..., Asking], wire: TcpProxy) -> None:
    """A deadline that passes sooner than a connection counts as silent leaves the channel alone."""
    asking = make(Endpoint(target=wire.endpoint, plain_text=True))
    await asking.look()
    before = asking.client.channels.client(Service.DATABASE_ADMIN)
    wire.silence()

    with pytest.raises(exceptions.DeadlineExceeded):
        await asking.look(timeout=0.2)

    assert before is asking.client.channels.client(Service.DATABASE_ADMIN)
    await asking.close()


async def test_a_replaced_channel_is_closed_when_nobody_uses_it(
    wire: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that are under way end where they began; after the last the channel is closed."""
    monkeypatch.setattr(channels, "SILENT_AFTER", 0.2)
    client = AsyncSpannerAdminClient(Endpoint(target=wire.endpoint, plain_text=True))
    await client.get_resource_state(name=DATABASE)
    old = client.channels.client(Service.DATABASE_ADMIN).transport.grpc_channel
    wire.silence()
    waiting = asyncio.ensure_future(client.get_resource_state(name=DATABASE, timeout=1.0))

    with pytest.raises(exceptions.DeadlineExceeded):
        await client.get_resource_state(name=DATABASE, timeout=0.3)
    under_way = (client.channels.waiting_to_close, waiting.done())
    with pytest.raises(exceptions.DeadlineExceeded):
        await waiting
    async with asyncio.timeout(5):
        while not old._channel.closed():  # noqa: ASYNC110  # gRPC tells nobody
            await asyncio.sleep(0.01)

    assert (1, False) == under_way
    assert 0 == client.channels.waiting_to_close
    await client.close()


async def test_refused_credentials_are_waited_for_if_they_were_taken_before(
    make: Callable[..., Asking], gateway: Gateway
) -> None:
    """A revoked key is trouble that passes, and says where to put another."""
    endpoint = Endpoint(
        target=gateway.target, credentials=gateway.credentials("old"), origin="connection 'one'"
    )
    asking = make(endpoint)
    await asking.look()
    gateway.revoke("old")

    with pytest.raises(CredentialsRefusedError, match="valid key into connection 'one'") as caught:
        await asking.look()
    await asking.close()

    assert is_transient(caught.value)
    assert "invalid authentication credentials" in asking.client.channels.refused


@pytest.mark.parametrize("tokens", [{"wrong"}, set()], ids=["invalid_grant", "UNAUTHENTICATED"])
async def test_credentials_that_were_never_taken(
    make: Callable[..., Asking], gateway: Gateway, tokens: set[str]
) -> None:
    """A key that never was valid is no trouble that passes: a mistake is told at once."""
    gateway.keys = set() if tokens else {"wrong"}
    asking = make(Endpoint(target=gateway.target, credentials=gateway.credentials("wrong")))

    with pytest.raises((CredentialsRefusedError, exceptions.Unauthenticated)) as caught:
        await asking.look()
    await asking.close()

    assert not is_transient(caught.value)


async def test_a_token_endpoint_in_trouble_refuses_nothing(
    make: Callable[..., Asking], gateway: Gateway
) -> None:
    """Where no token can be had just now the credentials are not the reason."""
    gateway.trouble = 503
    asking = make(Endpoint(target=gateway.target, credentials=gateway.credentials("old")))

    with pytest.raises(exceptions.GoogleAPICallError) as caught:
        await asking.look(timeout=8)
    await asking.close()

    assert is_transient(caught.value)
    assert not asking.client.channels.refused


async def test_other_credentials_take_over(make: Callable[..., Asking], gateway: Gateway) -> None:
    """With other credentials the same client goes on, and nothing is refused any more."""
    asking = make(Endpoint(target=gateway.target, credentials=gateway.credentials("old")))
    await asking.look()
    gateway.revoke("old")
    gateway.add("new")
    with pytest.raises(CredentialsRefusedError):
        await asking.look()

    asking.client.channels.use(
        Endpoint(target=gateway.target, credentials=gateway.credentials("new"))
    )
    state = await asking.look()
    await asking.close()

    assert TARGET == state.name
    assert not asking.client.channels.refused
    assert ("GetDatabase", "new") == gateway.seen[-1]


def test_a_worker_renews_by_itself(gateway: Gateway) -> None:
    """A sync client reads its credentials again where they are refused, and asks once more."""
    renewed: list[str] = []

    def renew() -> Endpoint:
        renewed.append("new")
        return Endpoint(target=gateway.target, credentials=gateway.credentials("new"))

    old = Endpoint(target=gateway.target, credentials=gateway.credentials("old"))
    client = SpannerAdminClient(old, renew=renew)
    client.get_resource_state(name=DATABASE)
    gateway.revoke("old")
    gateway.add("new")

    state = client.get_resource_state(name=DATABASE)
    client.close()

    assert TARGET == state.name
    assert ["new"] == renewed


def test_a_worker_whose_connection_cannot_be_read(gateway: Gateway) -> None:
    """Then the refusal is what is told, and neither Airflow nor Spanner is asked at every call."""
    reads: list[int] = []

    def renew() -> Endpoint:
        reads.append(1)
        raise ZeroDivisionError

    old = Endpoint(target=gateway.target, credentials=gateway.credentials("old"))
    client = SpannerAdminClient(old, renew=renew)
    client.get_resource_state(name=DATABASE)
    gateway.revoke("old")

    for _ in range(3):
        with pytest.raises(CredentialsRefusedError):
            client.get_resource_state(name=DATABASE)
    client.close()

    assert [1] == reads
    assert 1 == gateway.seen.count(("GetDatabase", "old")) - 1
