# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations and resources at one moment as plain values, for tables and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import proto

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator.configs.model import config_message
from airflow_spanner_lro.emulator.instances.model import instance_message
from airflow_spanner_lro.emulator.operations.handler import raw
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.partitions.model import partition_message
from airflow_spanner_lro.emulator.state.messages.backups import backup_message
from airflow_spanner_lro.emulator.state.messages.databases import database_message
from airflow_spanner_lro.emulator.state.messages.schedules import schedule_message
from airflow_spanner_lro.emulator.state.quorums import etag_of
from airflow_spanner_lro.emulator.state.records.databases import Database
from airflow_spanner_lro.emulator.state.records.schedules import BackupSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from google.protobuf.message import Message

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


def fingerprint(world: World, *, now: datetime) -> tuple[object, ...]:
    """Return all that clients can see at a moment, for comparing two worlds.

    Bytes and texts throughout, and maps in a settled order: equal worlds of different processes
    are equal, too.
    """
    operations = tuple(_bytes(operation_message(row, now=now)) for row in world.operations)
    tables: tuple[tuple[Iterable[Any], Callable[[Any], proto.Message]], ...] = (
        (world.resources.configs, config_message),
        (world.resources.instances, instance_message),
        (world.resources.partitions, partial(partition_message, resources=world.resources)),
        (world.resources.databases, partial(database_message, now=now)),
        (world.resources.backups, partial(backup_message, resources=world.resources)),
        (world.resources.schedules, schedule_message),
    )
    seen = (
        (str(row.name), _bytes(message(row)), _policy(world, row), _inside(row))
        for table, message in tables
        for row in table
    )
    return operations, tuple(sorted(seen))


def _policy(world: World, row: AnyRecord) -> bytes:
    return _bytes(world.policies.get(row.name, serial=row.serial))


def _inside(row: AnyRecord) -> tuple[str | bytes, ...]:
    """Return what other calls than a resource's own Get tell of it, or what they do with it."""
    match row:
        case Database():
            points = map(_bytes, row.split_points)
            return (*row.schema.texts, row.schema.proto_descriptors, etag_of(row), *points)
        case BackupSchedule():
            return (row.due.isoformat(), row.chain.id if row.chain else "")
        case _:
            return ()


def _bytes(message: proto.Message | Message) -> bytes:
    plain: Message = raw(message) if isinstance(message, proto.Message) else message
    return plain.SerializeToString(deterministic=True)
