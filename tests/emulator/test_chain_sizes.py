# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sizes of a chain's backups add up to what is stored of it, whatever goes of it and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.channels import open_channel
from tests.emulator.support.schedules import DAYS, HOURS, a_schedule, create, made

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.emulator.conftest import StartBackup

INCREMENTAL = a_schedule("0 */4 * * *", incremental=True, retention_duration=60 * DAYS)


def expire(
    databases: database_v1.DatabaseAdminClient, backup: database_v1.Backup, clock: ManualClock
) -> None:
    """Let a backup expire at once; the others stay."""
    soon = max(backup.create_time + 6 * HOURS, clock.now() + timedelta(seconds=1))
    databases.update_backup(
        {
            "backup": {"name": backup.name, "expire_time": soon},
            "update_mask": {"paths": ["expire_time"]},
        }
    )
    clock.set(max(clock.now(), soon) + timedelta(seconds=1))


def stored(backups: Iterable[database_v1.Backup]) -> int:
    """Return what there must be: of each chain all that its youngest backup needs."""
    needed: dict[str, int] = {}
    for backup in backups:  # the oldest first
        needed[backup.incremental_backup_chain_id or backup.name] = backup.size_bytes
    return sum(needed.values())


def test_what_is_left_of_a_chain_holds_what_its_full_backup_held(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Once the full backup has expired, the next one needs its data, and says so."""
    create(databases, schedule=INCREMENTAL)
    clock.advance(13 * HOURS)
    full, second, third = made(databases)
    expire(databases, full, clock)
    left = made(databases)[:2]

    assert emulator.running
    assert [second.name, third.name] == [each.name for each in left]
    assert [second.size_bytes, third.exclusive_size_bytes] == [
        each.exclusive_size_bytes for each in left
    ]
    assert second.size_bytes == full.size_bytes + second.exclusive_size_bytes
    assert [full.version_time] * 2 == [each.oldest_version_time for each in left]


def test_a_backup_in_the_middle_leaves_its_data_to_the_next(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Deleting what younger backups need frees nothing."""
    create(databases, schedule=INCREMENTAL)
    clock.advance(13 * HOURS)
    full, second, third = made(databases)
    databases.delete_backup(name=second.name)
    left = made(databases)

    assert emulator.running
    assert 0 == second.freeable_size_bytes
    assert [full.exclusive_size_bytes, third.size_bytes - full.size_bytes] == [
        each.exclusive_size_bytes for each in left
    ]


@pytest.mark.usefixtures("emulator")
def test_backups_without_a_chain_are_alone(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Neither the others of their database nor copies of chains take anything off their size."""
    create(databases, schedule=INCREMENTAL)
    clock.advance(9 * HOURS)
    start_backup()
    newest = made(databases)[1]
    databases.copy_backup(
        {
            "parent": INSTANCE,
            "backup_id": "copy",
            "source_backup": newest.name,
            "expire_time": clock.now() + DAYS,
        }
    )
    clock.advance(HOURS)
    copy = databases.get_backup(name=f"{INSTANCE}/backups/copy")

    for backup in (databases.get_backup(name=BACKUP), copy):
        assert (backup.size_bytes, backup.size_bytes) == (
            backup.exclusive_size_bytes,
            backup.freeable_size_bytes,
        )
    assert newest.size_bytes == copy.size_bytes
    assert copy.incremental_backup_chain_id not in {"", newest.incremental_backup_chain_id}


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "wait", "delete", "expire", "grow", "cancel"]),
        st.integers(0, 20),
    ),
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(steps=_STEPS)
def test_sizes_add_up_at_all_times(steps: list[tuple[str, int]]) -> None:
    """The exclusive sizes are together what is stored, and a deletion frees what was announced."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with (
        SpannerAdminEmulator(clock=clock) as emulator,
        open_channel(emulator.endpoint) as channel,
    ):
        databases = database_v1.DatabaseAdminClient(
            transport=DatabaseAdminGrpcTransport(channel=channel)
        )
        emulator.create_database(DATABASE, SCHEMA)
        create(databases, schedule=INCREMENTAL)
        clock.advance(9 * HOURS)
        for number, (what, which) in enumerate(steps):
            backups = made(databases)
            total = sum(each.exclusive_size_bytes for each in backups)
            chosen = backups[which % len(backups)] if backups else None
            if what == "delete" and chosen is not None:
                databases.delete_backup(name=chosen.name)
                left = sum(each.exclusive_size_bytes for each in made(databases))
                assert total - chosen.freeable_size_bytes == left
            elif what == "expire" and chosen is not None:
                expire(databases, chosen, clock)
            elif what == "grow":
                table = f"CREATE TABLE More{number} (Id INT64) PRIMARY KEY (Id)"
                databases.update_database_ddl(database=DATABASE, statements=[table])
            elif what == "cancel":
                _cancel_the_next(databases, clock)
            clock.advance(4 * HOURS)
            # halfway between two backups, so that none is being made
            clock.set(clock.now().replace(hour=clock.now().hour // 4 * 4 + 2, minute=0))
            backups = made(databases)
            assert stored(backups) == sum(each.exclusive_size_bytes for each in backups)


def _cancel_the_next(databases: database_v1.DatabaseAdminClient, clock: ManualClock) -> None:
    """Let the next backup that is due begin, and cancel it."""
    before = {each.name for each in made(databases)}
    hour = clock.now().hour // 4 * 4
    clock.set(clock.now().replace(hour=hour, minute=0) + 4 * HOURS + timedelta(minutes=1))
    for backup in made(databases):
        if backup.name not in before:
            databases.delete_backup(name=backup.name)
