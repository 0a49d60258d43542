# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases and backups that are partly stored in an instance partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

from tests.emulator.support.operation_starts import BACKUP, DATABASE

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


@pytest.fixture
def placed(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    partition: str,
    clock: ManualClock,
) -> str:
    """Back up a database with a placement in the partition, and drop the placement."""
    id_ = partition.rpartition("/")[2]
    create = f"CREATE PLACEMENT america OPTIONS (instance_partition = '{id_}')"
    databases.update_database_ddl(database=DATABASE, statements=[create])
    clock.advance(600)
    emulator.create_backup(BACKUP, DATABASE)
    databases.update_database_ddl(database=DATABASE, statements=["DROP PLACEMENT america"])
    clock.advance(600)
    return partition


def test_a_backup_tells_in_which_partitions_it_is(
    databases: database_v1.DatabaseAdminClient, placed: str
) -> None:
    """They are those in which its database had placements at its version time."""
    backup = databases.get_backup(name=BACKUP)

    assert [placed] == [each.instance_partition for each in backup.instance_partitions]


def test_a_partition_that_a_backup_uses_cannot_be_deleted(
    instances: instance_v1.InstanceAdminClient, placed: str
) -> None:
    """It stays as long as there is a backup in it, even if no database is."""
    with pytest.raises(exceptions.FailedPrecondition, match=BACKUP):
        instances.delete_instance_partition(name=placed)


def test_a_partition_can_be_deleted_after_the_last_backup_in_it(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    placed: str,
) -> None:
    """Once the backup is gone, nothing holds the partition."""
    databases.delete_backup(name=BACKUP)

    instances.delete_instance_partition(name=placed)

    with pytest.raises(exceptions.NotFound):
        instances.get_instance_partition(name=placed)
