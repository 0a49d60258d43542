# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Google's other clients: asynchronous, and the high-level one that reads the variable."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner, spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcAsyncIOTransport,
)

from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.channels import ALONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


@pytest.fixture
async def async_databases(
    emulator: SpannerAdminEmulator,
) -> AsyncIterator[database_v1.DatabaseAdminAsyncClient]:
    """Return the generated asynchronous client, on a channel of the test's own loop."""
    async with grpc.aio.insecure_channel(emulator.endpoint, options=ALONE) as channel:
        yield database_v1.DatabaseAdminAsyncClient(
            transport=DatabaseAdminGrpcAsyncIOTransport(channel=channel)
        )


async def test_an_async_client_can_start_and_cancel(
    async_databases: database_v1.DatabaseAdminAsyncClient, clock: ManualClock
) -> None:
    """The asynchronous client sees the same operation, metadata and ending."""
    backup = database_v1.Backup(database=DATABASE, expire_time=clock.now() + timedelta(days=1))
    operation = await async_databases.create_backup(
        parent=INSTANCE, backup_id="nightly", backup=backup
    )
    await operation.cancel()

    with pytest.raises(exceptions.GoogleAPICallError, match="The operation was cancelled"):
        await operation.result()
    assert await operation.cancelled()
    assert clock.now() == operation.metadata.cancel_time
    with pytest.raises(exceptions.NotFound):
        await async_databases.get_backup(name=BACKUP)


@pytest.mark.slow
async def test_many_async_calls_at_once(
    emulator: SpannerAdminEmulator, async_databases: database_v1.DatabaseAdminAsyncClient
) -> None:
    """Thousands of calls in flight are all answered and all logged."""
    calls = (async_databases.get_database(name=DATABASE, retry=None) for _ in range(2500))
    answers = await asyncio.gather(*calls)

    assert {DATABASE} == {answer.name for answer in answers}
    assert 2500 == len(emulator.calls)


@pytest.fixture
def high_level(
    empty_emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch
) -> spanner.Client:
    """Return the client that applications use."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", empty_emulator.endpoint)
    empty_emulator.plan(Plan(duration=timedelta()))
    return spanner.Client(
        project="test", credentials=AnonymousCredentials(), disable_builtin_metrics=True
    )


def test_the_high_level_client_goes_all_the_way(
    empty_emulator: SpannerAdminEmulator, high_level: spanner.Client, clock: ManualClock
) -> None:
    """Instance, database, backup, restore and drop work through the variable alone."""
    config = "projects/test/instanceConfigs/regional-europe-west1"
    instance = high_level.instance("main", configuration_name=config, node_count=1)
    instance.create().result(timeout=5)
    database = instance.database("orders", ddl_statements=SCHEMA)
    database.create().result(timeout=5)
    backup = instance.backup(
        "nightly", database=database, expire_time=clock.now() + timedelta(days=1)
    )
    backup.create().result(timeout=5)
    copy = instance.database("copy")
    copy.restore(backup).result(timeout=5)
    database.drop()

    backup.reload()
    listed = [*instance.list_database_operations(), *instance.list_backup_operations()]

    assert backup.is_ready()
    assert [
        "main",
        "nightly",
        "copy",
    ] == [view.name.rpartition("/")[2] for view in empty_emulator.resources()]
    # create, restore and optimize; and the backup
    assert 4 == len(listed)
