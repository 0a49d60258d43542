# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a Dag author names a resource: by its id alone where the rest is clear, or by its full name.

Separate from the names themselves, because a name is always full; only people abbreviate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import TypeVar

from airflow_spanner_lro.core.names import OperationName, ResourceName

N = TypeVar("N", bound=ResourceName)

_NOTHING = (None, "", "None")
"""What an XCom that is not there is, and what a template makes of it."""


def refer(type_: type[N], text: object, *, within: ResourceName) -> N:
    """Return the name that a text stands for.

    :param type_: the type of name
    :param text: the full name, or the last id of it
    :param within: gives the ids before the last one, where only that one is given
    :raises InvalidNameError: if it is neither
    """
    if isinstance(text, str) and "/" in text:
        return type_.parse(text)
    *outer, last = (field.name for field in fields(type_))
    return type_(**{field: getattr(within, field) for field in outer} | {last: text})


def refer_operations(value: object) -> tuple[OperationName, ...]:
    """Return the operations that a value stands for, each once: one, many, or none.

    The value is what XComs hold: a full name; nothing, where a task did not start one; or a list
    of these, in which the results of a mapped task may be a list again.

    :raises InvalidNameError: if there is something else among them
    """
    found = (each for each in _flat(value) if each not in _NOTHING)
    return tuple(dict.fromkeys(map(OperationName.parse, found)))


def _flat(value: object, *, depth: int = 2) -> Iterator[object]:
    if depth and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        for each in value:
            yield from _flat(each, depth=depth - 1)
    else:
        yield value
