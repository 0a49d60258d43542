# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators of each family with usual parameters, and what to look at in what they return."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backup_schedules import (
    SpannerCreateBackupScheduleOperator,
    SpannerDeleteBackupScheduleOperator,
    SpannerUpdateBackupScheduleOperator,
)
from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerDeleteBackupOperator,
    SpannerUpdateBackupOperator,
)
from airflow_spanner_lro.operators.configs import (
    SpannerCreateInstanceConfigOperator,
    SpannerDeleteInstanceConfigOperator,
    SpannerUpdateInstanceConfigOperator,
)
from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerDropDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)
from airflow_spanner_lro.operators.instances import (
    SpannerCreateInstanceOperator,
    SpannerDeleteInstanceOperator,
    SpannerMoveInstanceOperator,
    SpannerUpdateInstanceOperator,
)
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.operators.partitions import (
    SpannerCreateInstancePartitionOperator,
    SpannerDeleteInstancePartitionOperator,
    SpannerUpdateInstancePartitionOperator,
)
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, SOURCE, FakeTask
from tests.airflow.task_runner import play

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import Stage


FAR = "projects/other/instances/far"
COPY = f"{FAR}/backups/copy"
SCHEDULE = f"{DATABASE}/backupSchedules/nightly"
HERE, *EVERYWHERE = (
    f"projects/p/locations/{at}/keyRings/r/cryptoKeys/k"
    for at in ("nam6", "us-central1", "us-east1", "us-west1", "us-west2", "us-central2")
)
"""A key for all of the instance's configuration, and one in each of its regions."""

CUSTOMER, GOOGLE = "CUSTOMER_MANAGED_ENCRYPTION", "GOOGLE_DEFAULT_ENCRYPTION"
DAYS, HOURS = timedelta(days=1), timedelta(hours=1)

_SCHEDULE_OF: dict[str, Any] = {
    "project_id": "test",
    "instance_id": "main",
    "database_id": "orders",
    "schedule_id": "nightly",
}


def copy_backup(**parameters: Any) -> SpannerCopyBackupOperator:
    """Return an operator that copies the backup to the other project."""
    usual: dict[str, Any] = {
        "task_id": "copy",
        "project_id": "other",
        "instance_id": "far",
        "backup_id": "copy",
        "source_backup": SOURCE,
        "expire_time": 30 * DAYS,
    }
    return SpannerCopyBackupOperator(**usual | parameters)


def update_backup(**parameters: Any) -> SpannerUpdateBackupOperator:
    """Return an operator that changes when the backup expires."""
    usual: dict[str, Any] = {
        "task_id": "update",
        "project_id": "test",
        "instance_id": "main",
        "backup_id": "source",
        "expire_time": 7 * DAYS,
    }
    return SpannerUpdateBackupOperator(**usual | parameters)


def create_schedule(**parameters: Any) -> SpannerCreateBackupScheduleOperator:
    """Return an operator that has the database backed up every night."""
    usual = {"task_id": "create", "cron": "0 2 * * *", "retention": 7 * DAYS}
    return SpannerCreateBackupScheduleOperator(**_SCHEDULE_OF | usual | parameters)


def update_schedule(**parameters: Any) -> SpannerUpdateBackupScheduleOperator:
    """Return an operator that changes the schedule."""
    return SpannerUpdateBackupScheduleOperator(**_SCHEDULE_OF | {"task_id": "update"} | parameters)


def delete_schedule(**parameters: Any) -> SpannerDeleteBackupScheduleOperator:
    """Return an operator that deletes the schedule."""
    return SpannerDeleteBackupScheduleOperator(**_SCHEDULE_OF | {"task_id": "delete"} | parameters)


def time_of(backup: dict[str, Any], field: str = "expire_time") -> datetime:
    """Return a time of a backup as XComs hold it."""
    return datetime.fromisoformat(backup[field])


def kms_keys_of(backup: dict[str, Any]) -> list[str]:
    """Return the customer's keys that encrypt a backup; an empty one for Google's own."""
    return [each["kms_key_version"].split("/cryptoKeyV")[0] for each in _encryption_of(backup)]


def _encryption_of(backup: dict[str, Any]) -> list[dict[str, Any]]:
    infos: list[dict[str, Any]] = backup["encryption_information"]
    return infos


def rendered(operator: Any, params: dict[str, Any]) -> Any:
    """Return an operator with its templates rendered, as Airflow does before it is executed."""
    operator.dag = DAG("dag", schedule=None)
    operator.render_template_fields(cast("Any", {"params": params}))
    return operator


FRESH = f"{INSTANCE}/databases/fresh-one"
DATABASE_KEY = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/key"
TABLE = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"
QUARTER = 16 * 60
"""Seconds after which any operation of a database is done."""

_INSTANCE_OF: dict[str, Any] = {"project_id": "test", "instance_id": "main"}


def create_database(**parameters: Any) -> SpannerCreateDatabaseOperator:
    """Return an operator that creates a database."""
    usual: dict[str, Any] = {"task_id": "create_database", "database_id": "fresh-one"}
    return SpannerCreateDatabaseOperator(**_INSTANCE_OF | usual | parameters)


def update_database(**parameters: Any) -> SpannerUpdateDatabaseOperator:
    """Return an operator that updates the database that is there."""
    usual: dict[str, Any] = {"task_id": "update_database", "database_id": "orders"}
    return SpannerUpdateDatabaseOperator(**_INSTANCE_OF | usual | parameters)


def database_starts(stage: Stage) -> list[str]:
    """Return the calls so far that created or updated a database."""
    return [call.method for call in stage.emulator.calls.of("CreateDatabase", "UpdateDatabase")]


def finish_at_each_look(stage: Stage) -> None:
    """Let what runs be finished at each look, and what is started later at the next."""

    def act() -> None:
        stage.clock.advance(QUARTER)
        finish_at_each_look(stage)

    stage.script.upon("GetOperation", act)


AUTOSCALING = {
    "autoscaling_limits": {"min_nodes": 2, "max_nodes": 4},
    "autoscaling_targets": {
        "high_priority_cpu_utilization_percent": 65,
        "storage_utilization_percent": 90,
    },
}
SIZES = {"node_count", "processing_units", "autoscaling", "instance_type"}


def run_to_its_end(operator: BaseOperator, stage: Stage) -> Any:
    """Run an operator as a task of its own, let its operation end, and return the result."""
    # a move usually takes half a day, more than the stage waits
    stage.emulator.plan(LONG)
    stage.finish_upon()
    return play(operator, FakeTask())


def create_instance(**parameters: Any) -> SpannerCreateInstanceOperator:
    """Return an operator that creates an instance of one node."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "reports",
        "config_id": "regional-europe-west1",
    }
    if SIZES.isdisjoint(parameters):
        usual["node_count"] = 1
    return SpannerCreateInstanceOperator(task_id="create", **usual | parameters)


def update_instance(**parameters: Any) -> SpannerUpdateInstanceOperator:
    """Return an operator that updates the instance."""
    usual = {"project_id": "test", "instance_id": "main"}
    return SpannerUpdateInstanceOperator(task_id="update", **usual | parameters)


def move_instance(**parameters: Any) -> SpannerMoveInstanceOperator:
    """Return an operator that moves the instance."""
    usual = {
        "project_id": "test",
        "instance_id": "main",
        "target_config_id": "regional-us-central1",
    }
    return SpannerMoveInstanceOperator(task_id="move", **usual | parameters)


def delete_instance(**parameters: Any) -> SpannerDeleteInstanceOperator:
    """Return an operator that deletes the instance."""
    usual = {"project_id": "test", "instance_id": "main"}
    return SpannerDeleteInstanceOperator(task_id="delete", **usual | parameters)


def create_config(**parameters: Any) -> SpannerCreateInstanceConfigOperator:
    """Return an operator that creates a configuration with one more replica."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "config_id": "custom-near",
        "base_config_id": "nam3",
    }
    if "replicas" not in parameters:
        usual["add_replicas"] = ["us-west2"]
    return SpannerCreateInstanceConfigOperator(task_id="create", **usual | parameters)


def update_config(**parameters: Any) -> SpannerUpdateInstanceConfigOperator:
    """Return an operator that updates the configuration."""
    usual = {"project_id": "test", "config_id": "custom-near"}
    return SpannerUpdateInstanceConfigOperator(task_id="update", **usual | parameters)


def delete_config(**parameters: Any) -> SpannerDeleteInstanceConfigOperator:
    """Return an operator that deletes the configuration."""
    usual = {"project_id": "test", "config_id": "custom-near"}
    return SpannerDeleteInstanceConfigOperator(task_id="delete", **usual | parameters)


def create_partition(**parameters: Any) -> SpannerCreateInstancePartitionOperator:
    """Return an operator that creates a partition of one node."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "main",
        "partition_id": "overseas",
        "config_id": "regional-us-central1",
    }
    if SIZES.isdisjoint(parameters):
        usual["node_count"] = 1
    return SpannerCreateInstancePartitionOperator(task_id="create", **usual | parameters)


def update_partition(**parameters: Any) -> SpannerUpdateInstancePartitionOperator:
    """Return an operator that updates the partition."""
    usual = {"project_id": "test", "instance_id": "main", "partition_id": "overseas"}
    return SpannerUpdateInstancePartitionOperator(task_id="update", **usual | parameters)


def delete_partition(**parameters: Any) -> SpannerDeleteInstancePartitionOperator:
    """Return an operator that deletes the partition."""
    usual = {"project_id": "test", "instance_id": "main", "partition_id": "overseas"}
    return SpannerDeleteInstancePartitionOperator(task_id="delete", **usual | parameters)


def drop_database(**parameters: Any) -> SpannerDropDatabaseOperator:
    """Return an operator that drops the database."""
    usual = {"project_id": "test", "instance_id": "main", "database_id": "orders"}
    return SpannerDropDatabaseOperator(task_id="drop", **usual | parameters)


def delete_backup(**parameters: Any) -> SpannerDeleteBackupOperator:
    """Return an operator that deletes the backup."""
    usual = {"project_id": "test", "instance_id": "main", "backup_id": "nightly"}
    return SpannerDeleteBackupOperator(task_id="delete", **usual | parameters)


def cancel_operations(**parameters: Any) -> SpannerCancelOperationOperator:
    """Return an operator that cancels an operation."""
    usual = {"operation_name": f"{BACKUP}/operations/some"}
    return SpannerCancelOperationOperator(task_id="cancel", **usual | parameters)


def delete_source(**parameters: Any) -> SpannerDeleteBackupOperator:
    """Return an operator that deletes the backup that others are restored from."""
    return delete_backup(**{"backup_id": "source"} | parameters)
