# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What can be learned of a task from outside: its liveness now, and who owns its operation.

Triggers can read task states and XComs through the triggerer's main process; the task state store
is out of reach there and a read of it would hang for ever (Airflow 3.3.2). Both reads block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.airflow_internals import task_states, xcom_of
from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.tries.ownership import TaskLiveness, UnreadableRecord, liveness_of

if TYPE_CHECKING:
    from airflow_spanner_lro.core.tries.ownership import Published


class TaskKey(Protocol):
    """Which task instance, as each of Airflow's descriptions of one tells it."""

    @property
    def dag_id(self) -> str:
        """Its Dag."""

    @property
    def task_id(self) -> str:
        """Its task."""

    @property
    def run_id(self) -> str:
        """Its Dag run."""

    @property
    def map_index(self) -> int | None:
        """Which of a mapped task's instances; -1 for a task that is not mapped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task instance as it is seen from outside."""

    liveness: TaskLiveness
    record: Published


def view_task(task: TaskKey) -> TaskView:
    """Read liveness and record of a task instance, in this order: see ``ownership.py``.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot tell the liveness
    """
    liveness = read_liveness(task)
    return TaskView(liveness=liveness, record=read_record(task))


def read_liveness(task: TaskKey) -> TaskLiveness:
    """Read the liveness of a task instance.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    index = index_of(task)
    states = task_states(
        dag_id=task.dag_id,
        run_id=task.run_id,
        task_ids=[task.task_id],
        map_index=index if index >= 0 else None,
    )
    key = f"{task.task_id}_{index}" if index >= 0 else task.task_id
    return liveness_of(states[key]) if key in states else TaskLiveness.MISSING


def read_record(task: TaskKey) -> Published:
    """Read what the latest try of a task instance has published.

    When that fails, whatever the reason, the task's liveness may be enough to decide.
    """
    try:
        record = xcom_of(
            key=RECORD_KEY,
            dag_id=task.dag_id,
            task_id=task.task_id,
            run_id=task.run_id,
            map_index=index_of(task),
        )
        return None if record is None else LedgerEntry.from_record(record)
    except Exception as exc:  # noqa: BLE001  # it is told, by whoever decides
        return UnreadableRecord(why=f"{type(exc).__name__}: {exc}")


def index_of(task: TaskKey) -> int:
    """Return the index of a mapped task instance; -1 if it is not mapped."""
    return -1 if task.map_index is None else task.map_index
