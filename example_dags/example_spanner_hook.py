# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook in functions of your own, from start to end.

Starts three schema changes without waiting, lists what runs on the database, waits for two of them
at the same time in one async task, and cancels the third. What a function returns of an operation
the next one takes as it is.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import dag, task

if TYPE_CHECKING:
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_DATABASE_ID", "orders")
DATABASE = f"projects/{PROJECT_ID}/instances/{INSTANCE_ID}/databases/{DATABASE_ID}"


# [START howto_hook_start]
@task
def start_schema_change(statement: str) -> OperationSnapshot:
    """Start a schema change, and return the operation without waiting for it."""
    from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    return SpannerAdminHook().start_operation(
        kind=UPDATE_DATABASE_DDL, request={"database": DATABASE, "statements": [statement]}
    )


# [END howto_hook_start]


# [START howto_hook]
@task
def what_runs() -> list[OperationSnapshot]:
    """Return the operations that run on the database."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    return SpannerAdminHook().list_operations(
        project_id=PROJECT_ID,
        instance_id=INSTANCE_ID,
        database_id=DATABASE_ID,
        list_type="DATABASE_UPDATE_DDL",
        pending_only=True,
    )


# [END howto_hook]


# [START howto_async_hook]
@task
async def wait_for_all(operations: list[OperationSnapshot]) -> list[OperationSnapshot]:
    """Wait for operations at the same time; fail if one of them did not succeed."""
    from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook

    async with SpannerAdminAsyncHook() as hook:
        return await asyncio.gather(
            *(hook.wait_for_operation(each, timeout=3600, check=True) for each in operations)
        )


# [END howto_async_hook]


# [START howto_hook_cancel]
@task
def cancel(operation: OperationSnapshot) -> Settlement:
    """Cancel an operation, and return what became of it."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

    return SpannerAdminHook().cancel_operation(operation)


# [END howto_hook_cancel]


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"retries": 2},
)
def example_spanner_hook() -> None:
    """Start three operations, wait for two, cancel the third."""
    note = start_schema_change.override(task_id="add_note")(
        "ALTER TABLE Orders ADD COLUMN IF NOT EXISTS Note STRING(MAX)"
    )
    tag = start_schema_change.override(task_id="add_tag")(
        "ALTER TABLE Orders ADD COLUMN IF NOT EXISTS Tag STRING(MAX)"
    )
    index = start_schema_change.override(task_id="add_index")(
        "CREATE INDEX IF NOT EXISTS OrdersByNote ON Orders(Note)"
    )
    running = what_runs()
    (
        note
        >> [tag, index]
        >> running
        >> [
            wait_for_all([note, tag]),  # type: ignore[list-item]  # filled in at run time
            cancel(index),  # type: ignore[arg-type]  # the same
        ]
    )


example_spanner_hook()
