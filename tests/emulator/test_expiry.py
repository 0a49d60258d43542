# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The end of backups: at their expire_time, unless something still reads from them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import field_mask_pb2

from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_BACKUP
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import StartBackup

HOURS, SECONDS = timedelta(hours=1), timedelta(seconds=1)


def exists(databases: database_v1.DatabaseAdminClient, name: str = BACKUP) -> bool:
    """Tell whether a backup is there."""
    try:
        databases.get_backup(name=name)
    except exceptions.NotFound:
        return False
    return True


def copy(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, backup_id: str = "copy"
) -> None:
    """Start a copy of the backup."""
    request = database_v1.CopyBackupRequest(
        parent=INSTANCE,
        backup_id=backup_id,
        source_backup=BACKUP,
        expire_time=clock.now() + 24 * HOURS,
    )
    databases.copy_backup(request)


def test_a_backup_goes_at_its_expire_time(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """It is there until the moment itself; then its name is free."""
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    clock.advance(6 * HOURS - SECONDS)
    before = exists(databases)
    clock.advance(SECONDS)

    assert (True, False) == (before, exists(databases))
    assert not list(databases.list_backups(parent=INSTANCE))
    emulator.create_backup(BACKUP, DATABASE)


def test_an_updated_backup_goes_at_its_new_time(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """The old expire_time no longer counts."""
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    databases.update_backup(
        backup=database_v1.Backup(name=BACKUP, expire_time=clock.now() + 8 * HOURS),
        update_mask=field_mask_pb2.FieldMask(paths=["expire_time"]),
    )
    clock.advance(7 * HOURS)
    between = exists(databases)
    clock.advance(HOURS)

    assert (True, False) == (between, exists(databases))


def test_a_backup_that_takes_too_long_is_gone_when_it_is_done(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """A backup in the making does not expire; one that is ready too late does so at once."""
    emulator.plan(Plan(duration=10 * HOURS), kind=CREATE_BACKUP)
    operation = start_backup(keep=6 * HOURS)
    clock.advance(9 * HOURS)
    during = exists(databases)
    clock.advance(HOURS)

    assert (True, False) == (during, exists(databases))
    assert BACKUP == operation.result(timeout=5).name


def test_a_copy_delays_the_expiry(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """A source that is being copied goes when the copy is complete."""
    emulator.plan(Plan(duration=10 * HOURS), kind=COPY_BACKUP)
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    copy(databases, clock)
    clock.advance(9 * HOURS)
    during = exists(databases)
    clock.advance(HOURS)

    assert (True, False) == (during, exists(databases))
    assert exists(databases, f"{INSTANCE}/backups/copy")


def test_a_cancelled_copy_lets_its_source_expire(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Deleting the copy is enough for the overdue source to go."""
    emulator.plan(Plan(duration=10 * HOURS), kind=COPY_BACKUP)
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    copy(databases, clock)
    clock.advance(7 * HOURS)
    databases.delete_backup(name=f"{INSTANCE}/backups/copy")

    assert not exists(databases)


def test_an_expired_source_is_not_copied_again(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """What is there only for the sake of a copy cannot be copied once more."""
    emulator.plan(Plan(duration=10 * HOURS), kind=COPY_BACKUP)
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    copy(databases, clock)
    clock.advance(7 * HOURS)

    with pytest.raises(exceptions.FailedPrecondition, match="has expired"):
        copy(databases, clock, "again")


def test_nothing_is_restored_from_an_expired_source(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """What is there only for the sake of a copy cannot be restored, and no database is made."""
    emulator.plan(Plan(duration=10 * HOURS), kind=COPY_BACKUP)
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    copy(databases, clock)
    clock.advance(6 * HOURS)
    request = database_v1.RestoreDatabaseRequest(parent=INSTANCE, database_id="back", backup=BACKUP)

    with pytest.raises(exceptions.FailedPrecondition, match="has expired"):
        databases.restore_database(request)
    assert [DATABASE] == [each.name for each in databases.list_databases(parent=INSTANCE)]


def test_a_new_expire_time_revives_an_expired_source(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """While it is still there, its expire_time can be moved, and it goes then."""
    emulator.plan(Plan(duration=10 * HOURS), kind=COPY_BACKUP)
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    copy(databases, clock)
    clock.advance(7 * HOURS)
    databases.update_backup(
        backup=database_v1.Backup(name=BACKUP, expire_time=clock.now() + 5 * HOURS),
        update_mask=field_mask_pb2.FieldMask(paths=["expire_time"]),
    )
    clock.advance(4 * HOURS)
    after_copy = exists(databases)
    clock.advance(HOURS)

    assert (True, False) == (after_copy, exists(databases))


def test_a_restore_delays_the_expiry_until_the_database_is_optimized(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """A backup that a restored database reads from goes when that database is READY."""
    emulator.create_backup(BACKUP, DATABASE, keep=6 * HOURS)
    clock.advance(6 * HOURS - SECONDS)
    databases.restore_database(
        database_v1.RestoreDatabaseRequest(parent=INSTANCE, database_id="back", backup=BACKUP)
    )
    clock.advance(timedelta(minutes=54))
    during = exists(databases)
    clock.advance(timedelta(minutes=1))

    assert (True, False) == (during, exists(databases))
