# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Records of the world to and from JSON, so that a base can be written instead of its history.

A record is an object with one key, the name of its class, and what the class takes. Fields that
have their default are left out. Names, times, durations, enumerations, kinds and messages have
forms of their own. What several records share, such as a schema with its thousand statements, is
written once, and the others refer to it by number.

Other classes than those found here cannot be written, so all that is written can be read again.
Names of classes and fields never change their meaning, and no field loses its default.
"""

from __future__ import annotations

import base64
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import proto
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.names import OperationName, ResourceName
from airflow_spanner_lro.emulator.operations.registry import KINDS_BY_NAME
from airflow_spanner_lro.emulator.plans import Plan
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


_PACKAGE = "airflow_spanner_lro"
_FAMILIES = (
    "backups",
    "configs",
    "databases",
    "instances",
    "operations",
    "partitions",
    "schedules",
    "schemas",
)
_OTHERS = (
    "core.names",
    "core.operations.snapshot",
    "core.status",
    "emulator.lifecycle",
    "emulator.plans",
    "emulator.quota",
    "emulator.tables",
)
"""Where the classes are whose values a world may hold, beside the families of resources."""

_MESSAGES = {
    "google.spanner.admin.database.v1": "google.cloud.spanner_admin_database_v1.types",
    "google.spanner.admin.instance.v1": "google.cloud.spanner_admin_instance_v1.types",
}
"""Where the proto-plus classes of a protobuf package are."""

_SHARED = (Schema, DdlStatement, Plan)
_NOT_SUCH = (AttributeError, KeyError, IndexError, OverflowError, StopIteration, TypeError)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = (str, int, float, bool, type(None))


class UnknownRecordError(TypeError):
    """A value for which there is no form here; nothing was written."""


def _modules() -> Iterator[str]:
    for family in _FAMILIES:
        package = import_module(f"{_PACKAGE}.emulator.{family}")
        # services have no records, and need all the others
        names = (each.name for each in iter_modules(package.__path__) if each.name != "service")
        yield from (f"{package.__name__}.{name}" for name in names)
    yield from (f"{_PACKAGE}.{name}" for name in _OTHERS)


@cache
def _classes() -> Mapping[str, type[Any]]:
    """Return the classes of records and enumerations by their names.

    :raises UnknownRecordError: if two of them have the same name.
    """
    found: dict[str, type[Any]] = {}
    for module in _modules():
        for name, each in vars(import_module(module)).items():
            if not isinstance(each, type) or each.__module__ != module or name.startswith("_"):
                continue
            if not is_dataclass(each) and not issubclass(each, Enum):
                continue
            if found.setdefault(name, each) is not each:
                message = f"there are two classes {name}, and a record tells only the name"
                raise UnknownRecordError(message)
    return found


_FIELDS: dict[type[Any], tuple[tuple[str, object], ...]] = {}


def _fields_of(class_: type[Any]) -> tuple[tuple[str, object], ...]:
    """Return the fields that a class takes, each with its default."""
    found = _FIELDS.get(class_)
    if found is None:
        found = tuple((each.name, each.default) for each in fields(class_) if each.init)
        _FIELDS[class_] = found
    return found


class RecordWriter:
    """Writes records; what they share goes into :attr:`shared`, before it is referred to."""

    def __init__(self) -> None:
        self.shared: list[Any] = []
        self._numbers: dict[int, int] = {}
        # an id says nothing once its object is gone
        self._kept: list[object] = []

    def write(self, value: Any) -> Any:
        """Return a value as what ``json`` can write.

        :raises UnknownRecordError: if there is no form for it.
        """
        # in the order of how often each of them is there
        class_ = type(value)
        if class_ in _PLAIN:
            return value
        if class_ is tuple:
            return [self.write(each) for each in value]
        if class_ is datetime:
            return {"at": value.isoformat()}
        if class_ is timedelta:
            return {"microseconds": value // _MICROSECOND}
        if _classes().get(class_.__name__) is class_:
            return self._record(value, class_)
        return self._foreign(value)

    def _record(self, value: Any, class_: type[Any]) -> Any:
        tag = class_.__name__
        if isinstance(value, ResourceName | OperationName):
            return {tag: str(value)}
        if isinstance(value, Enum):
            return {tag: value.name}
        if not isinstance(value, _SHARED):
            return {tag: self._taken(value)}
        number = self._numbers.get(id(value))
        if number is None:
            written = {tag: self._taken(value)}
            number = self._numbers[id(value)] = len(self.shared)
            self.shared.append(written)
            self._kept.append(value)
        return {"shared": number}

    def _taken(self, value: Any) -> dict[str, Any]:
        taken = {}
        for name, default in _fields_of(type(value)):
            field = getattr(value, name)
            if default is MISSING or field != default:
                taken[name] = self.write(field)
        return taken

    @staticmethod
    def _foreign(value: Any) -> Any:
        match value:
            case OperationKind() if KINDS_BY_NAME.get(value.name) is value:
                return {"kind": value.name}
            case DatetimeWithNanoseconds():
                return {"nanoseconds": value.rfc3339()}
            case bytes():
                return {"bytes": _text(value)}
            case proto.Message():
                plain = type(value).pb(value)
                data = plain.SerializeToString(deterministic=True)
                return {"plus": [plain.DESCRIPTOR.full_name, _text(data)]}
            case Message():
                data = value.SerializeToString(deterministic=True)
                return {"message": [value.DESCRIPTOR.full_name, _text(data)]}
            case _:
                message = f"no record can be made of a {type(value).__name__}"
                raise UnknownRecordError(message)


class RecordReader:
    """Reads what a :class:`RecordWriter` has written.

    :param shared: what records refer to
    :raises ValueError: if one of them is no record; says what.
    """

    def __init__(self, shared: Sequence[Any] = ()) -> None:
        self._shared: list[Any] = []
        for each in shared:
            self._shared.append(self.read(each))

    def read(self, value: Any) -> Any:
        """Return the value that was written.

        :raises ValueError: if it is something else; says what.
        """
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, list):
            return tuple(self.read(each) for each in value)
        try:
            ((tag, content),) = value.items()
            return self._tagged(tag, content)
        except (*_NOT_SUCH, DecodeError) as exc:
            message = f"{str(value)[:80]} is no record of this version: {exc!r}"
            raise ValueError(message) from exc

    def _tagged(self, tag: str, content: Any) -> Any:
        if (read := _FORMS.get(tag)) is not None:
            return read(content)
        if tag == "shared":
            return self._shared[content]
        class_ = _classes()[tag]
        if issubclass(class_, ResourceName | OperationName):
            return class_.parse(content)
        if issubclass(class_, Enum):
            return class_[content]
        return class_(**{name: self.read(each) for name, each in content.items()})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _plus(content: Sequence[str]) -> proto.Message:
    name, data = content
    package = next(each for each in _MESSAGES if name.startswith(f"{each}."))
    found: Any = import_module(_MESSAGES[package])
    for part in name.removeprefix(f"{package}.").split("."):
        found = getattr(found, part)
    message: proto.Message = found.deserialize(_bytes(data))
    return message


def _message(content: Sequence[str]) -> Message:
    name, data = content
    type_ = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(type_).FromString(_bytes(data))


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "at": datetime.fromisoformat,
    "microseconds": lambda content: timedelta(microseconds=content),
    "kind": lambda content: KINDS_BY_NAME[content],
    "nanoseconds": DatetimeWithNanoseconds.from_rfc3339,
    "bytes": _bytes,
    "plus": _plus,
    "message": _message,
}
