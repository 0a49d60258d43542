# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules: what can be said in them, and for how long they are there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.protobuf import duration_pb2

from airflow_spanner_lro.core.kinds import CREATE_INSTANCE
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.schedules import (
    CUSTOMER,
    DAYS,
    HOURS,
    KEY,
    SCHEDULE,
    TYPES,
    a_schedule,
    create,
    made,
    update,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


pytestmark = pytest.mark.usefixtures("emulator")


def test_a_schedule_shows_what_the_service_adds(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Time zone, creation window, encryption and update_time are filled in."""
    created = create(databases)
    cron = created.spec.cron_spec

    assert SCHEDULE == created.name
    assert clock.now() == created.update_time
    assert ("0 2 * * *", "UTC") == (cron.text, cron.time_zone)
    assert 4 * HOURS == cron.creation_window
    assert TYPES.USE_DATABASE_ENCRYPTION == created.encryption_config.encryption_type
    assert "full_backup_spec" in created
    assert created == databases.get_backup_schedule(name=SCHEDULE)


def test_schedules_are_listed_by_name(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Lists hold the schedules of one database, through all pages."""
    emulator.create_database(f"{INSTANCE}/databases/other")
    create(databases, parent=f"{INSTANCE}/databases/other")
    for name in ("cc", "aa", "bb"):
        create(databases, name)
    request = database_v1.ListBackupSchedulesRequest(parent=DATABASE, page_size=2)

    found = [each.name for each in databases.list_backup_schedules(request)]
    assert [f"{DATABASE}/backupSchedules/{name}" for name in ("aa", "bb", "cc")] == found


@pytest.mark.parametrize(
    "schedule",
    [
        a_schedule("0 2/12 * * *"),
        a_schedule("0 2,14 * * *"),
        a_schedule("0 2 * * 0"),
        a_schedule("0 2 8 * *"),
        a_schedule("0 */4 * * *", incremental=True),
        a_schedule(retention_duration=6 * HOURS),
        a_schedule(retention_duration=366 * DAYS),
        a_schedule(encryption_config={"encryption_type": TYPES.GOOGLE_DEFAULT_ENCRYPTION}),
        a_schedule(encryption_config=CUSTOMER),
    ],
)
def test_documented_schedules_are_accepted(
    databases: database_v1.DatabaseAdminClient, schedule: database_v1.BackupSchedule
) -> None:
    """All forms of the documents work."""
    assert SCHEDULE == create(databases, schedule=schedule).name


@pytest.mark.parametrize(
    ("schedule", "match"),
    [
        (a_schedule(""), "spec.cron_spec.text is required"),
        (a_schedule("daily"), "expected 5 fields"),
        (a_schedule("0 2 * * * *"), "expected 5 fields"),
        (a_schedule("0 2 * * SUN"), "SUN"),
        (a_schedule("0 25 * * *"), "out of range"),
        (a_schedule("0 2 30 2 *"), "spec.cron_spec.text"),
        (a_schedule("0 */4 * * *"), "full backups must be scheduled at least 12 hours apart"),
        (a_schedule("0 3,14 * * *"), "11:00:00 apart"),
        (a_schedule("0 */3 * * *", incremental=True), "incremental .* at least 4 hours apart"),
        (a_schedule("* * * * *", incremental=True), "0:01:00 apart"),
        (a_schedule(retention_duration=6 * HOURS - timedelta(seconds=1)), "at least 6 hours"),
        (a_schedule(retention_duration=366 * DAYS + HOURS), "at most 366 days"),
        (a_schedule(retention_duration=-DAYS), "at least 6 hours"),
        (a_schedule(retention_duration=None), "retention_duration is required"),
        (a_schedule(retention_duration=duration_pb2.Duration(seconds=10**15)), "retention"),
        (a_schedule(spec=None), "text is required"),
        (a_schedule(full_backup_spec=None), "full_backup_spec and incremental_backup_spec"),
        (a_schedule(encryption_config={"encryption_type": 3}), "needs a kms_key_name"),
        (a_schedule(encryption_config={"kms_key_name": KEY}), "CUSTOMER_MANAGED_ENCRYPTION only"),
        (
            a_schedule(encryption_config={**CUSTOMER, "kms_key_name": "my-key"}),
            r"my-key.* is not the name",
        ),
    ],
)
def test_bad_schedules_are_refused(
    databases: database_v1.DatabaseAdminClient, schedule: database_v1.BackupSchedule, match: str
) -> None:
    """Each mistake is an INVALID_ARGUMENT that says what is wrong, and makes no schedule."""
    with pytest.raises(exceptions.InvalidArgument, match=match):
        create(databases, schedule=schedule)
    assert not list(databases.list_backup_schedules(parent=DATABASE))


@pytest.mark.parametrize("schedule_id", ["", "a", "1st", "Daily", "daily-", "a" * 61, "a/b"])
def test_ids_follow_the_rule(databases: database_v1.DatabaseAdminClient, schedule_id: str) -> None:
    """An id that breaks the rule is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        create(databases, schedule_id)


def test_an_id_is_used_once(databases: database_v1.DatabaseAdminClient) -> None:
    """A second schedule of the same id is ALREADY_EXISTS."""
    create(databases)

    with pytest.raises(exceptions.AlreadyExists) as caught:
        create(databases)
    (info,) = caught.value.details
    assert SCHEDULE == info.resource_name


def test_a_database_has_four_schedules_at_most(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """The fifth is a FAILED_PRECONDITION; deleting one makes room."""
    for number in range(4):
        create(databases, f"s{number}")
    with pytest.raises(
        exceptions.FailedPrecondition, match="maximum limit of 4 schedules per database"
    ):
        create(databases)
    databases.delete_backup_schedule(name=f"{DATABASE}/backupSchedules/s0")

    assert SCHEDULE == create(databases).name


def test_a_database_must_exist(databases: database_v1.DatabaseAdminClient) -> None:
    """Neither creating nor listing works for a database that is not there."""
    nowhere = f"{INSTANCE}/databases/nowhere"

    with pytest.raises(exceptions.NotFound, match="databases/nowhere"):
        create(databases, parent=nowhere)
    with pytest.raises(exceptions.NotFound, match="databases/nowhere"):
        list(databases.list_backup_schedules(parent=nowhere))


def test_a_database_must_be_ready(databases: database_v1.DatabaseAdminClient) -> None:
    """A schedule for a database that is being created is a FAILED_PRECONDITION."""
    databases.create_database(parent=INSTANCE, create_statement="CREATE DATABASE fresh")

    with pytest.raises(exceptions.FailedPrecondition):
        create(databases, parent=f"{INSTANCE}/databases/fresh")


def test_a_schedule_can_be_updated(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """What the mask names changes, and update_time with it; the rest of the message is ignored."""
    create(databases)
    clock.advance(HOURS)
    wanted = a_schedule("0 5 * * *", incremental=True, retention_duration=2 * DAYS)
    update(databases, wanted, "spec.cron_spec.text")
    found = databases.get_backup_schedule(name=SCHEDULE)

    assert "0 5 * * *" == found.spec.cron_spec.text
    assert clock.now() == found.update_time
    assert 7 * DAYS == found.retention_duration
    assert "full_backup_spec" in found


def test_all_that_can_be_updated_can_be_updated_at_once(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """Times, retention and encryption change together."""
    create(databases)
    wanted = a_schedule("0 5 * * *", retention_duration=DAYS, encryption_config=CUSTOMER)
    found = update(
        databases, wanted, "spec.cron_spec.text", "retention_duration", "encryption_config"
    )

    assert "0 5 * * *" == found.spec.cron_spec.text
    assert DAYS == found.retention_duration
    assert KEY == found.encryption_config.kms_key_name


@pytest.mark.parametrize(
    ("schedule", "paths"),
    [
        (a_schedule(), ()),
        (a_schedule(), ("name",)),
        (a_schedule(), ("full_backup_spec",)),
        (a_schedule(), ("retention_duration", "update_time")),
        (a_schedule("0 */2 * * *"), ("spec.cron_spec.text",)),
        (a_schedule(retention_duration=None), ("retention_duration",)),
        (a_schedule(retention_duration=HOURS), ("retention_duration",)),
        (a_schedule(encryption_config={"encryption_type": 3}), ("encryption_config",)),
    ],
)
def test_bad_updates_are_refused(
    databases: database_v1.DatabaseAdminClient,
    schedule: database_v1.BackupSchedule,
    paths: tuple[str, ...],
) -> None:
    """A mask or a value that does not work is an INVALID_ARGUMENT, and nothing changes."""
    before = create(databases)

    with pytest.raises(exceptions.InvalidArgument):
        update(databases, schedule, *paths)
    assert before == databases.get_backup_schedule(name=SCHEDULE)


def test_a_missing_schedule_is_not_found(databases: database_v1.DatabaseAdminClient) -> None:
    """Getting, updating and deleting need a schedule that is there."""
    with pytest.raises(exceptions.NotFound, match="Backup schedule not found"):
        databases.get_backup_schedule(name=SCHEDULE)
    with pytest.raises(exceptions.NotFound):
        update(databases, a_schedule(), "retention_duration")
    with pytest.raises(exceptions.NotFound):
        databases.delete_backup_schedule(name=SCHEDULE)


def test_schedules_go_with_their_database(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """They are not found afterwards, also not in a new database of the same name."""
    create(databases)
    databases.drop_database(database=DATABASE)
    with pytest.raises(exceptions.NotFound):
        databases.get_backup_schedule(name=SCHEDULE)
    emulator.create_database(DATABASE, SCHEMA)
    clock.advance(2 * DAYS)

    assert not list(databases.list_backup_schedules(parent=DATABASE))
    assert not made(databases)


@pytest.mark.parametrize(("edition", "incremental"), [(1, False), (2, True), (3, True)])
def test_incremental_backups_need_an_edition(
    emulator: SpannerAdminEmulator,
    instances: instance_v1.InstanceAdminClient,
    databases: database_v1.DatabaseAdminClient,
    edition: int,
    incremental: bool,
) -> None:
    """The STANDARD edition makes full backups only."""
    instance = instance_v1.Instance(
        config="projects/test/instanceConfigs/regional-europe-west1",
        display_name="another",
        node_count=1,
        edition=edition,
    )
    emulator.plan(Plan(duration=timedelta()), kind=CREATE_INSTANCE)
    instances.create_instance(parent="projects/test", instance_id="another", instance=instance)
    database = "projects/test/instances/another/databases/orders"
    emulator.create_database(database)
    create(databases, "full", database)

    if incremental:
        more = create(databases, "more", database, a_schedule("0 */4 * * *", incremental=True))
        assert "incremental_backup_spec" in more
    else:
        with pytest.raises(exceptions.FailedPrecondition, match="STANDARD edition"):
            create(databases, "more", database, a_schedule(incremental=True))
