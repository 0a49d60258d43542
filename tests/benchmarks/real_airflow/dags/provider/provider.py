# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The same with the Google provider's operator, which can wait on the worker only."""

from __future__ import annotations

import os

from airflow.providers.google.cloud.operators.spanner import SpannerUpdateDatabaseInstanceOperator
from airflow.sdk import DAG

TASKS = int(os.environ["BENCH_TASKS"])

with DAG("schema_changes", schedule=None, max_active_tasks=TASKS):
    SpannerUpdateDatabaseInstanceOperator.partial(
        task_id="change",
        project_id="bench",
        instance_id="i0",
        ddl_statements=["CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"],
    ).expand(database_id=[f"d{number}" for number in range(TASKS)])
