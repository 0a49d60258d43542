# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""While an instance moves, no backups, copies or schedules are made in it; what is there stays."""

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
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.schedules import DAYS, a_schedule, create, made

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import StartBackup

OTHER = "projects/test/instances/other"


def move(emulator: SpannerAdminEmulator, instance: str = INSTANCE) -> None:
    """Let an instance move, for ever."""
    with emulator._engine.locked() as (world, now):
        name = InstanceName.parse(instance)
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


def copy(databases: database_v1.DatabaseAdminClient, clock: ManualClock, parent: str) -> None:
    """Start a copy of the backup."""
    databases.copy_backup(
        database_v1.CopyBackupRequest(
            parent=parent,
            backup_id="copy",
            source_backup=BACKUP,
            expire_time=clock.now() + DAYS,
        )
    )


def test_no_backup_starts(emulator: SpannerAdminEmulator, start_backup: StartBackup) -> None:
    """CreateBackup is a FAILED_PRECONDITION."""
    move(emulator)

    with pytest.raises(exceptions.FailedPrecondition):
        start_backup()


@pytest.mark.parametrize("moving", [INSTANCE, OTHER])
def test_no_copy_starts(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    moving: str,
) -> None:
    """CopyBackup is a FAILED_PRECONDITION, whether it would be copied from there or to there."""
    emulator.create_backup(BACKUP, DATABASE)
    emulator.create_instance(OTHER)
    move(emulator, moving)

    with pytest.raises(exceptions.FailedPrecondition):
        copy(databases, clock, OTHER)


def test_no_schedule_is_made(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """CreateBackupSchedule is a FAILED_PRECONDITION."""
    move(emulator)

    with pytest.raises(exceptions.FailedPrecondition):
        create(databases)


def test_schedules_leave_out_what_is_due(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Nothing is made while the instance moves, and nothing made up for later."""
    create(databases, schedule=a_schedule("0 2 * * *"))
    clock.advance(DAYS)
    move(emulator)
    clock.advance(3 * DAYS)

    assert 1 == len(made(databases))


def test_backups_can_be_deleted(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """What is not said to be rejected works."""
    emulator.create_backup(BACKUP, DATABASE)
    move(emulator)
    databases.delete_backup(name=BACKUP)

    assert not made(databases)
