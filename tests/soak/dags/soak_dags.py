# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the soak, from the table of recipes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerCreateBackupOperator,
)
from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerRestoreDatabaseOperator,
)
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from tests.soak.dag_specs import DAG_SPECS, DDL, INSTANCE_ID, PROJECT, SOURCE_BACKUP, DagSpec, Kind

KEEP = "P30D"


def build_task(recipe: DagSpec, kind: Kind) -> None:
    """Add a task to the Dag that is being made."""
    made = "{{ run_id }}-" + kind
    common: dict[str, Any] = {
        "task_id": kind.value,
        "project_id": PROJECT,
        "instance_id": INSTANCE_ID,
        "deferrable": recipe.deferrable,
        "retries": recipe.retries,
        "cancel_on_kill": recipe.cancel_on_kill,
        "execution_timeout": recipe.timeout and timedelta(seconds=recipe.timeout),
    }
    match kind:
        case Kind.BACKUP:
            SpannerCreateBackupOperator(
                database_id="{{ dag_run.conf['database'] }}",
                backup_id=made,
                expire_time=KEEP,
                **common,
            )
        case Kind.COPY:
            SpannerCopyBackupOperator(
                source_backup=SOURCE_BACKUP, backup_id=made, expire_time=KEEP, **common
            )
        case Kind.RESTORE:
            SpannerRestoreDatabaseOperator(source_backup=SOURCE_BACKUP, database_id=made, **common)
        case Kind.CREATE:
            SpannerCreateDatabaseOperator(database_id=made, **common)
        case Kind.DDL:
            SpannerUpdateDatabaseDdlOperator(database_id=made, ddl_statements=list(DDL), **common)


for each in DAG_SPECS.values():
    with DAG(
        dag_id=each.dag_id,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        max_active_runs=50,
    ) as dag:
        for task_kind in each.kinds:
            build_task(each, task_kind)
    globals()[each.dag_id] = dag
