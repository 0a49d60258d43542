# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dag of the guarantee's row with many tasks: three hundred backups on a hundred instances.

No worker ever starts them, since the task before them waits for a pool that nobody makes: the row
puts them where workers would.
"""

from __future__ import annotations

from guarantee_parts import backup, row_dag  # type: ignore[import-not-found]  # it is in this folder

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

KEY, TASKS, INSTANCES = "e23", 300, 100

with row_dag(KEY, max_active_tasks=TASKS):
    backup(
        KEY, task_id="before", pool="nobody makes this pool"
    ) >> SpannerCreateBackupOperator.partial(
        task_id="backup",
        project_id="e2e",
        expire_time="P30D",
        deferrable=True,
    ).expand_kwargs(
        [
            {
                "instance_id": f"guarantee-{KEY}-{number % INSTANCES}",
                "database_id": f"{KEY}-{number}",
                "backup_id": f"{KEY}-backup-{number}",
            }
            for number in range(TASKS)
        ]
    )
