# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A schema change from a file.

The statements stand in `sql/orders_by_day.sql`, beside this file: several of them, with semicolons
in between, comments, and a placeholder that Airflow fills in.
They are taken apart as the database's dialect wants it, and run in one operation.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"retries": 2},
)
def example_spanner_sql_files() -> None:
    """Change the schema of one database as a file says."""
    # [START howto_operator_update_ddl_file]
    SpannerUpdateDatabaseDdlOperator(
        task_id="orders_by_day",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        ddl_statements="sql/orders_by_day.sql",
        params={"table": "OrdersByDay"},
        deferrable=True,
        execution_timeout=timedelta(hours=12),
    )
    # [END howto_operator_update_ddl_file]


example_spanner_sql_files()
