# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a Dag author names a resource: by its id alone where the rest is clear, or by its full name.

Separate from the names themselves, because a name is always full; only people abbreviate.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

from airflow_spanner_lro.core.names import ResourceName

N = TypeVar("N", bound=ResourceName)


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
