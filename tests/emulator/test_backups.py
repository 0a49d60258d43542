# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups: create, get, list, update, delete, and what a cancel makes of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import field_mask_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import GetOperation, StartBackup

STATE = database_v1.Backup.State
MINUTES = timedelta(minutes=1)


def test_a_backup_takes_its_time(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A backup is CREATING, says how far it is, and is READY when its operation has ended."""
    started = clock.now()
    operation = start_backup()
    before = databases.get_backup(name=BACKUP)
    clock.advance(10 * MINUTES)
    halfway = operation.done(), operation.metadata.progress.progress_percent
    clock.advance(15 * MINUTES)
    backup = operation.result(timeout=5)

    assert before.state == STATE.CREATING
    assert halfway == (False, 40)
    assert backup.state == STATE.READY
    assert started == backup.version_time == backup.create_time
    assert started + timedelta(days=366) == backup.max_expire_time
    assert started + 25 * MINUTES == operation.metadata.progress.end_time


@pytest.mark.parametrize("keep", [timedelta(hours=5, minutes=59), timedelta(days=366, seconds=1)])
def test_a_backup_expires_within_limits(start_backup: StartBackup, keep: timedelta) -> None:
    """An expire_time under 6 hours or over 366 days away is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="at least 6 hours and at most 366 days"):
        start_backup(keep=keep)


@pytest.mark.parametrize("keep", [timedelta(hours=6), timedelta(days=366)])
def test_the_limits_themselves_are_allowed(start_backup: StartBackup, keep: timedelta) -> None:
    """6 hours and 366 days are fine."""
    assert not start_backup(keep=keep).done()


def test_a_backup_needs_an_expire_time(start_backup: StartBackup) -> None:
    """A backup without expire_time is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match=r"backup\.expire_time is required"):
        start_backup(expire_time=None)


def test_a_backup_needs_a_database(start_backup: StartBackup) -> None:
    """A missing database is NOT_FOUND."""
    with pytest.raises(exceptions.NotFound, match="databases/nowhere"):
        start_backup(database=f"{INSTANCE}/databases/nowhere")


@pytest.mark.parametrize("version", [timedelta(hours=-2), timedelta(seconds=1)])
def test_a_version_lies_within_retention(
    start_backup: StartBackup, clock: ManualClock, version: timedelta
) -> None:
    """A version_time before the retention period, or in the future, is an INVALID_ARGUMENT."""
    clock.advance(timedelta(hours=5))

    with pytest.raises(exceptions.InvalidArgument, match="version retention"):
        start_backup(version_time=clock.now() + version)


def test_one_backup_of_a_database_at_a_time(start_backup: StartBackup) -> None:
    """A second pending backup of a database is a FAILED_PRECONDITION that names the first."""
    start_backup("first")

    with pytest.raises(exceptions.FailedPrecondition, match="backups/first"):
        start_backup("second")


def test_a_finished_backup_makes_room(start_backup: StartBackup, clock: ManualClock) -> None:
    """As soon as one backup is complete, another one can start."""
    start_backup("first")
    clock.advance(25 * MINUTES)

    assert not start_backup("second").done()


def test_a_backup_id_is_used_once(start_backup: StartBackup) -> None:
    """An id that is taken is ALREADY_EXISTS, also while the first is pending."""
    start_backup()

    with pytest.raises(exceptions.AlreadyExists) as caught:
        start_backup()
    (info,) = caught.value.details
    assert info.resource_name == BACKUP
    assert info.resource_type == "type.googleapis.com/google.spanner.admin.database.v1.Backup"


def test_a_cancelled_backup_is_gone(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A cancel ends the operation with code 1 and a cancel_time, and removes the backup."""
    operation = start_backup()
    clock.advance(5 * MINUTES)
    operation.cancel()

    assert operation.cancelled()
    assert clock.now() == operation.metadata.cancel_time
    assert clock.now() == operation.metadata.progress.end_time
    assert operation.metadata.progress.progress_percent == 20
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=BACKUP)


def test_a_cancelled_backup_id_is_free_again(start_backup: StartBackup) -> None:
    """The id of a cancelled backup can be used at once."""
    start_backup().cancel()

    assert not start_backup().done()


def test_a_cancel_may_take_time(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """Until a slow cancel has had its effect, only its time shows that it was asked for."""
    emulator.plan(Plan(cancel_delay=2 * MINUTES))
    operation = start_backup()
    asked = clock.advance(MINUTES)
    operation.cancel()
    clock.advance(MINUTES)
    before = operation.done(), operation.metadata.cancel_time, databases.get_backup(name=BACKUP)
    clock.advance(MINUTES)

    assert before[:2] == (False, asked)
    assert before[2].state == STATE.CREATING
    assert operation.cancelled()
    assert asked == operation.metadata.cancel_time


def test_a_cancel_may_come_too_late(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """If the work ends before the cancel has its effect, it has succeeded."""
    emulator.plan(Plan(cancel_delay=10 * MINUTES))
    operation = start_backup()
    clock.advance(20 * MINUTES)
    operation.cancel()
    clock.advance(5 * MINUTES)

    assert operation.result(timeout=5).state == STATE.READY
    assert operation.metadata.cancel_time is None


def test_a_cancel_may_be_ignored(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A plan may say that cancelling has no effect at all."""
    emulator.plan(Plan(cancel_delay=None))
    operation = start_backup()
    operation.cancel()
    clock.advance(25 * MINUTES)

    assert operation.result(timeout=5).state == STATE.READY


def test_a_failed_backup_is_gone(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """A backup that fails at 60 percent stays at 60 percent, and leaves no backup."""
    emulator.plan(
        Plan(fail_at=0.6, fail_with=(Code.INTERNAL, "the disk is full")), kind=CREATE_BACKUP
    )
    operation = start_backup()
    clock.advance(60 * MINUTES)

    with pytest.raises(exceptions.InternalServerError, match="the disk is full"):
        operation.result(timeout=5)
    assert operation.metadata.progress.progress_percent == 60
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=BACKUP)


def test_deleting_a_pending_backup_cancels_it(
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    get_operation: GetOperation,
) -> None:
    """The operation of a backup that is deleted while CREATING ends as cancelled."""
    operation = start_backup()
    databases.delete_backup(name=BACKUP)

    assert get_operation(operation.operation.name).error.code == Code.CANCELLED


@pytest.mark.usefixtures("emulator")
def test_deleting_is_idempotent(databases: database_v1.DatabaseAdminClient) -> None:
    """Deleting a backup that is not there is fine."""
    databases.delete_backup(name=BACKUP)


def test_a_backup_can_live_longer(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """The expire_time can be moved within its limits."""
    emulator.create_backup(BACKUP, DATABASE)
    later = clock.now() + timedelta(days=90)
    databases.update_backup(
        backup=database_v1.Backup(name=BACKUP, expire_time=later),
        update_mask=field_mask_pb2.FieldMask(paths=["expire_time"]),
    )

    assert later == databases.get_backup(name=BACKUP).expire_time


def test_only_the_expire_time_can_be_updated(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A mask with anything else is an INVALID_ARGUMENT."""
    emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(exceptions.InvalidArgument, match="'database' cannot be updated"):
        databases.update_backup(
            backup=database_v1.Backup(name=BACKUP),
            update_mask=field_mask_pb2.FieldMask(paths=["database"]),
        )


def test_backups_are_listed_latest_first(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Lists go by create_time downwards, through all pages, and can be filtered."""
    emulator.create_database(f"{INSTANCE}/databases/other")
    for number in range(3):
        emulator.create_backup(f"{INSTANCE}/backups/b{number}", DATABASE)
        clock.advance(MINUTES)
    emulator.create_backup(f"{INSTANCE}/backups/alien", f"{INSTANCE}/databases/other")
    request = database_v1.ListBackupsRequest(
        parent=INSTANCE, page_size=2, filter=f'database="{DATABASE}" AND state:READY'
    )

    found = [each.name.rpartition("/")[2] for each in databases.list_backups(request)]
    assert found == ["b2", "b1", "b0"]
