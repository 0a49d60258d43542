# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A full life of every kind of operation, by each of the transports of Google's own clients."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.cloud.spanner_admin_database_v1.services.database_admin import (
    transports as database_transports,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin import (
    transports as instance_transports,
)

from airflow_spanner_lro.core.kinds import KINDS, OPTIMIZE_RESTORED_DATABASE, Service
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.support.channels import ALONE, open_channel
from tests.emulator.support.operation_starts import (
    BACKUP,
    DATABASE,
    INSTANCE,
    STARTS,
    OperationStart,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.core.kinds import OperationKind


class Driver(Protocol):
    """One way to talk to the emulator."""

    def start(self, kind: OperationKind, request: Mapping[str, Any]) -> operations_pb2.Operation:
        """Start an operation."""
        ...

    def get(self, name: str) -> operations_pb2.Operation:
        """Get an operation."""
        ...

    def cancel(self, name: str) -> None:
        """Ask to cancel an operation."""
        ...


class SyncDriver:
    """The generated clients that block, whatever their transport."""

    def __init__(self, databases: Any, instances: Any) -> None:
        self._clients = {Service.DATABASE_ADMIN: databases, Service.INSTANCE_ADMIN: instances}

    def start(self, kind: OperationKind, request: Mapping[str, Any]) -> operations_pb2.Operation:
        """Start an operation."""
        started = getattr(self._clients[kind.service], str(kind.rpc))(
            request=kind.request_type()(request)
        )
        operation: operations_pb2.Operation = started.operation
        return operation

    def get(self, name: str) -> operations_pb2.Operation:
        """Get an operation."""
        operation: operations_pb2.Operation = self._client_for(name).get_operation({"name": name})
        return operation

    def cancel(self, name: str) -> None:
        """Ask to cancel an operation."""
        self._client_for(name).cancel_operation({"name": name})

    def _client_for(self, name: str) -> Any:
        """Return the client that knows the name's route: over REST each has those of its own."""
        of_database = "/databases/" in name or "/backups/" in name
        return self._clients[Service.DATABASE_ADMIN if of_database else Service.INSTANCE_ADMIN]


class AsyncDriver:
    """The generated asynchronous clients, on a loop of their own."""

    def __init__(self, runner: asyncio.Runner, databases: Any, instances: Any) -> None:
        self._runner = runner
        self._clients = {Service.DATABASE_ADMIN: databases, Service.INSTANCE_ADMIN: instances}

    def start(self, kind: OperationKind, request: Mapping[str, Any]) -> operations_pb2.Operation:
        """Start an operation."""
        method = getattr(self._clients[kind.service], str(kind.rpc))
        operation: operations_pb2.Operation = self._runner.run(
            method(request=kind.request_type()(request))
        ).operation
        return operation

    def get(self, name: str) -> operations_pb2.Operation:
        """Get an operation."""
        client = self._clients[Service.INSTANCE_ADMIN]
        operation: operations_pb2.Operation = self._runner.run(client.get_operation({"name": name}))
        return operation

    def cancel(self, name: str) -> None:
        """Ask to cancel an operation."""
        self._runner.run(self._clients[Service.DATABASE_ADMIN].cancel_operation({"name": name}))


def grpc_driver(emulator: SpannerAdminEmulator, stack: ExitStack) -> Driver:
    """Return a driver over gRPC."""
    channel = stack.enter_context(open_channel(emulator.endpoint))
    return SyncDriver(
        database_v1.DatabaseAdminClient(
            transport=database_transports.DatabaseAdminGrpcTransport(channel=channel)
        ),
        instance_v1.InstanceAdminClient(
            transport=instance_transports.InstanceAdminGrpcTransport(channel=channel)
        ),
    )


def async_driver(emulator: SpannerAdminEmulator, stack: ExitStack) -> Driver:
    """Return a driver over gRPC with asyncio."""
    runner = stack.enter_context(asyncio.Runner())

    async def connect() -> tuple[Any, Any, Any]:
        channel = grpc.aio.insecure_channel(emulator.endpoint, options=ALONE)
        databases = database_v1.DatabaseAdminAsyncClient(
            transport=database_transports.DatabaseAdminGrpcAsyncIOTransport(channel=channel)
        )
        instances = instance_v1.InstanceAdminAsyncClient(
            transport=instance_transports.InstanceAdminGrpcAsyncIOTransport(channel=channel)
        )
        return channel, databases, instances

    channel, databases, instances = runner.run(connect())
    stack.callback(lambda: runner.run(channel.close()))
    return AsyncDriver(runner, databases, instances)


def rest_driver(emulator: SpannerAdminEmulator, stack: ExitStack) -> Driver:
    """Return a driver over REST."""
    del stack
    options: dict[str, Any] = {
        "host": f"127.0.0.1:{emulator.rest_port}",
        "url_scheme": "http",
        "credentials": AnonymousCredentials(),
    }
    return SyncDriver(
        database_v1.DatabaseAdminClient(
            transport=database_transports.DatabaseAdminRestTransport(**options)
        ),
        instance_v1.InstanceAdminClient(
            transport=instance_transports.InstanceAdminRestTransport(**options)
        ),
    )


DRIVERS = {"grpc": grpc_driver, "grpc asyncio": async_driver, "rest": rest_driver}


@pytest.fixture
def world(clock: ManualClock) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with both servers."""
    with SpannerAdminEmulator(clock=clock, rest_port=0) as running:
        yield running


@pytest.fixture(params=sorted(DRIVERS))
def driver(request: pytest.FixtureRequest, world: SpannerAdminEmulator) -> Iterator[Driver]:
    """Return each driver in turn."""
    with ExitStack() as stack:
        yield DRIVERS[request.param](world, stack)


def test_the_table_has_every_kind() -> None:
    """No kind is left out below."""
    assert {kind for kind in KINDS if kind.rpc} == {start.kind for start in STARTS}


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_an_operation_is_pending_and_then_done(
    world: SpannerAdminEmulator, driver: Driver, start: OperationStart
) -> None:
    """It tells what it works on, goes on with the clock, and ends with its response."""
    start.prepare(world, driver.start)
    started = driver.start(start.kind, start.request_at(world.clock.now()))
    pending = driver.get(started.name)
    world.run_until_done(started.name)
    done = driver.get(started.name)

    assert started.name.startswith(f"{start.target}/operations/")
    assert not pending.done
    assert not pending.HasField("response")
    assert start.kind.metadata_type_url == pending.metadata.type_url
    assert done.done
    assert not done.HasField("error")
    assert start.kind.metadata_type_url == done.metadata.type_url
    expected = f"{start.kind.service.proto_package}.{start.kind.response}"
    if start.kind.response is None:
        expected = "google.protobuf.Empty"
    assert expected == done.response.type_url.rpartition("/")[2]


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_an_operation_can_be_cancelled(
    world: SpannerAdminEmulator, driver: Driver, start: OperationStart
) -> None:
    """It ends with code 1, and what it was making is gone; what it was changing is there."""
    start.prepare(world, driver.start)
    name = driver.start(start.kind, start.request_at(world.clock.now())).name
    driver.cancel(name)
    world.run_until_done(name)
    ended = driver.get(name)

    assert ended.done
    assert int(Code.CANCELLED) == ended.error.code
    assert not ended.HasField("response")
    there = start.target in {view.name for view in world.resources()}
    assert there != start.kind.creates


def test_a_restored_database_is_optimized(world: SpannerAdminEmulator, driver: Driver) -> None:
    """The restore names the operation that follows it, which nobody can cancel."""
    world.create_database(DATABASE)
    world.create_backup(BACKUP, DATABASE)
    restore = next(start for start in STARTS if start.kind.rpc == "restore_database")
    name = driver.start(restore.kind, restore.request).name
    world.run_until_done(name)
    (optimizing,) = (view for view in world.operations() if not view.done)
    driver.cancel(optimizing.name)
    after_cancel = driver.get(optimizing.name)
    world.run_until_done(optimizing.name)

    assert OPTIMIZE_RESTORED_DATABASE is optimizing.kind
    assert f"{INSTANCE}/databases/restored" == optimizing.target
    assert not after_cancel.done
    assert not driver.get(optimizing.name).HasField("error")
