# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Task instances beside the ledger: what they are deferred to, and what earlier tries came to.

Relies on the tables ``trigger``, ``task_instance``, ``task_instance_history`` and ``dag_run`` of
Airflow 3.3.2; on ``trigger_id`` of a task instance being empty again once its trigger has fired;
and on a try being in the history from the moment when the next one is made ready.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.metadata_database import database_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

InstanceKey = tuple[str, str, str, int]
"""Dag, run, task and map index."""
_AT_ONCE = 200
"""For how many task instances one query asks: each takes four parameters."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredTask:
    """A task instance that is deferred to a trigger.

    :param trigger: number of the trigger
    :param classpath: what the trigger is
    :param since: when the trigger was made
    """

    trigger: int
    classpath: str
    since: datetime
    instance: InstanceKey
    try_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTry:
    """A try of a task instance that is over, or the one that it has now.

    :param state: as Airflow names it; None before it is scheduled
    """

    try_number: int
    state: str | None
    started: datetime | None
    ended: datetime | None


def deferred_tasks(classpaths: Collection[str]) -> list[DeferredTask]:
    """Return the task instances that are deferred to triggers of some classes; one query."""
    from airflow.models.taskinstance import TaskInstance as Instance  # noqa: PLC0415
    from airflow.models.trigger import Trigger  # noqa: PLC0415
    from airflow.utils.state import TaskInstanceState  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    query = (
        select(
            Trigger.id,
            Trigger.classpath,
            Trigger.created_date,
            Instance.dag_id,
            Instance.run_id,
            Instance.task_id,
            Instance.map_index,
            Instance.try_number,
        )
        .join(Instance, Instance.trigger_id == Trigger.id)
        .where(
            Trigger.classpath.in_(sorted(classpaths)),
            Instance.state == TaskInstanceState.DEFERRED,
        )
        .order_by(Trigger.id)
    )
    with database_session() as session:
        rows = session.execute(query).all()
    return [
        DeferredTask(
            trigger=row.id,
            classpath=row.classpath,
            since=row.created_date,
            instance=(row.dag_id, row.run_id, row.task_id, row.map_index),
            try_number=row.try_number or 0,
        )
        for row in rows
    ]


def trigger_arguments(trigger: int) -> Mapping[str, Any] | None:
    """Return the arguments of a trigger; None if it is gone, or they cannot be read.

    Relies on ``Trigger.kwargs``, which decrypts and deserialises what is stored.
    """
    from airflow.models.trigger import Trigger  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    with database_session() as session:
        stored = session.scalar(select(Trigger.encrypted_kwargs).where(Trigger.id == trigger))
    if stored is None:
        return None
    try:
        arguments: Any = Trigger._decrypt_kwargs(stored)  # noqa: SLF001  # what ``kwargs`` does
    except Exception as exc:  # noqa: BLE001  # another key, another release, or damaged
        log.debug("The arguments of trigger %d cannot be read: %s", trigger, exc)
        return None
    return arguments if isinstance(arguments, dict) else None


def past_tries(instances: Collection[InstanceKey]) -> dict[InstanceKey, list[PastTry]]:
    """Return the tries of task instances that are over, the first one first."""
    from airflow.models.taskinstancehistory import TaskInstanceHistory as History  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    found: dict[InstanceKey, list[PastTry]] = {}
    columns = (History.try_number, History.state, History.start_date, History.end_date)
    for some in _few(sorted(instances)):
        query = (
            select(History.dag_id, History.run_id, History.task_id, History.map_index, *columns)
            .where(_one_of(History, some))
            .order_by(History.try_number)
        )
        with database_session() as session:
            rows = session.execute(query).all()
        for dag_id, run_id, task_id, map_index, number, state, started, ended in rows:
            past = PastTry(try_number=number, state=state, started=started, ended=ended)
            found.setdefault((dag_id, run_id, task_id, map_index), []).append(past)
    return found


def current_try(instance: InstanceKey) -> PastTry | None:
    """Return the try that a task instance has now; None if it does not exist."""
    from airflow.models.taskinstance import TaskInstance as Instance  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    columns = (Instance.try_number, Instance.state, Instance.start_date, Instance.end_date)
    with database_session() as session:
        row = session.execute(select(*columns).where(_one_of(Instance, [instance]))).one_or_none()
    if row is None:
        return None
    number, state, started, ended = row
    return PastTry(try_number=number or 0, state=state, started=started, ended=ended)


def _one_of(table: Any, instances: Collection[InstanceKey]) -> ColumnElement[bool]:
    from sqlalchemy import tuple_  # noqa: PLC0415

    key = tuple_(table.dag_id, table.run_id, table.task_id, table.map_index)
    return key.in_(instances)


def _few(instances: list[InstanceKey]) -> Iterator[list[InstanceKey]]:
    for begin in range(0, len(instances), _AT_ONCE):
        yield instances[begin : begin + _AT_ONCE]
