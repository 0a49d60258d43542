# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation as clients see it at one moment: its metadata by kind, and its result if it ended.

It only reads, so that two clients who ask at the same emulated time get the same answer. It is
asked thousands of times a second, hence plain protobuf messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.longrunning import operations_pb2

from airflow_spanner_lro.emulator.operations.registry import HANDLERS

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation


def operation_message(operation: Operation, *, now: datetime) -> operations_pb2.Operation:
    """Return an operation as clients see it."""
    message = operations_pb2.Operation(name=str(operation.name))
    # maps in a settled order, so that equal worlds are equal byte by byte
    message.metadata.Pack(metadata_of(operation, now=now), deterministic=True)
    ended = operation.lifecycle.ended(now)
    if ended is None:
        return message
    message.done = True
    if ended.error is not None:
        message.error.code = ended.error.code
        message.error.message = ended.error.message
    elif operation.response is not None:
        message.response.Pack(operation.response, deterministic=True)
    return message


def metadata_of(operation: Operation, *, now: datetime) -> Message:
    """Return what an operation tells about itself, as a plain message of its own."""
    message = type(operation.described)()
    message.CopyFrom(operation.described)
    HANDLERS[operation.kind].refresh(message, operation, now)
    return message
