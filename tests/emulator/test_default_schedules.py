# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""New databases get a backup schedule, if their instance says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.emulator.support.instances import FRESH, start_instance

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import ManualClock

NEW = f"{FRESH}/databases/fresh"


def create(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    *,
    type_: str = "DEFAULT_BACKUP_SCHEDULE_TYPE_UNSPECIFIED",
) -> None:
    """Make an instance and a database in it."""
    start_instance(instances, default_backup_schedule_type=type_)
    clock.advance(60)
    databases.create_database(parent=FRESH, create_statement="CREATE DATABASE fresh")
    clock.advance(60)


@pytest.mark.usefixtures("empty_emulator")
def test_a_new_database_is_backed_up_daily(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> None:
    """By default there is a schedule of daily full backups that are kept for seven days."""
    create(databases, instances, clock)

    found = list(databases.list_backup_schedules(parent=NEW))
    # proto-plus gives a timedelta, whatever its annotations say
    shown = [(row.name, str(row.retention_duration), "full_backup_spec" in row) for row in found]
    assert [(f"{NEW}/backupSchedules/default_schedule", "7 days, 0:00:00", True)] == shown


@pytest.mark.usefixtures("empty_emulator")
def test_the_first_backup_is_made_within_a_day(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> None:
    """The schedule does what it says."""
    create(databases, instances, clock)

    clock.advance(timedelta(days=1))

    assert 1 == len(list(databases.list_backups(parent=FRESH)))


@pytest.mark.usefixtures("empty_emulator")
def test_an_instance_can_do_without(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> None:
    """With NONE, new databases have no schedule."""
    create(databases, instances, clock, type_="NONE")

    assert [] == list(databases.list_backup_schedules(parent=NEW))
