# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Copies of backups, to any instance of any project.

A copy is a backup like any other, and can be copied in turn; only how long it can be kept counts
from when the first original was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow_spanner_lro.core.kinds import COPY_BACKUP, Service
from airflow_spanner_lro.core.names import BackupName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.operations.guards import require_not_moving
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.request_checks import time_in
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.checks.backups import require_backups
from airflow_spanner_lro.emulator.state.behaviours.copies import CopyDetails
from airflow_spanner_lro.emulator.state.encryption import keys_for
from airflow_spanner_lro.emulator.state.firing import new_chain_id
from airflow_spanner_lro.emulator.state.records.backups import MIN_BACKUP_AGE, Backup

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud import spanner_admin_database_v1 as database_v1
    from google.longrunning import operations_pb2


class Copies(Servicer):
    """Copy backups."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

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
        require_not_moving(self.world, parent)
        require_not_moving(self.world, source_name.instance_name)
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
            kms_keys=keys_for(request.encryption_config, inherited=source.kms_keys),
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
