# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a resource: what a decision needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceState:
    """An instance, database, backup, partition or configuration at one moment.

    :param state: name of its state, such as ``READY``; empty if the type has none
    :param create_time: when it was made; two resources that had the same name one after the other
        differ in it
    """

    name: str
    state: str
    create_time: datetime | None = None


def resource_state(message: Any) -> ResourceState:
    """Return the state of a resource as a message of the client library."""
    state = getattr(message, "state", None)
    return ResourceState(
        name=message.name,
        state=getattr(state, "name", ""),
        create_time=getattr(message, "create_time", None) or None,
    )
