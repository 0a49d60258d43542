# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the end-to-end tests: one task each, a backup that waits in one way or another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S-%f') }}"
WAYS = {
    # long enough to be interfered with, short enough to be waited for
    "e2e_deferred": {"deferrable": True, "database_id": "deferred"},
    "e2e_on_worker": {"deferrable": False, "database_id": "on-worker"},
    "e2e_overrun": {
        "deferrable": True,
        "database_id": "overrun",
        "execution_timeout": timedelta(seconds=15),
    },
    "e2e_overrun_on_worker": {
        "deferrable": False,
        "database_id": "overrun-on-worker",
        "execution_timeout": timedelta(seconds=15),
    },
}

for dag_id, arguments in WAYS.items():
    with DAG(
        dag_id=dag_id,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        max_active_runs=4,
    ) as dag:
        SpannerCreateBackupOperator(
            task_id="backup",
            project_id="e2e",
            instance_id="main",
            backup_id=f"{arguments['database_id']}-{RUN}",
            expire_time=timedelta(days=30),
            **arguments,  # type: ignore[arg-type]  # one dictionary for arguments of all types
        )
    globals()[dag_id] = dag
