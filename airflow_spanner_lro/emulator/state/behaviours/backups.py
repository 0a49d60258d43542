# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that make backups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.emulator.operations.handler import ReportsProgress, raw
from airflow_spanner_lro.emulator.state.messages import backups as messages

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.world import World


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
        return raw(messages.backup_message(backup, resources=world.resources))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the backup."""
        del at
        world.resources.backups.remove(self.target(operation))
