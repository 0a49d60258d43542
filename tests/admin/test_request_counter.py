# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every request is counted once, with the code its caller hears; by both clients, on a channel."""

from __future__ import annotations

import asyncio
from concurrent import futures
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.admin.telemetry import NO_TELEMETRY, NoTelemetry, RequestCounter
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, Service
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.emulator import pagination
from tests.support.tls_gateway import self_signed

from .scripted_client import BACKUP, DATABASE, NAME, after

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from airflow_spanner_lro.core.status import Code
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import StartBackup

MISSING = OperationName(resource=DATABASE, operation="none")
BACKUP_REQUEST = database_v1.CreateBackupRequest(
    parent=str(BACKUP.instance_name),
    backup_id=BACKUP.backup,
    backup={"database": str(DATABASE), "expire_time": after(86400 * 7)},
)


class Heard(NoTelemetry):
    """Telemetry that keeps the requests it is told of."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []

    def requested(self, *, method: str, code: Code) -> None:
        """Keep a request."""
        self.requests.append((method, code.name))


class Ask(Protocol):
    """Calls a method of a client by name."""

    def __call__(self, method: str, **arguments: Any) -> Any:
        """Call it, and return the answer."""
        ...


@pytest.fixture
def heard() -> Heard:
    """Return telemetry that has heard of nothing yet."""
    return Heard()


@pytest.fixture(params=["sync", "async"])
def asking(request: pytest.FixtureRequest) -> Any:
    """Return what calls a method of a new client of an endpoint, sync and then async."""

    def ask(endpoint: Endpoint, method: str, **arguments: Any) -> Any:
        client = SpannerAdminClient(endpoint)
        try:
            return getattr(client, method)(**arguments)
        finally:
            client.close()

    async def aask(endpoint: Endpoint, method: str, **arguments: Any) -> Any:
        client = AsyncSpannerAdminClient(endpoint)
        try:
            return await getattr(client, method)(**arguments)
        finally:
            await client.close()

    if request.param == "sync":
        return ask
    return lambda endpoint, method, **arguments: asyncio.run(aask(endpoint, method, **arguments))


@pytest.fixture
def ask(asking: Any, endpoint: Endpoint, heard: Heard) -> Ask:
    """Return what asks the emulator, and is heard."""
    return partial(asking, replace(endpoint, telemetry=heard))


def test_an_answer_is_counted(ask: Ask, heard: Heard, start_backup: StartBackup) -> None:
    """A request that is answered counts as OK, under the RPC's name."""
    name = start_backup().name

    snapshot = ask("get", name=name)

    assert name == snapshot.name
    assert [("GetOperation", "OK")] == heard.requests


def test_a_start_is_counted(ask: Ask, heard: Heard) -> None:
    """A start goes through the same channel as everything else."""
    ask("start", kind=CREATE_BACKUP, request=BACKUP_REQUEST)

    assert [("CreateBackup", "OK")] == heard.requests


def test_a_refusal_is_counted_by_its_code(ask: Ask, heard: Heard) -> None:
    """An error reaches the caller as it is, and is counted by its code."""
    with pytest.raises(exceptions.NotFound):
        ask("get", name=MISSING)

    assert [("GetOperation", "NOT_FOUND")] == heard.requests


def test_each_page_is_counted(
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    heard: Heard,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """A list of two pages is two requests, each of which counts towards the quota."""
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 1)
    start_backup()
    clock.advance(timedelta(hours=1))
    start_backup(replace(BACKUP, backup="weekly"))
    query = OperationQuery(call=ListCall.OF_BACKUPS, parent=BACKUP.instance_name)

    ask("query_operations", query=query)

    assert [("ListBackupOperations", "OK")] * 2 == heard.requests


def test_retries_of_the_library_are_counted(
    emulator: SpannerAdminEmulator, ask: Ask, heard: Heard
) -> None:
    """What the client library asks again by itself is two requests."""
    emulator.faults.fail(method="GetDatabase")

    ask("get_resource", name=DATABASE)

    assert [("GetDatabase", "UNAVAILABLE"), ("GetDatabase", "OK")] == heard.requests


def test_a_timeout_is_counted(emulator: SpannerAdminEmulator, ask: Ask, heard: Heard) -> None:
    """A call whose time is up before the answer still ends in time, and counts as late."""
    emulator.faults.delay(method="GetOperation", seconds=5)

    with pytest.raises(exceptions.DeadlineExceeded):
        ask("get", name=NAME, timeout=0.2)

    assert [("GetOperation", "DEADLINE_EXCEEDED")] == heard.requests


def test_no_answer_is_counted(asking: Any, heard: Heard) -> None:
    """Where nobody answers, the attempt counts."""
    nobody = Endpoint(target="localhost:1", plain_text=True, telemetry=heard)

    with pytest.raises(exceptions.ServiceUnavailable):
        asking(nobody, "get", name=NAME)

    assert [("GetOperation", "UNAVAILABLE")] == heard.requests


async def test_a_caller_that_goes_away_takes_the_call_along(
    emulator: SpannerAdminEmulator, endpoint: Endpoint, heard: Heard
) -> None:
    """A cancelled await ends at once as a cancellation, and its request counts as cancelled."""
    emulator.faults.delay(method="GetOperation", seconds=5)
    client = AsyncSpannerAdminClient(replace(endpoint, telemetry=heard))
    waiting = asyncio.create_task(client.get(name=NAME))
    await asyncio.wait({waiting}, timeout=0.2)

    waiting.cancel()
    await asyncio.wait({waiting}, timeout=1)

    assert waiting.cancelled()
    assert [("GetOperation", "CANCELLED")] == heard.requests
    await client.close()


def test_an_interrupted_call_is_counted(heard: Heard) -> None:
    """What a signal raises in the middle of a call goes on, and the request counts."""

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    details = type("Details", (), {"method": "/google.longrunning.Operations/GetOperation"})
    with pytest.raises(KeyboardInterrupt):
        RequestCounter(heard).intercept_unary_unary(interrupted, details, None)

    assert [("GetOperation", "CANCELLED")] == heard.requests


def test_what_was_never_sent_is_not_counted(endpoint: Endpoint, heard: Heard) -> None:
    """A call on a closed channel raises as ever, and is no request."""
    client = replace(endpoint, telemetry=heard).sync_client(Service.DATABASE_ADMIN)
    client.transport.close()

    with pytest.raises(ValueError, match="closed channel"):
        client.get_database(name=str(DATABASE), retry=None)

    assert [] == heard.requests


def test_endpoints_are_equal_whoever_listens(endpoint: Endpoint, heard: Heard) -> None:
    """Where to ask, and as whom, makes an endpoint; so clients can be shared by it."""
    other = replace(endpoint, telemetry=heard)

    assert (endpoint, hash(endpoint)) == (other, hash(other))
    assert NO_TELEMETRY is endpoint.telemetry


@pytest.fixture
def secured(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a server behind TLS that knows no operation, trusted by new channels; return where."""
    key, certificate = self_signed()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    handlers: Any = {"GetOperation": grpc.unary_unary_rpc_method_handler(_refuse)}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.longrunning.Operations", handlers)]
    )
    own = grpc.ssl_server_credentials([(key, certificate)])
    port = server.add_secure_port("localhost:0", own)
    trusting = partial(
        grpc.composite_channel_credentials, grpc.ssl_channel_credentials(certificate)
    )
    # what the client library makes of credentials where it is told no certificate
    monkeypatch.setattr(grpc, "compute_engine_channel_credentials", trusting)
    server.start()
    yield f"localhost:{port}"
    stopped: threading.Event = server.stop(grace=None)
    stopped.wait()


def test_requests_over_tls_are_counted(asking: Any, heard: Heard, secured: str) -> None:
    """Channels that the client library makes are counted like those made here."""
    endpoint = Endpoint(target=secured, credentials=AnonymousCredentials(), telemetry=heard)

    with pytest.raises(exceptions.NotFound):
        asking(endpoint, "get", name=NAME)

    assert [("GetOperation", "NOT_FOUND")] == heard.requests


def _refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
    del request
    context.abort(grpc.StatusCode.NOT_FOUND, "no such operation")
    return b""
