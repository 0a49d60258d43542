# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in Airflow's own tables, written as Airflow writes them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dagrun import DagRun
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from airflow.models.taskinstance import TaskInstance
from airflow.state import TaskScope, get_state_backend
from airflow.utils.orm_event_handlers import setup_event_handlers
from sqlalchemy import create_engine, delete, insert, select, update
from sqlalchemy.orm import scoped_session, sessionmaker

from airflow_spanner_lro.core.tries.ledger import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_AGO = timedelta(minutes=10)
RUN = "manual__1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """An Airflow database with tasks of ours."""

    session: Any

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[Rows]:
        """Create the tables, which are dropped in the end."""
        import_all_models()
        engine = create_engine(url)
        setup_event_handlers(engine)
        Base.metadata.create_all(engine)
        session = scoped_session(sessionmaker(bind=engine, expire_on_commit=False))
        yield cls(session=session)
        session.remove()
        Base.metadata.drop_all(engine)
        engine.dispose()

    def execute(self, statement: Any) -> Any:
        """Execute a statement in a transaction of its own."""
        with self.session() as session:
            result = session.execute(statement)
            session.commit()
            return result

    def add_task(
        self,
        *,
        state: str | None = "failed",
        run_state: str = "failed",
        dag_id: str = "nightly",
        task_id: str = "backup",
        map_index: int = -1,
        try_number: int = 1,
        ago: timedelta = LONG_AGO,
    ) -> TaskScope:
        """Add a task instance, and its run if need be, that came to its state some time ago."""
        then = datetime.now(tz=UTC) - ago
        run = {"dag_id": dag_id, "run_id": RUN}
        if not self.execute(select(DagRun.id).filter_by(**run)).all():
            dates = {"run_after": then, "end_date": then, "updated_at": then}
            values = {"state": run_state, "run_type": "manual", **run, **dates}
            self.execute(insert(DagRun).values(values))
        dates = {"start_date": then, "end_date": then, "updated_at": then}
        values = {"task_id": task_id, "map_index": map_index, "max_tries": 0, "pool": "default"}
        self.execute(
            insert(TaskInstance).values(
                state=state, try_number=try_number, **values, **run, **dates
            )
        )
        return TaskScope(dag_id=dag_id, run_id=RUN, task_id=task_id, map_index=map_index)

    def change_task(self, scope: TaskScope, **values: Any) -> None:
        """Change a task instance, as the scheduler or a user does."""
        self.execute(update(TaskInstance).where(*_of(TaskInstance, scope)).values(**values))

    def delete_task(self, scope: TaskScope) -> None:
        """Delete a task instance."""
        self.execute(delete(TaskInstance).where(*_of(TaskInstance, scope)))

    def delete_run(self, scope: TaskScope) -> None:
        """Delete a run, and all that is kept with it."""
        self.execute(delete(DagRun).filter_by(dag_id=scope.dag_id, run_id=scope.run_id))

    def write(self, scope: TaskScope, entry: LedgerEntry, *, number: int = 1) -> None:
        """Write a ledger entry as its task does: through Airflow, whatever was there."""
        self.write_value(scope, entry.to_record(), number=number)

    def write_value(self, scope: TaskScope, value: Any, *, number: int = 1) -> None:
        """Write anything under the key of a ledger entry."""
        get_state_backend().set(scope, f"spanner_lro:{number}", json.dumps(value))

    def write_foreign(self, scope: TaskScope, key: str) -> None:
        """Write something under a key of the task's author."""
        get_state_backend().set(scope, key, "1")

    def read(self, scope: TaskScope, *, number: int = 1) -> LedgerEntry:
        """Read a ledger entry as its task does."""
        value = get_state_backend().get(scope, f"spanner_lro:{number}")
        assert value is not None
        return LedgerEntry.from_record(json.loads(value))

    def expiry(self, scope: TaskScope) -> datetime | None:
        """Return when Airflow may clean an entry up."""
        found: datetime | None = self.execute(
            select(Stored.expires_at).where(*_of(Stored, scope))
        ).scalar_one()
        return found


def _of(table: Any, scope: TaskScope) -> list[Any]:
    return [
        getattr(table, name) == getattr(scope, name)
        for name in ("dag_id", "run_id", "task_id", "map_index")
    ]
