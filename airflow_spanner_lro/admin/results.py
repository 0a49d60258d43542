# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The response of a finished operation, unpacked by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import kind_of_metadata
from airflow_spanner_lro.core.resource import ResourceState, resource_state

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation


def result_of(operation: Operation) -> ResourceState | None:
    """Return the resource that the operation answered; None if it answered none, or not yet."""
    kind = kind_of_metadata(operation.metadata.type_url)
    if kind is None or kind.response is None or not operation.HasField("response"):
        return None
    message = kind.service.message(kind.response).deserialize(operation.response.value)
    return resource_state(message) if hasattr(message, "name") else None
