# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run when Spanner has made a backup.

A watcher in the triggerer looks for backups of a database that have become complete, also those of
Spanner's own backup schedules, which no task of Airflow makes.
Each of them is an event of the asset, with the backup's facts in its payload.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import AssetWatcher, dag, task

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.triggers.backup_watcher import SpannerBackupWatcherTrigger

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
# not the database of the other examples: an asset has one definition in all Dag files, and one
# file that defines it without the watcher takes the watcher away again (Airflow 3.3.2)
DATABASE_ID = os.environ.get("SPANNER_WATCHED_DATABASE_ID", "invoices")
INTERVAL = float(os.environ.get("SPANNER_WATCH_INTERVAL", "300"))

log = logging.getLogger(__name__)

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
                poll_interval=INTERVAL,
            ),
        )
    ],
)
# [END howto_asset_watcher]


@task
def tell(triggering_asset_events: Any = None) -> list[str]:
    """Log each new backup, and return their names."""
    names = []
    for event in triggering_asset_events.get(WATCHED, ()):
        # an event of a task, which has the asset as its outlet, has the facts at hand
        facts = event.extra.get("payload", event.extra)
        log.info("%(name)s: %(size_bytes)s bytes, until %(expire_time)s", facts)
        names.append(str(facts["name"]))
    return names


@dag(
    schedule=WATCHED,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"retries": 2},
)
def example_spanner_backup_watcher() -> None:
    """Do something for each new backup."""
    tell()


example_spanner_backup_watcher()
