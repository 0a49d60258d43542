# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Single values: from JSON or a query string into the type of a field.

Both may write a number as text, and an enum by name or number; only JSON tells text from numbers.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from google.protobuf import field_mask_pb2, json_format
from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.rest.json_text import Json

_F = FieldDescriptor
_NAMES = {
    _F.TYPE_BOOL: "TYPE_BOOL",
    _F.TYPE_BYTES: "TYPE_BYTES",
    _F.TYPE_DOUBLE: "TYPE_DOUBLE",
    _F.TYPE_FLOAT: "TYPE_FLOAT",
    _F.TYPE_INT32: "TYPE_INT32",
    _F.TYPE_INT64: "TYPE_INT64",
    _F.TYPE_STRING: "TYPE_STRING",
    _F.TYPE_UINT32: "TYPE_UINT32",
    _F.TYPE_UINT64: "TYPE_UINT64",
}
_INTEGERS = (_F.CPPTYPE_INT32, _F.CPPTYPE_INT64, _F.CPPTYPE_UINT32, _F.CPPTYPE_UINT64)
_FLOATS = (_F.CPPTYPE_DOUBLE, _F.CPPTYPE_FLOAT)
_BOOLS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_CAPITAL = re.compile("[A-Z]")
_FIELD_MASK = field_mask_pb2.FieldMask.DESCRIPTOR.full_name

_TEXT_LIKE = {f"google.protobuf.{name}" for name in ("Duration", "FieldMask", "Timestamp")}
_OWN_JSON = {
    f"google.protobuf.{name}"
    for name in (
        *("Any", "BoolValue", "BytesValue", "DoubleValue", "FloatValue", "Int32Value"),
        *("Int64Value", "ListValue", "StringValue", "Struct", "UInt32Value", "UInt64Value"),
        "Value",
    )
}


def type_name(field: FieldDescriptor) -> str:
    """Return how Google's errors call the type of a field."""
    if field.message_type is not None:
        return f"type.googleapis.com/{field.message_type.full_name}"
    if field.enum_type is not None:
        return f"type.googleapis.com/{field.enum_type.full_name}"
    return _NAMES.get(field.type, "TYPE_UNKNOWN")


def is_value(field: FieldDescriptor) -> bool:
    """Tell whether a field is written as one value, though it may be a message."""
    if field.message_type is None:
        return True
    return field.message_type.full_name in _TEXT_LIKE | _OWN_JSON


def to_scalar(field: FieldDescriptor, value: Json) -> object:
    """Return what to put into a field that is no message.

    :raises ValueError: if the value cannot be put there.
    :raises TypeError: if no value of its type can be.
    """
    if field.cpp_type == _F.CPPTYPE_BOOL:
        return _to_bool(value)
    if field.cpp_type in _INTEGERS:
        return _to_int(value)
    if field.cpp_type in _FLOATS:
        return _to_float(value)
    if field.enum_type is not None:
        return _to_enum(field, value)
    if not isinstance(value, str):
        raise TypeError
    if field.type == _F.TYPE_BYTES:
        return base64.b64decode(value, validate=True)
    return value


def fill_in(message: Message, value: Json) -> None:
    """Fill a message in that has a JSON form of its own.

    :raises ValueError: with a reason, if the value is not in that form.
    """
    name = message.DESCRIPTOR.full_name
    if name in _TEXT_LIKE and not isinstance(value, str):
        raise ValueError
    if name == _FIELD_MASK:
        paths = (_CAPITAL.sub(_underlined, path) for path in str(value).split(","))
        message.paths.extend(path for path in paths if path)  # type: ignore[attr-defined]
        return
    try:
        json_format.ParseDict(value, message)  # type: ignore[arg-type]
    except json_format.ParseError as exc:
        raise ValueError(str(exc)) from exc


def _underlined(found: re.Match[str]) -> str:
    return f"_{found[0].lower()}"


def _to_bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _BOOLS:
        return _BOOLS[value]
    raise ValueError


def _to_int(value: Json) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError


def _to_float(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _to_enum(field: FieldDescriptor, value: Json) -> int:
    known = field.enum_type.values_by_name if field.enum_type is not None else {}
    if isinstance(value, str) and value in known:
        return known[value].number
    return _to_int(value)
