# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups: what can be asked for, how long it takes, and what there is afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.protobuf import timestamp_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Between, BySize, Limits, Plan, SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock
    from tests.emulator.conftest import StartBackup

STATE = database_v1.Backup.State
MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)


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

    assert STATE.CREATING == before.state
    assert (False, 40) == halfway
    assert STATE.READY == backup.state
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
    assert BACKUP == info.resource_name
    assert "type.googleapis.com/google.spanner.admin.database.v1.Backup" == info.resource_type


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
    assert 60 == operation.metadata.progress.progress_percent
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=BACKUP)


def test_a_pending_backup_has_no_size(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """All sizes are 0 until it is READY; then it is alone and all of it is its own."""
    start_backup()
    before = databases.get_backup(name=BACKUP)
    clock.advance(25 * MINUTES)
    after = databases.get_backup(name=BACKUP)

    for backup, size in ((before, 0), (after, 2 * 2**30)):
        assert size == backup.size_bytes
        assert size == backup.freeable_size_bytes
        assert size == backup.exclusive_size_bytes


def test_a_backup_tells_where_it_comes_from(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Database, dialect and times are those of the database; nothing speaks of schedules."""
    clock.advance(30 * MINUTES)
    version_time = clock.now() - 20 * MINUTES
    start_backup(version_time=version_time)
    backup = databases.get_backup(name=BACKUP)

    assert DATABASE == backup.database
    assert database_v1.DatabaseDialect.GOOGLE_STANDARD_SQL == backup.database_dialect
    assert clock.now() == backup.create_time
    assert version_time == backup.version_time == backup.oldest_version_time
    assert not backup.backup_schedules
    assert not backup.incremental_backup_chain_id


@pytest.mark.parametrize(
    ("backup_id", "fields"),
    [
        ("", {}),
        ("b", {}),
        ("b" * 61, {}),
        ("Nightly", {}),
        ("1st", {}),
        ("nightly-", {}),
        ("nightly/1", {}),
        ("nightly", {"database": ""}),
        ("nightly", {"database": "orders"}),
        ("nightly", {"database": "projects/test/instances/other/databases/orders"}),
        ("nightly", {"expire_time": timestamp_pb2.Timestamp(seconds=10**15)}),
        ("nightly", {"version_time": timestamp_pb2.Timestamp(seconds=-(10**15))}),
    ],
)
def test_bad_requests_are_refused_and_change_nothing(
    emulator: SpannerAdminEmulator,
    start_backup: StartBackup,
    backup_id: str,
    fields: dict[str, Any],
) -> None:
    """Ids that break the rule, other names, and impossible times are an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        start_backup(backup_id, **fields)
    assert not emulator.operations()


def test_a_database_must_be_ready(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup
) -> None:
    """A backup of a database that is being created is a FAILED_PRECONDITION."""
    databases.create_database(parent=INSTANCE, create_statement="CREATE DATABASE fresh")

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        start_backup(database=f"{INSTANCE}/databases/fresh")


def test_databases_do_not_wait_for_each_other(
    emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """Each database may have its pending backup."""
    other = f"{INSTANCE}/databases/other"
    emulator.create_database(other)
    start_backup("first")

    assert not start_backup("second", database=other).done()


def test_a_test_may_allow_more_pending_backups(clock: ManualClock) -> None:
    """The limit is that of the emulator, and the error names it."""
    with (
        SpannerAdminEmulator(clock=clock, limits=Limits(pending_backups=2)) as emulator,
        open_channel(emulator.endpoint) as channel,
    ):
        emulator.create_database(DATABASE)
        client = database_v1.DatabaseAdminClient(
            transport=DatabaseAdminGrpcTransport(channel=channel)
        )
        backup = database_v1.Backup(database=DATABASE, expire_time=clock.now() + DAYS)
        for number in range(2):
            client.create_backup(parent=INSTANCE, backup_id=f"b{number}", backup=backup)

        with pytest.raises(
            exceptions.FailedPrecondition, match=r"maximum number of pending backups \(2\)"
        ):
            client.create_backup(parent=INSTANCE, backup_id="b2", backup=backup)


def test_a_queued_backup_stays_at_zero(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A plan may let it wait; its start is when the request came, its progress begins later."""
    emulator.plan(Plan(queued=30 * MINUTES), kind=CREATE_BACKUP)
    started = clock.now()
    operation = start_backup()
    percents = []
    for _ in range(6):
        clock.advance(10 * MINUTES)
        operation.done()
        percents.append(operation.metadata.progress.progress_percent)

    assert [0, 0, 0, 40, 80, 100] == percents
    assert started == operation.metadata.progress.start_time
    assert started + 55 * MINUTES == operation.metadata.progress.end_time


def test_a_backup_may_take_as_long_as_its_data(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """With a plan by size, a database of two GiB takes twice the time for one, and the base."""
    emulator.plan(Plan(duration=BySize(base=MINUTES, per_gib=3 * MINUTES)), kind=CREATE_BACKUP)
    operation = start_backup()
    clock.advance(7 * MINUTES - timedelta(seconds=1))
    before = operation.done()
    clock.advance(timedelta(seconds=1))

    assert (False, True) == (before, operation.done())


def test_a_backup_may_take_a_random_time(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """With a plan between two durations, it ends between them."""
    emulator.plan(Plan(duration=Between(shortest=10 * MINUTES, longest=20 * MINUTES)))
    operation = start_backup()
    clock.advance(10 * MINUTES - timedelta(seconds=1))
    before = operation.done()
    clock.advance(10 * MINUTES + timedelta(seconds=1))

    assert (False, True) == (before, operation.done())
