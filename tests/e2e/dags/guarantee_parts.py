# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the Dags of the guarantee's rows are made of; a row's key names everything in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S-%f') }}"
ON_WORKER = {"deferrable": False}


def where(key: str) -> dict[str, str]:
    """Return the instance of a row, for its tasks."""
    return {"project_id": "e2e", "instance_id": f"guarantee-{key}"}


def row_dag(key: str, **arguments: Any) -> DAG:
    """Return the Dag of a row, still without tasks."""
    return DAG(
        dag_id=f"guarantee_{key}",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        **arguments,
    )


def backup(
    key: str, *, task_id: str = "backup", database: str = "", **arguments: Any
) -> SpannerCreateBackupOperator:
    """Return a task that makes a backup, in the triggerer unless the arguments say otherwise."""
    return SpannerCreateBackupOperator(
        task_id=task_id,
        database_id=database or key,
        expire_time=timedelta(days=30),
        **{
            "backup_id": f"{key}-{task_id}-{RUN}",
            "deferrable": True,
            **where(key),
            **arguments,
        },
    )


def single(key: str, *, dag: dict[str, Any] | None = None, **arguments: Any) -> DAG:
    """Return the Dag of a row that needs one backup.

    :param dag: arguments of the Dag; others are the task's
    """
    with row_dag(key, **(dag or {})) as made:
        backup(key, **arguments)
    return made
