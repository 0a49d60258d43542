# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read names of the API's enums, booleans, and which fields an update changes.

The values that are allowed stand in the client library's enum and nowhere else, so a newer library
allows newer values.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable


EnumT = TypeVar("EnumT", bound=Enum)

_UNSPECIFIED = "_UNSPECIFIED"
"""How the API ends the name of the member that stands for nothing."""


def parse_enum(text: object, *, field: str, enum: type[EnumT]) -> EnumT:
    """Return the member of an enum that a text names.

    :param text: the member's name, in any case
    :param field: the argument, for the error
    :param enum: the API's enum
    :raises InvalidArgumentError: if there is no such member; the error lists those there are
    """
    members = {each.name: each for each in enum if not each.name.endswith(_UNSPECIFIED)}
    member = members.get(text.strip().upper()) if isinstance(text, str) else None
    if member is None:
        raise InvalidArgumentError(
            field=field, value=text, rule=f"expected one of {', '.join(members)}"
        )
    return member


BoolLike = bool | str
"""True or false, or either as text in any case, which is what a template makes of them."""


def parse_bool(value: object, *, field: str) -> bool:
    """Return the truth value that an author means; any other text would count as true.

    :param value: a ``BoolLike``
    :raises InvalidArgumentError: if it is none
    """
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else None
    if text not in {"true", "false"}:
        raise InvalidArgumentError(
            field=field, value=value, rule="it is True or False, or either as text"
        )
    return text == "true"


def field_mask(paths: Iterable[str], *, arguments: Iterable[str]) -> dict[str, Any]:
    """Return the fields of a ``FieldMask``.

    :param paths: the fields that change
    :param arguments: what could have been given, for the error
    :raises InvalidArgumentError: if nothing changes
    """
    named = list(paths)
    if not named:
        raise InvalidArgumentError(
            field=", ".join(arguments), value=None, rule="an update changes one of them or more"
        )
    return {"paths": named}
