# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""As many schema changes as we are told, each of a database of its own, deferred."""

from __future__ import annotations

import os

from airflow.sdk import DAG

from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

TASKS = int(os.environ["BENCH_TASKS"])

with DAG("schema_changes", schedule=None, max_active_tasks=TASKS):
    SpannerUpdateDatabaseDdlOperator.partial(
        task_id="change",
        project_id="bench",
        instance_id="i0",
        ddl_statements=["CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"],
        deferrable=True,
    ).expand(database_id=[f"d{number}" for number in range(TASKS)])
