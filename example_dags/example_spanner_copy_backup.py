# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A copy elsewhere.

A backup lives in the instance of its database: what happens to one can happen to the other.
This Dag takes a backup, copies it to another instance, of another project or region if you like,
and then keeps the copy for ninety days and the original for a week only.
How long copies are kept is a parameter of the Dag.
By default both instances are the same, so that it runs on the emulator as it is;
set `SPANNER_COPY_PROJECT_ID` and `SPANNER_COPY_INSTANCE_ID` to have the copy elsewhere.
In the end it deletes both, to leave nothing behind.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from airflow_spanner_lro.operators.backups import (
    SpannerCopyBackupOperator,
    SpannerCreateBackupOperator,
    SpannerDeleteBackupOperator,
    SpannerUpdateBackupOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
COPY_PROJECT_ID = os.environ.get("SPANNER_COPY_PROJECT_ID", PROJECT_ID)
COPY_INSTANCE_ID = os.environ.get("SPANNER_COPY_INSTANCE_ID", INSTANCE_ID)

_RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"
BACKUP_ID = f"original-{_RUN}"
COPY_ID = f"copy-{_RUN}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"retries": 2},
    params={"keep_copy": "P90D"},
)
def example_spanner_copy_backup() -> None:
    """Back up, copy, and let the original expire sooner."""
    backup = SpannerCreateBackupOperator(
        task_id="backup",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=30),
        deferrable=True,
    )
    # [START howto_operator_copy_backup]
    copy = SpannerCopyBackupOperator(
        task_id="copy",
        project_id=COPY_PROJECT_ID,
        instance_id=COPY_INSTANCE_ID,
        backup_id=COPY_ID,
        source_backup=f"projects/{PROJECT_ID}/instances/{INSTANCE_ID}/backups/{BACKUP_ID}",
        expire_time="{{ params.keep_copy }}",
        deferrable=True,
    )
    # [END howto_operator_copy_backup]
    # [START howto_operator_update_backup]
    expire_sooner = SpannerUpdateBackupOperator(
        task_id="expire_sooner",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        backup_id=BACKUP_ID,
        expire_time=timedelta(days=7),
    )
    # [END howto_operator_update_backup]
    # leave these two out to have the backups kept
    delete_copy = SpannerDeleteBackupOperator(
        task_id="delete_copy",
        project_id=COPY_PROJECT_ID,
        instance_id=COPY_INSTANCE_ID,
        backup_id=COPY_ID,
    )
    delete_original = SpannerDeleteBackupOperator(
        task_id="delete_original",
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        backup_id=BACKUP_ID,
    )
    backup >> copy >> expire_sooner
    expire_sooner >> delete_copy.as_teardown(setups=copy)
    delete_copy >> delete_original.as_teardown(setups=backup)


example_spanner_copy_backup()
