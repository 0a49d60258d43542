# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""While an instance moves no databases are made in it, and their leaders stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.kinds import MOVE_INSTANCE
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.emulator.lifecycle import Lifecycle
from airflow_spanner_lro.emulator.operations.model import Operation

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator

WIDE = "projects/test/instances/wide"
NAME = f"{WIDE}/databases/wide"


@pytest.fixture(autouse=True)
def move(emulator: SpannerAdminEmulator) -> None:
    """Put a database into an instance of several regions, and let that move for ever."""
    emulator.create_instance(WIDE, config="eur3")
    emulator.create_database(NAME)
    emulator.create_backup(f"{WIDE}/backups/wide", NAME)
    with emulator._engine.locked() as (world, now):
        name = InstanceName.parse(WIDE)
        operation = Operation(
            name=world.operations.new_name(name),
            kind=MOVE_INSTANCE,
            serial=world.next_serial(),
            lifecycle=Lifecycle(
                started=now, steps=(timedelta(hours=12),), plan=Plan(), begins=None
            ),
            details=None,
            described=instance_v1.MoveInstanceMetadata.pb(instance_v1.MoveInstanceMetadata()),
        )
        world.operations.put(operation)


def test_no_database_is_created(databases: database_v1.DatabaseAdminClient) -> None:
    """CreateDatabase is a FAILED_PRECONDITION."""
    with pytest.raises(exceptions.FailedPrecondition, match="mov"):
        databases.create_database(parent=WIDE, create_statement="CREATE DATABASE fresh")


def test_no_database_is_restored(databases: database_v1.DatabaseAdminClient) -> None:
    """RestoreDatabase is a FAILED_PRECONDITION."""
    request = database_v1.RestoreDatabaseRequest(
        parent=WIDE, database_id="copy", backup=f"{WIDE}/backups/wide"
    )

    with pytest.raises(exceptions.FailedPrecondition, match="mov"):
        databases.restore_database(request)


def test_a_leader_stays(databases: database_v1.DatabaseAdminClient) -> None:
    """A schema change is refused if it sets default_leader, and only then."""
    leader = "ALTER DATABASE wide SET OPTIONS (default_leader = 'europe-west4')"
    retention = "ALTER DATABASE wide SET OPTIONS (version_retention_period = '7d')"
    databases.update_database_ddl(database=NAME, statements=[retention])

    with pytest.raises(exceptions.FailedPrecondition, match="mov"):
        databases.update_database_ddl(database=NAME, statements=["ANALYZE", leader])
