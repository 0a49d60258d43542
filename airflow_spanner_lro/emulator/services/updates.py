# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""UpdateDatabase, which changes what is not in the schema: drop protection, and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE, Service
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.checks.databases import checked_encryption
from airflow_spanner_lro.emulator.state.behaviours.database_updates import UpdateDetails

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

_DROP_PROTECTION = "enable_drop_protection"
_ENCRYPTION = frozenset(
    {"encryption_config", "encryption_config.kms_key_name", "encryption_config.kms_key_names"}
)


class DatabaseUpdates(Servicer):
    """Update databases."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def UpdateDatabase(
        self, request: database_v1.UpdateDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to update a database; until the operation ends, it has its old values."""
        name = DatabaseName.parse(request.database.name)
        details = _details(request)
        database = self.world.resources.usable_database(name)
        if details.encryption is not None and database.encryption is None:
            raise errors.not_customer_managed(name)
        if database.reconciling:
            raise errors.second_update(name)
        self.world.resources.databases.put(name, replace(database, reconciling=True))
        operation = self.world.start(kind=UPDATE_DATABASE, target=name, details=details, now=now)
        return operation_message(operation, now=now)


def _details(request: database_v1.UpdateDatabaseRequest) -> UpdateDetails:
    """Return what a request sets.

    :raises RpcError: if it sets nothing, or what cannot be set.
    """
    paths = list(request.update_mask.paths)
    if not paths:
        raise errors.missing_field("update_mask")
    for path in paths:
        if path != _DROP_PROTECTION and path not in _ENCRYPTION:
            raise errors.immutable_database_field(path)
    details = UpdateDetails(request=database_v1.UpdateDatabaseRequest(request))
    if _DROP_PROTECTION in paths:
        details = replace(details, drop_protection=request.database.enable_drop_protection)
    if not _ENCRYPTION.isdisjoint(paths):
        encryption = checked_encryption(request.database.encryption_config)
        if encryption is None:
            raise errors.missing_field("database.encryption_config.kms_key_names")
        details = replace(details, encryption=encryption)
    return details
