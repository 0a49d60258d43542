# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that copy backups. They belong to the new backup; the old one only waits for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.names import BackupName
from airflow_spanner_lro.emulator.operations.handler import ReportsProgress, raw
from airflow_spanner_lro.emulator.state import aging
from airflow_spanner_lro.emulator.state.messages import backups as messages

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.world import World


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
        aging.release(world, self.details(operation).source)
        return raw(messages.backup_message(backup, resources=world.resources))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the copy."""
        del at
        world.resources.backups.remove(self.target(operation))
        aging.release(world, self.details(operation).source)
