# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each operator and sensor the arguments it cannot do without, as a Dag author gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow_spanner_lro.operators.backup_schedules import (
    SpannerCreateBackupScheduleOperator,
    SpannerDeleteBackupScheduleOperator,
    SpannerUpdateBackupScheduleOperator,
)
from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerCreateBackupOperator,
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
    SpannerRestoreDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)
from airflow_spanner_lro.operators.instances import (
    SpannerCreateInstanceOperator,
    SpannerDeleteInstanceOperator,
    SpannerMoveInstanceOperator,
    SpannerUpdateInstanceOperator,
)
from airflow_spanner_lro.operators.operations import (
    SpannerCancelOperationOperator,
    SpannerDeleteOperationOperator,
    SpannerGetOperationOperator,
    SpannerListOperationsOperator,
)
from airflow_spanner_lro.operators.partitions import (
    SpannerCreateInstancePartitionOperator,
    SpannerDeleteInstancePartitionOperator,
    SpannerUpdateInstancePartitionOperator,
)
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from airflow_spanner_lro.sensors.sensors import (
    SpannerBackupSensor,
    SpannerDatabaseSensor,
    SpannerNoOperationInProgressSensor,
    SpannerOperationSensor,
)

REQUIRED: dict[type[Any], dict[str, Any]] = {
    SpannerCreateBackupOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "backup_id": "nightly",
        "expire_time": timedelta(days=1),
    },
    SpannerCopyBackupOperator: {
        "instance_id": "main",
        "backup_id": "copy",
        "source_backup": "nightly",
        "expire_time": timedelta(days=1),
    },
    SpannerUpdateBackupOperator: {
        "instance_id": "main",
        "backup_id": "nightly",
        "expire_time": timedelta(days=1),
    },
    SpannerDeleteBackupOperator: {"instance_id": "main", "backup_id": "nightly"},
    SpannerCreateBackupScheduleOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "schedule_id": "nightly",
        "cron": "0 2 * * *",
        "retention": timedelta(days=7),
    },
    SpannerUpdateBackupScheduleOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "schedule_id": "nightly",
    },
    SpannerDeleteBackupScheduleOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "schedule_id": "nightly",
    },
    SpannerCreateDatabaseOperator: {"instance_id": "main", "database_id": "orders"},
    SpannerUpdateDatabaseOperator: {"instance_id": "main", "database_id": "orders"},
    SpannerRestoreDatabaseOperator: {
        "instance_id": "main",
        "database_id": "copy",
        "source_backup": "nightly",
    },
    SpannerUpdateDatabaseDdlOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "ddl_statements": ["DROP TABLE T"],
    },
    SpannerDropDatabaseOperator: {"instance_id": "main", "database_id": "orders"},
    SpannerCreateInstanceOperator: {"instance_id": "main", "config_id": "regional-europe-west1"},
    SpannerUpdateInstanceOperator: {"instance_id": "main"},
    SpannerMoveInstanceOperator: {
        "instance_id": "main",
        "target_config_id": "regional-europe-west1",
    },
    SpannerDeleteInstanceOperator: {"instance_id": "main"},
    SpannerCreateInstanceConfigOperator: {"config_id": "custom-near", "base_config_id": "nam3"},
    SpannerUpdateInstanceConfigOperator: {"config_id": "custom-near"},
    SpannerDeleteInstanceConfigOperator: {"config_id": "custom-near"},
    SpannerCreateInstancePartitionOperator: {
        "instance_id": "main",
        "partition_id": "overseas",
        "config_id": "nam3",
    },
    SpannerUpdateInstancePartitionOperator: {"instance_id": "main", "partition_id": "overseas"},
    SpannerDeleteInstancePartitionOperator: {"instance_id": "main", "partition_id": "overseas"},
    SpannerGetOperationOperator: {"operation_name": "projects/p/instances/i/operations/o"},
    SpannerListOperationsOperator: {"instance_id": "main"},
    SpannerDeleteOperationOperator: {"operation_name": "projects/p/instances/i/operations/o"},
    SpannerCancelOperationOperator: {"operation_name": "projects/p/instances/i/operations/o"},
    SpannerBackupSensor: {"instance_id": "main", "backup_id": "nightly"},
    SpannerDatabaseSensor: {"instance_id": "main", "database_id": "orders"},
    SpannerNoOperationInProgressSensor: {"instance_id": "main"},
    SpannerOperationSensor: {"operation_name": "projects/p/instances/i/operations/o"},
}
