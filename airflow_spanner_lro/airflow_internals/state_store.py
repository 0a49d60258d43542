# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Values in Airflow's task state store, with the states of their tasks: read, and locked to change.

Relies on the tables ``task_state_store``, ``task_instance`` and ``dag_run`` of Airflow 3.3.2.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.metadata_database import database_session
from airflow_spanner_lro.core.ledger.reaping import TaskFacts, TaskPhase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

STATE_REFERENCE_KEY = "__airflow_state_ref__"
"""What the store holds instead of a value that is kept in a custom state backend; from
``airflow.sdk.execution_time.context``, where it is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value in the task state store, and its task instance.

    :param value: JSON
    :param written: when it was written last
    """

    row: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: str
    task: TaskFacts
    written: datetime | None = None


def stored_values(
    *,
    key_prefix: str,
    after: int,
    limit: int,
    dag_ids: Collection[str],
    without: str | None,
    try_before: str | None = None,
) -> list[StoredValue]:
    """Return a page of values with the states of their tasks, in one query.

    Relies on the tables ``task_state_store``, ``task_instance`` and ``dag_run``. Pages go along the
    primary key of the first; the joins use unique indexes of the others.

    :param after: the last row of the page before, 0 for the first page
    :param dag_ids: only values of these; of all if there are none
    :param without: leave out values that contain this text
    :param try_before: leave out values of tasks that wait for them: those that are queued, and
        those that are at work in the very try whose number stands in the value after this text
    """
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415

    query = _values().where(Stored.id > after, Stored.key.startswith(key_prefix, autoescape=True))
    if dag_ids:
        query = query.where(Stored.dag_id.in_(dag_ids))
    if without:
        query = query.where(Stored.value.not_like(_containing(without), escape="\\"))
    if try_before:
        query = query.where(_may_be_over(try_before))
    with database_session() as session:
        rows = session.execute(query.order_by(Stored.id).limit(limit)).all()
    return [_stored(row) for row in rows]


def values_of(rows: Collection[int]) -> list[StoredValue]:
    """Return the values of these rows with the states of their tasks; those that are gone not.

    :param rows: so few that a database takes them as parameters
    """
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415

    with database_session() as session:
        found = session.execute(_values().where(Stored.id.in_(rows)).order_by(Stored.id)).all()
    return [_stored(row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMarks:
    """Of each value, by its row, what changes whenever it or its task does.

    :param complete: no value was left out
    """

    by_row: dict[int, tuple[Any, ...]]
    complete: bool


def value_marks(*, key_prefix: str, newest: int, without: str) -> ValueMarks:
    """Return what tells of each value whether it has changed; two queries.

    Marks are compared for being equal, and for nothing else: moments come from the clocks of many
    machines, and are here as the database's driver has them. Relies on the same tables.

    :param newest: how many values are told of, the newest ones
    :param without: those that do not contain this text are told of, too, however old they are
    """
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import or_, select, type_coerce  # noqa: PLC0415
    from sqlalchemy.types import NullType  # noqa: PLC0415

    ours = Stored.key.startswith(key_prefix, autoescape=True)
    last = select(Stored.id).where(ours).order_by(Stored.id.desc()).offset(newest).limit(1)
    query = (
        select(
            Stored.id,
            # thousands of moments that nobody reads need not be decoded
            type_coerce(Stored.updated_at, NullType).label("written"),
            TaskInstance.try_number,
            TaskInstance.state,
            type_coerce(TaskInstance.updated_at, NullType).label("changed"),
            DagRun.state,
        )
        .outerjoin(TaskInstance, _same_task())
        .outerjoin(DagRun, DagRun.id == Stored.dag_run_id)
        .where(ours)
    )
    with database_session() as session:
        left_out = session.scalar(last)
        if left_out is not None:
            owed = Stored.value.not_like(_containing(without), escape="\\")
            query = query.where(or_(Stored.id > left_out, owed))
        found = {row[0]: tuple(row[1:]) for row in session.execute(query)}
    return ValueMarks(by_row=found, complete=left_out is None)


def dags_of_values(*, key_prefix: str) -> frozenset[str]:
    """Return the Dags whose tasks have such values."""
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    query = (
        select(Stored.dag_id).where(Stored.key.startswith(key_prefix, autoescape=True)).distinct()
    )
    with database_session() as session:
        return frozenset(session.scalars(query))


def retries_left(stored: StoredValue) -> int:
    """Return how many tries Airflow may make after this one, by its ``is_eligible_to_retry``.

    Relies on ``max_tries`` of the table ``task_instance``, which a clear raises.
    """
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    names = ("dag_id", "run_id", "task_id", "map_index")
    query = select(TaskInstance.max_tries, TaskInstance.try_number).where(
        *(getattr(TaskInstance, name) == getattr(stored, name) for name in names)
    )
    with database_session() as session:
        found = session.execute(query).one_or_none()
    # it counts tries from 0, and those that are made from 1
    return max(0, found.max_tries + 1 - found.try_number) if found else 0


def number_of_values(*, key_prefix: str, without: str) -> int:
    """Return how many values do not contain a text."""
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from sqlalchemy import func, select  # noqa: PLC0415

    query = select(func.count(Stored.id)).where(
        Stored.key.startswith(key_prefix, autoescape=True),
        Stored.value.not_like(_containing(without), escape="\\"),
    )
    with database_session() as session:
        return int(session.scalar(query) or 0)


def _may_be_over(try_before: str) -> ColumnElement[bool]:
    """Return the condition that leaves out, within the database, what is surely waited for."""
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.utils.state import TaskInstanceState  # noqa: PLC0415
    from sqlalchemy import String, and_, cast, literal, or_  # noqa: PLC0415

    text = literal(_containing(try_before).removesuffix("%"))
    number = cast(TaskInstance.try_number, String(16)).concat(",%")
    in_this_try = Stored.value.like(text.concat(number), escape="\\")
    at_work = TaskInstance.state.in_((TaskInstanceState.RUNNING, TaskInstanceState.DEFERRED))
    coming = TaskInstance.state.in_((TaskInstanceState.QUEUED, TaskInstanceState.RESTARTING))
    unknown = or_(TaskInstance.id.is_(None), TaskInstance.state.is_(None))
    return or_(unknown, ~or_(coming, and_(at_work, in_this_try)))


def other_values(*, key_prefix: str, containing: str, besides: int) -> list[StoredValue]:
    """Return the values that contain a text, except that of one row."""
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415

    query = _values().where(
        Stored.key.startswith(key_prefix, autoescape=True),
        Stored.value.like(_containing(containing), escape="\\"),
        Stored.id != besides,
    )
    with database_session() as session:
        rows = session.execute(query.order_by(Stored.id)).all()
    return [_stored(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedValue:
    """One value in the task state store, without its task."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    value: str


def values_named(key: str, *, changed_since: datetime) -> list[NamedValue]:
    """Return the values of all tasks under one key that were written since some time.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    columns = (Stored.dag_id, Stored.run_id, Stored.task_id, Stored.map_index, Stored.value)
    query = select(*columns).where(Stored.key == key, Stored.updated_at >= changed_since)
    with database_session() as session:
        return [
            NamedValue(
                dag_id=row.dag_id,
                run_id=row.run_id,
                task_id=row.task_id,
                map_index=row.map_index,
                value=str(row.value),
            )
            for row in session.execute(query)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedValue:
    """A value while its row and its task instance are held: no try can begin meanwhile."""

    stored: StoredValue
    _session: Session

    def replace(self, value: str, *, for_ever: bool) -> bool:
        """Write another value; tell whether the one that is held was still there.

        :param for_ever: whether Airflow may never clean it up; else after its default retention
        """
        from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
        from sqlalchemy import update  # noqa: PLC0415

        now = datetime.now(tz=UTC)
        done = self._session.execute(
            update(Stored)
            # SQLite holds no rows; there this one statement is what compares and sets
            .where(Stored.id == self.stored.row, Stored.value == self.stored.value)
            .values(value=value, updated_at=now, expires_at=None if for_ever else _expiry(now))
        )
        return bool(getattr(done, "rowcount", 0))


@contextmanager
def locked_value(row: int) -> Iterator[LockedValue | None]:
    """Hold a value and its task instance, which are read afresh; None if somebody else does.

    Airflow starts a try by locking the row of its task instance (``ti_run`` of the Execution API),
    and a task writes to the store by an upsert, which locks the other row. So neither happens while
    both are held, and nobody waits longer than for one write. What is locked already is passed
    over, hence no deadlock.
    """
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    own = select(Stored.id).where(Stored.id == row)
    tasks = select(TaskInstance.id).join(Stored, _same_task()).where(Stored.id == row)
    with database_session() as session:

        def hold(query: Select[Any], what: type) -> bool:
            lock = query.with_for_update(of=what, skip_locked=True, key_share=True)
            held = session.scalars(lock).all()
            return len(held) == len(session.scalars(query).all())

        if hold(own, Stored) and hold(tasks, TaskInstance):
            fresh = session.execute(_values().where(Stored.id == row)).one_or_none()
            yield LockedValue(stored=_stored(fresh), _session=session) if fresh else None
        else:
            yield None


_OWN = ("id", "dag_id", "run_id", "task_id", "map_index", "key", "value")
_MOMENTS = ("scheduled_dttm", "queued_dttm", "start_date", "end_date", "updated_at")
_RUN_MOMENTS = ("created_at", "queued_at", "start_date", "end_date", "updated_at")


def _values() -> Select[Any]:
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    query: Select[Any] = (
        select(
            *(getattr(Stored, name) for name in _OWN),
            Stored.updated_at.label("written"),
            TaskInstance.id.label("instance"),
            *(getattr(TaskInstance, name) for name in (*_MOMENTS, "state", "try_number")),
            DagRun.state.label("run_state"),
            *(getattr(DagRun, name).label(f"run_{name}") for name in _RUN_MOMENTS),
        )
        .outerjoin(TaskInstance, _same_task())
        .outerjoin(DagRun, DagRun.id == Stored.dag_run_id)
    )
    return query


def _same_task() -> ColumnElement[bool]:
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import and_  # noqa: PLC0415

    names = ("dag_id", "run_id", "task_id", "map_index")
    return and_(*(getattr(TaskInstance, name) == getattr(Stored, name) for name in names))


def _stored(row: Row[Any]) -> StoredValue:
    own = dict(zip(_OWN, row, strict=False))
    return StoredValue(row=own.pop("id"), task=_facts(row), written=row.written, **own)


def _facts(row: Row[Any]) -> TaskFacts:
    """Return what a row tells about its task instance.

    Relies on ``State.finished`` and ``State.finished_dr_states``, and on ``updated_at`` of a task
    instance being set by every change: a skip by ``dagrun_timeout`` sets no ``end_date``. A clear
    sets all moments of task instance and run anew, save ``created_at`` of the run.
    """
    from airflow.utils.state import State, TaskInstanceState  # noqa: PLC0415

    by_scheduler = {
        None,
        TaskInstanceState.SCHEDULED,
        TaskInstanceState.UP_FOR_RETRY,
        TaskInstanceState.UP_FOR_RESCHEDULE,
    }
    # a task instance that was deleted is made again by the scheduler, as long as its run goes on
    state = row.state if row.instance else None
    run_over = row.run_state is None or row.run_state in State.finished_dr_states
    moments = [row.updated_at, row.end_date]
    # the start alone may still be that of the try before
    began = [row.start_date, row.scheduled_dttm, row.queued_dttm]
    lived = [*began, row.run_created_at, row.run_queued_at, row.run_start_date]
    phase = TaskPhase.AT_WORK
    if state in State.finished:
        phase = TaskPhase.OVER
    elif state in by_scheduler:
        phase = TaskPhase.OVER if run_over else TaskPhase.COMING
        moments += [row.run_end_date or row.run_updated_at]
    elif state in (TaskInstanceState.QUEUED, TaskInstanceState.RESTARTING):
        phase = TaskPhase.COMING
    return TaskFacts(
        state=str(state or "none") if row.instance else "deleted",
        phase=phase,
        try_number=row.try_number or 0,
        started=max(filter(None, began), default=None) if row.start_date else None,
        changed=max(filter(None, moments), default=None),
        began=min(filter(None, lived), default=None),
    )


def _containing(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _expiry(now: datetime) -> datetime | None:
    """Return when a value expires that has no retention of its own; as Airflow's accessor does."""
    from airflow.configuration import conf  # noqa: PLC0415

    days = conf.getint("state_store", "default_retention_days", fallback=30)
    return now + timedelta(days=days) if days > 0 else None
