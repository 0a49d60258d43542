# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups: create, get, list, update, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, Service
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.databases import pending_backup_of
from airflow_spanner_lro.emulator.state.behaviours.backups import BackupDetails
from airflow_spanner_lro.emulator.state.filters import Filter, FilterError
from airflow_spanner_lro.emulator.state.messages import backups as messages
from airflow_spanner_lro.emulator.state.metadata import operation_message
from airflow_spanner_lro.emulator.state.pages import page_of
from airflow_spanner_lro.emulator.state.records.backups import MAX_BACKUP_AGE, Backup
from airflow_spanner_lro.emulator.state.records.databases import VERSION_RETENTION

if TYPE_CHECKING:
    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.state.records.databases import Database

_MIN_BACKUP_AGE = timedelta(hours=6)
_FIELDS = frozenset({"name", "database", "state"})


class Backups(Servicer):
    """Create, get, list, update and delete backups."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateBackup(
        self, request: database_v1.CreateBackupRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start the backup of a database."""
        instance = InstanceName.parse(request.parent)
        resources = self.world.resources
        resources.ready_instance(instance)
        name = BackupName(
            project=instance.project, instance=instance.instance, backup=request.backup_id
        )
        database_name = DatabaseName.parse(request.backup.database)
        if database_name.instance_name != instance:
            raise errors.invalid(f"Database {database_name} is not in instance {instance}.")
        expire_time = _expire_time(request.backup, created=now)
        resources.backups.require_new(name)
        database = resources.usable_database(database_name)
        version_time = _version_time(request.backup, database, now=now)
        if pending := pending_backup_of(self, database_name):
            raise errors.second_backup(database_name, pending=pending)
        backup = Backup(
            name=name,
            serial=self.world.next_serial(),
            ready=False,
            create_time=now,
            database=database_name,
            version_time=version_time,
            expire_time=expire_time,
            max_expire_time=now + MAX_BACKUP_AGE,
            dialect=database.dialect,
            schema=database.schema_at(version_time),
            data_bytes=database.size,
        )
        resources.backups.put(name, backup)
        operation = self.world.start(
            kind=CREATE_BACKUP,
            target=name,
            details=BackupDetails(database=database_name),
            now=now,
            size_bytes=database.size,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetBackup(self, request: database_v1.GetBackupRequest, now: datetime) -> database_v1.Backup:
        """Get a backup, ready or not."""
        del now
        return self._message(self.world.resources.backups.get(BackupName.parse(request.name)))

    @rpc
    def ListBackups(
        self, request: database_v1.ListBackupsRequest, now: datetime
    ) -> database_v1.ListBackupsResponse:
        """List the backups of an instance, the latest first."""
        del now
        instance = InstanceName.parse(request.parent)
        resources = self.world.resources
        resources.instances.get(instance)
        try:
            wanted = Filter.parse(request.filter, fields=_FIELDS)
        except FilterError as exc:
            raise errors.bad_filter(
                method="ListBackups", text=request.filter, reason=str(exc)
            ) from exc
        page, token = page_of(
            (row for row in resources.backups_of(instance) if wanted.matches(_fields_of(row).get)),
            key=lambda row: (-row.serial,),
            size=request.page_size,
            token=request.page_token,
            method="ListBackups",
            scope=(request.parent, request.filter),
        )
        return database_v1.ListBackupsResponse(
            backups=[self._message(row) for row in page], next_page_token=token
        )

    @rpc
    def UpdateBackup(
        self, request: database_v1.UpdateBackupRequest, now: datetime
    ) -> database_v1.Backup:
        """Move a backup's expire_time, the one thing that can be updated."""
        del now
        name = BackupName.parse(request.backup.name)
        backup = self.world.resources.backups.get(name)
        paths = list(request.update_mask.paths)
        if not paths:
            raise errors.missing_field("update_mask")
        for path in paths:
            if path != "expire_time":
                raise errors.immutable_field(path)
        if not backup.ready:
            raise errors.not_ready(name)
        expire_time = _expire_time(request.backup, created=backup.create_time)
        backup = replace(backup, expire_time=expire_time)
        self.world.resources.backups.put(name, backup)
        return self._message(backup)

    @rpc
    def DeleteBackup(
        self, request: database_v1.DeleteBackupRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete a backup; its creation is cancelled, and one that is not there is fine."""
        name = BackupName.parse(request.name)
        resources = self.world.resources
        resources.instances.get(name.instance_name)
        backup = resources.backups.find(name)
        if backup is None:
            return empty_pb2.Empty()
        if readers := resources.readers_of(backup):
            raise errors.backup_in_use(name, database=readers[0])
        self.world.abort_all(name, now=now)
        resources.backups.remove(name)
        return empty_pb2.Empty()

    def _message(self, backup: Backup) -> database_v1.Backup:
        return messages.backup_message(backup, resources=self.world.resources)


def _fields_of(backup: Backup) -> dict[str, str]:
    """Return what a list filter can ask about a backup."""
    return {
        "name": str(backup.name),
        "database": str(backup.database),
        "state": "READY" if backup.ready else "CREATING",
    }


def _time(value: object) -> datetime | None:
    """Return a timestamp of a message as a plain datetime; None if it is not set."""
    return value.astimezone(UTC) if isinstance(value, datetime) else None


def _expire_time(backup: database_v1.Backup, *, created: datetime) -> datetime:
    expire_time = _time(backup.expire_time)
    if expire_time is None:
        raise errors.missing_field("backup.expire_time")
    earliest, latest = created + _MIN_BACKUP_AGE, created + MAX_BACKUP_AGE
    if not earliest <= expire_time <= latest:
        raise errors.bad_expire_time(expire_time, earliest=earliest, latest=latest)
    return expire_time


def _version_time(backup: database_v1.Backup, database: Database, *, now: datetime) -> datetime:
    version_time = _time(backup.version_time)
    if version_time is None:
        return now
    earliest = max(database.create_time, now - VERSION_RETENTION)
    if not earliest <= version_time <= now:
        raise errors.bad_version_time(version_time, earliest=earliest, latest=now)
    return version_time
