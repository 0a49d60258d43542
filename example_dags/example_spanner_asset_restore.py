# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restore drill for each new backup.

Runs whenever there is a new backup of the database, whoever made it: a task with the asset as its
outlet, such as that of ``example_spanner_asset_backup``, or a watcher of the asset.
Restores the backup that the event names into a scratch database, checks it, and drops it again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from airflow_spanner_lro.assets import backups_asset
from airflow_spanner_lro.operators.drill import SchemaCheck, spanner_restore_drill

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")

# [START howto_asset_schedule]
BACKUPS = backups_asset(project_id=PROJECT_ID, instance_id=INSTANCE_ID, database_id=DATABASE_ID)


@task
def newest_backup(triggering_asset_events: Any = None) -> str:
    """Return the full name of the backup that the latest event is about."""
    events = triggering_asset_events.get(BACKUPS)
    if not events:
        message = "No event says which backup to restore: this run was started by hand."
        raise AirflowSkipException(message)
    # an event of a watcher has the facts in its payload, one of a task has them at hand
    facts = events[-1].extra.get("payload", events[-1].extra)
    return str(facts["name"])


@dag(
    schedule=BACKUPS,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_asset_restore() -> None:
    """Restore the new backup, and leave nothing behind."""
    # where rows are to be compared, take a RowCountCheck along
    spanner_restore_drill(
        database_id=DATABASE_ID,
        backup=newest_backup(),
        checks=[SchemaCheck()],
        deferrable=True,
    )
    # [END howto_asset_schedule]


example_spanner_asset_restore()
