# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who does what in a world: the handler of each kind of operations, and timed reactions.

Handlers also tell of operations as clients see them at one moment. Telling only reads, so that two
clients who ask at the same emulated time get the same answer. It is asked thousands of times a
second, hence plain protobuf messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from google.longrunning import operations_pb2

from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    CREATE_INSTANCE_CONFIG,
    CREATE_INSTANCE_PARTITION,
    MOVE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    UPDATE_DATABASE_DDL,
    UPDATE_INSTANCE,
    UPDATE_INSTANCE_CONFIG,
    UPDATE_INSTANCE_PARTITION,
    OperationKind,
)
from airflow_spanner_lro.core.names import BackupName, BackupScheduleName
from airflow_spanner_lro.emulator.backups.operations import CopyBackup, CreateBackup, expire
from airflow_spanner_lro.emulator.configs.operations import (
    CreateInstanceConfig,
    UpdateInstanceConfig,
)
from airflow_spanner_lro.emulator.databases.operations import (
    CHANGE_QUORUM,
    ChangeQuorum,
    CreateDatabase,
    OptimizeRestoredDatabase,
    RestoreDatabase,
    UpdateDatabase,
)
from airflow_spanner_lro.emulator.instances.operations import (
    CreateInstance,
    MoveInstance,
    UpdateInstance,
)
from airflow_spanner_lro.emulator.partitions.operations import (
    CreateInstancePartition,
    UpdateInstancePartition,
)
from airflow_spanner_lro.emulator.schedules.runner import run_schedule
from airflow_spanner_lro.emulator.schemas.operations import UpdateDatabaseDdl
from airflow_spanner_lro.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.emulator.operations.handler import OperationHandler
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.plans import Planner
    from airflow_spanner_lro.emulator.world import Reaction


HANDLERS: Mapping[OperationKind, OperationHandler[Any, Any]] = {
    CREATE_INSTANCE: CreateInstance(),
    UPDATE_INSTANCE: UpdateInstance(),
    MOVE_INSTANCE: MoveInstance(),
    CREATE_INSTANCE_CONFIG: CreateInstanceConfig(),
    UPDATE_INSTANCE_CONFIG: UpdateInstanceConfig(),
    CREATE_INSTANCE_PARTITION: CreateInstancePartition(),
    UPDATE_INSTANCE_PARTITION: UpdateInstancePartition(),
    CREATE_DATABASE: CreateDatabase(),
    RESTORE_DATABASE: RestoreDatabase(),
    OPTIMIZE_RESTORED_DATABASE: OptimizeRestoredDatabase(),
    UPDATE_DATABASE: UpdateDatabase(),
    UPDATE_DATABASE_DDL: UpdateDatabaseDdl(),
    CHANGE_QUORUM: ChangeQuorum(),
    CREATE_BACKUP: CreateBackup(),
    COPY_BACKUP: CopyBackup(),
}
"""What each kind does that the emulator knows."""

REACTIONS: Mapping[type[ResourceName], Reaction] = {
    BackupName: expire,
    BackupScheduleName: run_schedule,
}
"""What resources do when their next event is due."""


def new_world(*, plans: Planner, seed: int = 0) -> World:
    """Return an empty world that knows all kinds of operations and resources.

    :param plans: what operations are going to do
    :param seed: for the ids that the service makes up
    """
    return World(handlers=HANDLERS, reactions=REACTIONS, plans=plans, seed=seed)


def operation_message(operation: Operation, *, now: datetime) -> operations_pb2.Operation:
    """Return an operation as clients see it."""
    message = operations_pb2.Operation(name=str(operation.name))
    # maps in a settled order, so that equal worlds are equal byte by byte
    message.metadata.Pack(metadata_of(operation, now=now), deterministic=True)
    ended = operation.lifecycle.ended(now)
    if ended is None:
        return message
    message.done = True
    if ended.error is not None:
        message.error.code = ended.error.code
        message.error.message = ended.error.message
    elif operation.response is not None:
        message.response.Pack(operation.response, deterministic=True)
    return message


def metadata_of(operation: Operation, *, now: datetime) -> Message:
    """Return what an operation tells about itself, as a plain message of its own."""
    message = type(operation.described)()
    message.CopyFrom(operation.described)
    HANDLERS[operation.kind].refresh(message, operation, now)
    return message


_HUMP = re.compile(r"(?<!^)(?=[A-Z])")


KINDS_BY_NAME: Mapping[str, OperationKind] = {kind.name: kind for kind in HANDLERS}
"""All kinds that the emulator knows."""

_NAMES = {
    spelling: name for name in KINDS_BY_NAME for spelling in (name, _HUMP.sub("_", name).lower())
}


def parse_kind_name(text: object) -> str:
    """Return the name of a kind, written as the RPC or as the method of a Python client.

    :raises ValueError: if there is no such kind.
    """
    if isinstance(text, str) and text in _NAMES:
        return _NAMES[text]
    message = f"expected one of {', '.join(KINDS_BY_NAME)}"
    raise ValueError(message)
