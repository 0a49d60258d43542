# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One request for each RPC that a resource takes part in, and what its client is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.longrunning import operations_pb2

from tests.emulator.support.operation_starts import BACKUP, CONFIG, DATABASE, INSTANCE, PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

OK = "OK"
LATER = datetime(2026, 1, 3, tzinfo=UTC)
SCHEDULE = f"{DATABASE}/backupSchedules/daily"
FRESH = f"{PROJECT}/instances/fresh"
FRESH_PARTITION = f"{INSTANCE}/instancePartitions/fresh"
FRESH_CONFIG = f"{PROJECT}/instanceConfigs/custom-mine"
_PART = {"config": CONFIG, "display_name": "Another part", "node_count": 1}
_POLICY = {"bindings": [{"role": "roles/spanner.viewer", "members": ["allUsers"]}]}
_A_SCHEDULE = {
    "spec": {"cron_spec": {"text": "0 2 * * *"}},
    "retention_duration": timedelta(days=1),
    "full_backup_spec": {},
}


def on_instance(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the requests about an instance, or with it as their parent."""
    return {
        "get_instance": {"name": name},
        "update_instance": {
            "instance": {"name": name, "labels": {"a": "b"}},
            "field_mask": {"paths": ["labels"]},
        },
        "move_instance": {"name": name, "target_config": f"{PROJECT}/instanceConfigs/nam3"},
        "create_instance_partition": {
            "parent": name,
            "instance_partition_id": "another",
            "instance_partition": _PART,
        },
        "list_instance_partitions": {"parent": name},
        "list_instance_partition_operations": {"parent": name},
        "create_database": {"parent": name, "create_statement": "CREATE DATABASE another"},
        "list_databases": {"parent": name},
        "list_database_operations": {"parent": name},
        "create_backup": {
            "parent": name,
            "backup_id": "another",
            "backup": {"database": f"{name}/databases/orders", "expire_time": LATER},
        },
        "copy_backup": {
            "parent": name,
            "backup_id": "another",
            "source_backup": BACKUP,
            "expire_time": LATER,
        },
        "list_backups": {"parent": name},
        "list_backup_operations": {"parent": name},
        "restore_database": {"parent": name, "database_id": "another", "backup": BACKUP},
        "list_operations": {"name": f"{name}/operations"},
        "delete_instance": {"name": name},
    }


def on_database(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the requests about a database, or with it as their parent."""
    return {
        "get_database": {"name": name},
        "get_database_ddl": {"database": name},
        "list_database_roles": {"parent": name},
        "list_backup_schedules": {"parent": name},
        "get_iam_policy": {"resource": name},
        "set_iam_policy": {"resource": name, "policy": _POLICY},
        "list_operations": {"name": f"{name}/operations"},
        "update_database": {
            "database": {"name": name, "enable_drop_protection": False},
            "update_mask": {"paths": ["enable_drop_protection"]},
        },
        "update_database_ddl": {"database": name, "statements": ["ANALYZE"]},
        "add_split_points": {
            "database": name,
            "split_points": [{"table": "Orders", "keys": [{"key_parts": ["1"]}]}],
        },
        "create_backup_schedule": {
            "parent": name,
            "backup_schedule_id": "another",
            "backup_schedule": _A_SCHEDULE,
        },
        "create_backup": {
            "parent": INSTANCE,
            "backup_id": "another",
            "backup": {"database": name, "expire_time": LATER},
        },
        "drop_database": {"database": name},
    }


def on_backup(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the requests about a backup."""
    return {
        "get_backup": {"name": name},
        "get_iam_policy": {"resource": name},
        "list_operations": {"name": f"{name}/operations"},
        "update_backup": {
            "backup": {"name": name, "expire_time": LATER},
            "update_mask": {"paths": ["expire_time"]},
        },
        "copy_backup": {
            "parent": INSTANCE,
            "backup_id": "another",
            "source_backup": name,
            "expire_time": LATER,
        },
        "restore_database": {"parent": INSTANCE, "database_id": "another", "backup": name},
        "delete_backup": {"name": name},
    }


def on_partition(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the requests about a partition."""
    return {
        "get_instance_partition": {"name": name},
        "list_operations": {"name": f"{name}/operations"},
        "update_instance_partition": {
            "instance_partition": {"name": name, "node_count": 3},
            "field_mask": {"paths": ["node_count"]},
        },
        "delete_instance_partition": {"name": name},
    }


def on_config(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the requests about a configuration."""
    return {
        "get_instance_config": {"name": name},
        "list_operations": {"name": f"{name}/operations"},
        "create_instance": {
            "parent": PROJECT,
            "instance_id": "another",
            "instance": {"config": name, "display_name": "Another one", "node_count": 1},
        },
        "update_instance_config": {
            "instance_config": {"name": name, "display_name": "Still my own"},
            "update_mask": {"paths": ["display_name"]},
        },
        "delete_instance_config": {"name": name},
    }


class Asker:
    """Calls RPCs by the names that the clients give them."""

    def __init__(
        self,
        databases: database_v1.DatabaseAdminClient,
        instances: instance_v1.InstanceAdminClient,
    ) -> None:
        self._clients = (databases, instances)

    def __call__(self, method: str, request: Mapping[str, Any]) -> str:
        """Return ``OK``, or the code of the error that the client raises."""
        client = next(each for each in self._clients if hasattr(each, method))
        call: Any = getattr(client, method)
        if method == "list_operations":
            call, request = client.list_operations, operations_pb2.ListOperationsRequest(**request)
        try:
            call(request)
        except exceptions.GoogleAPICallError as exc:
            return "" if exc.grpc_status_code is None else str(exc.grpc_status_code.name)
        return OK

    def start(self, method: str, request: Mapping[str, Any]) -> Any:
        """Start an operation, and return the client's future of it."""
        client = next(each for each in self._clients if hasattr(each, method))
        return getattr(client, method)(request)
