# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Put task instances into the state in which a worker leaves those that have deferred.

Thousands of workers would take hours on a small machine, so this does what Airflow's execution API
does when a worker tells it of a deferral (``ti_update_state`` of Airflow 3.3.2): a row in the table
of triggers, and four columns of the task instance. What the task itself has written is there too:
its record, and its entry in the ledger. It runs in a process of its own, which may use Airflow's
models; its argument is a file with the operations, ``[[dag_id, map_index, name], …]``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRun
from airflow.models.task_state_store import TaskStateStoreModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.models.xcom import XComModel
from airflow.sdk.serde import serialize
from airflow.sdk.timezone import utcnow
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.execution.store import KEY_PREFIX
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.connection import ConnectionSpec

METHOD = SpannerCreateBackupOperator.execute_complete.__name__


def main() -> None:
    """Defer the tasks of a file."""
    listed = json.loads(Path(sys.argv[1]).read_text())
    operations = {(dag_id, map_index): name for dag_id, map_index, name in listed}
    dag_ids = {dag_id for dag_id, _ in operations}
    connection_spec = SpannerAdminHook().connection_spec
    interval, settling = settings.poll_interval(), settings.settle_timeout()
    with create_session() as session:
        runs = {}
        for run in session.scalars(select(DagRun).where(DagRun.dag_id.in_(dag_ids))):
            run.state = DagRunState.RUNNING
            run.start_date = utcnow()
            runs[run.dag_id, run.run_id] = run
        for task in session.scalars(select(TaskInstance).where(TaskInstance.dag_id.in_(dag_ids))):
            name = operations.get((task.dag_id, task.map_index))
            if name is None:
                continue
            trigger = SpannerOperationTrigger.for_operation(
                OperationName.parse(name),
                connection_spec=connection_spec,
                poll_interval=interval,
                cancel_on_timeout=True,
                cancel_on_kill=True,
                cleans_up=True,
                settle_timeout=settling,
            )
            classpath, kwargs = trigger.serialize()
            row = Trigger(classpath=classpath, kwargs={})
            row.encrypted_kwargs = json.dumps(serialize(kwargs))
            session.add(row)
            session.flush()
            entry = _entry(
                name,
                connection_spec=connection_spec,
                intended=runs[task.dag_id, task.run_id].created_at,
            ).to_record()
            of: dict[str, Any] = {
                "dag_id": task.dag_id,
                "run_id": task.run_id,
                "task_id": task.task_id,
            }
            of["map_index"] = task.map_index
            XComModel.set(RECORD_KEY, entry, **of, serialize=False, session=session)
            session.add(
                TaskStateStoreModel(
                    **of,
                    dag_run_id=runs[task.dag_id, task.run_id].id,
                    key=f"{KEY_PREFIX}1",
                    value=json.dumps(entry),
                )
            )
            task.try_number = 1
            task.start_date = utcnow()
            task.state = TaskInstanceState.DEFERRED
            task.trigger_id = row.id
            task.next_method = METHOD
            task.next_kwargs = {}


def _entry(name: str, *, connection_spec: ConnectionSpec, intended: datetime) -> LedgerEntry:
    operation = OperationName.parse(name)
    return LedgerEntry(
        kind=CREATE_BACKUP,
        target=operation.resource,
        fingerprint="of a crowd",
        intended=intended,
        try_number=1,
        connection_spec=connection_spec,
        operation=operation,
        cleans_up=True,
        evidence=Evidence.ANSWERED,
    )


if __name__ == "__main__":
    main()
