# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restore drill.

A backup that was never restored is a hope.
This Dag takes a backup, restores it into a scratch database, checks that its schema and its rows
are those of the original, and then drops the scratch database and deletes the backup: also when a
step before failed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import dag

from airflow_spanner_lro.operators.drill import (
    RowCountCheck,
    SchemaCheck,
    SqlCheck,
    spanner_restore_drill,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.rows import RowReader

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
# an emulator has rows only with --data; set this to 1 then, and to 0 to look at the schema only
HAS_ROWS = os.environ.get(
    "SPANNER_DRILL_ROWS", "0" if "SPANNER_EMULATOR_HOST" in os.environ else "1"
)


# [START howto_restore_drill]
def orders_are_not_old(restored: RowReader) -> bool:
    """Tell whether the latest order was placed within the last week."""
    latest = restored.value("SELECT MAX(Placed) FROM Orders")
    return bool(latest > datetime.now(tz=UTC) - timedelta(days=7))


SCHEMA = SchemaCheck()
ROWS = (
    RowCountCheck(),
    SqlCheck(
        name="no order from the future",
        sql="SELECT COUNT(*) FROM Orders WHERE Placed > CURRENT_TIMESTAMP()",
        expected=0,
    ),
    orders_are_not_old,
)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_restore_drill() -> None:
    """Back up, restore, check, and leave nothing behind."""
    spanner_restore_drill(
        database_id=DATABASE_ID,
        checks=[SCHEMA, *(ROWS if HAS_ROWS == "1" else ())],
        deferrable=True,
    )


# [END howto_restore_drill]
example_spanner_restore_drill()
