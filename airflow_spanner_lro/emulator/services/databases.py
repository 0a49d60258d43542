# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases without their schemas: create, get, list, drop."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import CREATE_DATABASE, Service
from airflow_spanner_lro.core.names import DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.instances.capacity import SMALL_STEP, UNITS_PER_NODE, units_of
from airflow_spanner_lro.emulator.operations.guards import require_not_moving
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.pagination import page_of
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.reader import Dialect
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement, database_id_of
from airflow_spanner_lro.emulator.services.checks.databases import (
    check_database_options,
    checked_descriptors,
    checked_encryption,
)
from airflow_spanner_lro.emulator.state.behaviours.databases import CreationDetails
from airflow_spanner_lro.emulator.state.dropping import drop_database
from airflow_spanner_lro.emulator.state.messages import databases as messages
from airflow_spanner_lro.emulator.state.records.databases import Database, DatabaseState

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.state.world import World


_PER_SMALL_STEP = 10
"""How many databases there can be for every hundred processing units, below a node."""


class Databases(Servicer):
    """Create, get, list and drop databases."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateDatabase(
        self, request: database_v1.CreateDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create a database; a statement that cannot be applied means no database."""
        instance = InstanceName.parse(request.parent)
        resources = self.world.resources
        if not request.create_statement:
            raise errors.missing_field("create_statement")
        dialect = _dialect_of(request)
        encryption = None
        if "encryption_config" in request:
            encryption = checked_encryption(request.encryption_config)
        descriptors = checked_descriptors(request.proto_descriptors)
        # before the statements are read, as in Google's own emulator
        resources.instances.get(instance)
        name = DatabaseName(
            project=instance.project,
            instance=instance.instance,
            database=database_id_of(request.create_statement, dialect=dialect),
        )
        statements = _first_statements(request, dialect)
        resources.ready_instance(instance)
        resources.databases.require_new(name)
        schema = Schema()
        for statement in statements:
            check_database_options(statement, name, resources)
            schema = schema.apply(statement, proto_descriptors=descriptors)
        require_not_moving(self.world, instance)
        require_room(self.world, name)
        database = Database(
            name=name,
            serial=self.world.next_serial(),
            state=DatabaseState.CREATING,
            create_time=now,
            dialect=int(dialect),
            history=((now, Schema()),),
            encryption=encryption,
        )
        resources.databases.put(name, database)
        operation = self.world.start(
            kind=CREATE_DATABASE,
            target=name,
            details=CreationDetails(schema=schema),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetDatabase(
        self, request: database_v1.GetDatabaseRequest, now: datetime
    ) -> database_v1.Database:
        """Get a database in whatever state it is."""
        database = self.world.resources.database(DatabaseName.parse(request.name))
        return messages.database_message(database, now=now)

    @rpc
    def ListDatabases(
        self, request: database_v1.ListDatabasesRequest, now: datetime
    ) -> database_v1.ListDatabasesResponse:
        """List the databases of an instance, by name."""
        instance = InstanceName.parse(request.parent)
        self.world.resources.instances.get(instance)
        page, token = page_of(
            self.world.resources.databases_of(instance),
            key=lambda row: (row.name.database,),
            size=request.page_size,
            token=request.page_token,
            method="ListDatabases",
            scope=(request.parent, ""),
        )
        return database_v1.ListDatabasesResponse(
            databases=[messages.database_message(row, now=now) for row in page],
            next_page_token=token,
        )

    @rpc
    def DropDatabase(
        self, request: database_v1.DropDatabaseRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Drop a database; dropping one that is not there is fine, as in production."""
        name = DatabaseName.parse(request.database)
        resources = self.world.resources
        resources.instances.get(name.instance_name)
        database = resources.databases.find(name)
        if database is None:
            return empty_pb2.Empty()
        resources.usable_database(name)
        if database.drop_protection:
            raise errors.drop_protected(name, deleting=name)
        if pending := resources.pending_backups_of(name):
            raise errors.backup_pending(name, backup=pending[0].name)
        drop_database(self.world, name, now=now)
        return empty_pb2.Empty()


def _first_statements(
    request: database_v1.CreateDatabaseRequest, dialect: Dialect
) -> list[DdlStatement]:
    """Return the statements that a database begins with."""
    if request.extra_statements and dialect is Dialect.POSTGRESQL:
        raise errors.no_extra_statements()
    return [DdlStatement.parse(text, dialect=dialect) for text in request.extra_statements]


def _dialect_of(request: database_v1.CreateDatabaseRequest) -> Dialect:
    # read from the plain message, as proto-plus warns of numbers that it does not know;
    # unset is 0, and means the first of the two
    plain = database_v1.CreateDatabaseRequest.pb(request)
    number = plain.database_dialect or Dialect.GOOGLE_STANDARD_SQL
    if number not in list(Dialect):
        raise errors.bad_dialect(number)
    return Dialect(number)


def require_room(world: World, name: DatabaseName) -> None:
    """Make sure that an instance can hold one more database.

    :raises RpcError: RESOURCE_EXHAUSTED if it cannot.
    """
    limit = world.limits.databases
    units = units_of(world.resources.instances.get(name.instance_name).message)
    if 0 < units < UNITS_PER_NODE:
        limit = min(limit, units // SMALL_STEP * _PER_SMALL_STEP)
    if len(world.resources.databases_of(name.instance_name)) >= limit:
        raise errors.too_many_databases(name, limit=limit)
