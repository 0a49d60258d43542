# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation as clients and list filters see it at one moment.

It only reads, so that two clients who ask at the same emulated time get the same answer. It is
asked thousands of times a second, hence plain protobuf messages; and a filter reads what never
changes from the description that each operation carries, and makes the rest only if it wants it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from airflow_spanner_lro.emulator.operations.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.filters import Value
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

    :param path: names of fields as in the API; empty for the message itself
    """
    value: Any = message
    field: Any = None
    for part in path.split(".") if path else ():
        if not isinstance(value, Message):
            return _entry(value, part)
        field = value.DESCRIPTOR.fields_by_name.get(part)
        if field is None or (field.has_presence and not value.HasField(part)):
            return None
        value = getattr(value, part)
    if isinstance(value, str):
        return value or None
    return _plain(value, field)


def _entry(value: Any, key: str) -> Value:
    """Return an entry of a map; anything else has no parts."""
    found = value.get(key) if hasattr(value, "get") else None
    return found if isinstance(found, str) else None


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
