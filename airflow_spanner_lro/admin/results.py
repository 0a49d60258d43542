# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of the operations API made and read, the same for both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.longrunning.operations_pb2 import ListOperationsRequest

from airflow_spanner_lro.core.kinds import kind_of_metadata
from airflow_spanner_lro.core.operations.resource import ResourceState, resource_state

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.core.lists.queries import OperationQuery


def result_of(operation: Operation) -> ResourceState | None:
    """Return the resource that the operation answered; None if it answered none, or not yet."""
    kind = kind_of_metadata(operation.metadata.type_url)
    if kind is None or kind.response is None or not operation.HasField("response"):
        return None
    message = kind.service.message(kind.response).deserialize(operation.response.value)
    return resource_state(message) if hasattr(message, "name") else None


def first_page_of(query: OperationQuery) -> ListOperationsRequest:
    """Return the request for the first page of one resource's operations."""
    return ListOperationsRequest(name=f"{query.parent}/operations", filter=query.server_filter)
