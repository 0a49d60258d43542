# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Kinds of operations by name, for the journal and the remote control.

The name is that of the RPC, such as ``CreateBackup``; the kind that no RPC starts has one like it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.operations.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.kinds import OperationKind

_METADATA = "Metadata"
_HUMP = re.compile(r"(?<!^)(?=[A-Z])")


def name_of(kind: OperationKind) -> str:
    """Return the name of a kind."""
    return kind.metadata.removesuffix(_METADATA)


KINDS_BY_NAME: Mapping[str, OperationKind] = {name_of(kind): kind for kind in HANDLERS}
"""All kinds that the emulator knows."""

_NAMES = {
    spelling: name for name in KINDS_BY_NAME for spelling in (name, _HUMP.sub("_", name).lower())
}


def read_name(text: object) -> str:
    """Return the name of a kind, written as the RPC or as the method of a Python client.

    :raises ValueError: if there is no such kind.
    """
    if isinstance(text, str) and text in _NAMES:
        return _NAMES[text]
    message = f"expected one of {', '.join(KINDS_BY_NAME)}"
    raise ValueError(message)
