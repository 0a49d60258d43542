# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schemas: read one, change one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL, Service
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.operations.guards import require_not_moving
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.checks.databases import (
    check_database_options,
    checked_descriptors,
)
from airflow_spanner_lro.emulator.state.behaviours.schemas import DdlDetails
from airflow_spanner_lro.emulator.state.ddl.options import DEFAULT_LEADER
from airflow_spanner_lro.emulator.state.ddl.statements import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.ddl.schema import Schema
    from airflow_spanner_lro.emulator.state.records.databases import Database

_OPERATION_ID = re.compile(r"[a-z][a-z0-9_]{1,127}", re.ASCII)


class Schemas(Servicer):
    """Get and update the schema of a database."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def GetDatabaseDdl(
        self, request: database_v1.GetDatabaseDdlRequest, now: datetime
    ) -> database_v1.GetDatabaseDdlResponse:
        """Get the statements that are committed, never those that are pending."""
        del now
        database = self.world.resources.usable_database(DatabaseName.parse(request.database))
        return database_v1.GetDatabaseDdlResponse(
            statements=list(database.schema.texts),
            proto_descriptors=database.schema.proto_descriptors,
        )

    @rpc
    def UpdateDatabaseDdl(
        self, request: database_v1.UpdateDatabaseDdlRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Change the schema, statement by statement, behind the changes that are under way."""
        name = DatabaseName.parse(request.database)
        operation_id = request.operation_id
        if operation_id and not _OPERATION_ID.fullmatch(operation_id):
            raise errors.bad_operation_id(operation_id)
        descriptors = checked_descriptors(request.proto_descriptors)
        database = self.world.resources.usable_database(name)
        # before the statements are read, as a repeated request need not make sense any more
        operation_name = self._operation_name(operation_id, database)
        if not request.statements:
            raise errors.no_statements()
        statements = tuple(
            Statement.parse(text, dialect=database.dialect) for text in request.statements
        )
        details = DdlDetails(
            statements=statements,
            proto_descriptors=descriptors,
        )
        before = self.world.operations.pending(kind=UPDATE_DATABASE_DDL, target=name)
        self._check(details, database, before)
        operation = self.world.start(
            kind=UPDATE_DATABASE_DDL,
            target=name,
            details=details,
            now=now,
            name=operation_name,
            usual=tuple(statement.usual_duration for statement in statements),
            waits=bool(before),
        )
        return operation_message(operation, now=now)

    def _operation_name(self, operation_id: str, database: Database) -> OperationName | None:
        """Return the name that the caller chose; None if the choice is ours."""
        if not operation_id:
            return None
        name = OperationName(resource=database.name, operation=operation_id)
        used = self.world.operations.find(name)
        # an id is used up within a database; one of an earlier database of this name is not
        if used is not None and used.serial > database.serial:
            raise errors.already_exists(name)
        return name

    def _check(self, details: DdlDetails, database: Database, before: list[Operation]) -> None:
        """Refuse what cannot work even if all changes under way succeed."""
        instance_name = database.name.instance_name
        for statement in details.statements:
            check_database_options(statement, database.name, self.world.resources)
            if DEFAULT_LEADER in dict(statement.options):
                require_not_moving(self.world, instance_name)
        schema = database.schema
        for operation in before:
            if isinstance(operation.details, DdlDetails):
                schema = _after(schema, operation.details, operation.steps_settled)
        for statement in details.statements:
            schema = schema.apply(statement, proto_descriptors=details.proto_descriptors)


def _after(schema: Schema, pending: DdlDetails, done: int) -> Schema:
    """Return the schema after what is left of a change under way."""
    for statement in pending.statements[done:]:
        # one that will fail when its turn comes changes nothing, nor do those behind it
        try:
            schema = schema.apply(statement, proto_descriptors=pending.proto_descriptors)
        except errors.RpcError:
            return schema
    return schema
