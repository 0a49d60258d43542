# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows about starting once: one a row.

All may be tried again, also those whose rows say that they are not.
"""

from __future__ import annotations

from typing import Any

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    RUN,
    row_dag,
    single,
    where,
)

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

SINGLE: dict[str, dict[str, Any]] = {
    "s1": {},
    "s2a": {},
    "s2c": ON_WORKER,
    "s2d": {},
    "s5": {},
    "s6a": {},
    "s6b": ON_WORKER,
    "s8": {},
}
for key, arguments in SINGLE.items():
    globals()[f"guarantee_{key}"] = single(key, retries=1, **arguments)

TABLES = [
    f"CREATE TABLE {table} (Id STRING(36) NOT NULL) PRIMARY KEY (Id)"
    for table in ("Orders", "Customers", "Parts")
]
"""None of these can be run twice."""
SCHEMAS = {
    "s2b": TABLES[:1],
    "s7": [TABLES[0].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")],
    "s9": TABLES,
}
for key, statements in SCHEMAS.items():
    with row_dag(key):
        SpannerUpdateDatabaseDdlOperator(
            task_id="schema",
            database_id=f"{key}-schema",
            ddl_statements=statements,
            deferrable=True,
            retries=1,
            **where(key),
        )

with row_dag("s3"):
    SpannerCreateBackupOperator(
        task_id="backup",
        database_id="s3",
        backup_id="s3-backup-of-others",
        expire_time="P30D",
        deferrable=True,
        retries=1,
        **where("s3"),
    )

with row_dag("s4"):
    SpannerCreateBackupOperator(
        task_id="backup",
        database_id="s4",
        backup_id=f"s4-backup-{RUN}",
        # the second try asks for something else than the first
        expire_time="P{{ 30 + 10 * ti.try_number }}D",
        deferrable=True,
        cancel_on_kill=False,
        **where("s4"),
    )
