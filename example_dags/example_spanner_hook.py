# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook in functions of your own.

Starts two schema changes without waiting, asks through the hook what runs on the database, and
waits for all of it at the same time in one async task.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import dag, task

from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")


# [START howto_hook]
@task
def what_runs() -> list[str]:
    """Return the names of the operations that run on the database."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    running = SpannerAdminHook().list_operations(
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        list_type="DATABASE_UPDATE_DDL",
        pending_only=True,
    )
    return [str(operation.name) for operation in running]


# [END howto_hook]


# [START howto_async_hook]
@task
async def wait_for_all(names: list[str]) -> dict[str, Any]:
    """Wait for operations at the same time, and return how each ended."""
    from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook

    async with SpannerAdminAsyncHook() as hook:
        ended = await asyncio.gather(
            *(hook.wait_for_operation(name=name, timeout=3600, check=True) for name in names)
        )
    return {str(operation.name): operation.state.value for operation in ended}


# [END howto_async_hook]


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "database_id": DATABASE_ID,
        "retries": 2,
    },
)
def example_spanner_hook() -> None:
    """Start two operations, and wait for both in one task."""
    starts = [
        SpannerUpdateDatabaseDdlOperator(
            task_id=task_id, ddl_statements=[statement], wait_for_completion=False
        )
        for task_id, statement in (
            ("add_note", "ALTER TABLE Orders ADD COLUMN IF NOT EXISTS Note STRING(MAX)"),
            ("add_index", "CREATE INDEX IF NOT EXISTS OrdersByNote ON Orders(Note)"),
        )
    ]
    running = what_runs()
    starts[0] >> starts[1] >> running
    wait_for_all(running)  # type: ignore[arg-type]  # filled in at run time


example_spanner_hook()
