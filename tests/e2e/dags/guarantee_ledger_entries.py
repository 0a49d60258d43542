# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows about what is written in ledgers."""

from __future__ import annotations

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    backup,
    row_dag,
    single,
    where,
)

from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

n9a = single("n9a")
with row_dag("n9b"):
    cancel = SpannerCancelOperationOperator(
        task_id="cancel",
        operation_name="{{ ti.xcom_pull(task_ids='backup', key='operation_name') }}",
        trigger_rule="one_failed",
    )
    sibling = backup(
        "n9b",
        task_id="sibling",
        database="n9b-sibling",
        on_failure_callback=SpannerCancelOperationNotifier(),
    )
    # an id by a template could be anybody's to whoever has only what was published
    [backup("n9b", backup_id="n9b-backup-shared"), sibling] >> cancel
n10 = single("n10")
with row_dag("n11a"):
    SpannerUpdateDatabaseDdlOperator(
        task_id="schema",
        database_id="n11a-schema",
        # can be run twice
        ddl_statements=["CREATE TABLE IF NOT EXISTS Orders (Id STRING(36)) PRIMARY KEY (Id)"],
        retries=1,
        **ON_WORKER,
        **where("n11a"),
    )
with row_dag("n11b"):
    backup("n11b", backup_id="n11b-backup-shared")
    backup("n11b", task_id="other", backup_id="n11b-backup-shared")
n12a = single("n12a", retries=1)
n12b = single("n12b", retries=1)
with row_dag("n12c"):
    # what its entry names goes on when it is marked failed
    backup("n12c", cancel_on_kill=False)
    backup("n12c", task_id="sibling", database="n12c-sibling")
