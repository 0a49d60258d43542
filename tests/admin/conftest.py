# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator whose time stands still, with one database, and our two clients connected to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

from .flow_drivers import AsyncDriver, SyncDriver
from .scripted_client import BACKUP, DATABASE, NOW, after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from airflow_spanner_lro.core.names import BackupName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    from .flow_drivers import Driver


class StartBackup(Protocol):
    """Starts a backup of the one database."""

    def __call__(self, backup: BackupName = BACKUP) -> OperationSnapshot:
        """Start it."""
        ...


@pytest.fixture
def clock() -> ManualClock:
    """Return the emulator's clock."""
    return ManualClock(NOW)


@pytest.fixture
def emulator(clock: ManualClock) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with one instance and one database."""
    with SpannerAdminEmulator(clock=clock) as running:
        # in several regions, as instances in one have no partitions
        running.create_instance(str(DATABASE.instance_name), config="nam6")
        running.create_database(str(DATABASE))
        yield running


@pytest.fixture
def endpoint(emulator: SpannerAdminEmulator) -> Endpoint:
    """Return where the emulator answers."""
    return Endpoint(target=emulator.endpoint, plain_text=True)


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[SpannerAdminClient]:
    """Return a sync client, closed afterwards."""
    opened = SpannerAdminClient(endpoint)
    yield opened
    opened.close()


@pytest.fixture
async def async_client(endpoint: Endpoint) -> AsyncIterator[AsyncSpannerAdminClient]:
    """Return an async client, closed afterwards."""
    opened = AsyncSpannerAdminClient(endpoint)
    yield opened
    await opened.close()


@pytest.fixture
def start_backup(client: SpannerAdminClient) -> StartBackup:
    """Return a function that starts a backup, which takes 25 minutes."""

    def start(backup: BackupName = BACKUP) -> OperationSnapshot:
        request = database_v1.CreateBackupRequest(
            parent=str(backup.instance_name),
            backup_id=backup.backup,
            backup={"database": str(DATABASE), "expire_time": after(86400 * 7)},
        )
        return client.start(kind=CREATE_BACKUP, request=request)

    return start


@pytest.fixture(params=[SyncDriver, AsyncDriver], ids=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Driver:
    """Return one driver, then the other."""
    driver: Driver = request.param()
    return driver
