# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The backup schedule that a new database gets without asking, if its instance is so inclined.

A full backup every day that is kept for a week. It is a schedule like any other from then on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.names import BackupScheduleName
from airflow_spanner_lro.emulator.state.cron import Cron
from airflow_spanner_lro.emulator.state.records.schedules import BackupSchedule

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import DatabaseName
    from airflow_spanner_lro.emulator.state.world import World

_ID = "default_schedule"
_RETENTION = timedelta(days=7)


def add_default_schedule(world: World, name: DatabaseName, at: datetime) -> None:
    """Give a new database the schedule, unless its instance has none for new databases.

    One that was put there for a test does not say, and has none.
    """
    instance = world.resources.instances.get(name.instance_name)
    automatic = instance_v1.Instance.DefaultBackupScheduleType.AUTOMATIC
    if instance.message.default_backup_schedule_type != automatic:
        return
    # at the time of the day at which the database was made
    crontab = f"{at.minute} {at.hour} * * *"
    message = database_v1.BackupSchedule(
        spec={"cron_spec": {"text": crontab}},
        retention_duration=_RETENTION,
        full_backup_spec=database_v1.FullBackupSpec(),
    )
    schedule = BackupSchedule(
        name=BackupScheduleName(
            project=name.project, instance=name.instance, database=name.database, schedule=_ID
        ),
        serial=world.next_serial(),
        create_time=at,
        message=message,
        update_time=at,
        due=Cron.parse(crontab).next_after(at),
        retention=_RETENTION,
    )
    world.resources.schedules.put(schedule.name, schedule)
