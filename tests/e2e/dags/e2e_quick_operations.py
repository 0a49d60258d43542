# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the end-to-end tests of quick operations: schema changes that take seconds."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

DATABASES = [f"quick{number}" for number in range(4)]

for wait, dag_id in ((0.0, "e2e_quick_at_once"), (None, "e2e_quick_on_worker")):
    with DAG(dag_id=dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        SpannerUpdateDatabaseDdlOperator.partial(
            task_id="change",
            project_id="e2e",
            instance_id="main",
            ddl_statements="CREATE TABLE T{{ dag_run.run_after.timestamp() | int }} (Id INT64) "
            "PRIMARY KEY (Id)",
            deferrable=True,
            worker_wait=wait,
            # one that is lost is not taken up by a retry
            retries=0,
        ).expand(database_id=DATABASES)
