# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's metadata database: sessions, whose it is, a lock, Variables, living triggerers.

Each function says what it relies on in Airflow 3.3.2, and imports lazily.
"""

from __future__ import annotations

import fcntl
import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.orm import Session

POSTGRESQL, MYSQL, SQLITE = "postgresql", "mysql", "sqlite"
_TRIGGERER = "TriggererJob"
MARK_KEY = "spanner_lro_home"
"""The Airflow Variable that says which database the ledgers were first reaped in."""
_MARK_TEXT = "Digest of this database's address; another value there stops the Spanner reaper."


def open_database() -> None:
    """Set up database and logging as Airflow's commands do; relies on ``settings.initialize``."""
    from airflow import settings  # noqa: PLC0415

    settings.initialize()


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
        message = f"Airflow's database could not be used: {first_line(exc)}"
        raise AirflowDatabaseError(message) from exc


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


@contextmanager
def sole_holder(name: str) -> Iterator[bool]:
    """Hold a lock of this database if nobody else does; tell whether it is held.

    It is gone with whoever holds it: with its transaction in PostgreSQL, also behind a pooler that
    hands connections on between transactions; with its connection in MySQL, whose locks are the
    server's; with its process in SQLite, where all are on one machine. Of other databases there is
    none, and everybody holds it.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    with database_session() as session:
        engine: Engine = session.get_bind().engine
    if engine.dialect.name == SQLITE:
        with _file_lock(engine, name) as held:
            yield held
        return
    if engine.dialect.name not in (POSTGRESQL, MYSQL):
        yield True
        return
    try:
        connection = engine.connect()
        held = bool(connection.scalar(*_locking(engine, name)))
    except SQLAlchemyError as exc:
        message = f"Airflow's database could not be used: {first_line(exc)}"
        raise AirflowDatabaseError(message) from exc
    try:
        yield held
    finally:
        # what fails here has ended the lock already
        with suppress(SQLAlchemyError):
            _let_go(connection, engine, name, held=held)


def _locking(engine: Engine, name: str) -> tuple[Any, ...]:
    from sqlalchemy import func, select  # noqa: PLC0415

    if engine.dialect.name == POSTGRESQL:
        return (select(func.pg_try_advisory_xact_lock(_number(name))),)
    return (select(func.get_lock(_server_wide(engine, name), 0)),)


def _let_go(connection: Connection, engine: Engine, name: str, *, held: bool) -> None:
    from sqlalchemy import func, select  # noqa: PLC0415

    try:
        if held and engine.dialect.name == MYSQL:
            connection.scalar(select(func.release_lock(_server_wide(engine, name))))
        connection.rollback()
    except BaseException:
        # it must not go back to the pool with the lock
        connection.invalidate()
        raise
    finally:
        connection.close()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _server_wide(engine: Engine, name: str) -> str:
    return f"{name}:{digest_of(engine.url)[:32]}"


@contextmanager
def _file_lock(engine: Engine, name: str) -> Iterator[bool]:
    path = engine.url.database
    if not path or path == ":memory:":
        yield True
        return
    try:
        file = Path(f"{path}.{name}.lock").open("ab")  # noqa: SIM115  # it is one below
    except OSError as exc:
        message = f"Airflow's database could not be locked: {exc}"
        raise AirflowDatabaseError(message) from exc
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def variable(key: str) -> str | None:
    """Return a Variable of the database; None if it is not there or cannot be decrypted.

    Relies on the table ``variable``: ``Variable.get`` would ask secrets backends as well.
    """
    from airflow.models.variable import Variable  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    with database_session() as session:
        found = session.scalar(select(Variable).where(Variable.key == key))
        value = None if found is None else found.get_val()
        return None if value is None else str(value)


def put_variable(key: str, value: str, *, description: str) -> None:
    """Write a Variable into the database; relies on the same."""
    from airflow.models.variable import Variable  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    with database_session() as session:
        found = session.scalar(select(Variable).where(Variable.key == key))
        if found is None:
            session.add(Variable(key=key, val=value, description=description))
        else:
            found.set_val(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggerer:
    """A triggerer that lives.

    :param triggers: how many triggers of ours it runs
    """

    host: str
    heartbeat: datetime
    triggers: int


def triggerers(*, now: datetime, within: timedelta) -> tuple[list[Triggerer], int]:
    """Return the triggerers that live, and how many triggers of ours none of them runs.

    Relies on the tables ``job`` and ``trigger``, and on ``classpath`` being encoded by nothing.

    :param within: how old the heartbeat of one that lives may be
    """
    from airflow.jobs.job import Job  # noqa: PLC0415
    from airflow.models.trigger import Trigger  # noqa: PLC0415
    from sqlalchemy import func, select  # noqa: PLC0415

    ours = Trigger.classpath.startswith("airflow_spanner_lro.", autoescape=True)
    with database_session() as session:
        jobs = session.execute(
            select(Job.id, Job.hostname, Job.latest_heartbeat)
            .where(
                Job.job_type == _TRIGGERER,
                Job.state == "running",
                Job.latest_heartbeat >= now - within,
            )
            .order_by(Job.id)
        ).all()
        loads = session.execute(
            select(Trigger.triggerer_id, func.count()).where(ours).group_by(Trigger.triggerer_id)
        ).all()
    by_job = {job: int(number) for job, number in loads}
    living = [
        Triggerer(
            host=str(job.hostname or ""),
            heartbeat=job.latest_heartbeat.astimezone(UTC),
            triggers=by_job.pop(job.id, 0),
        )
        for job in jobs
    ]
    return living, sum(by_job.values())


def first_line(exc: Exception) -> str:
    """Return what the driver says, without SQLAlchemy's advice."""
    return str(getattr(exc, "orig", None) or exc).strip().partition("\n")[0]
