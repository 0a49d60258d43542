# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules: their times, what is remembered of them, how clients see them.

The times are five fields of numbers, in UTC. The library that reads them knows more than the
service says it does, names and random times among it; what is not documented is refused here, so
that nobody finds that out in production.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

# it ships no types
from croniter import croniter  # type: ignore[import-untyped]
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.names import BackupScheduleName
from airflow_spanner_lro.emulator.tables import Row, Table

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, DatabaseName
    from airflow_spanner_lro.emulator.instances.model import Instance
    from airflow_spanner_lro.emulator.tables import EventQueue


_FIELDS = 5
_RANGE = re.compile(r"(\*|(?P<low>\d{1,2})(-(?P<high>\d{1,2}))?)(/\d{1,2})?", re.ASCII)
_DAY = timedelta(days=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# the days of the week fall on the same dates again after 28 years
_CALENDAR = timedelta(days=366 * 28)


class CronError(ValueError):
    """A text that gives no times."""


@dataclass(frozen=True)
class Cron:
    """When a schedule is due.

    :param text: such as ``0 2 * * *``, for every day at two
    """

    text: str

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Cron:
        """Read the five fields.

        :raises CronError: saying what is wrong with them.
        """
        fields = text.split()
        if len(fields) != _FIELDS:
            message = f"expected {_FIELDS} fields, found {len(fields)}"
            raise CronError(message)
        for field in fields:
            for part in field.split(","):
                _check(part)
        cron = cls(text=text)
        try:
            cron.next_after(_EPOCH)
        except ValueError as exc:  # of which the library's errors are
            raise CronError(str(exc)) from exc
        return cron

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time after a moment."""
        found: datetime = croniter(self.text, moment, ret_type=datetime).get_next()
        return found.astimezone(UTC)

    @cached_property
    def shortest_gap(self) -> timedelta:
        """The shortest time there can be between two due times; at most a day."""
        minutes, hours, *_ = croniter.expand(self.text)[0]
        times = sorted(
            timedelta(hours=hour, minutes=minute)
            for hour in _all(hours, 24)
            for minute in _all(minutes, 60)
        )
        gaps = [later - earlier for earlier, later in pairwise(times)]
        overnight = times[0] + _DAY - times[-1]
        if overnight < min(gaps, default=_DAY) and self._on_consecutive_days():
            gaps.append(overnight)
        return min(gaps, default=_DAY)

    def _on_consecutive_days(self) -> bool:
        days = Cron(text=" ".join(["0", "0", *self.text.split()[2:]]))
        day = days.next_after(_EPOCH)
        while day < _EPOCH + _CALENDAR:
            day, before = days.next_after(day), day
            if day - before == _DAY:
                return True
        return False


def _check(part: str) -> None:
    found = _RANGE.fullmatch(part)
    if found is None:
        message = f"{part!r} is not of the form *, 2, 2-14, */4 or 2/12"
        raise CronError(message)
    if found["high"] and int(found["low"]) > int(found["high"]):
        message = f"{part!r} ends before it begins"
        raise CronError(message)


def _all(values: list[int | str], count: int) -> list[int]:
    """Return the numbers of an expanded field, of which ``*`` means all."""
    return list(range(count)) if "*" in values else [int(value) for value in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain of incremental backups that a schedule is adding to.

    :param first: the version time of its first backup, a full one
    :param length: how many backups have been added
    :param newest: the latest of them, and its serial number
    """

    id: str
    first: datetime
    length: int
    newest: tuple[BackupName, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSchedule(Row):
    """A schedule that makes backups of a database.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param due: when it makes the next backup
    :param retention: for how long its backups are kept
    :param chain: what the next backup is added to; None if that will be a full one
    """

    name: BackupScheduleName
    message: database_v1.BackupSchedule
    update_time: datetime
    due: datetime
    retention: timedelta
    chain: Chain | None = None

    @property
    def crontab(self) -> str:
        """Its times, as five fields."""
        return str(self.message.spec.cron_spec.text)

    @property
    def incremental(self) -> bool:
        """Whether its backups form chains."""
        return "incremental_backup_spec" in self.message

    @property
    def next_event(self) -> datetime | None:
        """When it makes the next backup."""
        return self.due


CREATION_WINDOW = timedelta(hours=4)
"""Within which time the service starts a backup that is due; it says so for either kind."""

TIME_ZONE = "UTC"


class ScheduleTable(Table[BackupScheduleName, BackupSchedule]):
    """The backup schedules."""

    def __init__(self, events: EventQueue) -> None:
        super().__init__(events)
        self._by_database = self.index(lambda row: row.name.database_name)

    def of_database(self, database: DatabaseName) -> list[BackupSchedule]:
        """Return the backup schedules of a database, by name."""
        return sorted(self._by_database.of(database), key=lambda row: row.name.schedule)


def schedule_message(schedule: BackupSchedule) -> database_v1.BackupSchedule:
    """Return a schedule as clients see it."""
    message = database_v1.BackupSchedule(
        name=str(schedule.name),
        spec={
            "cron_spec": {
                "text": schedule.crontab,
                "time_zone": TIME_ZONE,
                "creation_window": CREATION_WINDOW,
            }
        },
        retention_duration=schedule.retention,
        encryption_config=_encryption(schedule.message.encryption_config),
        update_time=schedule.update_time,
    )
    if schedule.incremental:
        message.incremental_backup_spec = database_v1.IncrementalBackupSpec()
    else:
        message.full_backup_spec = database_v1.FullBackupSpec()
    return message


def _encryption(
    config: database_v1.CreateBackupEncryptionConfig,
) -> database_v1.CreateBackupEncryptionConfig:
    types = database_v1.CreateBackupEncryptionConfig.EncryptionType
    if config.encryption_type != types.ENCRYPTION_TYPE_UNSPECIFIED:
        return config
    return database_v1.CreateBackupEncryptionConfig(encryption_type=types.USE_DATABASE_ENCRYPTION)


_ID = "default_schedule"
_RETENTION = timedelta(days=7)


def default_schedule(
    instance: Instance, name: DatabaseName, *, at: datetime
) -> BackupSchedule | None:
    """Return the schedule that a new database gets without asking, if its instance gives it one.

    A full backup every day that is kept for a week; a schedule like any other from then on. An
    instance that was put there for a test does not say, and gives none. Its serial is to come.
    """
    automatic = instance_v1.Instance.DefaultBackupScheduleType.AUTOMATIC
    if instance.message.default_backup_schedule_type != automatic:
        return None
    # at the time of the day at which the database was made
    crontab = f"{at.minute} {at.hour} * * *"
    message = database_v1.BackupSchedule(
        spec={"cron_spec": {"text": crontab}},
        retention_duration=_RETENTION,
        full_backup_spec=database_v1.FullBackupSpec(),
    )
    return BackupSchedule(
        name=BackupScheduleName(
            project=name.project, instance=name.instance, database=name.database, schedule=_ID
        ),
        serial=0,
        create_time=at,
        message=message,
        update_time=at,
        due=Cron.parse(crontab).next_after(at),
        retention=_RETENTION,
    )
