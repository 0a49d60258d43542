# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What several kinds have in common: how they tell progress, and how they are undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow_spanner_lro.core.names import ResourceName
from airflow_spanner_lro.emulator.state.behaviours.base import (
    Behaviour,
    show_cancel,
    show_progress,
    show_times,
)

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.records.operations import Operation
    from airflow_spanner_lro.emulator.state.world import World

_Name = TypeVar("_Name", bound=ResourceName)
_Details = TypeVar("_Details")


class TellsProgress(Behaviour[_Name, _Details], Generic[_Name, _Details]):
    """Its metadata has one progress, and the time of a cancel."""

    shortcuts: ClassVar = {
        "progress.progress_percent": lambda operation, now: operation.lifecycle.percent(now),
        "progress.start_time": lambda operation, _: operation.started,
    }

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the progress."""
        show_progress(metadata, operation, now)
        show_cancel(metadata, operation, now)


class TellsTimes(Behaviour[_Name, _Details], Generic[_Name, _Details]):
    """Its metadata has times, and no percentage."""

    changing: ClassVar = frozenset({"start_time", "cancel_time", "end_time"})

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the times."""
        show_times(metadata, operation, now)


class HidesTarget(Behaviour[_Name, _Details], Generic[_Name, _Details]):
    """It makes something that cannot be read from the cancel on, and is surely gone in the end."""

    undo_guaranteed: ClassVar = True

    def cancel_begins(self, world: World, operation: Operation, at: datetime) -> None:
        """Hide what was being made."""
        del at
        name = self.target(operation)
        table = world.resources.table_of(name)
        table.put(name, replace(table.get(name), hidden=True))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove what was being made."""
        del at
        name = self.target(operation)
        world.resources.table_of(name).remove(name)
