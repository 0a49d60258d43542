# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Nightly backups of many databases.

Backs each database up and copies the backup to another instance, which may be in another region.
A backup is kept for thirty days, that of the first of a month for a year.
One database that fails holds up no other, and somebody is told which one it was.
Which databases it are is a parameter of the Dag, so a run by hand may name others.
By default the copies stay in the instance, so that it runs on the emulator as it is;
set `SPANNER_COPY_INSTANCE_ID` to have them elsewhere.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, task, task_group

from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerCreateBackupOperator,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

# [START recipe_nightly_backups]
PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
COPY_INSTANCE_ID = os.environ.get("SPANNER_COPY_INSTANCE_ID", INSTANCE_ID)
DATABASE_IDS = os.environ.get("SPANNER_DATABASE_IDS", "orders").split(",")


def alert(context: Context) -> None:
    """Tell somebody; put the notifier of your chat, mail or pager in its place."""
    failed = context["task"]
    logging.getLogger("airflow.task").critical(
        "ALERT: %s of %s failed: %s",
        failed.task_id,
        getattr(failed, "database_id", None) or getattr(failed, "backup_id", "all databases"),
        context.get("exception"),
    )


@task
def plan(dag_run: Any = None, params: dict[str, Any] | None = None) -> list[dict[str, str]]:
    """Decide once for each database what its backups are called, and how long they live."""
    night = dag_run.run_after
    return [
        {
            "database_id": database_id,
            "backup_id": (backup_id := f"{database_id}-{night:%Y%m%d-%H%M%S}"),
            "copy_id": f"{backup_id}-copy",
            "source": f"projects/{PROJECT_ID}/instances/{INSTANCE_ID}/backups/{backup_id}",
            "keep": "P365D" if night.day == 1 else "P30D",
        }
        for database_id in (params or {})["database_ids"]
    ]


@task_group
def nightly(database_id: str, backup_id: str, copy_id: str, source: str, keep: str) -> None:
    """Back one database up, and copy the backup."""
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        database_id=database_id,
        backup_id=backup_id,
        expire_time=keep,
        map_index_template="{{ task.database_id }}",
    )
    copy = SpannerCopyBackupOperator(
        task_id="copy",
        instance_id=COPY_INSTANCE_ID,
        backup_id=copy_id,
        source_backup=source,
        expire_time=keep,
        map_index_template="{{ task.backup_id }}",
    )
    backup >> copy


@dag(
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Spanner makes one backup of a database at a time
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"database_ids": Param(DATABASE_IDS, type="array", items={"type": "string"})},
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "deferrable": True,
        "execution_timeout": timedelta(hours=6),
        "retries": 2,
        "on_failure_callback": alert,
    },
)
def example_spanner_nightly_backups() -> None:
    """Back up and copy each database."""
    nightly.expand_kwargs(plan())


example_spanner_nightly_backups()
# [END recipe_nightly_backups]
