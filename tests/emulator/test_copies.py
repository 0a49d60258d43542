# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Copies of backups to other instances and projects, and what they mean for their sources."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import COPY_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import GetOperation, StartBackup

STATE = database_v1.Backup.State
FAR = "projects/other/instances/far"
COPY = f"{FAR}/backups/copy"
MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)
KEY = "projects/other/locations/nam3/keyRings/ring/cryptoKeys/key"


class StartCopy:
    """Starts copies of the one backup."""

    def __init__(self, client: database_v1.DatabaseAdminClient, clock: ManualClock) -> None:
        self._client = client
        self._clock = clock

    def __call__(
        self,
        backup_id: str = "copy",
        *,
        parent: str = FAR,
        source: str = BACKUP,
        keep: timedelta = DAYS,
        **fields: object,
    ) -> Operation:
        """Start one."""
        request = {
            "parent": parent,
            "backup_id": backup_id,
            "source_backup": source,
            "expire_time": self._clock.now() + keep,
            **fields,
        }
        return self._client.copy_backup(database_v1.CopyBackupRequest(**request))


@pytest.fixture(autouse=True)
def backup(emulator: SpannerAdminEmulator) -> None:
    """Put a backup there, and an instance of another project and configuration."""
    emulator.create_backup(BACKUP, DATABASE)
    emulator.create_instance(FAR, config="nam3")


@pytest.fixture
def copy(databases: database_v1.DatabaseAdminClient, clock: ManualClock) -> StartCopy:
    """Return a function that starts a copy."""
    return StartCopy(databases, clock)


def test_a_copy_belongs_to_the_new_backup(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, clock: ManualClock
) -> None:
    """Name and metadata are those of the destination, which is CREATING, without a size."""
    operation = copy()
    clock.advance(15 * MINUTES)
    operation.done()
    found = databases.get_backup(name=COPY)

    assert operation.operation.name.startswith(f"{COPY}/operations/_auto_op_")
    assert (COPY, BACKUP) == (operation.metadata.name, operation.metadata.source_backup)
    assert 50 == operation.metadata.progress.progress_percent
    assert (STATE.CREATING, 0) == (found.state, found.size_bytes)


def test_a_copy_is_of_the_same_data(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, clock: ManualClock
) -> None:
    """A copy has its own create_time, and all else of the source, max_expire_time included."""
    source = databases.get_backup(name=BACKUP)
    started = clock.advance(DAYS)
    operation = copy()
    clock.advance(30 * MINUTES)
    made = operation.result(timeout=5)

    assert (COPY, STATE.READY, started) == (made.name, made.state, made.create_time)
    assert started + DAYS == made.expire_time
    for field in ("database", "version_time", "max_expire_time", "size_bytes", "database_dialect"):
        assert getattr(source, field) == getattr(made, field)
    assert made == databases.get_backup(name=COPY)


def test_a_source_names_its_pending_copies(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, clock: ManualClock
) -> None:
    """Several copies may be pending; each is a reference until it is done."""
    copy("one")
    clock.advance(MINUTES)
    copy("two", parent=INSTANCE)
    both = list(databases.get_backup(name=BACKUP).referencing_backups)
    clock.advance(29 * MINUTES)
    one = list(databases.get_backup(name=BACKUP).referencing_backups)
    clock.advance(MINUTES)

    assert [f"{FAR}/backups/one", f"{INSTANCE}/backups/two"] == both
    assert [f"{INSTANCE}/backups/two"] == one
    assert not databases.get_backup(name=BACKUP).referencing_backups


def test_a_source_cannot_be_deleted_meanwhile(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, clock: ManualClock
) -> None:
    """Deleting the source names the copy, and works as soon as that is done."""
    copy()
    with pytest.raises(exceptions.FailedPrecondition, match="far/backups/copy"):
        databases.delete_backup(name=BACKUP)
    clock.advance(30 * MINUTES)
    databases.delete_backup(name=BACKUP)

    assert STATE.READY == databases.get_backup(name=COPY).state


def test_a_copy_can_be_copied(copy: StartCopy, clock: ManualClock) -> None:
    """A copy is a source like any other; its max_expire_time stays that of the original."""
    copy()
    clock.advance(30 * MINUTES)
    again = copy("again", source=COPY, parent=INSTANCE)
    clock.advance(30 * MINUTES)

    assert clock.now() - 60 * MINUTES + 366 * DAYS == again.result(timeout=5).max_expire_time


def test_copies_do_not_count_as_backups_of_the_database(
    copy: StartCopy, start_backup: StartBackup
) -> None:
    """A pending copy does not keep a backup of the same database from starting."""
    copy(parent=INSTANCE)

    assert not start_backup("another").done()


def test_a_cancelled_copy_is_gone(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, clock: ManualClock
) -> None:
    """A cancel ends it with code 1 and a cancel_time; the copy is removed and its id is free."""
    operation = copy()
    clock.advance(3 * MINUTES)
    operation.cancel()

    assert operation.cancelled()
    assert clock.now() == operation.metadata.cancel_time
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=COPY)
    assert not databases.get_backup(name=BACKUP).referencing_backups
    assert not copy().done()


def test_deleting_a_pending_copy_cancels_it(
    databases: database_v1.DatabaseAdminClient, copy: StartCopy, get_operation: GetOperation
) -> None:
    """Its operation ends CANCELLED at once, and its source is free."""
    operation = copy()
    databases.delete_backup(name=COPY)
    databases.delete_backup(name=BACKUP)

    assert Code.CANCELLED == get_operation(operation.operation.name).error.code


def test_a_failed_copy_frees_its_source(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    copy: StartCopy,
    clock: ManualClock,
) -> None:
    """A copy that fails leaves nothing."""
    emulator.plan(Plan(fail_at=0.5), kind=COPY_BACKUP)
    copy()
    clock.advance(15 * MINUTES)
    databases.delete_backup(name=BACKUP)

    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=COPY)


@pytest.mark.parametrize(
    ("wait", "keep"),
    [
        (0 * DAYS, timedelta(hours=5, minutes=59)),
        (0 * DAYS, timedelta(days=366, microseconds=1)),
        (10 * DAYS, 357 * DAYS),
        (0 * DAYS, -DAYS),
    ],
)
def test_a_copy_expires_within_limits(
    copy: StartCopy, clock: ManualClock, wait: timedelta, keep: timedelta
) -> None:
    """Under 6 hours from the creation of its source, or beyond max_expire_time, is refused."""
    clock.advance(wait)

    with pytest.raises(exceptions.InvalidArgument, match="max_expire_time of its source"):
        copy(keep=keep)


@pytest.mark.parametrize("keep", [timedelta(hours=6), 366 * DAYS])
def test_the_limits_of_copies_are_allowed(copy: StartCopy, keep: timedelta) -> None:
    """6 hours and the source's max_expire_time are fine."""
    assert not copy(keep=keep).done()


def test_a_source_must_be_complete(start_backup: StartBackup, copy: StartCopy) -> None:
    """A backup that is being created cannot be copied."""
    start_backup("fresh")

    with pytest.raises(
        exceptions.FailedPrecondition,
        match=r"Cannot copy source backup .*/fresh because the backup is still being created",
    ):
        copy(source=f"{INSTANCE}/backups/fresh")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"expire_time": None}, exceptions.InvalidArgument),
        ({"backup_id": "Bad_Id"}, exceptions.InvalidArgument),
        ({"backup_id": "b" * 61}, exceptions.InvalidArgument),
        ({"parent": "projects/other"}, exceptions.InvalidArgument),
        ({"source_backup": DATABASE}, exceptions.InvalidArgument),
        ({"source_backup": ""}, exceptions.InvalidArgument),
        ({"source_backup": f"{INSTANCE}/backups/nothing"}, exceptions.NotFound),
        ({"parent": "projects/other/instances/nowhere"}, exceptions.NotFound),
        ({"parent": INSTANCE, "backup_id": "nightly"}, exceptions.AlreadyExists),
    ],
)
def test_bad_requests_are_refused_and_change_nothing(
    emulator: SpannerAdminEmulator,
    copy: StartCopy,
    fields: dict[str, Any],
    error: type[Exception],
) -> None:
    """Each mistake has its code, and no operation or backup comes of it."""
    before = emulator.resources(), emulator.operations()

    with pytest.raises(error):
        copy(**fields)
    assert before == (emulator.resources(), emulator.operations())


def test_a_copy_can_have_a_key_of_its_own(copy: StartCopy, clock: ManualClock) -> None:
    """Customer-managed encryption shows the key's version; copies of it inherit the key."""
    types = database_v1.CopyBackupEncryptionConfig.EncryptionType
    config = {"encryption_type": types.CUSTOMER_MANAGED_ENCRYPTION, "kms_key_names": [KEY]}
    copy(encryption_config=config)
    clock.advance(30 * MINUTES)
    again = copy("again", source=COPY)
    clock.advance(30 * MINUTES)

    info = again.result(timeout=5).encryption_info
    assert database_v1.EncryptionInfo.Type.CUSTOMER_MANAGED_ENCRYPTION == info.encryption_type
    assert f"{KEY}/cryptoKeyVersions/1" == info.kms_key_version


def test_an_old_backup_may_have_a_short_copy(copy: StartCopy, clock: ManualClock) -> None:
    """The six hours of a copy count from the creation of its source, and it is never past."""
    clock.advance(timedelta(hours=5))
    started = copy(keep=timedelta(hours=1))

    assert started.operation.name
    with pytest.raises(exceptions.InvalidArgument, match="in the future"):
        copy("second", keep=-MINUTES)
