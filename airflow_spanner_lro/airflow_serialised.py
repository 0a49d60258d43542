# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow's database has of a Dag: its tasks as they were written, and what they rendered to.

Relies on the tables ``serialized_dag``, ``dag_version`` and ``rendered_task_instance_fields`` of
Airflow 3.3.2. Only the dag-processor writes the first two, from the author's files; the third is
written by each task as it starts. Airflow's REST API lets nobody write any of them.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import database_session
from airflow_spanner_lro.authored import tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from airflow_spanner_lro.airflow_internals import StoredValue
    from airflow_spanner_lro.core.ledger.authority import AuthoredTask

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
    return tasks_of(data["dag"])
