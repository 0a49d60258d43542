# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each kind of operation a request that starts it, and what must be there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.emulator import Plan

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator.controller import Controller

PROJECT = "projects/test"
CONFIG = f"{PROJECT}/instanceConfigs/regional-europe-west1"
MULTI_REGION = "nam6"
"""Where the instance is, as instances in a single region have no partitions."""
INSTANCE = f"{PROJECT}/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
BACKUP = f"{INSTANCE}/backups/nightly"
PARTITION = f"{INSTANCE}/instancePartitions/part"
CUSTOM = f"{PROJECT}/instanceConfigs/custom-mine"

_CUSTOM_CONFIG = {
    "name": CUSTOM,
    "display_name": "My own",
    "base_config": f"{PROJECT}/instanceConfigs/nam3",
    "replicas": [
        {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
        {"location": "us-east4", "type_": "READ_WRITE", "default_leader_location": True},
        {"location": "us-east1", "type_": "READ_WRITE"},
        {"location": "us-east1", "type_": "READ_WRITE"},
        {"location": "us-central1", "type_": "WITNESS"},
        {"location": "us-west2", "type_": "READ_ONLY"},
    ],
}
_PARTITION = {"config": CONFIG, "display_name": "A part", "node_count": 1}

Call = Callable[["OperationKind", Mapping[str, Any]], Any]
"""Starts an operation of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStart:
    """How to start one kind.

    :param request: the request, without times
    :param target: the resource that it works on
    :param expires: the field of the request that wants a time in the future, if there is one
    :param before: the kind that must have been done before, if there is one
    """

    kind: OperationKind
    request: Mapping[str, Any]
    target: str
    expires: str = ""
    before: OperationStart | None = None

    def __str__(self) -> str:
        return str(self.kind.rpc)

    def request_at(self, now: datetime) -> dict[str, Any]:
        """Return the request, complete with times."""
        request = dict(self.request)
        if self.expires:
            expire_time = now + timedelta(days=1)
            outer, _, inner = self.expires.partition(".")
            if inner:
                request[outer] = {**request[outer], inner: expire_time}
            else:
                request[outer] = expire_time
        return request

    def prepare(self, emulator: Controller, call: Call) -> None:
        """Put everything there that the operation needs."""
        emulator.create_instance(INSTANCE, config=MULTI_REGION)
        emulator.create_database(DATABASE, ["CREATE TABLE T (Id INT64) PRIMARY KEY (Id)"])
        if self.kind in (kinds.COPY_BACKUP, kinds.RESTORE_DATABASE):
            emulator.create_backup(BACKUP, DATABASE)
        if self.before is not None:
            emulator.plan(Plan(duration=timedelta()), times=1)
            call(self.before.kind, self.before.request)


CREATE_CONFIG = OperationStart(
    kind=kinds.CREATE_INSTANCE_CONFIG,
    request={
        "parent": PROJECT,
        "instance_config_id": "custom-mine",
        "instance_config": _CUSTOM_CONFIG,
    },
    target=CUSTOM,
)
CREATE_PARTITION = OperationStart(
    kind=kinds.CREATE_INSTANCE_PARTITION,
    request={
        "parent": INSTANCE,
        "instance_partition_id": "part",
        "instance_partition": _PARTITION,
    },
    target=PARTITION,
)

STARTS = (
    OperationStart(
        kind=kinds.CREATE_BACKUP,
        request={"parent": INSTANCE, "backup_id": "new", "backup": {"database": DATABASE}},
        target=f"{INSTANCE}/backups/new",
        expires="backup.expire_time",
    ),
    OperationStart(
        kind=kinds.COPY_BACKUP,
        request={"parent": INSTANCE, "backup_id": "copy", "source_backup": BACKUP},
        target=f"{INSTANCE}/backups/copy",
        expires="expire_time",
    ),
    OperationStart(
        kind=kinds.CREATE_DATABASE,
        request={"parent": INSTANCE, "create_statement": "CREATE DATABASE `new`"},
        target=f"{INSTANCE}/databases/new",
    ),
    OperationStart(
        kind=kinds.RESTORE_DATABASE,
        request={"parent": INSTANCE, "database_id": "restored", "backup": BACKUP},
        target=f"{INSTANCE}/databases/restored",
    ),
    OperationStart(
        kind=kinds.UPDATE_DATABASE,
        request={
            "database": {"name": DATABASE, "enable_drop_protection": True},
            "update_mask": {"paths": ["enable_drop_protection"]},
        },
        target=DATABASE,
    ),
    OperationStart(
        kind=kinds.UPDATE_DATABASE_DDL,
        request={"database": DATABASE, "statements": ["CREATE INDEX I ON T (Id)", "ANALYZE"]},
        target=DATABASE,
    ),
    OperationStart(
        kind=kinds.CREATE_INSTANCE,
        request={
            "parent": PROJECT,
            "instance_id": "new",
            "instance": {"config": CONFIG, "display_name": "New one", "node_count": 1},
        },
        target=f"{PROJECT}/instances/new",
    ),
    OperationStart(
        kind=kinds.UPDATE_INSTANCE,
        request={
            "instance": {"name": INSTANCE, "node_count": 3},
            "field_mask": {"paths": ["node_count"]},
        },
        target=INSTANCE,
    ),
    OperationStart(
        kind=kinds.MOVE_INSTANCE,
        request={
            "name": INSTANCE,
            "target_config": f"{PROJECT}/instanceConfigs/regional-us-central1",
        },
        target=INSTANCE,
    ),
    CREATE_CONFIG,
    OperationStart(
        kind=kinds.UPDATE_INSTANCE_CONFIG,
        request={
            "instance_config": {"name": CUSTOM, "display_name": "Your own"},
            "update_mask": {"paths": ["display_name"]},
        },
        target=CUSTOM,
        before=CREATE_CONFIG,
    ),
    CREATE_PARTITION,
    OperationStart(
        kind=kinds.UPDATE_INSTANCE_PARTITION,
        request={
            "instance_partition": {"name": PARTITION, "node_count": 2},
            "field_mask": {"paths": ["node_count"]},
        },
        target=PARTITION,
        before=CREATE_PARTITION,
    ),
)
"""One start for each kind that a call starts."""
