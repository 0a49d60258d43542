# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A fingerprint of all that clients can see of a world, for comparing two of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import proto

from airflow_spanner_lro.emulator.configs.model import config_message
from airflow_spanner_lro.emulator.databases.model import Database, database_message
from airflow_spanner_lro.emulator.instances.model import instance_message
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.protos import plain_message
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule, schedule_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.world import AnyRecord, World


def fingerprint(world: World, *, now: datetime) -> tuple[object, ...]:
    """Return all that clients can see at a moment, for comparing two worlds.

    Bytes and texts throughout, and maps in a settled order: equal worlds of different processes
    are equal, too.
    """
    operations = tuple(_bytes(operation_message(row, now=now)) for row in world.operations)
    tables: tuple[tuple[Iterable[Any], Callable[[Any], proto.Message]], ...] = (
        (world.resources.configs, config_message),
        (world.resources.instances, instance_message),
        (world.resources.partitions, world.resources.partitions.message_of),
        (world.resources.databases, partial(database_message, now=now)),
        (world.resources.backups, world.resources.backups.message_of),
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
            return (*row.schema.texts, row.schema.proto_descriptors, row.quorum_etag, *points)
        case BackupSchedule():
            return (row.due.isoformat(), row.chain.id if row.chain else "")
        case _:
            return ()


def _bytes(message: proto.Message | Message) -> bytes:
    plain: Message = plain_message(message) if isinstance(message, proto.Message) else message
    return plain.SerializeToString(deterministic=True)
