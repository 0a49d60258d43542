# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which fields an update changes: those that its author gave, and at least one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable


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
