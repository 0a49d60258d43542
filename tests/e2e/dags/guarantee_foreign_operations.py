# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows in which others have what a task asks for.

Their ids do not name the run, so that whoever works beside them can name the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    backup,
    row_dag,
    single,
    where,
)

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.databases import (
    SpannerRestoreDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)

SOON: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=3)}
LATER: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=12)}
"""Somebody else has the time to come first."""


def shared(key: str, *, dag: str = "", **arguments: Any) -> None:
    """Make a Dag with a task that asks for the backup ``<key>-backup-shared``."""
    with row_dag(f"{key}{dag}"):
        backup(key, backup_id=f"{key}-backup-shared", **arguments)


def restoring(key: str, *, source: str, **arguments: Any) -> None:
    """Make a Dag with a task that restores a backup into the database ``<key>-restored``."""
    with row_dag(key):
        SpannerRestoreDatabaseOperator(
            task_id="restore",
            database_id=f"{key}-restored",
            source_backup=source,
            deferrable=True,
            clean_up=True,
            **where(key),
            **arguments,
        )


def protecting(key: str, **arguments: Any) -> None:
    """Make a Dag with a task that protects the database ``<key>-protected``."""
    with row_dag(key):
        SpannerUpdateDatabaseOperator(
            task_id="protect",
            database_id=f"{key}-protected",
            enable_drop_protection=True,
            deferrable=True,
            **where(key),
            **arguments,
        )


shared("n1a", operation_timeout=timedelta(minutes=10))
shared("n1a", dag="_other", database="n1a-sibling", operation_timeout=timedelta(minutes=10))
shared("n1b", operation_timeout=timedelta(seconds=45))
with row_dag("n1c"):
    SpannerCreateBackupOperator.partial(
        task_id="backup",
        backup_id="n1c-backup-shared",
        expire_time=timedelta(days=30),
        **where("n1c"),
    ).expand(database_id=["n1c-0", "n1c-1", "n1c-2"])
shared("n2a", retries=1)
shared("n2b", retries=1)
shared("n3a", **LATER)
restoring("n3b", source="n3b-source", **LATER)
# what is refused is refused: by itself it would wait until the other update has ended
protecting("n4a", wait_for_slot=False)
shared("n4b")
shared("n4c", retries=1)
restoring("n5a", source="n5a-source", gcp_conn_id="spanner_ahead", **SOON)
restoring("n5b", source="n5b-source", gcp_conn_id="spanner_behind", retries=1)
protecting("n6a", gcp_conn_id="spanner_ahead", **SOON)
protecting("n6b", gcp_conn_id="spanner_behind", **SOON)

frozen = {"retries": 1, **ON_WORKER}
n7 = single("n7", operation_timeout=timedelta(seconds=85))
n8a = single("n8a", **frozen)
n8b = single("n8b", **frozen)
n8c = single("n8c", **frozen)

e21a = single("e21a", **ON_WORKER)
e21b = single("e21b", **ON_WORKER)
e21d = single("e21d", **ON_WORKER)
