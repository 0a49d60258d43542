# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What runs in a night that somebody on call looks at; the emulator is told how each of it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.databases import SpannerRestoreDatabaseOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

WHERE: dict[str, Any] = {"project_id": "shop", "instance_id": "main"}
WAITS: dict[str, Any] = {"deferrable": True, "execution_timeout": timedelta(minutes=30)}


def night_dag(dag_id: str) -> DAG:
    """Return a Dag of the night, still without tasks."""
    return DAG(dag_id=dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))


def backup(database: str, *, task_id: str = "backup", **arguments: Any) -> None:
    """Make a backup of a database that is called like it, unless the arguments say otherwise."""
    SpannerCreateBackupOperator(
        task_id=task_id,
        database_id=database,
        expire_time=timedelta(days=30),
        **{"backup_id": f"{database}-nightly", **WHERE, **WAITS, **arguments},
    )


with night_dag("nightly_backups"):
    backup("orders", task_id="orders")
    backup("customers", task_id="customers")

with night_dag("backup_by_hand"):
    # Spanner makes one backup of a database at a time
    backup("orders", backup_id="orders-by-hand")

with night_dag("schema_change"):
    SpannerUpdateDatabaseDdlOperator(
        task_id="add_indexes",
        database_id="catalog",
        ddl_statements=[
            "ALTER TABLE Products ADD COLUMN Weight FLOAT64",
            "CREATE INDEX ProductsByName ON Products(Name)",
            "CREATE INDEX ProductsByWeight ON Products(Weight)",
        ],
        **WHERE,
        **WAITS,
    )

with night_dag("restore_test"):
    SpannerRestoreDatabaseOperator(
        task_id="restore",
        source_backup=f"projects/{WHERE['project_id']}/instances/{WHERE['instance_id']}/backups/archive",
        database_id="archive-restored",
        **WHERE,
        **WAITS,
    )

with night_dag("weekly_backup"):
    backup("reports")

with night_dag("one_off_backups"):
    for name in ("invoices", "payments"):
        # their processes are going to be lost
        backup(
            name,
            task_id=name,
            backup_id=f"{name}-before-migration",
            deferrable=False,
            retries=1,
            retry_delay=timedelta(hours=1),
        )

with night_dag("too_long"):
    backup("events")

with night_dag("damaged_entry"):
    backup("stock")

with night_dag("elsewhere"):
    backup("partners", gcp_conn_id="partner_cloud")
