# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in Airflow's own tables, written as Airflow writes them: runs, tasks, stores, and Dags."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.state import TaskScope, get_state_backend
from airflow.utils.orm_event_handlers import setup_event_handlers
from sqlalchemy import (
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from sqlalchemy import Engine

    Author = Callable[[str], object]
    """Writes the task of an id into the Dag that is being written."""

LONG_AGO = timedelta(minutes=10)
RUN = "manual__1"
BUNDLE = "dags"


def back_up(task_id: str, **parameters: Any) -> SpannerCreateBackupOperator:
    """Write a task that backs up the database ``orders`` as ``nightly``."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "main",
        "database_id": "orders",
        "backup_id": "nightly",
        "expire_time": "P9D",
    }
    return SpannerCreateBackupOperator(task_id=task_id, **usual | parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowTables:
    """An Airflow database with tasks of ours.

    :param written: who has written which task of which Dag
    """

    session: Any
    written: dict[str, dict[str, Author]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[AirflowTables]:
        """Create the tables, which are empty again in the end, or gone with their file."""
        file = make_url(url).database if url.startswith("sqlite") else None
        if file is not None:
            Path(file).write_bytes(_empty_file())
        engine = create_engine(url)
        setup_event_handlers(engine)
        if file is None:
            _create_missing(engine)
        else:
            event.listen(engine, "connect", _need_no_disk)
            # other processes find the file as Airflow leaves it: with its journal's mode
            engine.connect().close()
        session = scoped_session(sessionmaker(bind=engine, expire_on_commit=False))
        yield cls(session=session)
        session.remove()
        if file is None:
            _empty(engine)
        engine.dispose()
        if file is not None:
            # there are hundreds, and pytest keeps its folders
            Path(file).unlink()

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
        author: Author | None = back_up,
    ) -> TaskScope:
        """Add a task instance, and its run if need be, that came to its state some time ago.

        :param author: writes the task into its Dag; None for a task that is in no Dag
        """
        then = datetime.now(tz=UTC) - ago
        version = None
        if author is not None:
            self.written.setdefault(dag_id, {})[task_id] = author
            version = self.write_dag(dag_id)
        run = {"dag_id": dag_id, "run_id": RUN}
        if not self.execute(select(DagRun.id).filter_by(**run)).all():
            dates = dict.fromkeys(("run_after", "created_at", "end_date", "updated_at"), then)
            values = {"state": run_state, "run_type": "manual", **run, **dates}
            self.execute(insert(DagRun).values(values))
        dates = {"start_date": then, "end_date": then, "updated_at": then}
        values = {"task_id": task_id, "map_index": map_index, "max_tries": 0, "pool": "default"}
        self.execute(
            insert(TaskInstance).values(
                state=state,
                try_number=try_number,
                dag_version_id=version,
                **values,
                **run,
                **dates,
            )
        )
        return TaskScope(dag_id=dag_id, run_id=RUN, task_id=task_id, map_index=map_index)

    def write_dag(self, dag_id: str = "nightly", **arguments: Any) -> UUID:
        """Write a new version of a Dag, with all tasks that it has by now, as its processor does.

        :param arguments: arguments of the Dag
        """
        with DAG(
            dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **arguments
        ) as dag:
            for task_id, author in self.written[dag_id].items():
                author(task_id)
        if not self.execute(select(DagModel.dag_id).filter_by(dag_id=dag_id)).all():
            if not self.execute(select(DagBundleModel.name)).all():
                self.execute(insert(DagBundleModel).values(name=BUNDLE))
            limits = {"max_active_tasks": 16, "max_consecutive_failed_dag_runs": 0}
            values = {"bundle_name": BUNDLE, "has_task_concurrency_limits": False, **limits}
            self.execute(insert(DagModel).values(dag_id=dag_id, **values))
        number = select(func.count()).select_from(DagVersion).filter_by(dag_id=dag_id)
        version, now = uuid4(), datetime.now(tz=UTC)
        values = {"version_number": self.execute(number).scalar_one() + 1, "created_at": now}
        self.execute(insert(DagVersion).values(id=version, dag_id=dag_id, **values))
        data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
        values = {"data": data, "dag_hash": str(version)[:32]}
        self.execute(
            insert(SerializedDagModel.__table__).values(
                id=uuid4(),
                dag_id=dag_id,
                dag_version_id=version,
                created_at=now,
                last_updated=now,
                **values,
            )
        )
        return version

    def delete_dag(self, dag_id: str = "nightly") -> None:
        """Delete all that was written of a Dag; its runs stay, as after a clean-up of versions."""
        # the row itself does not change for long
        values = {"dag_version_id": None, "updated_at": TaskInstance.updated_at}
        self.execute(update(TaskInstance).filter_by(dag_id=dag_id).values(values))
        self.execute(delete(DagVersion).filter_by(dag_id=dag_id))

    def move_task(self, scope: TaskScope, version: UUID) -> None:
        """Move a task instance to another version of its Dag, as the scheduler did long ago."""
        values = {"dag_version_id": version, "updated_at": TaskInstance.updated_at}
        self.change_task(scope, **values)

    def age_versions(self) -> None:
        """Let all versions of Dags be older than any run."""
        self.execute(update(DagVersion).values(created_at=datetime.now(tz=UTC) - LONG_AGO * 9))

    def render(self, scope: TaskScope, **fields: Any) -> None:
        """Write what the templates of a task instance came to, as it does when it starts."""
        where = {"dag_id": scope.dag_id, "run_id": scope.run_id, "task_id": scope.task_id}
        values = {"map_index": scope.map_index, "rendered_fields": fields}
        self.execute(insert(RenderedTaskInstanceFields).values(**where, **values))

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

    def write_value(self, scope: TaskScope, value: Any, *, number: int | str = 1) -> None:
        """Write anything under the key of a ledger entry."""
        self.write_text(scope, json.dumps(value), number=number)

    def write_text(self, scope: TaskScope, text: str, *, number: int | str = 1) -> None:
        """Write anything, which need not be JSON."""
        get_state_backend().set(scope, f"spanner_lro:{number}", text)

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


@cache
def _empty_file() -> bytes:
    """Return Airflow's empty database; to create its seventy tables takes as long as many tests."""
    import_all_models()
    with closing(sqlite3.connect(":memory:")) as connection:
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        Base.metadata.create_all(engine)
        return connection.serialize()


def _need_no_disk(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _create_missing(engine: Engine) -> None:
    import_all_models()
    if not inspect(engine).has_table(TaskInstance.__tablename__):
        Base.metadata.create_all(engine)


def _empty(engine: Engine) -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def _of(table: Any, scope: TaskScope) -> list[Any]:
    return [
        getattr(table, name) == getattr(scope, name)
        for name in ("dag_id", "run_id", "task_id", "map_index")
    ]
