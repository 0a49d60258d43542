# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run when Spanner has made a backup.

A watcher in the triggerer looks for backups of a database that have become complete, also those of
Spanner's own backup schedules, which no task of Airflow makes.
Each of them is an event of the asset, with the backup's facts in its payload.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import AssetWatcher, dag, task

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.triggers.backup_watcher import SpannerBackupWatcherTrigger

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

# [START howto_asset_watcher]
WATCHED = backups_asset(
    project_id=PROJECT_ID,
    instance_id=INSTANCE_ID,
    database_id=DATABASE_ID,
    watchers=[
        AssetWatcher(
            name="new_backups",
            trigger=SpannerBackupWatcherTrigger(
                project_id=PROJECT_ID,
                instance_id=INSTANCE_ID,
                database_id=DATABASE_ID,
                poll_interval=300,
            ),
        )
    ],
)
# [END howto_asset_watcher]


@task
def tell(triggering_asset_events: Any = None) -> list[str]:
    """Log each new backup, and return their names."""
    names = []
    for event in triggering_asset_events[WATCHED]:
        # an event of a task, which has the asset as its outlet, has the facts at hand
        facts = event.extra.get("payload", event.extra)
        print(f"{facts['name']}: {facts['size_bytes']} bytes, until {facts['expire_time']}")
        names.append(str(facts["name"]))
    return names


@dag(
    schedule=WATCHED,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
)
def example_spanner_backup_watcher() -> None:
    """Do something for each new backup."""
    tell()


example_spanner_backup_watcher()
