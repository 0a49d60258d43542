# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One of the API's names, as a Dag author writes it: any case, checked against the installed enum.

The values that are allowed stand in the client library's enum and nowhere else, so a newer library
allows newer values.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from airflow_spanner_lro.core.errors import InvalidArgumentError

E = TypeVar("E", bound=Enum)

_UNSPECIFIED = "_UNSPECIFIED"
"""How the API ends the name of the member that stands for nothing."""


def choice(text: object, *, field: str, enum: type[E]) -> E:
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
