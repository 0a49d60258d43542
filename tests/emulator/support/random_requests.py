# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Requests of clients by name, for random scripts; at least one of every family.

The names of resources are few, so that requests of a script have to do with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.emulator import protos as quorum_pb2
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.operation_starts import CUSTOM, PARTITION, STARTS, OperationStart
from tests.emulator.support.schedules import SCHEDULE, a_schedule

QUORUM_INSTANCE = "projects/test/instances/dual"
QUORUM_DATABASE = f"{QUORUM_INSTANCE}/databases/orders"
FRESH = "projects/test/instances/new"

Request = tuple[str, Any]
"""The path of an RPC, and its request."""

MakeRequest = Callable[[int, datetime, str], Request]
"""Makes a request of its number in the script, the time, and the name of the latest operation."""

_LABELS = ("env", "team", "tier", "owner", "cost", "unit")
_REGIONS = ("", "europe-west10", "europe-west3")


def _start(start: OperationStart) -> MakeRequest:
    def make_request(number: int, now: datetime, last: str) -> Request:
        del number, last
        request = start.kind.request_type()(start.request_at(now))
        return f"/{start.kind.service}/{start.kind.method}", request

    return make_request


def _call(
    name: str, make: Callable[..., Any], service: str = Service.DATABASE_ADMIN
) -> MakeRequest:
    def make_request(number: int, now: datetime, last: str) -> Request:
        return f"/{service}/{name}", make(number=number, now=now, last=last)

    return make_request


def _instance(name: str, make: Callable[..., Any]) -> MakeRequest:
    return _call(name, make, Service.INSTANCE_ADMIN)


def _operation(name: str, make: Callable[..., Any]) -> MakeRequest:
    return _call(name, make, "google.longrunning.Operations")


def _policy(
    resource: str, service: str = Service.DATABASE_ADMIN, *, conditional: bool = False
) -> MakeRequest:
    def make(number: int, **_: Any) -> iam_policy_pb2.SetIamPolicyRequest:
        request = iam_policy_pb2.SetIamPolicyRequest(resource=resource)
        binding = request.policy.bindings.add(
            role="roles/spanner.viewer", members=[f"user:{number}@example.com"]
        )
        if conditional:
            binding.condition.expression = "true"
            request.policy.version = 3
        return request

    return _call("SetIamPolicy", make, service)


def _backup(now: datetime, **_: Any) -> Any:
    backup = database_v1.Backup(database=DATABASE, expire_time=now + timedelta(hours=7))
    return database_v1.CreateBackupRequest(parent=INSTANCE, backup_id="nightly", backup=backup)


def _keep_backup(now: datetime, **_: Any) -> Any:
    backup = database_v1.Backup(name=BACKUP, expire_time=now + timedelta(hours=9))
    return database_v1.UpdateBackupRequest(backup=backup, update_mask={"paths": ["expire_time"]})


def _restore(number: int, **_: Any) -> Any:
    return database_v1.RestoreDatabaseRequest(
        parent=INSTANCE, database_id=f"r{number}", backup=BACKUP
    )


def _ddl(number: int, **_: Any) -> Any:
    table = f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"
    return database_v1.UpdateDatabaseDdlRequest(database=DATABASE, statements=[table])


def _schedule(number: int, **_: Any) -> Any:
    return database_v1.CreateBackupScheduleRequest(
        parent=DATABASE,
        backup_schedule_id=SCHEDULE.rpartition("/")[2],
        backup_schedule=a_schedule("0 */6 * * *", incremental=True)
        if number % 2
        else a_schedule("30 1,13 * * *"),
    )


def _reschedule(number: int, **_: Any) -> Any:
    schedule = a_schedule(f"{number % 60} 3 * * *", name=SCHEDULE)
    mask = {"paths": ["spec.cron_spec.text"]}
    return database_v1.UpdateBackupScheduleRequest(backup_schedule=schedule, update_mask=mask)


def _split(number: int, **_: Any) -> Any:
    return database_v1.AddSplitPointsRequest(
        database=QUORUM_DATABASE,
        split_points=[{"table": "T", "keys": [{"key_parts": [str(number % 3)]}]}],
    )


def _quorum(number: int, **_: Any) -> Any:
    request = quorum_pb2.ChangeQuorumRequest(name=QUORUM_DATABASE)
    if region := _REGIONS[number % 3]:
        request.quorum_type.single_region.serving_location = region
    else:
        request.quorum_type.dual_region.SetInParent()
    return request


def _label(number: int, **_: Any) -> Any:
    labels = dict.fromkeys(_LABELS, f"v{number}")
    instance = instance_v1.Instance(name=INSTANCE, labels=labels)
    return instance_v1.UpdateInstanceRequest(instance=instance, field_mask={"paths": ["labels"]})


def _label_config(number: int, **_: Any) -> Any:
    labels = dict.fromkeys(_LABELS, f"v{number}")
    config = instance_v1.InstanceConfig(name=CUSTOM, labels=labels)
    return instance_v1.UpdateInstanceConfigRequest(
        instance_config=config, update_mask={"paths": ["labels"]}
    )


RANDOM_REQUESTS: dict[str, MakeRequest] = {
    **{str(start): _start(start) for start in STARTS},
    "backup": _call("CreateBackup", _backup),
    "keep backup": _call("UpdateBackup", _keep_backup),
    "delete": _call("DeleteBackup", lambda **_: database_v1.DeleteBackupRequest(name=BACKUP)),
    "restore": _call("RestoreDatabase", _restore),
    "ddl": _call("UpdateDatabaseDdl", _ddl),
    "drop": _call("DropDatabase", lambda **_: database_v1.DropDatabaseRequest(database=DATABASE)),
    "schedule": _call("CreateBackupSchedule", _schedule),
    "reschedule": _call("UpdateBackupSchedule", _reschedule),
    "unschedule": _call(
        "DeleteBackupSchedule", lambda **_: database_v1.DeleteBackupScheduleRequest(name=SCHEDULE)
    ),
    "split": _call("AddSplitPoints", _split),
    "quorum": _call("ChangeQuorum", _quorum),
    "policy of database": _policy(DATABASE, conditional=True),
    "policy of backup": _policy(BACKUP),
    "policy of schedule": _policy(SCHEDULE),
    "policy of instance": _policy(INSTANCE, Service.INSTANCE_ADMIN),
    "label": _instance("UpdateInstance", _label),
    "label config": _instance("UpdateInstanceConfig", _label_config),
    "delete instance": _instance(
        "DeleteInstance", lambda **_: instance_v1.DeleteInstanceRequest(name=FRESH)
    ),
    "delete config": _instance(
        "DeleteInstanceConfig", lambda **_: instance_v1.DeleteInstanceConfigRequest(name=CUSTOM)
    ),
    "delete partition": _instance(
        "DeleteInstancePartition",
        lambda **_: instance_v1.DeleteInstancePartitionRequest(name=PARTITION),
    ),
    "cancel": _operation(
        "CancelOperation", lambda last, **_: operations_pb2.CancelOperationRequest(name=last)
    ),
    "forget": _operation(
        "DeleteOperation", lambda last, **_: operations_pb2.DeleteOperationRequest(name=last)
    ),
}
"""All of them, by name."""
