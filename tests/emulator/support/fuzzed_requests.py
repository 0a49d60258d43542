# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Requests of any type with any values, made from the descriptors of their messages.

Pure noise is refused at the first field, so names that exist, enums and masks are among the values:
a request gets as deep into a handler as luck will have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from tests.emulator.support.operation_starts import (
    BACKUP,
    CONFIG,
    CUSTOM,
    DATABASE,
    INSTANCE,
    PARTITION,
    PROJECT,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

SCHEDULE = f"{DATABASE}/backupSchedules/daily"
KEY = "projects/p/locations/nam6/keyRings/r/cryptoKeys/k"
NAMES = (
    *(PROJECT, CONFIG, CUSTOM, INSTANCE, PARTITION, DATABASE, BACKUP, SCHEDULE, KEY),
    *(f"{PROJECT}/instances/missing", f"{PROJECT}/instances/new", f"{PROJECT}/instances/-"),
    *(f"{INSTANCE}/databases/missing", f"{INSTANCE}/backups/missing", f"{INSTANCE}/operations"),
    *(f"{DATABASE}/operations/_auto_op_1", f"{DATABASE}/databaseRoles/public"),
    *("projects/123/instances/main", "projects/é/instances/main", f"{INSTANCE}/", "projects//"),
)
_WORDS = (
    *("", "x", "new", "main", "custom-new", "daily", "0 2 * * *", "0 0 30 2 *", "roles/x"),
    *("user:a@b.c", "spanner.databases.get", "expire_time", "name", "node_count", "display_name"),
    *("enable_drop_protection", "done:true", "metadata.name:x", "NOT", "a long name" * 2),
    *("CREATE DATABASE fresh", "CREATE TABLE T2 (Id INT64) PRIMARY KEY (Id)", "DROP TABLE T"),
    *("ALTER DATABASE orders SET OPTIONS (version_retention_period='2d')", "\x00", "é" * 9000),
    *("us-east1", "europe-west1", "a" * 300_000, "🙂", "-", "_x", "`", "'"),
)
_SECONDS = st.sampled_from(
    # the last two are out of the range of any calendar
    [0, 1767225600, 1767225600 + 86400, 1767225600 + 366 * 86400, -(2**40), 2**62]
)
_NANOS = st.sampled_from([0, 1, 999_999_999, -1, 2**31 - 1])
_TEXTS = st.sampled_from(NAMES) | st.sampled_from(_WORDS) | st.text(max_size=8)
_INT32 = st.sampled_from([0, 1, 2, 3, 100, 1000, -1, 2**31 - 1, -(2**31)])
_INT64 = _INT32 | st.sampled_from([2**63 - 1, -(2**63)])

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: _TEXTS,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_INT32: _INT32,
    FieldDescriptor.CPPTYPE_INT64: _INT64,
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 9),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 9),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_ENUM: st.sampled_from([0, 1, 2, 3, 4, 99]),
}
_DEEPEST = 5


Changes = dict[str, Any]
"""New values of fields, by name; those of a message within are changes in turn."""


def changes_of(type_: type[Message]) -> st.SearchStrategy[Changes]:
    """Return new values for some of the fields of a type."""
    return _changes(type_.DESCRIPTOR, 0)


def with_changes(message: Message, changes: Changes) -> Message:
    """Return a message some of whose fields have new values."""
    changed = type(message)()
    changed.CopyFrom(message)
    _fill(changed, changes)
    return changed


def _changes(descriptor: Any, depth: int) -> st.SearchStrategy[Changes]:
    if descriptor.full_name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
        return st.fixed_dictionaries({"seconds": _SECONDS, "nanos": _NANOS})
    if depth == _DEEPEST:
        return st.just({})
    fields = {field.name: _values(field, depth) for field in descriptor.fields}
    names = st.lists(st.sampled_from(sorted(fields) or [""]), max_size=2, unique=True)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen if name})
    )


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.type == FieldDescriptor.TYPE_BYTES:
        value: st.SearchStrategy[Any] = st.binary(max_size=8)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        value = st.deferred(lambda: _changes(field.message_type, depth + 1))
    else:
        value = _SCALARS[field.cpp_type]
    return st.lists(value, max_size=3) if field.is_repeated else value


def _fill(message: Any, changes: Changes) -> None:
    for name, value in changes.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            _fill_map(getattr(message, name), value)
        elif field.is_repeated and inner is not None:
            message.ClearField(name)
            for each in value:
                _fill(getattr(message, name).add(), each)
        elif field.is_repeated:
            message.ClearField(name)
            getattr(message, name).extend(value)
        elif inner is not None:
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)
        else:
            setattr(message, name, value)


def _fill_map(place: Any, entries: list[Changes]) -> None:
    for entry in entries:
        value = entry.get("value", "")
        if isinstance(value, dict):
            _fill(place[entry.get("key", "")], value)
        else:
            place[entry.get("key", "")] = value
