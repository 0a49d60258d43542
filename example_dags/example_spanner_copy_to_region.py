# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Each new backup is copied to another region.

Runs whenever there is a new backup of the database, whoever made it: a task with the asset as its
outlet, such as that of ``example_spanner_asset_backup``, or a watcher of the asset.
Several backups since the last run are copied side by side.
By default the copies stay in the instance, so that it runs on the emulator as it is;
set `SPANNER_COPY_INSTANCE_ID` to an instance in another region.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.operators.backups import SpannerCopyBackupOperator

# [START recipe_copy_to_region]
PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
COPY_INSTANCE_ID = os.environ.get("SPANNER_COPY_INSTANCE_ID", INSTANCE_ID)
BACKUPS = backups_asset(project_id=PROJECT_ID, instance_id=INSTANCE_ID, database_id=DATABASE_ID)


@task
def new_backups(triggering_asset_events: Any = None) -> list[dict[str, str]]:
    """Return what to copy: each backup that an event is about, once."""
    events = triggering_asset_events.get(BACKUPS) or ()
    # an event of a watcher has the facts in its payload, one of a task has them at hand
    names = [str(event.extra.get("payload", event.extra)["name"]) for event in events]
    return [
        {"source_backup": name, "backup_id": f"{name.rpartition('/')[2]}-copy"}
        for name in dict.fromkeys(names)
    ]


@dag(
    schedule=BACKUPS,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "retries": 2},
)
def example_spanner_copy_to_region() -> None:
    """Copy what is new."""
    SpannerCopyBackupOperator.partial(
        task_id="copy",
        instance_id=COPY_INSTANCE_ID,
        expire_time=timedelta(days=90),
        deferrable=True,
        execution_timeout=timedelta(hours=12),
        map_index_template="{{ task.backup_id }}",
    ).expand_kwargs(new_backups())


example_spanner_copy_to_region()
# [END recipe_copy_to_region]
