# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A schema change.

Adds a column and an index to a table.
The log tells when each statement was committed.
The task waits on its worker for up to 15 seconds, and then in the triggerer.
A start call that is repeated, by a retry or by the network, cannot run the statements twice,
because the operation's name is chosen beforehand.
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
def example_spanner_schema_change() -> None:
    """Change the schema of one database."""
    # [START howto_operator_update_ddl]
    SpannerUpdateDatabaseDdlOperator(
        task_id="add_status",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        ddl_statements=[
            "ALTER TABLE Orders ADD COLUMN IF NOT EXISTS Status STRING(32)",
            "CREATE INDEX IF NOT EXISTS OrdersByStatus ON Orders(Status)",
        ],
        deferrable=True,
        execution_timeout=timedelta(hours=12),
    )
    # [END howto_operator_update_ddl]


example_spanner_schema_change()
