# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A running emulator whose time stands still, and Google's own clients on a real channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import grpc
import httpx
import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminGrpcTransport,
)

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.differential.google_emulator import ALONE, running
from tests.emulator.support import configs, partitions
from tests.emulator.support.channels import open_channel
from tests.emulator.support.operation_starts import MULTI_REGION
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api_core.operation import Operation
    from google.longrunning import operations_pb2

INSTANCE = "projects/test/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
BACKUP = f"{INSTANCE}/backups/nightly"
SCHEMA = ("CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)",)


class StartBackup(Protocol):
    """Starts a backup of the one database."""

    def __call__(
        self, backup_id: str = "nightly", *, keep: timedelta = timedelta(days=1), **fields: object
    ) -> Operation:
        """Start it."""
        ...


class GetOperation(Protocol):
    """Gets an operation by name, as raw as it travels."""

    def __call__(self, name: str) -> operations_pb2.Operation:
        """Get it."""
        ...


@pytest.fixture(scope="session")
def google_channel() -> Iterator[grpc.Channel]:
    """Run Google's emulator once in each process that runs tests."""
    binary = require_google_emulator()
    with (
        running(binary) as address,
        grpc.insecure_channel(address, options=ALONE) as channel,
    ):
        yield channel


@pytest.fixture
def clock() -> ManualClock:
    """Return the emulator's clock."""
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def empty_emulator(clock: ManualClock) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with nothing in it."""
    with SpannerAdminEmulator(clock=clock) as running:
        yield running


@pytest.fixture
def emulator(empty_emulator: SpannerAdminEmulator) -> SpannerAdminEmulator:
    """Run an emulator with one instance and one database."""
    empty_emulator.create_instance(INSTANCE, config=MULTI_REGION)
    empty_emulator.create_database(DATABASE, SCHEMA)
    return empty_emulator


@pytest.fixture
def rest_emulator(clock: ManualClock) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with one instance and one database that speaks REST too."""
    with SpannerAdminEmulator(clock=clock, rest_port=0) as running:
        running.create_instance(INSTANCE, config=MULTI_REGION)
        running.create_database(DATABASE, SCHEMA)
        yield running


@pytest.fixture
def rest(rest_emulator: SpannerAdminEmulator) -> Iterator[httpx.Client]:
    """Return an HTTP client whose paths are those after the version."""
    with httpx.Client(base_url=f"{rest_emulator.rest_endpoint}/v1", timeout=10) as client:
        yield client


@pytest.fixture
def channel(empty_emulator: SpannerAdminEmulator) -> Iterator[grpc.Channel]:
    """Open a channel to the emulator."""
    with open_channel(empty_emulator.endpoint) as opened:
        yield opened


@pytest.fixture
def databases(channel: grpc.Channel) -> database_v1.DatabaseAdminClient:
    """Return the generated client of DatabaseAdmin."""
    return database_v1.DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))


@pytest.fixture
def instances(channel: grpc.Channel) -> instance_v1.InstanceAdminClient:
    """Return the generated client of InstanceAdmin."""
    return instance_v1.InstanceAdminClient(transport=InstanceAdminGrpcTransport(channel=channel))


@pytest.fixture
def get_operation(databases: database_v1.DatabaseAdminClient) -> GetOperation:
    """Return a function that gets an operation by name."""

    def get(name: str) -> operations_pb2.Operation:
        return databases.get_operation({"name": name})

    return get


@pytest.fixture
def start_backup(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> StartBackup:
    """Return a function that starts a backup of the database."""
    assert emulator.running

    def start(
        backup_id: str = "nightly", *, keep: timedelta = timedelta(days=1), **fields: object
    ) -> Operation:
        backup = database_v1.Backup(
            **{"database": DATABASE, "expire_time": clock.now() + keep, **fields}
        )
        return databases.create_backup(parent=INSTANCE, backup_id=backup_id, backup=backup)

    return start


@pytest.fixture
def custom(instances: instance_v1.InstanceAdminClient, clock: ManualClock) -> str:
    """Make a configuration, and return its name."""
    configs.create(instances)
    clock.advance(timedelta(minutes=10))
    return configs.CUSTOM


@pytest.fixture
def partition(instances: instance_v1.InstanceAdminClient, clock: ManualClock) -> str:
    """Make a partition in the one instance, and return its name."""
    partitions.create(instances)
    clock.advance(60)
    return partitions.PARTITION
