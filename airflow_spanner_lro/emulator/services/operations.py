# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations: ``google.longrunning.Operations``, and the instance-wide lists of DatabaseAdmin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    OperationName,
    ResourceName,
    parse_resource,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.state.filters import Filter, FilterError
from airflow_spanner_lro.emulator.state.messages import configs
from airflow_spanner_lro.emulator.state.metadata import metadata_of, operation_message
from airflow_spanner_lro.emulator.state.pages import page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.operations import Operation

_FIELDS = frozenset(
    {"name", "done", "error", "metadata.@type", "metadata.name", "metadata.database"}
)
_SUFFIX = "/operations"


class Operations(Servicer):
    """Get, list, cancel and delete any operation."""

    service: ClassVar[str] = "google.longrunning.Operations"

    @rpc
    def GetOperation(
        self, request: operations_pb2.GetOperationRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Get an operation, also one whose target is gone."""
        operation = self.world.operations.get(OperationName.parse(request.name))
        return operation_message(operation, now=now)

    @rpc
    def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, now: datetime
    ) -> operations_pb2.ListOperationsResponse:
        """List the operations of one resource, the latest first."""
        # production wants the collection's name; its clients also send the parent's
        parent = parse_resource(request.name.removesuffix(_SUFFIX))
        page, token = _page(
            self._operations_of(parent),
            method="ListOperations",
            parent=request.name,
            filter_=request.filter,
            size=request.page_size,
            token=request.page_token,
            now=now,
        )
        return operations_pb2.ListOperationsResponse(operations=page, next_page_token=token)

    @rpc
    def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Ask to cancel an operation; the answer says nothing about the outcome."""
        operation = self.world.operations.get(OperationName.parse(request.name))
        self.world.cancel(operation, now=now)
        return empty_pb2.Empty()

    @rpc
    def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Forget an operation of an instance; if it is running, it goes on."""
        del now
        name = OperationName.parse(request.name)
        operation = self.world.operations.get(name)
        if isinstance(name.resource, DatabaseName | BackupName):
            raise errors.cannot_delete_operation(name)
        self.world.operations.delete(operation)
        return empty_pb2.Empty()

    def _operations_of(self, parent: ResourceName) -> list[Operation]:
        if type(parent) is InstanceConfigName:
            configs.require_config(parent)
            return []
        resource = self.world.resources.find(parent)
        if resource is None:
            raise errors.not_found(parent)
        return self.world.operations.of(parent, since=resource.serial)


class DatabaseOperations(Servicer):
    """List the operations of all databases, or all backups, of an instance."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def ListDatabaseOperations(
        self, request: database_v1.ListDatabaseOperationsRequest, now: datetime
    ) -> database_v1.ListDatabaseOperationsResponse:
        """List the operations of databases, the latest first, those of dropped ones included."""
        page, token = _page(
            self._within(request.parent, DatabaseName, now),
            method="ListDatabaseOperations",
            parent=request.parent,
            filter_=request.filter,
            size=request.page_size,
            token=request.page_token,
            now=now,
        )
        return database_v1.ListDatabaseOperationsResponse(operations=page, next_page_token=token)

    @rpc
    def ListBackupOperations(
        self, request: database_v1.ListBackupOperationsRequest, now: datetime
    ) -> database_v1.ListBackupOperationsResponse:
        """List the operations of backups, the latest first, those of deleted ones included."""
        page, token = _page(
            self._within(request.parent, BackupName, now),
            method="ListBackupOperations",
            parent=request.parent,
            filter_=request.filter,
            size=request.page_size,
            token=request.page_token,
            now=now,
        )
        return database_v1.ListBackupOperationsResponse(operations=page, next_page_token=token)

    def _within(
        self, parent: str, collection: type[ResourceName], now: datetime
    ) -> list[Operation]:
        instance = InstanceName.parse(parent)
        self.world.resources.instances.get(instance)
        return self.world.operations.within(instance, collection, now=now)


def _page(
    operations: Iterable[Operation],
    *,
    method: str,
    parent: str,
    filter_: str,
    size: int,
    token: str,
    now: datetime,
) -> tuple[list[operations_pb2.Operation], str]:
    """Return one page of the operations that a filter lets through, and the next token."""
    try:
        wanted = Filter.parse(filter_, fields=_FIELDS)
    except FilterError as exc:
        raise errors.bad_filter(method=method, text=filter_, reason=str(exc)) from exc
    page, next_token = page_of(
        (each for each in operations if wanted.matches(_field_of(each, now))),
        key=lambda each: each.order(),
        size=size,
        token=token,
        method=method,
        scope=(parent, filter_),
    )
    return [operation_message(each, now=now) for each in page], next_token


def _field_of(operation: Operation, now: datetime) -> Callable[[str], str | None]:
    """Return a function that gives the fields which a filter can ask for."""

    def value_of(field: str) -> str | None:
        ended = operation.lifecycle.ended(now)
        match field:
            case "name":
                return str(operation.name)
            case "done":
                return "true" if ended else "false"
            case "error":
                return ended.error.message if ended and ended.error else None
            case "metadata.@type":
                return operation.kind.metadata_type_url
            case _:
                metadata = metadata_of(operation, now=now)
                return getattr(metadata, field.removeprefix("metadata."), None)

    return value_of
