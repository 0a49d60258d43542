# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator in which every kind of operation was started once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.emulator import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

PROJECT = "projects/test"
CONFIG = f"{PROJECT}/instanceConfigs/regional-europe-west1"
INSTANCE = f"{PROJECT}/instances/main"
SECOND = f"{PROJECT}/instances/second"
DATABASE = f"{INSTANCE}/databases/orders"
BACKUP = f"{INSTANCE}/backups/source"
PARTITION = f"{INSTANCE}/instancePartitions/part"
CUSTOM = f"{PROJECT}/instanceConfigs/custom-mine"

_REPLICAS = [
    {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
    {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
    {"location": "us-east1", "type_": "READ_WRITE"},
    {"location": "us-east1", "type_": "READ_WRITE"},
    {"location": "us-central1", "type_": "WITNESS"},
    {"location": "us-west2", "type_": "READ_ONLY"},
]
_PAUSE = 3600.0
_DAY = timedelta(days=1)
_QUICK = Plan(duration=timedelta(minutes=1))

REQUESTS: tuple[tuple[OperationKind, Mapping[str, Any]], ...] = (
    (kinds.CREATE_BACKUP, {"parent": INSTANCE, "backup_id": "nightly"}),
    (kinds.COPY_BACKUP, {"parent": INSTANCE, "backup_id": "copy", "source_backup": BACKUP}),
    (
        kinds.CREATE_DATABASE,
        {"parent": INSTANCE, "create_statement": "CREATE DATABASE `orders-2`"},
    ),
    (
        kinds.RESTORE_DATABASE,
        {"parent": INSTANCE, "database_id": "restored", "backup": BACKUP},
    ),
    (
        kinds.UPDATE_DATABASE,
        {
            "database": {"name": DATABASE, "enable_drop_protection": True},
            "update_mask": {"paths": ["enable_drop_protection"]},
        },
    ),
    (kinds.UPDATE_DATABASE_DDL, {"database": DATABASE, "statements": ["ANALYZE"]}),
    (
        kinds.CREATE_INSTANCE,
        {
            "parent": PROJECT,
            "instance_id": "second",
            "instance": {"config": CONFIG, "display_name": "Second", "node_count": 1},
        },
    ),
    (
        kinds.UPDATE_INSTANCE,
        {
            "instance": {"name": INSTANCE, "node_count": 3},
            "field_mask": {"paths": ["node_count"]},
        },
    ),
    (
        kinds.MOVE_INSTANCE,
        {"name": SECOND, "target_config": f"{PROJECT}/instanceConfigs/regional-us-central1"},
    ),
    (
        kinds.CREATE_INSTANCE_CONFIG,
        {
            "parent": PROJECT,
            "instance_config_id": "custom-mine",
            "instance_config": {
                "name": CUSTOM,
                "display_name": "My own",
                "base_config": f"{PROJECT}/instanceConfigs/nam3",
                "replicas": _REPLICAS,
            },
        },
    ),
    (
        kinds.UPDATE_INSTANCE_CONFIG,
        {
            "instance_config": {"name": CUSTOM, "display_name": "Your own"},
            "update_mask": {"paths": ["display_name"]},
        },
    ),
    (
        kinds.CREATE_INSTANCE_PARTITION,
        {
            "parent": INSTANCE,
            "instance_partition_id": "part",
            "instance_partition": {
                "config": CONFIG,
                "display_name": "A part",
                "node_count": 1,
            },
        },
    ),
    (
        kinds.UPDATE_INSTANCE_PARTITION,
        {
            "instance_partition": {"name": PARTITION, "node_count": 2},
            "field_mask": {"paths": ["node_count"]},
        },
    ),
)


def populate(
    emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock
) -> None:
    """Start all kinds one after the other; all but the last have ended.

    There is a second database whose name begins like the first one's, with a backup of its own.
    """
    emulator.create_backup(BACKUP, DATABASE)
    for kind, request in (*REQUESTS, _backup_of("orders-2", "namesake")):
        message = kind.request_type()(request)
        if kind is kinds.CREATE_BACKUP:
            message.backup.database = message.backup.database or DATABASE
            message.backup.expire_time = clock.now() + _DAY
        elif kind is kinds.COPY_BACKUP:
            message.expire_time = clock.now() + _DAY
        emulator.plan(_QUICK, times=1)
        client.start(kind=kind, request=message)
        clock.advance(_PAUSE)
    emulator.plan(Plan(duration=_DAY), times=1)
    client.start(
        kind=kinds.UPDATE_DATABASE_DDL,
        request=kinds.UPDATE_DATABASE_DDL.request_type()(database=DATABASE, statements=["ANALYZE"]),
    )


def _backup_of(database_id: str, backup_id: str) -> tuple[OperationKind, Mapping[str, Any]]:
    backup = {"database": f"{INSTANCE}/databases/{database_id}"}
    return kinds.CREATE_BACKUP, {"parent": INSTANCE, "backup_id": backup_id, "backup": backup}
