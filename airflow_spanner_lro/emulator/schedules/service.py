# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about backup schedules: create, get, list, update, delete. None of it takes time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import BackupScheduleName, DatabaseName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import (
    MAX_BACKUP_AGE,
    MIN_BACKUP_AGE,
    require_backups,
)
from airflow_spanner_lro.emulator.databases.encryption import keys_for
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.request_checks import duration_in
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.schedules.model import (
    BackupSchedule,
    Cron,
    CronError,
    schedule_message,
)

if TYPE_CHECKING:
    from datetime import datetime

_FULL_GAP = timedelta(hours=12)
_INCREMENTAL_GAP = timedelta(hours=4)

_CRONTAB = "spec.cron_spec.text"
_RETENTION = "retention_duration"
_ENCRYPTION = "encryption_config"
_UPDATABLE = frozenset({_CRONTAB, _RETENTION, _ENCRYPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What of a valid message matters beside the message itself."""

    cron: Cron
    retention: timedelta
    kms_keys: tuple[str, ...]


class ScheduleService(Servicer):
    """Create, get, list, update and delete backup schedules."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateBackupSchedule(
        self, request: database_v1.CreateBackupScheduleRequest, now: datetime
    ) -> database_v1.BackupSchedule:
        """Create a schedule, which is in force at once."""
        parent = DatabaseName.parse(request.parent)
        name = BackupScheduleName(
            project=parent.project,
            instance=parent.instance,
            database=parent.database,
            schedule=request.backup_schedule_id,
        )
        resources = self.world.resources
        rules = _rules(request.backup_schedule)
        resources.database(parent)
        require_backups(resources.instances.get(parent.instance_name))
        resources.schedules.require_new(name)
        resources.usable_database(parent)
        resources.require_usable_keys(parent.instance_name, rules.kms_keys)
        self.world.operations.require_no_move(parent.instance_name)
        limit = self.world.limits.schedules
        if len(resources.schedules.of_database(parent)) >= limit:
            raise errors.too_many_schedules(name, limit=limit)
        if "incremental_backup_spec" in request.backup_schedule:
            self._require_incremental(name)
        schedule = BackupSchedule(
            name=name,
            serial=self.world.next_serial(),
            create_time=now,
            message=request.backup_schedule,
            update_time=now,
            due=rules.cron.next_after(now),
            retention=rules.retention,
        )
        resources.schedules.put(name, schedule)
        return schedule_message(schedule)

    @rpc
    def GetBackupSchedule(
        self, request: database_v1.GetBackupScheduleRequest, now: datetime
    ) -> database_v1.BackupSchedule:
        """Get a schedule."""
        del now
        return schedule_message(self._existing(BackupScheduleName.parse(request.name)))

    @rpc
    def ListBackupSchedules(
        self, request: database_v1.ListBackupSchedulesRequest, now: datetime
    ) -> database_v1.ListBackupSchedulesResponse:
        """List the schedules of a database, by name."""
        del now
        parent = DatabaseName.parse(request.parent)
        self.world.resources.database(parent)
        page, token = page_for(
            request,
            self.world.resources.schedules.of_database(parent),
            key=lambda row: (row.name.schedule,),
        )
        return database_v1.ListBackupSchedulesResponse(
            backup_schedules=[schedule_message(row) for row in page], next_page_token=token
        )

    @rpc
    def UpdateBackupSchedule(
        self, request: database_v1.UpdateBackupScheduleRequest, now: datetime
    ) -> database_v1.BackupSchedule:
        """Change what the mask names; the next incremental backup begins a chain."""
        name = BackupScheduleName.parse(request.backup_schedule.name)
        paths = set(request.update_mask.paths)
        if not paths or paths - _UPDATABLE:
            raise errors.bad_schedule_mask(_UPDATABLE)
        schedule = self._existing(name)
        message, wanted = database_v1.BackupSchedule(schedule.message), request.backup_schedule
        if _CRONTAB in paths:
            message.spec = wanted.spec
        if _RETENTION in paths:
            message.retention_duration = wanted.retention_duration
        if _ENCRYPTION in paths:
            message.encryption_config = wanted.encryption_config
        rules = _rules(message)
        instance = name.database_name.instance_name
        self.world.resources.require_usable_keys(instance, rules.kms_keys)
        schedule = replace(
            schedule,
            message=message,
            update_time=now,
            due=rules.cron.next_after(now),
            retention=rules.retention,
            chain=None,
        )
        self.world.resources.schedules.put(schedule.name, schedule)
        return schedule_message(schedule)

    @rpc
    def DeleteBackupSchedule(
        self, request: database_v1.DeleteBackupScheduleRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete a schedule; the backups that it made stay."""
        del now
        name = BackupScheduleName.parse(request.name)
        self.world.resources.schedules.remove(self._existing(name).name)
        return empty_pb2.Empty()

    def _existing(self, name: BackupScheduleName) -> BackupSchedule:
        self.world.resources.database(name.database_name)
        return self.world.resources.schedules.get(name)

    def _require_incremental(self, name: BackupScheduleName) -> None:
        instance = self.world.resources.instances.get(name.database_name.instance_name)
        # one without an edition may make them, as tests seldom care to say which edition it is
        if instance.message.edition == instance_v1.Instance.Edition.STANDARD:
            raise errors.edition_too_low(name, instance=instance.name)


def _rules(message: database_v1.BackupSchedule) -> _Rules:
    """Read what a schedule is to do.

    :raises RpcError: INVALID_ARGUMENT if it cannot be done.
    """
    text = message.spec.cron_spec.text
    if not text:
        raise errors.missing_field(f"backup_schedule.{_CRONTAB}")
    try:
        cron = Cron.parse(text)
    except CronError as exc:
        raise errors.bad_crontab(text, reason=str(exc)) from exc
    if "full_backup_spec" in message:
        what, least = "full", _FULL_GAP
    elif "incremental_backup_spec" in message:
        what, least = "incremental", _INCREMENTAL_GAP
    else:
        raise errors.no_backup_type()
    if cron.shortest_gap < least:
        raise errors.too_frequent(text, gap=cron.shortest_gap, least=least, what=what)
    retention = duration_in(message, _RETENTION)
    if retention is None:
        raise errors.missing_field(f"backup_schedule.{_RETENTION}")
    if not MIN_BACKUP_AGE <= retention <= MAX_BACKUP_AGE:
        raise errors.bad_retention_duration(retention)
    keys = keys_for(message.encryption_config, inherited=())
    return _Rules(cron=cron, retention=retention, kms_keys=keys)
