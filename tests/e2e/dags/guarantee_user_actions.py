# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows in which somebody acts: one a row."""

from __future__ import annotations

from typing import Any

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    backup,
    row_dag,
    single,
)

from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor

SINGLE: dict[str, dict[str, Any]] = {
    "e5": {},
    "e6": {},
    "e7": {},
    "e8a": ON_WORKER,
    "e8b": ON_WORKER,
    "e9a": {},
    "e9b": ON_WORKER,
    "e12": {},
    "e13": ON_WORKER,
    "k3": {},
    "k8a": {"cancel_on_kill": False},
    "k8b": {"cancel_on_kill": False, **ON_WORKER},
}
for key, arguments in SINGLE.items():
    globals()[f"guarantee_{key}"] = single(key, **arguments)


def sibling(key: str, **arguments: Any) -> Any:
    """Return a task beside the one that is looked at; its operation fails when the row says so."""
    return backup(key, task_id="sibling", database=f"{key}-sibling", **arguments)


with row_dag("e11a", fail_fast=True):
    backup("e11a")
    sibling("e11a")

with row_dag("e11b", fail_fast=True):
    backup("e11b", **ON_WORKER)
    sibling("e11b")

with row_dag("e20a"):
    cancel = SpannerCancelOperationOperator(
        task_id="cancel",
        operation_name="{{ ti.xcom_pull(task_ids='backup', key='operation_name') }}",
        trigger_rule="one_failed",
    )
    [backup("e20a"), sibling("e20a")] >> cancel

with row_dag("e20b"):
    backup("e20b")
    sibling("e20b", on_failure_callback=SpannerCancelOperationNotifier())

with row_dag("e20c", on_failure_callback=SpannerCancelOperationNotifier()):
    backup("e20c", wait_for_completion=False)
    sibling("e20c")

with row_dag("k7"):
    started = backup("k7", wait_for_completion=False)
    SpannerOperationSensor(
        task_id="wait",
        operation_name=[started.output],
        deferrable=True,
        poke_interval=2,
    )
