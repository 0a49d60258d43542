# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Write ledgers as tasks do, few or thousands, and read them as the page does."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.models.dagrun import DagRun
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.models.trigger import Trigger
from sqlalchemy import event, insert, select, update

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.web.ledger.index import NEWEST, LedgerIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.state import TaskScope

    from airflow_spanner_lro.core.polling.seen import SeenOperation
    from airflow_spanner_lro.web.ledger.index import LedgerView
    from airflow_spanner_lro.web.ledger.listed import ListedOperation
    from tests.reaper.airflow_tables import AirflowTables

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ROWS_AT_ONCE = 500


def backup(name: str = "nightly", instance: str = "main") -> BackupName:
    """Return the name of a backup."""
    return BackupName(project="test", instance=instance, backup=name)


def operation_of(target: BackupName, number: int = 1) -> OperationName:
    """Return the name of an operation on a backup."""
    return OperationName(resource=target, operation=f"_auto_op_{number:016x}")


def entry(name: str = "nightly", *, number: int = 1, **changes: Any) -> LedgerEntry:
    """Return the entry of a backup that runs, as its start call answered, or with changes."""
    target = backup(name)
    usual: dict[str, Any] = {
        "kind": CREATE_BACKUP,
        "target": target,
        "fingerprint": "f",
        "intended": NOW - timedelta(minutes=20),
        "try_number": 1,
        "connection_spec": ConnectionSpec(gcp_conn_id="google_cloud_default"),
        "operation": operation_of(target, number),
        "evidence": Evidence.ANSWERED,
    }
    return LedgerEntry(**usual | changes)


@dataclass(slots=True, kw_only=True)
class Ledgers:
    """Ledgers in a database, and an index over them whose time stands still.

    :param monotonic: seconds by which the index tells how old it is
    :param seen: what pollers have seen, by name of the operation
    :param newest: how many entries the index knows, but for open ones
    """

    tables: AirflowTables
    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    monotonic: float = 1000.0
    seen: dict[str, SeenOperation] = field(default_factory=dict)
    newest: int = NEWEST
    index: LedgerIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = LedgerIndex(
            seen=lambda name, _: self.seen.get(name),
            now=lambda: self.now,
            monotonic=lambda: self.monotonic,
            newest=self.newest,
        )

    def later(self, seconds: float = 3.0) -> LedgerView:
        """Let time pass for the index, and look."""
        self.monotonic += seconds
        return self.index.view()

    def wait_for_turn(self, scope: TaskScope, classpath: str, arguments: dict[str, Any]) -> int:
        """Defer a task instance to a trigger, and return the trigger's number."""
        written = Trigger(classpath=classpath, kwargs=arguments)
        values = {
            "classpath": classpath,
            "encrypted_kwargs": written.encrypted_kwargs,
            "created_date": self.now,
        }
        done = self.tables.execute(insert(Trigger).values(**values))
        number = int(done.inserted_primary_key[0])
        self.tables.change_task(scope, trigger_id=number, state="deferred")
        return number

    def past_try(self, scope: TaskScope, *, try_number: int, state: str) -> None:
        """Write a try that is over into the history, as Airflow does when the next one comes."""
        where = {"dag_id": scope.dag_id, "run_id": scope.run_id, "task_id": scope.task_id}
        values = {"map_index": scope.map_index, "try_number": try_number, "state": state}
        more = {"pool": "default", "task_instance_id": uuid4()}
        self.tables.execute(insert(TaskInstanceHistory).values(**where, **values, **more))

    def touch(self, row: int, entry: LedgerEntry) -> None:
        """Write an entry again under its row, as its task does."""
        values = {"value": json.dumps(entry.to_record()), "updated_at": datetime.now(tz=UTC)}
        self.tables.execute(update(Stored).where(Stored.id == row).values(**values))

    def write_many(self, number: int, *, dags: int = 50, closed_each: int = 2) -> None:
        """Write entries of as many tasks, in as many runs as there are Dags, in a few statements.

        :param closed_each: one in so many is open
        """
        runs = [
            {"dag_id": f"dag{each}", "run_id": f"run{each}", "run_type": "manual"}
            | {"state": "running", "run_after": self.now, "created_at": self.now}
            for each in range(dags)
        ]
        self.tables.execute(insert(DagRun).values(runs))
        numbers = {each.dag_id: each.id for each in self.tables.execute(_RUN_NUMBERS)}
        for begin in range(0, number, _ROWS_AT_ONCE):
            some = range(begin, min(begin + _ROWS_AT_ONCE, number))
            self._write_some(some, dags=dags, closed_each=closed_each, numbers=numbers)

    def _write_some(
        self, some: range, *, dags: int, closed_each: int, numbers: dict[str, int]
    ) -> None:
        tasks, values = [], []
        for each in some:
            dag_id = f"dag{each % dags}"
            where = {"dag_id": dag_id, "run_id": f"run{each % dags}", "task_id": f"task{each}"}
            is_open = each % closed_each == 0
            tasks.append(
                {**where, "map_index": -1, "try_number": 1, "max_tries": 0, "pool": "default"}
                | {"state": "deferred" if is_open else "success", "start_date": self.now}
            )
            began = self.now - timedelta(seconds=each)
            written = entry(f"backup{each}", number=each, intended=began)
            record = (written if is_open else written.close()).to_record()
            values.append(
                {**where, "map_index": -1, "dag_run_id": numbers[dag_id], "key": "spanner_lro:1"}
                | {"value": json.dumps(record), "updated_at": self.now}
            )
        self.tables.execute(insert(TaskInstance).values(tasks))
        self.tables.execute(insert(Stored).values(values))


_RUN_NUMBERS = select(DagRun.dag_id, DagRun.id)


def only(view: LedgerView) -> ListedOperation:
    """Return the one line that there is."""
    (line,) = view.lines
    return line


@contextmanager
def statements(ledgers: Ledgers) -> Iterator[list[str]]:
    """Note the statements that the database is sent."""
    engine = ledgers.tables.session.get_bind()
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
