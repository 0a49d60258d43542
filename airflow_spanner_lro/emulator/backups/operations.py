# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations that make and copy backups do, and how backups expire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.emulator.operations.handler import ReportsProgress
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDetails:
    """What CreateBackup remembers.

    :param on_demand: whether a call asked for it, and not a schedule
    """

    database: DatabaseName
    on_demand: bool = True


class CreateBackup(ReportsProgress[BackupName, BackupDetails]):
    """The backup becomes ready, or goes away."""

    target_type: ClassVar = BackupName
    details_type: ClassVar = BackupDetails

    def describe(
        self, target: BackupName, details: BackupDetails
    ) -> database_v1.CreateBackupMetadata:
        """Return which backup of which database it makes."""
        return database_v1.CreateBackupMetadata(name=str(target), database=str(details.database))

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the backup ready."""
        del at
        backup = replace(world.resources.backups.get(self.target(operation)), ready=True)
        world.resources.backups.put(backup.name, backup)
        return plain_message(world.resources.backups.message_of(backup))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the backup."""
        del at
        world.resources.backups.remove(self.target(operation))


def expire(world: World, name: BackupName, at: datetime) -> None:
    """Delete a backup whose time is over; one that something still reads from goes later."""
    del at
    world.resources.backups.expire(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDetails:
    """What CopyBackup remembers."""

    source: BackupName


class CopyBackup(ReportsProgress[BackupName, CopyDetails]):
    """The copy becomes ready, or goes away; either way its source is free again."""

    target_type: ClassVar = BackupName
    details_type: ClassVar = CopyDetails

    def describe(self, target: BackupName, details: CopyDetails) -> database_v1.CopyBackupMetadata:
        """Return which backup it makes of which."""
        return database_v1.CopyBackupMetadata(name=str(target), source_backup=str(details.source))

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the copy ready."""
        del at
        backup = replace(world.resources.backups.get(self.target(operation)), ready=True)
        world.resources.backups.put(backup.name, backup)
        world.resources.backups.release(self.details(operation).source)
        return plain_message(world.resources.backups.message_of(backup))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the copy."""
        del at
        world.resources.backups.remove(self.target(operation))
        world.resources.backups.release(self.details(operation).source)
