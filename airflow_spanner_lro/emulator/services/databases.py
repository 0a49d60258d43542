# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases without their schemas: create, get, list, drop."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, CREATE_DATABASE, Service
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.state.behaviours.backups import BackupDetails
from airflow_spanner_lro.emulator.state.behaviours.databases import CreationDetails
from airflow_spanner_lro.emulator.state.ddl import Schema, Statement, database_id_of
from airflow_spanner_lro.emulator.state.messages import databases as messages
from airflow_spanner_lro.emulator.state.metadata import operation_message
from airflow_spanner_lro.emulator.state.pages import page_of
from airflow_spanner_lro.emulator.state.records.databases import Database, DatabaseState

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2


class Databases(Servicer):
    """Create, get, list and drop databases."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def CreateDatabase(
        self, request: database_v1.CreateDatabaseRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create a database; a statement that cannot be applied means no database."""
        instance = InstanceName.parse(request.parent)
        self.world.resources.ready_instance(instance)
        database_id = database_id_of(request.create_statement)
        name = DatabaseName(
            project=instance.project, instance=instance.instance, database=database_id
        )
        self.world.resources.databases.require_new(name)
        statements = tuple(Statement.parse(text) for text in request.extra_statements)
        schema = Schema()
        for statement in statements:
            schema = schema.apply(statement)
        dialects = database_v1.DatabaseDialect
        # unset is 0, and means the first of the two
        dialect = int(request.database_dialect) or int(dialects.GOOGLE_STANDARD_SQL)
        database = Database(
            name=name,
            serial=self.world.next_serial(),
            state=DatabaseState.CREATING,
            create_time=now,
            dialect=dialect,
            history=((now, Schema()),),
        )
        self.world.resources.databases.put(name, database)
        operation = self.world.start(
            kind=CREATE_DATABASE,
            target=name,
            details=CreationDetails(statements=statements),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetDatabase(
        self, request: database_v1.GetDatabaseRequest, now: datetime
    ) -> database_v1.Database:
        """Get a database in whatever state it is."""
        database = self.world.resources.databases.get(DatabaseName.parse(request.name))
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
        if pending := pending_backup_of(self, name):
            raise errors.backup_pending(name, backup=pending)
        self.world.abort_all(name, now=now)
        resources.databases.remove(name)
        return empty_pb2.Empty()


def pending_backup_of(servicer: Servicer, database: DatabaseName) -> BackupName | None:
    """Return the backup of a database that is being created, if there is one."""
    for operation in servicer.world.operations.pending(kind=CREATE_BACKUP):
        of_it = BackupDetails(database=database) == operation.details
        if of_it and isinstance(operation.target, BackupName):
            return operation.target
    return None
