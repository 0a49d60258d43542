# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A request message from the parts of an HTTP request: its path, its query and its body.

Where they disagree the path wins over the body, and the body over the query. Every mistake in them
is reported, in Google's words: protobuf's own reader stops at the first one, knows it by Python's
words, and refuses field masks that gcloud sends; hence a walk of our own along the descriptors.
"""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from google.protobuf import field_mask_pb2, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.http.routes import WHOLE_BODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.http.routes import RouteMatch


Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def parse_json(body: bytes) -> Json:
    """Return what a body says.

    :raises RpcError: if it is not JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise errors.not_readable(reason="It is not UTF-8.") from exc
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as exc:
        raise errors.not_json(text, position=exc.pos) from exc
    except RecursionError as exc:
        raise errors.not_readable(reason="Message too deep.") from exc
    except ValueError as exc:
        # Python reads no number of thousands of digits, and NaN is none of JSON's
        raise errors.not_readable(reason="A number in it is none.") from exc
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


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
# gcloud writes the flags of a query as Python does; in a body these are no flags
_QUERY_BOOLS = {"True": "true", "False": "false"}
_STANDARD_ALPHABET = str.maketrans("-_", "+/")
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
        return _to_bytes(value)
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


def _to_bytes(value: str) -> bytes:
    """Decode either alphabet, with padding or without: JSON of protobuf may be in both."""
    standard = value.translate(_STANDARD_ALPHABET).rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


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


_NOT_REPEATING = "Proto field is not repeating, cannot start list."
_NOT_A_MESSAGE = "Starting an object on a scalar field."
_NOT_AN_OBJECT = "Root element must be a message."


@cache
def fields_of(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Return the fields of a message by both of their names, ``backupId`` and ``backup_id``."""
    names = {field.json_name: field for field in descriptor.fields}
    return names | {field.name: field for field in descriptor.fields}


class MessageReader:
    """Fills messages in, and keeps what is wrong.

    :ivar violations: in the order of the request
    """

    def __init__(self) -> None:
        self.violations: list[errors.Violation] = []

    def check(self) -> None:
        """Refuse the request if anything was wrong.

        :raises RpcError: with all of it.
        """
        if self.violations:
            raise errors.bad_payload(*self.violations)

    def root(self, message: Message, value: Json) -> None:
        """Fill in a message from a whole body."""
        if isinstance(value, dict):
            self.message(message, value, at="")
        else:
            self.violations.append(errors.unknown_name("", at="", reason=_NOT_AN_OBJECT))

    def message(self, message: Message, value: Mapping[str, Json], *, at: str) -> None:
        """Fill in a message from an object."""
        known = fields_of(message.DESCRIPTOR)
        taken: dict[str, str] = {}
        for name, each in value.items():
            field = known.get(name)
            if field is None:
                self.violations.append(errors.unknown_name(name, at=at))
            elif each is not None and self._is_free(field, taken, at=at):
                self.field(message, field, each, at=at)

    def field(self, message: Message, field: FieldDescriptor, value: Json, *, at: str) -> None:
        """Fill in one field; ``at`` is where its message is."""
        place = f"{at}.{field.name}" if at else field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._map(message, field, value, at=place)
        elif field.is_repeated:
            self._list(message, field, value, at=place)
        elif isinstance(value, list) and not is_value(field):
            self.violations.append(
                errors.unknown_name(field.json_name, at=at, reason=_NOT_REPEATING)
            )
        elif field.message_type is None:
            self._scalar(message, field, value, at=at)
        else:
            # setting it by its presence alone: an empty object counts as sent
            inner = getattr(message, field.name)
            inner.SetInParent()
            self._inner(inner, field, value, at=place)

    def _scalar(self, message: Message, field: FieldDescriptor, value: Json, *, at: str) -> None:
        if isinstance(value, list | dict):
            reason = _NOT_REPEATING if isinstance(value, list) else _NOT_A_MESSAGE
            self.violations.append(errors.unknown_name(field.json_name, at=at, reason=reason))
            return
        try:
            setattr(message, field.name, to_scalar(field, value))
        except (ValueError, TypeError):
            self._wrong(field, value, at=f"{at}.{field.name}" if at else field.name)

    def _inner(self, inner: Message, field: FieldDescriptor, value: Json, *, at: str) -> None:
        if is_value(field):
            try:
                fill_in(inner, value)
            except ValueError as exc:
                self._wrong(field, value, at=at, reason=str(exc))
        elif isinstance(value, dict):
            self.message(inner, value, at=at)
        else:
            self._wrong(field, value, at=at)

    def _list(self, message: Message, field: FieldDescriptor, value: Json, *, at: str) -> None:
        if not isinstance(value, list):
            self._wrong(field, value, at=at)
            return
        items = getattr(message, field.name)
        for index, each in enumerate(value):
            place = f"{at}[{index}]"
            if field.message_type is not None:
                self._inner(items.add(), field, each, at=place)
                continue
            try:
                items.append(to_scalar(field, each))
            except (ValueError, TypeError):
                self._wrong(field, each, at=place)

    def _map(self, message: Message, field: FieldDescriptor, value: Json, *, at: str) -> None:
        if not isinstance(value, dict) or field.message_type is None:
            self._wrong(field, value, at=at)
            return
        entry_type = message_factory.GetMessageClass(field.message_type)
        for index, (key, each) in enumerate(value.items()):
            entry = entry_type()
            before = len(self.violations)
            self.message(entry, {"key": key, "value": each}, at=f"{at}[{index}]")
            if len(self.violations) > before:
                continue
            target = getattr(message, field.name)
            if field.message_type.fields_by_name["value"].message_type is None:
                target[entry.key] = entry.value  # type: ignore[attr-defined]
            else:
                target[entry.key].CopyFrom(entry.value)  # type: ignore[attr-defined]

    def _is_free(self, field: FieldDescriptor, taken: dict[str, str], *, at: str) -> bool:
        """Note that a field of a oneof is set, unless another one is."""
        if field.containing_oneof is None:
            return True
        other = taken.setdefault(field.containing_oneof.name, field.name)
        if other == field.name:
            return True
        # a lone optional field is a oneof of its own, in which no other can be
        camel = fields_of(field.containing_type)[other].json_name
        self.violations.append(errors.oneof_taken(field.json_name, at=at, taken=camel))
        return False

    def _wrong(self, field: FieldDescriptor, value: Json, *, at: str, reason: str = "") -> None:
        self.violations.append(
            errors.invalid_value(value, at=at, type_=type_name(field), reason=reason)
        )


def read_request(
    message: Message, *, match: RouteMatch, query: Iterable[tuple[str, str]], body: bytes
) -> None:
    """Fill in the request of an RPC.

    :param message: the request, empty
    :param match: its route, and what the path says
    :param query: the parameters that are not HTTP's own
    :param body: JSON, or nothing at all
    :raises RpcError: with everything that is wrong.
    """
    reader = MessageReader()
    _read_query(reader, message, query)
    _read_body(reader, message, field=match.route.body, body=body)
    reader.check()
    for path, value in match.variables.items():
        *parents, name = path.split(".")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, name, value)


def _read_body(reader: MessageReader, message: Message, *, field: str | None, body: bytes) -> None:
    if not body.strip():
        return
    value = parse_json(body)
    if field == WHOLE_BODY:
        reader.root(message, value)
    elif field is not None:
        reader.field(message, fields_of(message.DESCRIPTOR)[field], value, at="")
    elif isinstance(value, dict):
        # an RPC without a body has no field for whatever this is
        reader.violations.extend(errors.unknown_name(name, at="") for name in value)
    else:
        reader.root(message, value)


def _read_query(reader: MessageReader, message: Message, query: Iterable[tuple[str, str]]) -> None:
    values: dict[str, list[Json]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    for name, texts in values.items():
        found = _find(message, name)
        if found is None:
            reader.violations.append(errors.unknown_parameter(name))
            continue
        target, field, at = found
        is_flag = field.cpp_type == _F.CPPTYPE_BOOL
        sent = [_QUERY_BOOLS.get(str(each), each) for each in texts] if is_flag else texts
        # of several values for one field the last one counts, as everywhere on the web
        reader.field(target, field, sent if field.is_repeated else sent[-1], at=at)


def _find(message: Message, path: str) -> tuple[Message, FieldDescriptor, str] | None:
    """Return the field that a dotted path names, with the message that it is in, and where."""
    *parents, last = path.split(".")
    places = []
    for name in parents:
        field = fields_of(message.DESCRIPTOR).get(name)
        if field is None or field.is_repeated or field.message_type is None:
            return None
        places.append(field.name)
        message = getattr(message, field.name)
        message.SetInParent()
    field = fields_of(message.DESCRIPTOR).get(last)
    if field is None or not is_value(field):
        return None
    return message, field, ".".join(places)
