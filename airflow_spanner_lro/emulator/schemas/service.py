# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about the inside of databases: schemas, roles, split points, graphs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL, Service
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.request_checks import time_in
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.schemas.database_options import DEFAULT_LEADER
from airflow_spanner_lro.emulator.schemas.operations import DdlDetails
from airflow_spanner_lro.emulator.schemas.reader import statements_in
from airflow_spanner_lro.emulator.schemas.statements import (
    DATABASE,
    INDEX,
    TABLE,
    DdlStatement,
)

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.databases.model import Database
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.world import Resources

_OPERATION_ID = re.compile(r"[a-z][a-z0-9_]{1,127}", re.ASCII)
_KEPT = timedelta(days=10)
_KEPT_AT_MOST = timedelta(days=30)
_MAX_SPLIT_POINTS = 100


class SchemaService(Servicer):
    """Get and update schemas, list roles, add split points."""

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
        dialect = Dialect.of_number(database.dialect)
        statements = tuple(
            DdlStatement.parse(each, dialect=dialect)
            for text in request.statements
            for each in statements_in(text, dialect=dialect)
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

    @rpc
    def ListDatabaseRoles(
        self, request: database_v1.ListDatabaseRolesRequest, now: datetime
    ) -> database_v1.ListDatabaseRolesResponse:
        """List the roles of a database, those of the system included, by name."""
        del now
        name = DatabaseName.parse(request.parent)
        database = self.world.resources.usable_database(name)
        page, token = page_for(
            request,
            sorted(database.schema.roles),
            key=lambda role: (role,),
        )
        return database_v1.ListDatabaseRolesResponse(
            database_roles=[
                database_v1.DatabaseRole(name=f"{name}/databaseRoles/{role}") for role in page
            ],
            next_page_token=token,
        )

    @rpc
    def AddSplitPoints(
        self, request: database_v1.AddSplitPointsRequest, now: datetime
    ) -> database_v1.AddSplitPointsResponse:
        """Check split points and remember them; there is no data to split."""
        name = DatabaseName.parse(request.database)
        if not request.split_points:
            raise errors.missing_field("split_points")
        if sum(len(each.keys) for each in request.split_points) > _MAX_SPLIT_POINTS:
            raise errors.bad_split_points(f"at most {_MAX_SPLIT_POINTS} keys are allowed.")
        database = self.world.resources.usable_database(name)
        added = tuple(_checked(each, database.schema, now) for each in request.split_points)
        replaced = {_place(each) for each in added}
        kept = (
            each
            for each in database.split_points
            if _place(each) not in replaced and _expires(each) > now
        )
        changed = replace(database, split_points=(*kept, *added))
        self.world.resources.databases.put(database.name, changed)
        return database_v1.AddSplitPointsResponse()

    @rpc
    def InternalUpdateGraphOperation(
        self, request: database_v1.InternalUpdateGraphOperationRequest, now: datetime
    ) -> database_v1.InternalUpdateGraphOperationResponse:
        """Refuse: only jobs of the service itself have the token that this needs."""
        del request, now
        raise errors.internal_only("InternalUpdateGraphOperation")

    def _operation_name(self, operation_id: str, database: Database) -> OperationName | None:
        """Return the name that the caller chose; None if the choice is ours."""
        if not operation_id:
            return None
        name = OperationName(resource=database.name, operation=operation_id)
        used = self.world.operations.last_serial_of(name)
        # an id is used up within a database; one of an earlier database of this name is not
        if used is not None and used > database.serial:
            raise errors.already_exists(name)
        return name

    def _check(self, details: DdlDetails, database: Database, before: list[Operation]) -> None:
        """Refuse what cannot work even if all changes under way succeed."""
        instance_name = database.name.instance_name
        for statement in details.statements:
            check_database_options(statement, database.name, self.world.resources)
            if DEFAULT_LEADER in dict(statement.options):
                self.world.operations.require_no_move(instance_name)
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


def _checked(
    points: database_v1.SplitPoints, schema: Schema, now: datetime
) -> database_v1.SplitPoints:
    """Return split points with the time at which they expire.

    :raises RpcError: if their table or index does not exist, or they are no split points.
    """
    if not points.table and not points.index:
        raise errors.bad_split_points("each needs a table or an index.")
    if points.table and not schema.has(TABLE, points.table):
        raise errors.no_such_entity(TABLE, points.table)
    if points.index:
        table = schema.table_of(points.index)
        if table is None:
            raise errors.no_such_entity(INDEX, points.index)
        if points.table and points.table.lower() != table.lower():
            raise errors.bad_split_points(
                f"index {points.index} is one of table {table}, not of {points.table}."
            )
    if not points.keys or not all(key.key_parts for key in points.keys):
        raise errors.bad_split_points("each needs keys, and each key needs key_parts.")
    expire_time = time_in(points, "expire_time") or now + _KEPT
    if expire_time > now + _KEPT_AT_MOST:
        raise errors.bad_split_points("expire_time is more than 30 days in the future.")
    checked = database_v1.SplitPoints(points)
    database_v1.SplitPoints.pb(checked).expire_time.FromDatetime(expire_time)
    return checked


def _place(points: database_v1.SplitPoints) -> tuple[str, str, bytes]:
    """Return what is split where; later split points of the same place replace earlier ones."""
    # a part of a key may hold a map, whose order is not the same in every process
    raw = database_v1.SplitPoints.pb(points)
    keys = b"".join(key.SerializeToString(deterministic=True) for key in raw.keys)
    return points.table.lower(), points.index.lower(), keys


def _expires(points: database_v1.SplitPoints) -> datetime:
    raw = database_v1.SplitPoints.pb(points)
    expire_time: datetime = raw.expire_time.ToDatetime(tzinfo=UTC)
    return expire_time


def checked_descriptors(data: bytes) -> bytes:
    """Return the descriptors of a request.

    :raises RpcError: if they cannot be read.
    """
    try:
        descriptor_pb2.FileDescriptorSet.FromString(data)
    except DecodeError as exc:
        raise errors.bad_descriptors() from exc
    return data


def check_database_options(
    statement: DdlStatement, name: DatabaseName, resources: Resources
) -> None:
    """Refuse options for another database, and a leader that cannot lead.

    :raises RpcError: INVALID_ARGUMENT
    """
    if statement.entity_type != DATABASE:
        return
    if statement.names != (name.database,):
        raise errors.other_database(statement.text, name=name)
    leader = dict(statement.options).get(DEFAULT_LEADER)
    if leader is None:
        return
    instance = resources.instances.get(name.instance_name)
    base = resources.configs.base_of(instance.config)
    if base is None or leader not in base.leaders:
        raise errors.bad_leader(leader, instance=instance.name)
