# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each operator and sensor the arguments it cannot do without, as a Dag author gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow_spanner_lro.operators.backups import (
    SpannerCreateBackupOperator,
    SpannerDeleteBackupOperator,
)
from airflow_spanner_lro.operators.databases import (
    SpannerDropDatabaseOperator,
    SpannerRestoreDatabaseOperator,
)
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from airflow_spanner_lro.sensors.operation import SpannerOperationSensor

REQUIRED: dict[type[Any], dict[str, Any]] = {
    SpannerCreateBackupOperator: {
        "instance_id": "main",
        "database_id": "orders",
        "backup_id": "nightly",
        "expire_time": timedelta(days=1),
    },
    SpannerDeleteBackupOperator: {"instance_id": "main", "backup_id": "nightly"},
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
    SpannerCancelOperationOperator: {"operation_name": "projects/p/instances/i/operations/o"},
    SpannerOperationSensor: {"operation_name": "projects/p/instances/i/operations/o"},
}
