# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about backups: create, copy, get, list, update, delete.

A copy is a backup like any other, and can be copied in turn; only how long it can be kept counts
from when the first original was made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_BACKUP, Service
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import (
    FILTERABLE,
    MAX_BACKUP_AGE,
    MIN_BACKUP_AGE,
    Backup,
    backup_fields,
    require_backups,
)
from airflow_spanner_lro.emulator.backups.operations import BackupDetails, CopyDetails
from airflow_spanner_lro.emulator.databases.encryption import keys_for
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.request_checks import checked_filter, time_in
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.schedules.runner import new_chain_id

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.databases.model import Database

_EXPIRE_TIME = "expire_time"


class BackupService(Servicer):
    """Create, copy, get, list, update and delete backups."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateBackup(
        self, request: database_v1.CreateBackupRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start the backup of a database."""
        instance = InstanceName.parse(request.parent)
        name = BackupName(
            project=instance.project, instance=instance.instance, backup=request.backup_id
        )
        database_name = DatabaseName.parse(request.backup.database)
        if database_name.instance_name != instance:
            raise errors.database_elsewhere(database_name, instance=instance)
        earliest, latest = now + MIN_BACKUP_AGE, now + MAX_BACKUP_AGE
        expire_time = _expire_time(request.backup)
        if not earliest <= expire_time <= latest:
            raise errors.bad_expire_time(expire_time, name=name, create_time=now)
        keys_for(request.encryption_config, inherited=())
        resources = self.world.resources
        require_backups(resources.ready_instance(instance))
        resources.database(database_name)
        resources.backups.require_new(name)
        database = resources.usable_database(database_name)
        version_time = _version_time(request.backup, database, now=now)
        kms_keys = keys_for(request.encryption_config, inherited=database.kms_keys)
        resources.require_usable_keys(instance, kms_keys)
        self.world.operations.require_no_move(instance)
        self._check_limit(database_name)
        backup = Backup(
            name=name,
            serial=self.world.next_serial(),
            ready=False,
            create_time=now,
            database=database_name,
            version_time=version_time,
            expire_time=expire_time,
            max_expire_time=latest,
            dialect=database.dialect,
            schema=database.schema_at(version_time),
            data_bytes=database.size,
            kms_keys=kms_keys,
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
        return self._message(self.world.resources.backup(BackupName.parse(request.name)))

    @rpc
    def ListBackups(
        self, request: database_v1.ListBackupsRequest, now: datetime
    ) -> database_v1.ListBackupsResponse:
        """List the backups of an instance, the latest first."""
        del now
        instance = InstanceName.parse(request.parent)
        resources = self.world.resources
        wanted = checked_filter("ListBackups", request.filter, roots=FILTERABLE)
        resources.instances.get(instance)
        page, token = page_for(
            request,
            (
                row
                for row in resources.backups.of_instance(instance)
                if wanted.matches(backup_fields(row))
            ),
            key=lambda row: (-row.serial,),
            in_order=True,
        )
        return database_v1.ListBackupsResponse(
            backups=[self._message(row) for row in page], next_page_token=token
        )

    @rpc
    def UpdateBackup(
        self, request: database_v1.UpdateBackupRequest, now: datetime
    ) -> database_v1.Backup:
        """Move a backup's expire_time, the one thing that can be updated."""
        name = BackupName.parse(request.backup.name)
        paths = list(request.update_mask.paths)
        if not paths:
            raise errors.no_mask("update_mask")
        for path in paths:
            if path != _EXPIRE_TIME:
                raise errors.immutable_field(path)
        expire_time = _expire_time(request.backup)
        backup = self.world.resources.backup(name)
        if not backup.ready:
            raise errors.not_ready(name)
        earliest = max(backup.create_time + MIN_BACKUP_AGE, now)
        latest = backup.max_expire_time
        # one that expires this very moment would be gone with the answer
        if expire_time <= now or not earliest <= expire_time <= latest:
            raise errors.bad_new_expire_time(expire_time, earliest=earliest, latest=latest)
        backup = replace(backup, expire_time=expire_time, expired=False)
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
        readers, copies = resources.backups.readers_of(backup), resources.backups.copies_of(backup)
        if readers or copies:
            raise errors.backup_in_use(name, databases=readers, copies=copies)
        self.world.abort_all(name, now=now)
        resources.backups.remove(name)
        return empty_pb2.Empty()

    @rpc
    def CopyBackup(
        self, request: database_v1.CopyBackupRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start a copy; until it ends, its source can neither be deleted nor expire."""
        parent = InstanceName.parse(request.parent)
        name = BackupName(
            project=parent.project, instance=parent.instance, backup=request.backup_id
        )
        source_name = BackupName.parse(request.source_backup)
        expire_time = time_in(request, "expire_time")
        if expire_time is None:
            raise errors.missing_field("expire_time")
        keys_for(request.encryption_config, inherited=())
        resources = self.world.resources
        resources.instances.get(parent)
        source = resources.backup(source_name)
        earliest, latest = max(source.create_time + MIN_BACKUP_AGE, now), source.max_expire_time
        if not earliest <= expire_time <= latest:
            raise errors.bad_copy_expire_time(expire_time, earliest=earliest, latest=latest)
        resources.backups.require_new(name)
        require_backups(resources.ready_instance(parent))
        if not source.ready:
            raise errors.source_not_ready(source_name)
        if source.expired:
            raise errors.source_expired(source_name)
        # what the source is encrypted with may not fit where the copy is going to be
        kms_keys = keys_for(request.encryption_config, inherited=source.kms_keys)
        resources.require_usable_keys(parent, kms_keys)
        self.world.operations.require_no_move(parent)
        self.world.operations.require_no_move(source_name.instance_name)
        backup = Backup(
            name=name,
            serial=self.world.next_serial(),
            ready=False,
            create_time=now,
            database=source.database,
            version_time=source.version_time,
            expire_time=expire_time,
            max_expire_time=source.max_expire_time,
            dialect=source.dialect,
            schema=source.schema,
            data_bytes=source.data_bytes,
            kms_keys=kms_keys,
            source=(source_name, source.serial),
            # with the older backups that it needs, a chain of its own
            chain=new_chain_id(self.world) if source.chain else "",
            oldest_version_time=source.oldest_version_time,
        )
        resources.backups.put(name, backup)
        operation = self.world.start(
            kind=COPY_BACKUP,
            target=name,
            details=CopyDetails(source=source_name),
            now=now,
            size_bytes=source.data_bytes,
        )
        return operation_message(operation, now=now)

    def _check_limit(self, database: DatabaseName) -> None:
        """Make sure that a database may have another backup on demand."""
        resources, limit = self.world.resources, self.world.limits.pending_backups
        if resources.backups.count_pending_of(database) < limit:
            return
        pending = [row for row in resources.backups.pending_of(database) if not row.schedules]
        if len(pending) >= limit:
            raise errors.second_backup(database, pending=pending[0].name, limit=limit)

    def _message(self, backup: Backup) -> database_v1.Backup:
        return self.world.resources.backups.message_of(backup)


def _expire_time(backup: database_v1.Backup) -> datetime:
    expire_time = time_in(backup, _EXPIRE_TIME)
    if expire_time is None:
        raise errors.missing_field(f"backup.{_EXPIRE_TIME}")
    return expire_time


def _version_time(backup: database_v1.Backup, database: Database, *, now: datetime) -> datetime:
    version_time = time_in(backup, "version_time")
    if version_time is None:
        return now
    earliest = database.earliest_version_time(now)
    if not earliest <= version_time <= now:
        raise errors.bad_version_time(version_time, earliest=earliest, latest=now)
    return version_time
