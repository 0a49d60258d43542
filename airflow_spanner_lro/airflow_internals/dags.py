# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments that a Dag's author gave a task: from its operator, or from the serialised Dag.

A serialised Dag is JSON, in the form of ``airflow/serialization/serialized_objects.py`` (Airflow
3.3.2):

- an operator has its template fields as they were given, except those that are None;
- a mapped one has what was given to ``partial`` and ``expand``; the Dag's default arguments stand
  beside it, those of task groups nowhere.

Relies on the tables ``serialized_dag``, ``dag_version`` and ``rendered_task_instance_fields``.
Only the dag-processor writes the first two, from the author's files; the third is written by each
task as it starts. Airflow's REST API lets nobody write any of them.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.metadata_database import database_session
from airflow_spanner_lro.core.ledger.authority import CHAIN, CONNECTION, OURS, PROJECT, AuthoredTask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from uuid import UUID

    from airflow_spanner_lro.airflow_internals.state_store import StoredValue


_DEFAULTS = {PROJECT: None, CONNECTION: "google_cloud_default", CHAIN: None}
"""What ``SpannerAdminOperator`` takes where nothing is given."""
_MAPPED = object()
"""What a parameter is that each instance of a mapped task has a value of its own for."""


def authored_tasks(dag: Mapping[str, Any]) -> dict[str, AuthoredTask]:
    """Return the tasks of a serialised Dag by their ids.

    :param dag: its JSON, from the key ``dag`` on
    """
    defaults = _unwrapped(dag.get("default_args")) or {}
    grouped = set(_in_groups(dag.get("task_group") or {}))
    tasks = (each["__var"] for each in dag["tasks"])
    return {
        task["task_id"]: _serialised(task, defaults=defaults, grouped=task["task_id"] in grouped)
        for task in tasks
    }


def authored_task(operator: Any) -> AuthoredTask:
    """Return a task by its operator, mapped or not, whose template fields are not rendered.

    A subclass of one of our operators counts as that operator.
    """
    class_ = getattr(operator, "operator_class", type(operator))
    ours = next((each for each in class_.__mro__ if each.__module__.startswith(OURS)), class_)
    given = getattr(operator, "partial_kwargs", None)
    if given is None:
        fields = {name: getattr(operator, name, None) for name in operator.template_fields}
        plain = {name: _as_list(value) for name, value in fields.items()}
        return AuthoredTask(task_type=ours.__name__, module=ours.__module__, written=plain)
    dag, group = getattr(operator, "dag", None), getattr(operator, "task_group", None)
    expanded = getattr(operator, operator._expand_input_attr).value  # noqa: SLF001  # no other way
    written, assumed = _mapped(
        fields=operator.template_fields,
        given={name: _as_list(value) for name, value in given.items()},
        expanded=_expanded_names(expanded),
        overridden=not operator._disallow_kwargs_override,  # noqa: SLF001
        defaults={**getattr(dag, "default_args", {}), **getattr(group, "default_args", {})},
        certain=ours is class_,
    )
    return AuthoredTask(
        task_type=ours.__name__, module=ours.__module__, written=written, assumed=assumed
    )


def _serialised(
    task: Mapping[str, Any], *, defaults: Mapping[str, Any], grouped: bool
) -> AuthoredTask:
    task_type, module = str(task["task_type"]), str(task["_task_module"])
    fields = task.get("template_fields", ())
    if not task.get("_is_mapped"):
        plain = {name: task.get(name) for name in fields}
        return AuthoredTask(task_type=task_type, module=module, written=plain)
    written, assumed = _mapped(
        fields=fields,
        given={name: _unwrapped(each) for name, each in task.get("partial_kwargs", {}).items()},
        expanded=_expanded_names(_unwrapped(task[task["_expand_input_attr"]]["value"])),
        overridden=not task.get("_disallow_kwargs_override", False),
        defaults=defaults,
        # a task group has default arguments of its own, and another class other defaults
        certain=not grouped and module.startswith(OURS),
    )
    return AuthoredTask(task_type=task_type, module=module, written=written, assumed=assumed)


def _mapped(
    *,
    fields: Iterable[str],
    given: Mapping[str, Any],
    expanded: Collection[str] | None,
    overridden: bool,
    defaults: Mapping[str, Any],
    certain: bool,
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return what is written for a mapped task, and which of that is only assumed.

    :param expanded: what each instance has its own value for; None if only a run can tell
    :param overridden: it may be what is given as well
    :param certain: where nothing is given, the default arguments are these
    """
    written: dict[str, Any] = {}
    assumed = set()
    for name in fields:
        if name in given and not (overridden and expanded is None):
            written[name] = given[name]
        elif name in defaults or name in _DEFAULTS:
            written[name] = _as_list(defaults.get(name, _DEFAULTS.get(name)))
            if expanded is None or not certain:
                assumed.add(name)
        if name in (expanded or ()) or (expanded is None and name not in written):
            written[name] = _MAPPED
            assumed.discard(name)
    return written, frozenset(assumed)


def _expanded_names(expanded: Any) -> Collection[str] | None:
    """Return the parameters that are expanded; None if that is a matter of what comes in."""
    if isinstance(expanded, dict):
        return set(expanded)
    if isinstance(expanded, list | tuple) and all(isinstance(each, dict) for each in expanded):
        return {name for each in expanded for name in each}
    return None


def _in_groups(group: Mapping[str, Any]) -> Iterable[str]:
    """Yield the tasks that are in a group within a group."""
    for kind, child in (group.get("children") or {}).values():
        if kind == "taskgroup":
            yield from _all_in(child)


def _all_in(group: Mapping[str, Any]) -> Iterable[str]:
    for kind, child in (group.get("children") or {}).values():
        if kind == "taskgroup":
            yield from _all_in(child)
        else:
            yield str(child)


def _unwrapped(value: Any) -> Any:
    """Return a value without Airflow's wrapping of dictionaries, lists and tuples."""
    if isinstance(value, list):
        return [_unwrapped(each) for each in value]
    if isinstance(value, dict) and value.keys() == {"__var", "__type"}:
        inner = value["__var"]
        match value["__type"]:
            case "dict":
                return {name: _unwrapped(each) for name, each in inner.items()}
            case "tuple":
                return [_unwrapped(each) for each in inner]
            case _:
                return _MAPPED
    return value


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


_REMEMBERED = 50
"""How many versions of Dags are kept in memory; a Dag of a thousand tasks takes megabytes."""


def rendered_fields(stored: StoredValue) -> dict[str, object] | None:
    """Return what the template fields of a task instance came to; None if Airflow dropped it."""
    from airflow.models.renderedtifields import (  # noqa: PLC0415
        RenderedTaskInstanceFields as Rendered,
    )
    from sqlalchemy import select  # noqa: PLC0415

    query = select(Rendered.rendered_fields).where(
        *(getattr(Rendered, name) == getattr(stored, name) for name in _INSTANCE)
    )
    with database_session() as session:
        found = session.execute(query).scalar_one_or_none()
    return found if isinstance(found, dict) else None


_INSTANCE = ("dag_id", "run_id", "task_id", "map_index")


@dataclass(slots=True)
class SerialisedDags:
    """Reads tasks from serialised Dags; each version of a Dag is read once."""

    _versions: dict[UUID, Mapping[str, AuthoredTask]] = field(default_factory=dict)

    def tasks(self, stored: StoredValue) -> Iterator[AuthoredTask]:
        """Yield the task of a stored value as its author wrote it, what is likeliest first.

        A Dag may have changed while the task lived: Airflow then moves tasks that have not ended to
        the newer version, also those that run. So these are the version that the task instance has
        now, and all others that were the latest at any time since the task instance began.
        """
        for version in _versions_of(stored):
            if version not in self._versions:
                while len(self._versions) >= _REMEMBERED:
                    self._versions.pop(next(iter(self._versions)))
                self._versions[version] = _tasks_in(version)
            if task := self._versions[version].get(stored.task_id):
                yield task


def newest_tasks(dag_ids: Collection[str]) -> dict[str, tuple[AuthoredTask, ...]]:
    """Return the tasks of Dags as the dag-processor has written them last.

    Dags that are not in any file any more have none.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    from airflow.models.dag import DagModel  # noqa: PLC0415
    from airflow.models.dag_version import DagVersion  # noqa: PLC0415
    from sqlalchemy import func, select  # noqa: PLC0415

    newest = (
        select(DagVersion.dag_id, func.max(DagVersion.version_number).label("number"))
        .where(DagVersion.dag_id.in_(dag_ids))
        .group_by(DagVersion.dag_id)
        .subquery()
    )
    query = (
        select(DagVersion.dag_id, DagVersion.id)
        .join(
            newest,
            (newest.c.dag_id == DagVersion.dag_id) & (newest.c.number == DagVersion.version_number),
        )
        .join(DagModel, DagModel.dag_id == DagVersion.dag_id)
        .where(DagModel.is_stale.is_(False))
    )
    with database_session() as session:
        rows = session.execute(query).all()
    return {dag_id: tuple(_tasks_in(version).values()) for dag_id, version in rows}


def _versions_of(stored: StoredValue) -> list[UUID]:
    from airflow.models.dag_version import DagVersion  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    own = select(TaskInstance.dag_version_id).where(
        *(getattr(TaskInstance, name) == getattr(stored, name) for name in _INSTANCE)
    )
    versions = (
        select(DagVersion.id, DagVersion.created_at)
        .where(DagVersion.dag_id == stored.dag_id)
        .order_by(DagVersion.version_number.desc())
    )
    with database_session() as session:
        mine = session.execute(own).scalar_one_or_none()
        rows = session.execute(versions).all()
    began = stored.task.began or datetime.min.replace(tzinfo=UTC)
    # the newest first; the last is the one that was the latest when the task instance began
    since = [version for version, created in rows if created > began]
    recent = [version for version, _ in rows[: len(since) + 1]]
    return [*([mine] if mine else []), *(each for each in recent if each != mine)]


def _tasks_in(version: UUID) -> Mapping[str, AuthoredTask]:
    from airflow.models.serialized_dag import SerializedDagModel as Serialised  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    query = select(Serialised._data, Serialised._data_compressed).where(  # noqa: SLF001
        Serialised.dag_version_id == version
    )
    with database_session() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        return {}
    data, compressed = row
    if compressed:
        data = json.loads(zlib.decompress(compressed))
    return authored_tasks(data["dag"])
