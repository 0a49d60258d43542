# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations and resources at one moment as plain values, for tables and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator.state.records.databases import Database
from airflow_spanner_lro.emulator.state.records.schedules import BackupSchedule

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationError
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.tables import AnyRecord
    from airflow_spanner_lro.emulator.state.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """An operation at one moment.

    :param name: its full name
    :param target: the full name of the resource it works on
    :param percent: how far it is, 0 to 100, whether or not its metadata tells
    :param started: when its request was received, in emulated time
    :param ended: when it ended, or None
    :param cancel_requested: when somebody first asked to cancel it, or None
    :param error: what it failed with, or None
    """

    name: str
    kind: OperationKind
    target: str
    state: OperationState
    percent: int
    started: datetime
    ended: datetime | None
    cancel_requested: datetime | None
    error: OperationError | None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state is not OperationState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """A resource at one moment.

    :param name: its full name
    :param noun: what it is, such as ``instance`` or ``backup``
    :param state: such as ``READY_OPTIMIZING``
    """

    name: str
    noun: str
    state: str


def view_operations(world: World, *, now: datetime) -> tuple[OperationView, ...]:
    """Return all operations, in the order in which they started."""
    return tuple(
        view_operation(row, now=now) for row in sorted(world.operations, key=lambda row: row.serial)
    )


def view_operation(operation: Operation, *, now: datetime) -> OperationView:
    """Return an operation as it is at a moment."""
    lifecycle = operation.lifecycle
    ended = lifecycle.ended(now)
    return OperationView(
        name=str(operation.name),
        kind=operation.kind,
        target=str(operation.target),
        state=lifecycle.state(now),
        percent=lifecycle.percent(now),
        started=operation.started,
        ended=ended.at if ended else None,
        cancel_requested=lifecycle.cancel_requested,
        error=ended.error if ended else None,
    )


def view_resources(world: World) -> tuple[ResourceView, ...]:
    """Return everything that exists and can be read, by name."""
    resources = world.resources
    tables = (
        resources.configs,
        resources.instances,
        resources.partitions,
        resources.databases,
        resources.backups,
        resources.schedules,
    )
    views = (
        ResourceView(name=str(row.name), noun=row.name.noun, state=_state(row))
        for table in tables
        for row in table
    )
    return tuple(sorted(views, key=lambda view: view.name))


def _state(row: AnyRecord) -> str:
    match row:
        case Database():
            return str(row.state.name)
        case BackupSchedule():
            # a schedule is there at once, and has no states
            return "READY"
        case _:
            return "READY" if row.ready else "CREATING"
