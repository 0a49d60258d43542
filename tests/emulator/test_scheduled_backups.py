# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What comes of backup schedules: backups at their times, and chains of incremental ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import ManualClock, Plan, SpannerAdminEmulator
from tests.emulator.conftest import DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.channels import open_channel
from tests.emulator.support.schedules import (
    CUSTOMER,
    DAYS,
    HOURS,
    KEY,
    SCHEDULE,
    a_schedule,
    create,
    made,
    update,
)

if TYPE_CHECKING:
    from tests.emulator.conftest import StartBackup

pytestmark = pytest.mark.usefixtures("emulator")


def test_a_backup_starts_when_it_is_due(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """At the due time a backup of that time begins, which names its schedule."""
    create(databases)
    clock.advance(2 * HOURS - timedelta(seconds=1))
    before = made(databases)
    due = clock.advance(timedelta(seconds=1))
    (backup,) = made(databases)

    assert not before
    assert backup.name.startswith(f"{INSTANCE}/backups/daily_20260101_0200_")
    assert [SCHEDULE] == list(backup.backup_schedules)
    assert due == backup.version_time == backup.create_time
    assert due + 7 * DAYS == backup.expire_time
    assert due + 366 * DAYS == backup.max_expire_time
    assert database_v1.Backup.State.CREATING == backup.state
    assert not backup.incremental_backup_chain_id


def test_a_scheduled_backup_has_an_operation(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """It is an operation of its backup like any other, and takes its time."""
    create(databases)
    clock.advance(3 * HOURS)
    (operation,) = emulator.operations()
    (backup,) = made(databases)

    assert (CREATE_BACKUP, backup.name) == (operation.kind, operation.target)
    assert datetime(2026, 1, 1, 2, tzinfo=UTC) == operation.started
    assert datetime(2026, 1, 1, 2, 25, tzinfo=UTC) == operation.ended
    assert database_v1.Backup.State.READY == backup.state


def test_backups_can_be_found_by_their_schedule(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """The filter on backup_schedules finds them, and no others."""
    emulator.create_backup(f"{INSTANCE}/backups/mine", DATABASE)
    create(databases)
    clock.advance(3 * HOURS)
    request = {"parent": INSTANCE, "filter": "backup_schedules:daily"}

    (found,) = databases.list_backups(database_v1.ListBackupsRequest(request))
    assert [SCHEDULE] == list(found.backup_schedules)


def test_a_year_passes_day_by_day(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """However far time jumps, each backup is made at its own time, and old ones have expired."""
    started = clock.now()
    create(databases)
    clock.advance(365 * DAYS)
    times = [operation.started for operation in emulator.operations()]

    # operations and these backups are both there for a week
    expected = [started + 2 * HOURS + day * DAYS for day in range(358, 365)]
    assert expected == times
    assert expected == [backup.version_time for backup in made(databases)]


def test_looking_changes_nothing(clock: ManualClock) -> None:
    """A world that somebody asks every hour makes the same backups as one that nobody asks."""
    worlds = []
    for step, count in ((HOURS, 72), (72 * HOURS, 1)):
        time = ManualClock(clock.now())
        with (
            SpannerAdminEmulator(clock=time) as emulator,
            open_channel(emulator.endpoint) as channel,
        ):
            emulator.create_database(DATABASE, SCHEMA)
            client = database_v1.DatabaseAdminClient(
                transport=DatabaseAdminGrpcTransport(channel=channel)
            )
            create(client)
            create(client, "often", schedule=a_schedule("0 */4 * * *", incremental=True))
            for _ in range(count):
                time.advance(step)
                made(client)
            worlds.append((made(client), emulator.operations()))

    assert 3 + 18 == len(worlds[0][0])
    assert worlds[0] == worlds[1]


def test_an_updated_schedule_is_due_at_its_new_times(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """From the update on, only the new times count."""
    started = clock.now()
    create(databases)
    update(databases, a_schedule("0 5 * * *"), "spec.cron_spec.text")
    clock.advance(DAYS)
    (backup,) = made(databases)

    assert started + 5 * HOURS == backup.version_time


def test_an_orphan_goes_when_it_is_due(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Should a database go without its schedules, they make nothing and go, too."""
    create(databases)
    with emulator._engine.locked() as (world, _):
        world.resources.databases.remove(DatabaseName.parse(DATABASE))
    clock.advance(DAYS)

    assert not made(databases)
    with pytest.raises(exceptions.NotFound):
        databases.get_backup_schedule(name=SCHEDULE)


def test_a_deleted_schedule_makes_no_more_backups(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """What it has made stays."""
    create(databases)
    clock.advance(DAYS)
    databases.delete_backup_schedule(name=SCHEDULE)
    clock.advance(DAYS)

    assert 1 == len(made(databases))


def test_scheduled_backups_do_not_count_as_pending(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """They neither wait for a backup on demand nor keep one from starting, and do overlap."""
    emulator.plan(Plan(duration=30 * HOURS), kind=CREATE_BACKUP)
    create(databases)
    clock.advance(26 * HOURS)
    start_backup("mine")
    clock.advance(24 * HOURS)

    assert 3 == sum(not operation.done for operation in emulator.operations())
    with pytest.raises(exceptions.FailedPrecondition, match="backups/mine"):
        start_backup("second")


def test_backups_are_encrypted_as_their_schedule_says(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The schedule's key is the backup's."""
    create(databases, schedule=a_schedule(encryption_config=CUSTOMER))
    clock.advance(3 * HOURS)
    (backup,) = made(databases)

    assert f"{KEY}/cryptoKeyVersions/1" == backup.encryption_info.kms_key_version


def test_long_schedule_ids_are_cut(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The names of backups keep to their own rule, however long the schedule's id is."""
    create(databases, "s" * 60)
    clock.advance(3 * HOURS)
    (backup,) = made(databases)

    assert 60 == len(backup.name.rpartition("/")[2])


# --- chains ---------------------------------------------------------------------------------------


@pytest.fixture
def chain(databases: database_v1.DatabaseAdminClient, clock: ManualClock) -> str:
    """Let an incremental schedule make three backups; return the id of their chain."""
    schedule = a_schedule("0 */4 * * *", incremental=True, retention_duration=60 * DAYS)
    create(databases, schedule=schedule)
    clock.advance(13 * HOURS)
    return made(databases)[0].incremental_backup_chain_id


def test_incremental_backups_form_a_chain(
    databases: database_v1.DatabaseAdminClient, chain: str
) -> None:
    """They share its id and the version time of the first, which is a full one."""
    backups = made(databases)
    full, *others = backups

    assert chain
    assert [chain] * 3 == [backup.incremental_backup_chain_id for backup in backups]
    assert [full.version_time] * 3 == [backup.oldest_version_time for backup in backups]
    assert full.size_bytes == full.exclusive_size_bytes
    assert all(0 < each.exclusive_size_bytes < full.size_bytes for each in others)


def test_only_the_end_of_a_chain_can_be_freed(
    databases: database_v1.DatabaseAdminClient, chain: str
) -> None:
    """Sizes are sums over the chain, and what younger backups need is not freeable."""
    backups = made(databases)
    sizes = [backup.exclusive_size_bytes for backup in backups]

    assert chain
    assert [sum(sizes[:count]) for count in (1, 2, 3)] == [each.size_bytes for each in backups]
    assert [0, 0, sizes[2]] == [backup.freeable_size_bytes for backup in backups]


def test_a_chain_has_fourteen_backups(
    databases: database_v1.DatabaseAdminClient, chain: str, clock: ManualClock
) -> None:
    """After a full one and thirteen others a new chain begins."""
    clock.advance(4 * HOURS * 12)
    chains = [backup.incremental_backup_chain_id for backup in made(databases)]

    assert [chain] * 14 == chains[:14]
    assert [chains[14]] * (len(chains) - 14) == chains[14:] != [chain] * (len(chains) - 14)


@pytest.mark.parametrize("reason", ["deleted", "updated"])
def test_a_chain_ends_when_its_newest_backup_or_its_schedule_changes(
    databases: database_v1.DatabaseAdminClient, chain: str, clock: ManualClock, reason: str
) -> None:
    """The next backup is a full one."""
    if reason == "deleted":
        databases.delete_backup(name=made(databases)[-1].name)
    else:
        update(databases, a_schedule(retention_duration=50 * DAYS), "retention_duration")
    clock.advance(4 * HOURS)
    latest = made(databases)[-1]

    assert chain != latest.incremental_backup_chain_id
    assert latest.size_bytes == latest.exclusive_size_bytes


def test_a_chain_grows_for_four_weeks(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Once its full backup is 28 days old, a new chain begins, however short the old one is."""
    schedule = a_schedule("0 2 * * 0", incremental=True, retention_duration=90 * DAYS)
    create(databases, schedule=schedule)
    clock.advance(40 * DAYS)
    chains = [backup.incremental_backup_chain_id for backup in made(databases)]

    assert [chains[0]] * 4 == chains[:4]
    assert chains[0] != chains[4]
