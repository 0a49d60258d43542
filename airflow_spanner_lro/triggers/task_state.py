# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a trigger can learn about its own task: its state now, and who owns the operation.

Triggers can read task states and XComs through the triggerer's main process; the task state store
is out of reach there and a read of it would hang for ever (Airflow 3.3.2). Both reads block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry

if TYPE_CHECKING:
    from airflow.executors.workloads.task import TaskInstanceDTO

_DEFERRED = "deferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task instance as a trigger sees it from outside."""

    deferred: bool
    record: LedgerEntry | None


def view_task(task_instance: TaskInstanceDTO) -> TaskView:
    """Read state and record of a task instance.

    A task that no longer exists is not deferred and has no record.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    return TaskView(
        deferred=_state(task_instance) == _DEFERRED,
        record=_record(task_instance),
    )


def _state(ti: TaskInstanceDTO) -> str | None:
    mapped = ti.map_index >= 0
    states = RuntimeTaskInstance.get_task_states(
        dag_id=ti.dag_id,
        task_ids=[ti.task_id],
        run_ids=[ti.run_id],
        map_index=ti.map_index if mapped else None,
    )
    key = f"{ti.task_id}_{ti.map_index}" if mapped else ti.task_id
    state: str | None = states.get(ti.run_id, {}).get(key)
    return state


def _record(ti: TaskInstanceDTO) -> LedgerEntry | None:
    record = BaseXCom.get_one(
        key=RECORD_KEY,
        dag_id=ti.dag_id,
        task_id=ti.task_id,
        run_id=ti.run_id,
        map_index=ti.map_index,
    )
    return LedgerEntry.from_record(record) if record else None
