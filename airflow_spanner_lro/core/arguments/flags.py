# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Yes or no, as a Dag author writes it; a template can render to nothing but text."""

from __future__ import annotations

from airflow_spanner_lro.core.errors import InvalidArgumentError

Flag = bool | str
"""True or false, or either as text in any case, which is what a template makes of them."""


def flag_of(value: object, *, field: str) -> bool:
    """Return the truth value that an author means; any other text would count as true.

    :param value: a ``Flag``
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
