# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Dag for each instance, with one backup for each of its databases; how many, we are told."""

from __future__ import annotations

import os

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

TASKS = int(os.environ["BENCH_TASKS"])
INSTANCES = int(os.environ["BENCH_INSTANCES"])

for instance in range(INSTANCES):
    databases = [f"d{number}" for number in range(instance, TASKS, INSTANCES)]
    with DAG(f"instance_{instance}", schedule=None, max_active_tasks=len(databases)):
        SpannerCreateBackupOperator.partial(
            task_id="backup",
            project_id="bench",
            instance_id=f"i{instance}",
            expire_time="P30D",
            deferrable=True,
        ).expand_kwargs(
            [{"database_id": name, "backup_id": name.replace("d", "backup")} for name in databases]
        )
