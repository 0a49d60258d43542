# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The states that resources are in while an operation works on them, and what is refused then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulator.support.operation_starts import (
    BACKUP,
    CONFIG,
    CREATE_CONFIG,
    DATABASE,
    INSTANCE,
    MULTI_REGION,
    PROJECT,
)
from tests.emulator.support.resource_requests import (
    FRESH,
    FRESH_CONFIG,
    FRESH_PARTITION,
    LATER,
    on_backup,
    on_config,
    on_database,
    on_instance,
    on_partition,
)

REFUSED = "FAILED_PRECONDITION"
MISSING = "NOT_FOUND"
Requests = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyState:
    """A state of one resource.

    :param requests: that name the resource, by method
    :param start: the method and request that bring it into the state
    :param refused: the methods that are refused then
    :param code: with which code
    :param cancelled: whether the operation is cancelled, and still being undone
    :param ready: a method and request that come before, and their operation ends
    """

    name: str
    requests: Requests
    start: tuple[str, Mapping[str, Any]]
    refused: frozenset[str] = frozenset()
    code: str = REFUSED
    cancelled: bool = False
    ready: tuple[str, Mapping[str, Any]] | None = None


_CREATE_INSTANCE = (
    "create_instance",
    {
        "parent": PROJECT,
        "instance_id": "fresh",
        "instance": {
            "config": f"{PROJECT}/instanceConfigs/{MULTI_REGION}",
            "display_name": "A fresh one",
            "node_count": 1,
            "edition": "ENTERPRISE_PLUS",
        },
    },
)
_CREATE_PARTITION = (
    "create_instance_partition",
    {
        "parent": INSTANCE,
        "instance_partition_id": "fresh",
        "instance_partition": {"config": CONFIG, "display_name": "A part", "node_count": 1},
    },
)
_CREATE_CONFIG = ("create_instance_config", CREATE_CONFIG.request)
_NEEDS_READY_INSTANCE = frozenset(
    {
        "update_instance",
        "move_instance",
        "create_instance_partition",
        "create_database",
        "create_backup",
        "copy_backup",
        "restore_database",
    }
)
_FRESH_INSTANCE = on_instance(FRESH)
_EMPTY_INSTANCE = {
    method: request for method, request in on_instance(FRESH).items() if method != "create_backup"
}
_NEEDS_READY_DATABASE = frozenset(
    {
        "get_database_ddl",
        "list_database_roles",
        "update_database",
        "update_database_ddl",
        "add_split_points",
        "create_backup_schedule",
        "create_backup",
        "drop_database",
    }
)

BUSY_STATES = (
    BusyState(
        name="an instance that is being created",
        requests=_FRESH_INSTANCE,
        start=_CREATE_INSTANCE,
        refused=_NEEDS_READY_INSTANCE,
    ),
    BusyState(
        name="an instance whose creation is being undone",
        requests=_FRESH_INSTANCE,
        start=_CREATE_INSTANCE,
        refused=frozenset(_FRESH_INSTANCE) - {"delete_instance"},
        code=MISSING,
        cancelled=True,
    ),
    BusyState(
        name="an instance that is being updated",
        requests=_EMPTY_INSTANCE,
        ready=_CREATE_INSTANCE,
        start=(
            "update_instance",
            {
                "instance": {"name": FRESH, "node_count": 2},
                "field_mask": {"paths": ["node_count"]},
            },
        ),
        refused=frozenset({"update_instance", "move_instance", "delete_instance"}),
    ),
    BusyState(
        name="an instance that is being moved",
        requests=_EMPTY_INSTANCE,
        ready=_CREATE_INSTANCE,
        start=(
            "move_instance",
            {"name": FRESH, "target_config": f"{PROJECT}/instanceConfigs/regional-us-central1"},
        ),
        refused=(_NEEDS_READY_INSTANCE - {"create_backup"}) | {"delete_instance"},
    ),
    BusyState(
        name="an instance that is being moved back",
        requests=_EMPTY_INSTANCE,
        ready=_CREATE_INSTANCE,
        start=(
            "move_instance",
            {"name": FRESH, "target_config": f"{PROJECT}/instanceConfigs/regional-us-central1"},
        ),
        refused=(_NEEDS_READY_INSTANCE - {"create_backup"}) | {"delete_instance"},
        cancelled=True,
    ),
    BusyState(
        name="a database that is being created",
        requests=on_database(f"{INSTANCE}/databases/fresh"),
        start=(
            "create_database",
            {"parent": INSTANCE, "create_statement": "CREATE DATABASE fresh"},
        ),
        refused=_NEEDS_READY_DATABASE,
    ),
    BusyState(
        name="a database that is being restored",
        requests=on_database(f"{INSTANCE}/databases/fresh"),
        start=(
            "restore_database",
            {"parent": INSTANCE, "database_id": "fresh", "backup": BACKUP},
        ),
        refused=_NEEDS_READY_DATABASE,
    ),
    BusyState(
        name="a database that is being optimized",
        requests=on_database(f"{INSTANCE}/databases/fresh"),
        ready=(
            "restore_database",
            {"parent": INSTANCE, "database_id": "fresh", "backup": BACKUP},
        ),
        start=("get_database", {"name": f"{INSTANCE}/databases/fresh"}),
    ),
    BusyState(
        name="a database that is being updated",
        requests=on_database(DATABASE),
        start=(
            "update_database",
            {
                "database": {"name": DATABASE, "enable_drop_protection": True},
                "update_mask": {"paths": ["enable_drop_protection"]},
            },
        ),
        refused=frozenset({"update_database"}),
    ),
    BusyState(
        name="a database that is being backed up",
        requests=on_database(DATABASE),
        start=(
            "create_backup",
            {
                "parent": INSTANCE,
                "backup_id": "fresh",
                "backup": {"database": DATABASE, "expire_time": LATER},
            },
        ),
        refused=frozenset({"create_backup", "drop_database"}),
    ),
    BusyState(
        name="a backup that is being created",
        requests=on_backup(f"{INSTANCE}/backups/fresh"),
        start=(
            "create_backup",
            {
                "parent": INSTANCE,
                "backup_id": "fresh",
                "backup": {"database": DATABASE, "expire_time": LATER},
            },
        ),
        refused=frozenset({"update_backup", "copy_backup", "restore_database"}),
    ),
    BusyState(
        name="a backup that is being copied",
        requests=on_backup(BACKUP),
        start=(
            "copy_backup",
            {
                "parent": INSTANCE,
                "backup_id": "fresh",
                "source_backup": BACKUP,
                "expire_time": LATER,
            },
        ),
        refused=frozenset({"delete_backup"}),
    ),
    BusyState(
        name="a backup from which a database is being restored",
        requests=on_backup(BACKUP),
        start=(
            "restore_database",
            {"parent": INSTANCE, "database_id": "fresh", "backup": BACKUP},
        ),
        refused=frozenset({"delete_backup"}),
    ),
    BusyState(
        name="a partition that is being created",
        requests=on_partition(FRESH_PARTITION),
        start=_CREATE_PARTITION,
        refused=frozenset({"update_instance_partition"}),
    ),
    BusyState(
        name="a partition whose creation is being undone",
        requests=on_partition(FRESH_PARTITION),
        start=_CREATE_PARTITION,
        refused=frozenset(on_partition(FRESH_PARTITION)),
        code=MISSING,
        cancelled=True,
    ),
    BusyState(
        name="a partition that is being updated",
        requests=on_partition(FRESH_PARTITION),
        ready=_CREATE_PARTITION,
        start=(
            "update_instance_partition",
            {
                "instance_partition": {"name": FRESH_PARTITION, "node_count": 2},
                "field_mask": {"paths": ["node_count"]},
            },
        ),
        refused=frozenset({"update_instance_partition", "delete_instance_partition"}),
    ),
    BusyState(
        name="a configuration that is being created",
        requests=on_config(FRESH_CONFIG),
        start=_CREATE_CONFIG,
        refused=frozenset({"create_instance", "update_instance_config"}),
    ),
    BusyState(
        name="a configuration whose creation is being undone",
        requests=on_config(FRESH_CONFIG),
        start=_CREATE_CONFIG,
        refused=frozenset(on_config(FRESH_CONFIG)) - {"delete_instance_config"},
        code=MISSING,
        cancelled=True,
    ),
    BusyState(
        name="a configuration that is being updated",
        requests=on_config(FRESH_CONFIG),
        ready=_CREATE_CONFIG,
        start=(
            "update_instance_config",
            {
                "instance_config": {"name": FRESH_CONFIG, "display_name": "Yours"},
                "update_mask": {"paths": ["display_name"]},
            },
        ),
        refused=frozenset({"update_instance_config", "delete_instance_config"}),
    ),
)
