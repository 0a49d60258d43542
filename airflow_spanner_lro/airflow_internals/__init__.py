# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is used of Airflow beyond its public interface; more of Dags is in ``airflow_serialised``.

Each function says what it relies on. All of it was read and tried in Airflow 3.3.2 (Task SDK
1.3.2). It imports lazily: most of it is heavy, and the second half needs Airflow's database, which
only commands and servers have.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.ledger.reaping import TaskFacts, TaskPhase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from airflow.sdk.types import TaskInstanceKey
    from sqlalchemy import URL, ColumnElement, Row, Select
    from sqlalchemy.orm import Session

USER_ACTION = "__airflow_user_action__"
"""The message of the cancel with which a triggerer ends a trigger because a user acted; from
``airflow.jobs.triggerer_job_runner``, where it is private."""
STATE_REFERENCE_KEY = "__airflow_state_ref__"
"""What the store holds instead of a value that is kept in a custom state backend; from
``airflow.sdk.execution_time.context``, where it is private."""


def plays_tasks_itself() -> bool:
    """Tell whether this process plays its tasks without a supervisor: ``airflow dags test``.

    Relies on the class of ``SUPERVISOR_COMMS`` there; ``airflow tasks test`` is the same.
    """
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    comms = getattr(runner, "SUPERVISOR_COMMS", None)
    return type(comms).__name__ == "InProcessSupervisorComms"


def task_states(
    *, dag_id: str, run_id: str, task_ids: Collection[str] | None, map_index: int | None = None
) -> Mapping[str, str | None]:
    """Return the states of the task instances of a run; the keys of mapped ones end in their index.

    Relies on ``RuntimeTaskInstance.get_task_states``, which asks the supervisor; blocks.

    :param task_ids: None for all
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id,
        task_ids=None if task_ids is None else sorted(task_ids),
        run_ids=[run_id],
        map_index=map_index,
    )
    found: Mapping[str, str | None] = states.get(run_id, {})
    return found


def xcom_of(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
    """Return an XCom of any task instance; None if there is none.

    Relies on ``XCom.get_one``, which asks the supervisor; blocks.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    return XCom.get_one(key=key, dag_id=dag_id, task_id=task_id, run_id=run_id, map_index=map_index)


def pushed_value(key: str, *, ti_key: TaskInstanceKey) -> Any:
    """Return an XCom for a link; None if there is none.

    Relies on ``XCom.get_value``, which asks the supervisor, and in the api-server the database.
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    return XCom.get_value(ti_key=ti_key, key=key)


def why_unreadable(conn_id: str) -> str:
    """Return why a connection cannot be read just now; empty if it really does not exist.

    Airflow raises ``AirflowNotFoundException`` for both: a backend that raises is passed over, and
    an error that the supervisor answers counts as "not here" (``execution_time/context.py``,
    ``secrets/execution_api.py``). Relies on the backends that the first one asks, and on the
    question that the second one sends; blocks.
    """
    from airflow.sdk.exceptions import ErrorType  # noqa: PLC0415
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection  # noqa: PLC0415
    from airflow.sdk.execution_time.secrets.execution_api import (  # noqa: PLC0415
        ExecutionAPISecretsBackend,
    )
    from airflow.sdk.execution_time.supervisor import (  # noqa: PLC0415
        ensure_secrets_backend_loaded,
    )

    for backend in ensure_secrets_backend_loaded():
        answer: Any
        try:
            if isinstance(backend, ExecutionAPISecretsBackend):
                answer = task_runner.SUPERVISOR_COMMS.send(GetConnection(conn_id=conn_id))
            else:
                answer = backend.get_connection(conn_id=conn_id)
        except Exception as exc:  # noqa: BLE001  # it is what was asked for
            return f"{type(backend).__name__}: {type(exc).__name__}: {exc}"
        if not isinstance(answer, ErrorResponse):
            if answer is not None:
                return "it was there a moment later"
        elif answer.error != ErrorType.CONNECTION_NOT_FOUND:
            return f"{answer.error.value}: {answer.detail}"
    return ""


class AirflowDatabaseError(SpannerLroError):
    """Airflow's database cannot be used, for now or from here; raised by all that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value in the task state store, and its task instance.

    :param value: JSON
    """

    row: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: str
    task: TaskFacts


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
    return StoredValue(row=own.pop("id"), task=_facts(row), **own)


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


MARK_KEY = "spanner_lro_home"
"""The Airflow Variable that says which database the ledgers were first reaped in."""
_MARK_TEXT = "Digest of this database's address; another value there stops the Spanner reaper."


def database_digest() -> str:
    """Return a digest of where Airflow's database is."""
    with database_session() as session:
        return digest_of(session.get_bind().engine.url)


def digest_of(url: URL) -> str:
    """Return a digest of an address: of server and database, not of user, password and driver."""
    place = f"{url.get_backend_name()}://{url.host or ''}:{url.port or ''}/{url.database or ''}"
    return hashlib.sha256(place.lower().encode()).hexdigest()


def database_mark() -> str | None:
    """Return the mark in the database that says whose it is; None if there is none.

    Relies on the table ``variable``: ``Variable.get`` would ask secrets backends as well, which a
    clone may share.
    """
    from airflow.models.variable import Variable  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    with database_session() as session:
        found = session.scalar(select(Variable).where(Variable.key == MARK_KEY))
        # what cannot be decrypted is not ours either
        return None if found is None else str(found.get_val())


def mark_database(digest: str, *, anew: bool) -> None:
    """Write the mark; one that is there stays, unless it is to be written anew."""
    from airflow.models.variable import Variable  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    with database_session() as session:
        found = session.scalar(select(Variable).where(Variable.key == MARK_KEY))
        if found is None:
            session.add(Variable(key=MARK_KEY, val=digest, description=_MARK_TEXT))
        elif anew:
            found.set_val(digest)


def _containing(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _expiry(now: datetime) -> datetime | None:
    """Return when a value expires that has no retention of its own; as Airflow's accessor does."""
    from airflow.configuration import conf  # noqa: PLC0415

    days = conf.getint("state_store", "default_retention_days", fallback=30)
    return now + timedelta(days=days) if days > 0 else None


@contextmanager
def database_session() -> Iterator[Session]:
    """Open a session; what was done in it is committed at the end.

    :raises AirflowDatabaseError: if the database cannot be used, or does not hold the ledgers
    """
    from airflow.state import get_state_backend  # noqa: PLC0415
    from airflow.state.metastore import MetastoreBackend  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    if not isinstance(get_state_backend(), MetastoreBackend):
        message = (
            "[state_store] backend is not Airflow's own: the ledger of the tasks is not in "
            "Airflow's database, and only the tasks themselves can read it."
        )
        raise AirflowDatabaseError(message)
    try:
        with create_session() as session:
            yield session
    except SQLAlchemyError as exc:
        told = str(getattr(exc, "orig", None) or exc).strip().partition("\n")[0]
        message = f"Airflow's database could not be used: {told}"
        raise AirflowDatabaseError(message) from exc
