# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restores: a new database from a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow_spanner_lro.core.kinds import RESTORE_DATABASE, Service
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import require_backups
from airflow_spanner_lro.emulator.operations.guards import require_not_moving
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.checks.databases import restored_encryption
from airflow_spanner_lro.emulator.services.databases import require_room
from airflow_spanner_lro.emulator.state.behaviours.databases import RestoreDetails
from airflow_spanner_lro.emulator.state.records.databases import Database, DatabaseState, Origin

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud import spanner_admin_database_v1 as database_v1
    from google.longrunning import operations_pb2


class Restores(Servicer):
    """Restore databases."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def RestoreDatabase(
        self, request: database_v1.RestoreDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start a restore; when it succeeds, the service goes on by optimizing the database."""
        parent = InstanceName.parse(request.parent)
        resources = self.world.resources
        name = DatabaseName(
            project=parent.project, instance=parent.instance, database=request.database_id
        )
        if not request.backup:
            raise errors.missing_field("backup")
        backup_name = BackupName.parse(request.backup)
        if backup_name.project != parent.project:
            raise errors.other_project(backup_name, instance=parent)
        instance = resources.ready_instance(parent)
        require_backups(instance)
        resources.databases.require_new(name)
        backup = resources.backup(backup_name)
        if not backup.ready:
            raise errors.not_ready(backup_name)
        if backup.expired:
            raise errors.restored_source_expired(backup_name)
        if resources.instances.get(backup_name.instance_name).config != instance.config:
            raise errors.other_config(backup_name, instance=parent)
        encryption = restored_encryption(request, backup)
        require_not_moving(self.world, parent)
        require_room(self.world, name)
        self._check_limit(name)
        origin = Origin(
            backup=backup_name,
            backup_serial=backup.serial,
            version_time=backup.version_time,
            create_time=backup.create_time,
            source_database=backup.database,
        )
        database = Database(
            name=name,
            serial=self.world.next_serial(),
            state=DatabaseState.CREATING,
            create_time=now,
            dialect=backup.dialect,
            history=((now, backup.schema.for_database(name.database)),),
            size_bytes=backup.data_bytes,
            origin=origin,
            encryption=encryption,
        )
        resources.databases.put(name, database)
        details = RestoreDetails(origin=origin, optimize=self.world.operations.new_name(name))
        operation = self.world.start(
            kind=RESTORE_DATABASE,
            target=name,
            details=details,
            now=now,
            size_bytes=backup.data_bytes,
        )
        return operation_message(operation, now=now)

    def _check_limit(self, name: DatabaseName) -> None:
        instance = name.instance_name
        pending = [
            operation
            for operation in self.world.operations.pending(kind=RESTORE_DATABASE)
            if isinstance(operation.target, DatabaseName)
            and operation.target.instance_name == instance
        ]
        limit = self.world.limits.pending_restores
        if len(pending) >= limit:
            raise errors.too_many_restores(name, instance=instance, limit=limit)
