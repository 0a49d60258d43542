# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Drills that a restored database with rows has to pass, and two that it has to fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, task_group

from airflow_spanner_lro.operators.drill import (
    NewestBackup,
    RowCountCheck,
    SchemaCheck,
    SqlCheck,
    spanner_restore_drill,
)

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
WHERE = {"project_id": "demo-project", "instance_id": "demo-instance"}

with DAG("drills", schedule=None, start_date=BEGINNING, default_args=WHERE):
    # both dialects, one group for each database
    for database in ("orders", "postgres"):
        spanner_restore_drill(
            group_id=f"drill_{database}",
            database_id=database,
            checks=[
                SchemaCheck(),
                RowCountCheck(),
                RowCountCheck(tables=["ORDERS"], min_rows=2000),
                SqlCheck(
                    name="{{ dag.dag_id }}",
                    sql="SELECT COUNT(*), MIN(id) FROM orders WHERE '{{ dag.dag_id }}' = 'drills'",
                    expected=(2000, "order-0000"),
                ),
            ],
        )
    spanner_restore_drill(
        group_id="newest",
        database_id="kept",
        backup=NewestBackup(),
        checks=[SqlCheck(name="kept", sql="SELECT COUNT(*) FROM Orders", expected=2000)],
    )

with DAG("mapped", schedule=None, start_date=BEGINNING, default_args=WHERE):

    @task_group
    def each(database: Any) -> None:
        """Drill one database."""
        spanner_restore_drill(database_id=database, checks=[RowCountCheck()])

    each.expand(database=["orders", "kept"])

with DAG("taken", schedule=None, start_date=BEGINNING, default_args=WHERE):
    # somebody else has a database of that name
    spanner_restore_drill(database_id="orders", scratch_database_id="kept")

with DAG("lost", schedule=None, start_date=BEGINNING, default_args=WHERE):
    spanner_restore_drill(
        database_id="orders",
        checks=[
            RowCountCheck(),
            SqlCheck(name="orders", sql="SELECT COUNT(*) FROM Orders", expected=2010),
            SqlCheck(name="dml", sql="DELETE FROM Orders WHERE TRUE", expected=0),
        ],
    )
