# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of the operations API made and read, the same for both clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from google.longrunning.operations_pb2 import ListOperationsRequest

from airflow_spanner_lro.core.kinds import kind_of_metadata
from airflow_spanner_lro.core.operations.snapshot import ResourceState, resource_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.core.lists.queries import OperationQuery

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


def page_of(query: OperationQuery, *, token: str = "") -> ListOperationsRequest:
    """Return the request for one page of one resource's operations.

    :param token: what the page before said; empty for the first page
    """
    return ListOperationsRequest(
        name=f"{query.parent}/operations", filter=query.server_filter, page_token=token
    )
