# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator without servers that has one of everything, and a good request for most RPCs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.protobuf.message import Message

from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.pipeline import Answer, CallLog, CallPipeline
from airflow_spanner_lro.emulator.protos import plain_message, plain_type
from tests.emulator.support.operation_starts import (
    BACKUP,
    CREATE_CONFIG,
    CREATE_PARTITION,
    CUSTOM,
    DATABASE,
    INSTANCE,
    MULTI_REGION,
    PARTITION,
    PROJECT,
    STARTS,
)
from tests.emulator.support.scripted_engine import ADMIN, START

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATABASES = f"/{ADMIN}"
_INSTANCES = "/google.spanner.admin.instance.v1.InstanceAdmin"
_OPERATIONS = "/google.longrunning.Operations"
_SCHEDULE = {
    "spec": {"cron_spec": {"text": "0 2 * * *"}},
    "retention_duration": timedelta(days=1),
    "full_backup_spec": {},
}
SCHEDULE = f"{DATABASE}/backupSchedules/daily"
OPERATION = f"{DATABASE}/operations/change"
_EXPIRE_TIME = START + timedelta(days=1)
_POLICY = {"bindings": [{"role": "roles/spanner.viewer", "members": ["allUsers"]}]}

_FIRST: tuple[tuple[str, Any], ...] = (
    (
        f"{_DATABASES}/CreateBackup",
        database_v1.CreateBackupRequest(
            parent=INSTANCE,
            backup_id="nightly",
            backup={"database": DATABASE, "expire_time": _EXPIRE_TIME},
        ),
    ),
    (
        f"{_DATABASES}/CreateBackupSchedule",
        database_v1.CreateBackupScheduleRequest(
            parent=DATABASE, backup_schedule_id="daily", backup_schedule=_SCHEDULE
        ),
    ),
    (
        f"{_INSTANCES}/CreateInstanceConfig",
        instance_v1.CreateInstanceConfigRequest(CREATE_CONFIG.request),
    ),
    (
        f"{_INSTANCES}/CreateInstancePartition",
        instance_v1.CreateInstancePartitionRequest(CREATE_PARTITION.request),
    ),
)
"""What is done, and is ready when requests come."""

_LAST: tuple[tuple[str, Any], ...] = (
    (
        f"{_DATABASES}/UpdateDatabaseDdl",
        database_v1.UpdateDatabaseDdlRequest(
            database=DATABASE, statements=["CREATE INDEX I ON T (Id)"], operation_id="change"
        ),
    ),
)
"""What is pending then."""

_NAMED = {
    "name": {
        "Database": DATABASE,
        "Backup": BACKUP,
        "BackupSchedule": SCHEDULE,
        "Instance": INSTANCE,
        "InstanceConfig": CUSTOM,
        "InstancePartition": PARTITION,
        "Operation": OPERATION,
    }
}
_OTHERS: Mapping[str, Mapping[str, Any]] = {
    f"{_DATABASES}/AddSplitPoints": {
        "database": DATABASE,
        "split_points": [{"table": "T", "keys": [{"key_parts": {"values": ["1"]}}]}],
    },
    f"{_DATABASES}/ChangeQuorum": {"name": DATABASE, "quorum_type": {"dual_region": {}}},
    f"{_DATABASES}/CreateBackupSchedule": {
        "parent": DATABASE,
        "backup_schedule_id": "weekly",
        "backup_schedule": _SCHEDULE,
    },
    f"{_DATABASES}/UpdateBackup": {
        "backup": {"name": BACKUP, "expire_time": _EXPIRE_TIME},
        "update_mask": {"paths": ["expire_time"]},
    },
    f"{_DATABASES}/UpdateBackupSchedule": {
        "backup_schedule": {"name": SCHEDULE, **_SCHEDULE},
        "update_mask": {"paths": ["spec.cron_spec.text"]},
    },
    f"{_DATABASES}/SetIamPolicy": {"resource": DATABASE, "policy": _POLICY},
    f"{_INSTANCES}/SetIamPolicy": {"resource": INSTANCE, "policy": _POLICY},
    f"{_DATABASES}/TestIamPermissions": {
        "resource": DATABASE,
        "permissions": ["spanner.databases.get"],
    },
    f"{_INSTANCES}/TestIamPermissions": {"resource": INSTANCE},
    f"{_OPERATIONS}/ListOperations": {"name": f"{DATABASE}/operations", "filter": "done:true"},
}


def good_request(path: str, type_: type[Any]) -> Message:
    """Return a request that the world below grants, or one near to that."""
    method = path.rpartition("/")[2]
    for start in STARTS:
        if method.lower() == str(start).replace("_", ""):
            request = dict(start.request)
            if start.expires == "expire_time":
                request["expire_time"] = _EXPIRE_TIME
            elif start.expires:
                request["backup"] = {**request["backup"], "expire_time": _EXPIRE_TIME}
            return plain_message(type_(request))
    if path in _OTHERS:
        return plain_of(type_, _OTHERS[path])
    message = plain_type(type_)()
    for field, parent in (
        (
            "parent",
            PROJECT if method.endswith(("Configs", "Instances", "ConfigOperations")) else "",
        ),
        ("database", DATABASE),
        ("resource", INSTANCE if path.startswith(_INSTANCES) else DATABASE),
        ("name", _name_for(method)),
    ):
        if field in message.DESCRIPTOR.fields_by_name:
            fallback = DATABASE if method.endswith(("Schedules", "Roles")) else INSTANCE
            setattr(message, field, parent or fallback)
    return message


def plain_of(type_: type[Any], fields: Mapping[str, Any]) -> Message:
    """Return a protobuf message with these fields, whichever of the two libraries has its type."""
    if issubclass(type_, Message):
        return type_(**fields)
    return plain_message(type_(fields))


def _name_for(method: str) -> str:
    names = _NAMED["name"]
    return next(
        (names[kind] for kind in sorted(names, key=len, reverse=True) if kind in method), ""
    )


class FuzzedWorld:
    """The emulator; whoever has changed it makes it again what it was."""

    def __init__(self) -> None:
        clock = self._clock = ManualClock(START)
        self.engine = Engine(clock=clock)
        self._pipeline = CallPipeline(engine=self.engine, faults=Faults(), calls=CallLog())
        statements = ["CREATE TABLE T (Id INT64) PRIMARY KEY (Id)"]
        self.engine.act("create_instance", name=INSTANCE, config=MULTI_REGION)
        self.engine.act(
            "create_database",
            name=DATABASE,
            statements=statements,
            drop_protection=False,
            if_missing=True,
        )
        for path, request in _FIRST:
            self.engine.call(self.engine.methods[path], request)
        clock.advance(timedelta(hours=1))
        for path, request in _LAST:
            self.engine.call(self.engine.methods[path], request)
        self._snapshot = self.engine.snapshot()

    def ask(self, path: str, request: Message) -> Answer:
        """Let the call pipeline answer a request."""
        return self._pipeline.answer(path, lambda method: method.wrap(request))

    def go_on(self) -> None:
        """Let two days pass, in which everything that was started ends."""
        self._clock.advance(timedelta(days=2))
        with self.engine.locked():
            pass

    def contents(self) -> tuple[Any, ...]:
        """Return all there is, that which clients cannot see included."""
        with self.engine.locked() as (world, _):
            resources = world.resources
            tables = (
                *(resources.configs, resources.instances, resources.partitions),
                *(resources.databases, resources.backups, resources.schedules),
            )
            rows = tuple(tuple(table._rows.items()) for table in tables)
            policies = dict(world.policies._stored)
            made = (world._serial, world.rng.getstate())
            return rows, policies, tuple(world.operations), made

    def restore(self) -> None:
        """Make everything what it was at the beginning."""
        self.engine.restore(self._snapshot)
