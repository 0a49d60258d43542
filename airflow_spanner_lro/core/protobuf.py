# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Convert between API messages and plain Python values: mappings, datetimes, names of enums.

Messages come as those of the client library (proto-plus) or as the protobuf messages beneath them;
each function says which it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_spanner_lro.core.errors import InvalidArgumentError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = "google.protobuf.Timestamp"


def protobuf_message(message: Any) -> Any:
    """Return the protobuf message beneath one of the client library; others as they are.

    The conveniences of proto-plus take most of the time that reading a message takes.
    """
    wrapper = type(message)
    return wrapper.pb(message) if hasattr(wrapper, "pb") else message


def message_to_dict(message: Any) -> dict[str, Any]:
    """Return a message of the client library as primitives, enums by name: fit for XCom."""
    made: dict[str, Any] = type(message).to_dict(message, use_integers_for_enums=False)
    return made


def message_from_mapping(given: object, *, field: str, type_: type[Any]) -> Any:
    """Return the message that a mapping describes.

    What a Dag author copies from the API's reference, from ``gcloud … --format=json`` or from the
    XCom of another task is accepted as it is: fields in snake_case or camelCase, numbers as text.

    :param given: the fields by name; nested messages are mappings in turn
    :param field: the argument, for the error
    :param type_: the message type of the client library
    :raises InvalidArgumentError: if it is no mapping, says nothing, or has a field or value that
        the message cannot have
    """
    from google.protobuf import json_format  # noqa: PLC0415  # loads protobuf

    if not isinstance(given, Mapping) or not given:
        raise InvalidArgumentError(
            field=field, value=given, rule=f"expected a mapping in the shape of {type_.__name__}"
        )
    message = type_()
    try:
        json_format.ParseDict(dict(given), type_.pb(message))
    except json_format.ParseError as exc:
        reason = " ".join(str(exc).split())
        raise InvalidArgumentError(
            field=field, value=given, rule=f"it has not the shape of {type_.__name__}: {reason}"
        ) from exc
    if message == type_():
        # likely templates that rendered to nothing
        raise InvalidArgumentError(
            field=field, value=given, rule=f"nothing in it says anything of a {type_.__name__}"
        )
    return message


def plain_datetime(value: Any) -> datetime | None:
    """Return a timestamp of the client library as a plain datetime, None for one that is not set.

    proto-plus hands out a subclass with nanoseconds, which does not survive serialisation.
    """
    return datetime.combine(value.date(), value.timetz()) if value else None


def timestamp_to_datetime(value: Any) -> datetime:
    """Return a protobuf timestamp as a plain datetime."""
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)


def datetime_field(message: Any, field: str) -> datetime | None:
    """Return the time in a field of a protobuf message, None if it is not set."""
    return timestamp_to_datetime(getattr(message, field)) if message.HasField(field) else None


def field_values(message: Any, path: str) -> list[Any]:
    """Return what stands in a field, in all messages on the way to it that are repeated.

    Enums come as names, times as text; what is not set, or has the API's default, is left out.

    :param message: a protobuf message
    """
    name, _, rest = path.partition(".")
    field = _descriptor(message, name)
    value = getattr(message, name)
    if field.is_repeated and not _is_map(field):
        each = list(value)
    elif field.has_presence:
        each = [value] if message.HasField(name) else []
    else:
        each = [value] if value else []
    if rest:
        return [found for part in each for found in field_values(part, rest)]
    return [_plain(field, part) for part in each]


def enum_name(message: Any, field: str) -> str:
    """Return the name of the enum value in a field of a protobuf message.

    A value that is newer than the client library has none; it comes as its number.
    """
    return _enum_name(_descriptor(message, field), getattr(message, field))


def _descriptor(message: Any, name: str) -> Any:
    return message.DESCRIPTOR.fields_by_name[name]


def _plain(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        return _enum_name(field, value)
    if field.message_type is not None and field.message_type.full_name == _TIMESTAMP:
        return timestamp_to_datetime(value).isoformat(timespec="microseconds")
    return value


def _enum_name(field: Any, number: int) -> str:
    known = field.enum_type.values_by_number.get(number)
    return str(known.name) if known else str(number)


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
