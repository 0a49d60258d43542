# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""JSON into a message, with every mistake in it, in Google's words.

protobuf's own reader stops at the first mistake, knows it by Python's words, and refuses field
masks that gcloud sends; hence a walk of our own along the descriptors.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from google.protobuf import message_factory

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rest.scalars import fill_in, is_value, to_scalar, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.rest.json_text import Json

_NOT_REPEATING = "Proto field is not repeating, cannot start list."
_NOT_A_MESSAGE = "Starting an object on a scalar field."
_NOT_AN_OBJECT = "Root element must be a message."


@cache
def fields_of(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Return the fields of a message by both of their names, ``backupId`` and ``backup_id``."""
    names = {field.json_name: field for field in descriptor.fields}
    return names | {field.name: field for field in descriptor.fields}


class Reader:
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
