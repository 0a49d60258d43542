# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Updating and deleting backups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import field_mask_pb2

from tests.emulator.conftest import BACKUP, DATABASE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import StartBackup

MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)


def update(
    databases: database_v1.DatabaseAdminClient,
    backup: database_v1.Backup,
    *paths: str,
) -> database_v1.Backup:
    """Update a backup."""
    mask = field_mask_pb2.FieldMask(paths=paths)
    return databases.update_backup(backup=backup, update_mask=mask)


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

    with pytest.raises(exceptions.InvalidArgument, match=r"database.* cannot be updated"):
        databases.update_backup(
            backup=database_v1.Backup(name=BACKUP),
            update_mask=field_mask_pb2.FieldMask(paths=["database"]),
        )


@pytest.mark.usefixtures("emulator")
def test_deleting_is_idempotent(databases: database_v1.DatabaseAdminClient) -> None:
    """Deleting a backup that is not there is fine."""
    databases.delete_backup(name=BACKUP)


@pytest.mark.parametrize(
    ("age", "keep"),
    [(DAYS, timedelta()), (DAYS, -DAYS), (timedelta(), 5 * 60 * MINUTES), (DAYS, 366 * DAYS)],
)
def test_an_expire_time_moves_within_limits(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    age: timedelta,
    keep: timedelta,
) -> None:
    """Not to the past, not to under 6 hours of age, and not beyond max_expire_time."""
    emulator.create_backup(BACKUP, DATABASE)
    clock.advance(age)
    before = databases.get_backup(name=BACKUP)

    with pytest.raises(exceptions.InvalidArgument, match="it can be moved to a time"):
        update(
            databases,
            database_v1.Backup(name=BACKUP, expire_time=clock.now() + keep),
            "expire_time",
        )
    assert before == databases.get_backup(name=BACKUP)


def test_a_backup_can_live_for_as_long_as_possible(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """The max_expire_time itself is allowed, and nothing beside the mask counts."""
    emulator.create_backup(BACKUP, DATABASE)
    clock.advance(DAYS)
    latest = databases.get_backup(name=BACKUP).max_expire_time
    wanted = database_v1.Backup(name=BACKUP, expire_time=latest, database="ignored")

    assert latest == update(databases, wanted, "expire_time").expire_time
    assert DATABASE == databases.get_backup(name=BACKUP).database


@pytest.mark.parametrize("paths", [(), ("name",), ("expire_time", "state"), ("*",)])
def test_a_mask_must_fit(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    paths: tuple[str, ...],
) -> None:
    """An update without a mask, or with another field in it, is an INVALID_ARGUMENT."""
    emulator.create_backup(BACKUP, DATABASE)
    wanted = database_v1.Backup(name=BACKUP, expire_time=clock.now() + DAYS)

    with pytest.raises(exceptions.InvalidArgument):
        update(databases, wanted, *paths)


def test_a_pending_backup_cannot_be_updated(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Its expire_time can be moved once it is READY."""
    start_backup()
    wanted = database_v1.Backup(name=BACKUP, expire_time=clock.now() + 2 * DAYS)

    with pytest.raises(exceptions.FailedPrecondition):
        update(databases, wanted, "expire_time")
    clock.advance(25 * MINUTES)
    assert wanted.expire_time == update(databases, wanted, "expire_time").expire_time


@pytest.mark.usefixtures("emulator")
def test_a_missing_backup_is_not_found(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Getting and updating need a backup; the error carries its name."""
    wanted = database_v1.Backup(name=BACKUP, expire_time=clock.now() + DAYS)

    with pytest.raises(exceptions.NotFound) as caught:
        databases.get_backup(name=BACKUP)
    (info,) = caught.value.details
    assert BACKUP == info.resource_name
    with pytest.raises(exceptions.NotFound):
        update(databases, wanted, "expire_time")
