# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Updates of what a database's owner can set without a schema statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator.operations.handler import ReportsProgress, raw
from airflow_spanner_lro.emulator.state.messages import databases as messages

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDetails:
    """What UpdateDatabase remembers: the request, and what it sets.

    :param drop_protection: None if that stays as it is
    :param encryption: None if that stays as it is
    """

    request: database_v1.UpdateDatabaseRequest
    drop_protection: bool | None = None
    encryption: database_v1.EncryptionConfig | None = None


class UpdateDatabase(ReportsProgress[DatabaseName, UpdateDetails]):
    """The database has its new values, or keeps the old ones."""

    target_type: ClassVar = DatabaseName
    details_type: ClassVar = UpdateDetails

    def describe(
        self, target: DatabaseName, details: UpdateDetails
    ) -> database_v1.UpdateDatabaseMetadata:
        """Return the request."""
        del target
        return database_v1.UpdateDatabaseMetadata(request=details.request)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        details = self.details(operation)
        database = world.resources.databases.get(self.target(operation))
        if details.drop_protection is not None:
            database = replace(database, drop_protection=details.drop_protection)
        if details.encryption is not None:
            database = replace(database, encryption=details.encryption)
        database = replace(database, reconciling=False)
        world.resources.databases.put(database.name, database)
        return raw(messages.database_message(database, now=at))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Leave the old values; they were in force all the time."""
        del at
        database = world.resources.databases.get(self.target(operation))
        world.resources.databases.put(database.name, replace(database, reconciling=False))
