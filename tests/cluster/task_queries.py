# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Query the database of an Airflow under test, by SQL: nothing of Airflow runs for it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqlalchemy import create_engine, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from tests.cluster.airflow import LocalAirflow

_WAITING = text(
    "select (select count(*) from trigger where triggerer_id is not null),"
    " (select count(*) from task_instance where state = 'deferred')"
)
_MAPPED = text("select count(*) from task_instance where dag_id = :dag_id and map_index >= 0")
_RESUMED = text(
    "select dag_id, map_index, scheduled_dttm from task_instance"
    " where state = 'scheduled' and next_method = :method"
)
_FINISH = text(
    "update task_instance set state = 'success', end_date = now() where state = 'scheduled'"
    " and not (dag_id = :dag_id and map_index < :kept)"
)
_STATES = text("select state, count(*) from task_instance group by state")
_LAST_END = text("select max(end_date) from task_instance where state = 'success'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The tables of one Airflow."""

    engine: Engine

    @classmethod
    @contextmanager
    def of(cls, airflow: LocalAirflow) -> Iterator[Self]:
        """Open the database of an Airflow that runs."""
        database = airflow._database
        assert database is not None
        engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
        try:
            yield cls(engine=engine)
        finally:
            engine.dispose()

    def waiting(self) -> tuple[int, int]:
        """Return how many triggers a triggerer has, and how many task instances are deferred."""
        with self.engine.connect() as connection:
            triggers, tasks = connection.execute(_WAITING).one()
        return int(triggers), int(tasks)

    def mapped(self, dag_id: str) -> int:
        """Return how many instances of mapped tasks a Dag has."""
        with self.engine.connect() as connection:
            return int(connection.execute(_MAPPED, {"dag_id": dag_id}).scalar_one())

    def resumed(self, method: str) -> dict[tuple[str, int], datetime]:
        """Return when Airflow scheduled each task instance again that is to go on in a method."""
        with self.engine.connect() as connection:
            rows = connection.execute(_RESUMED, {"method": method}).all()
        return {(dag_id, map_index): moment for dag_id, map_index, moment in rows}

    def finish_all_but(self, dag_id: str, kept: int) -> None:
        """Mark all task instances that wait for a worker, except the first ones of a Dag."""
        with self.engine.connect() as connection:
            connection.execute(_FINISH, {"dag_id": dag_id, "kept": kept})

    def states(self) -> dict[str | None, int]:
        """Return how many task instances are in each state."""
        with self.engine.connect() as connection:
            return {state: int(count) for state, count in connection.execute(_STATES)}

    def last_end(self) -> datetime:
        """Return when the last task instance succeeded."""
        with self.engine.connect() as connection:
            ended: datetime = connection.execute(_LAST_END).scalar_one()
        return ended
