# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that a world holds, found by looking into its objects: for comparing two worlds.

A fingerprint tells what clients see; this tells also of what nobody sees yet. It knows no names of
attributes but those that may differ, so that state which is added later is compared by itself.
"""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import proto
from google.protobuf.message import Message

from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.names import OperationName, ResourceName
from airflow_spanner_lro.emulator.tables import EventQueue, Index

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.world import World

WIRING = {"_handlers", "_reactions", "listener", "step_listener", "observer", "_key"}
"""What a world was made with, or is told whom to tell."""

HEAPS = {"_fading"}
"""Lists that are in order, but not all of it."""


def state_of(world: World) -> object:
    """Return all that a world holds, as plain values that can be compared."""
    return _Walk().plain(world)


class _Walk:
    def __init__(self) -> None:
        # of objects with attributes; some know each other
        self._seen: set[int] = set()

    def plain(self, value: Any) -> object:  # noqa: C901, PLR0911 - a table of forms
        """Return a value as tuples of plain values; the order of maps counts."""
        match value:
            case EventQueue():
                # entries that no longer count are no state, nor are numbers of pushes
                return sorted(map(repr, vars(value)["_times"].items()))
            case Index():
                # nobody asks in which order the groups are, as opposed to what is in each of them
                groups = vars(value)["_groups"].items()
                return sorted((repr(key), list(map(repr, group))) for key, group in groups)
            case random.Random():
                return value.getstate()
            case proto.Message():
                plain = type(value).pb(value)
                return "plus", self.plain(plain)
            case Message():
                return value.DESCRIPTOR.full_name, value.SerializeToString(deterministic=True)
            case OperationKind():
                return value.name
            case ResourceName() | OperationName() | Enum():
                return repr(value)
            case dict():
                return [(self.plain(key), self.plain(each)) for key, each in value.items()]
            case tuple() | list():
                return [self.plain(each) for each in value]
            case _ if is_dataclass(value):
                found = ((each.name, getattr(value, each.name)) for each in fields(value))
                return type(value).__name__, [(name, self.plain(each)) for name, each in found]
            case _ if hasattr(value, "__dict__"):
                return self._attributes(value)
        return repr(value)

    def _attributes(self, value: Any) -> object:
        if id(value) in self._seen:
            return "seen"
        self._seen.add(id(value))
        kept = (
            (name, sorted(each) if name in HEAPS else each)
            for name, each in vars(value).items()
            if name not in WIRING
        )
        return type(value).__name__, [(name, self.plain(each)) for name, each in kept]
