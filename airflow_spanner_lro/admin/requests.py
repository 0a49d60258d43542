# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which calls get, delete and list what, and how their answers are read: for both clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.longrunning.operations_pb2 import ListOperationsRequest

from airflow_spanner_lro.core.kinds import Service, kind_of_metadata
from airflow_spanner_lro.core.lists.queries import ListCall
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
)
from airflow_spanner_lro.core.operations.snapshot import ResourceState, resource_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.core.lists.backups import BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCalls:
    """The calls for one type of resource.

    :param get: method of the generated client
    :param delete: method of the generated client
    :param delete_field: field of the delete request that takes the name
    :param ready: states that mean the resource can be used; none where it has no state
    """

    service: Service
    get: str
    delete: str
    delete_field: str = "name"
    ready: tuple[str, ...] = ("READY",)


_CALLS: Mapping[type[ResourceName], ResourceCalls] = {
    BackupName: ResourceCalls(
        service=Service.DATABASE_ADMIN, get="get_backup", delete="delete_backup"
    ),
    BackupScheduleName: ResourceCalls(
        service=Service.DATABASE_ADMIN,
        get="get_backup_schedule",
        delete="delete_backup_schedule",
        ready=(),
    ),
    DatabaseName: ResourceCalls(
        service=Service.DATABASE_ADMIN,
        get="get_database",
        delete="drop_database",
        delete_field="database",
        # a restored database can be used while it is being optimised
        ready=("READY", "READY_OPTIMIZING"),
    ),
    InstanceName: ResourceCalls(
        service=Service.INSTANCE_ADMIN, get="get_instance", delete="delete_instance"
    ),
    InstanceConfigName: ResourceCalls(
        service=Service.INSTANCE_ADMIN, get="get_instance_config", delete="delete_instance_config"
    ),
    InstancePartitionName: ResourceCalls(
        service=Service.INSTANCE_ADMIN,
        get="get_instance_partition",
        delete="delete_instance_partition",
    ),
}


def calls_for(name: ResourceName) -> ResourceCalls:
    """Return the calls for the type of this resource.

    :raises KeyError: for a type that has none in the client library (SSD caches)
    """
    return _CALLS[type(name)]


def getter_of(name: ResourceName) -> tuple[Service, str]:
    """Return the call that gets this resource: the service, and the generated client's method."""
    calls = calls_for(name)
    return calls.service, calls.get


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    :param next_token: asks for the next page; empty if this is the last one
    """

    items: tuple[T, ...]
    next_token: str


async def all_items(next_page: Callable[[str], Awaitable[Page[T]]]) -> list[T]:
    """Read a list to its end, and return what is on all its pages.

    :param next_page: asks for one page, with the token of the page before; empty for the first
    """
    page = await next_page("")
    items = list(page.items)
    while page.next_token:
        page = await next_page(page.next_token)
        items += page.items
    return items


def result_of(operation: Operation) -> ResourceState | None:
    """Return the resource that the operation answered; None if it answered none, or not yet."""
    kind = kind_of_metadata(operation.metadata.type_url)
    if kind is None or kind.response is None or not operation.HasField("response"):
        return None
    message = kind.service.message(kind.response).deserialize(operation.response.value)
    return resource_state(message) if hasattr(message, "name") else None


def operations_page_call(
    query: OperationQuery, *, token: str = ""
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return how one page of operations is asked for: service, method, and arguments by name.

    :param token: what the page before said; empty for the first page
    """
    call, filter_ = query.call, query.server_filter
    if call is ListCall.OF_RESOURCE:
        name = f"{query.parent}/operations"
        request = ListOperationsRequest(name=name, filter=filter_, page_token=token)
        return (call.service, call.method, request), {}
    fields = {"parent": str(query.parent), "filter": filter_, "page_token": token}
    return (call.service, call.method), {"request": fields}


def backups_page_call(
    query: BackupQuery, *, token: str = ""
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return how one page of backups is asked for; see ``operations_page_call``."""
    fields = {"parent": str(query.instance), "filter": query.server_filter, "page_token": token}
    return (Service.DATABASE_ADMIN, "list_backups"), {"request": fields}
