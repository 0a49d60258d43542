# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups that take long: one is waited for in the triggerer, and one on a worker."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

with DAG("e2e_progress", schedule=None, catchup=False):
    for number, deferrable in enumerate((True, False)):
        SpannerCreateBackupOperator(
            task_id="deferred" if deferrable else "on_worker",
            project_id="e2e",
            instance_id="main",
            database_id=f"shown{number}",
            backup_id=f"shown{number}",
            expire_time="P9D",
            deferrable=deferrable,
        )
