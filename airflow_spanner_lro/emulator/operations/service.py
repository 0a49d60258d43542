# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about operations: ``google.longrunning.Operations``, and the lists of a whole instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    ResourceName,
    parse_resource,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs.model import require_config
from airflow_spanner_lro.emulator.operations.registry import HANDLERS, operation_message
from airflow_spanner_lro.emulator.operations.verdicts import Verdicts
from airflow_spanner_lro.emulator.pagination import last_key, page_of
from airflow_spanner_lro.emulator.request_checks import checked_filter, time_in
from airflow_spanner_lro.emulator.rpc import Servicer, rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.emulator.filter_expressions import Value
    from airflow_spanner_lro.emulator.filters import Filter
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.operations.verdicts import FilterVerdicts
    from airflow_spanner_lro.emulator.world import World


_ROOTS = frozenset({"name", "done", "error", "metadata", "response"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a call wants to see of a list of operations.

    :raises RpcError: if the filter or the page token is not understood.
    """

    method: str
    parent: str
    filter_: str
    size: int
    token: str
    wanted: Filter = field(init=False)
    before: int | None = field(init=False)
    """The page has only operations with lower serial numbers; None for the first page."""

    def __post_init__(self) -> None:
        wanted = checked_filter(self.method, self.filter_, roots=_ROOTS, typed=True)
        key = last_key(self.token, method=self.method, scope=self._scope)
        object.__setattr__(self, "wanted", wanted)
        # the second part of an operation's sort key is its serial number, counted downwards
        object.__setattr__(self, "before", -int(key[1]) if key else None)

    @property
    def _scope(self) -> tuple[str, str]:
        return self.parent, self.filter_

    def page(
        self, operations: Iterable[Operation], *, verdicts: FilterVerdicts, now: datetime
    ) -> tuple[list[operations_pb2.Operation], str]:
        """Return one page of operations that come in order, and the token of the next page.

        :param verdicts: what the filter says of them
        """
        lets_through = verdicts.lets_through
        wanted = (each for each in operations if lets_through(each, now))
        page, token = page_of(
            wanted,
            key=lambda each: each.order(),
            size=self.size,
            token=self.token,
            method=self.method,
            scope=self._scope,
        )
        return [operation_message(each, now=now) for each in page], token


class _Lists(Servicer):
    """Calls that list operations."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._verdicts = Verdicts()

    def _page_of(
        self, listing: Listing, operations: Iterable[Operation], now: datetime
    ) -> tuple[list[operations_pb2.Operation], str]:
        verdicts = self._verdicts.of(
            listing.filter_,
            listing.wanted,
            fields_of=fields_of,
            operations=len(self.world.operations),
        )
        return listing.page(operations, verdicts=verdicts, now=now)

    def _page(
        self, listing: Listing, collection: type[ResourceName], now: datetime
    ) -> tuple[list[operations_pb2.Operation], str]:
        """Return one page of the operations within an instance."""
        instance = InstanceName.parse(listing.parent)
        self.world.resources.instances.get(instance)
        operations = self.world.operations.within(
            instance, collection, now=now, before=listing.before
        )
        return self._page_of(listing, operations, now)


class DatabaseOperationLists(_Lists):
    """List the operations of all databases, or all backups, of an instance."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def ListDatabaseOperations(
        self, request: database_v1.ListDatabaseOperationsRequest, now: datetime
    ) -> database_v1.ListDatabaseOperationsResponse:
        """List the operations of databases, the latest first, those of dropped ones included."""
        listing = _listing("ListDatabaseOperations", request)
        page, token = self._page(listing, DatabaseName, now)
        return database_v1.ListDatabaseOperationsResponse(operations=page, next_page_token=token)

    @rpc
    def ListBackupOperations(
        self, request: database_v1.ListBackupOperationsRequest, now: datetime
    ) -> database_v1.ListBackupOperationsResponse:
        """List the operations of backups, the latest first, those of deleted ones included."""
        listing = _listing("ListBackupOperations", request)
        page, token = self._page(listing, BackupName, now)
        return database_v1.ListBackupOperationsResponse(operations=page, next_page_token=token)


class InstanceOperationLists(_Lists):
    """List the operations of all partitions of an instance, or all configurations of a project."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

    @rpc
    def ListInstancePartitionOperations(
        self, request: instance_v1.ListInstancePartitionOperationsRequest, now: datetime
    ) -> instance_v1.ListInstancePartitionOperationsResponse:
        """List the operations of partitions, the latest first; none is ever unreachable here."""
        time_in(request, "instance_partition_deadline")
        listing = _listing("ListInstancePartitionOperations", request)
        page, token = self._page(listing, InstancePartitionName, now)
        return instance_v1.ListInstancePartitionOperationsResponse(
            operations=page, next_page_token=token
        )

    @rpc
    def ListInstanceConfigOperations(
        self, request: instance_v1.ListInstanceConfigOperationsRequest, now: datetime
    ) -> instance_v1.ListInstanceConfigOperationsResponse:
        """List the operations of configurations, the latest first."""
        listing = _listing("ListInstanceConfigOperations", request)
        operations = self.world.operations.within(
            ProjectName.parse(request.parent), InstanceConfigName, now=now, before=listing.before
        )
        page, token = self._page_of(listing, operations, now)
        return instance_v1.ListInstanceConfigOperationsResponse(
            operations=page, next_page_token=token
        )


_Request = (
    database_v1.ListDatabaseOperationsRequest
    | database_v1.ListBackupOperationsRequest
    | instance_v1.ListInstancePartitionOperationsRequest
    | instance_v1.ListInstanceConfigOperationsRequest
)


def _listing(method: str, request: _Request) -> Listing:
    return Listing(
        method=method,
        parent=request.parent,
        filter_=request.filter,
        size=request.page_size,
        token=request.page_token,
    )


_SUFFIX = "/operations"


class OperationService(_Lists):
    """Get, list, cancel and delete any operation."""

    service: ClassVar[str] = "google.longrunning.Operations"

    @rpc
    def GetOperation(
        self, request: operations_pb2.GetOperationRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Get an operation, also one whose target is gone."""
        operation = self.world.operations.get(OperationName.parse(request.name), now=now)
        return operation_message(operation, now=now)

    @rpc
    def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, now: datetime
    ) -> operations_pb2.ListOperationsResponse:
        """List the operations of one resource, the latest first."""
        # production wants the collection's name; its clients also send the parent's
        parent = parse_resource(request.name.removesuffix(_SUFFIX))
        # googleapis-common-protos 1.75.0, which Airflow's constraints hold, does not have the field
        if getattr(request, "return_partial_success", False):
            raise errors.no_partial_success()
        since = self._serial_of(parent)
        listing = Listing(
            method="ListOperations",
            parent=str(parent),
            filter_=request.filter,
            size=request.page_size,
            token=request.page_token,
        )
        operations = self.world.operations.of(parent, since=since, now=now, before=listing.before)
        page, token = self._page_of(listing, operations, now)
        return operations_pb2.ListOperationsResponse(operations=page, next_page_token=token)

    @rpc
    def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Ask to cancel an operation; the answer says nothing about the outcome."""
        operation = self.world.operations.get(OperationName.parse(request.name), now=now)
        self.world.cancel(operation, now=now)
        return empty_pb2.Empty()

    @rpc
    def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Forget an operation, unless it is one of a database or backup; it is not stopped."""
        name = OperationName.parse(request.name)
        operation = self.world.operations.get(name, now=now)
        if isinstance(name.resource, DatabaseName | BackupName):
            raise errors.cannot_delete_operation(name)
        self.world.operations.delete(operation)
        return empty_pb2.Empty()

    @rpc
    def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Refuse: the service does not offer it."""
        del request, now
        raise errors.not_offered(method="WaitOperation")

    def _serial_of(self, parent: ResourceName) -> int:
        """Return the serial number of a resource that exists."""
        resource = self.world.resources.find(parent)
        if resource is not None:
            return resource.serial
        if type(parent) is InstanceConfigName:
            require_config(parent)
            return 0
        raise errors.not_found(parent)


_TYPE_URL = "type.googleapis.com/"


def fields_of(operation: Operation, now: datetime) -> Callable[[str], Value]:
    """Return a function that gives the value of a field, None where there is none."""

    def value_of(path: str) -> Value:
        root, _, rest = path.partition(".")
        match root:
            case "name":
                return operation.full_name
            case "done":
                return operation.lifecycle.ended(now) is not None
            case "error":
                return _error_field(operation, rest, now)
            case "metadata":
                return _metadata_field(operation, rest, now)
            case "response":
                return _response_field(operation, rest, now)
            case _:
                return None

    return value_of


def _error_field(operation: Operation, path: str, now: datetime) -> Value:
    ended = operation.lifecycle.ended(now)
    if ended is None or ended.error is None:
        return None
    if path == "code":
        return int(ended.error.code)
    if not path:
        # an error without a text is an error
        return ended.error.message or True
    return ended.error.message if path == "message" else None


def _metadata_field(operation: Operation, path: str, now: datetime) -> Value:
    described = operation.described
    if path == "@type":
        return _TYPE_URL + str(described.DESCRIPTOR.full_name)
    handler = HANDLERS[operation.kind]
    if path.partition(".")[0] not in handler.changing:
        return read_field(described, path)
    if (shortcut := handler.shortcuts.get(path)) is not None:
        return cast("Value", shortcut(operation, now))
    # what never changes is not asked for, so it need not be there
    changing = type(described)()
    handler.refresh(changing, operation, now)
    return read_field(changing, path)


def _response_field(operation: Operation, path: str, now: datetime) -> Value:
    if operation.response is None or operation.lifecycle.ended(now) is None:
        return None
    if path == "@type":
        return _TYPE_URL + str(operation.response.DESCRIPTOR.full_name)
    return read_field(operation.response, path)


def read_field(message: Message, path: str) -> Value:
    """Return the value at a dotted path below a message; None if it is not set, or unknown.

    Below a list of messages these are the values of all of them: a schema change has one progress
    for each of its statements.

    :param path: names of fields as in the API; empty for the message itself
    """
    value: Any = message
    field: Any = None
    parts = path.split(".") if path else []
    for index, part in enumerate(parts):
        if not isinstance(value, Message):
            rest = ".".join(parts[index:])
            return _entry(value, rest) if hasattr(value, "get") else _elements(value, field, rest)
        field = value.DESCRIPTOR.fields_by_name.get(part)
        if field is None or (field.has_presence and not value.HasField(part)):
            return None
        value = getattr(value, part)
    if isinstance(value, str):
        return value or None
    return _plain(value, field)


def _entry(value: Any, key: str) -> Value:
    """Return an entry of a map."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def _elements(value: Any, field: Any, path: str) -> Value:
    """Return what a list of messages has at a path; anything else has no parts."""
    if not field.is_repeated or field.message_type is None:
        return None
    found = (read_field(each, path) for each in value)
    return [each for each in found if each is not None] or None


def _plain(value: Any, field: Any) -> Value:
    if isinstance(value, Timestamp):
        return value.ToDatetime(tzinfo=UTC)
    if isinstance(value, Duration):
        return value.ToTimedelta().total_seconds()
    if isinstance(value, Message):
        return True
    if field is not None and field.is_repeated:
        return [_plain(each, None) for each in value] or None
    if field is not None and field.enum_type is not None:
        return str(field.enum_type.values_by_number[value].name)
    return None if value in ("", b"") else value
