# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's api-server in this process, and people who ask it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.log import Log
from airflow.models.task_state_store import TaskStateStoreModel as Stored
from airflow.models.taskinstance import TaskInstance
from airflow.models.team import Team, dag_bundle_team_association_table
from airflow.state import TaskScope
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from airflow_spanner_lro.airflow_internals.metadata_database import mark_database
from airflow_spanner_lro.web.ledger.index import shared_index
from tests.reaper.airflow_tables import BUNDLE
from tests.reaper.harness import BACKUP, ReaperHarness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fastapi import FastAPI

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.emulator import CallHistory, ManualClock, SpannerAdminEmulator
    from tests.reaper.airflow_tables import AirflowTables

USERS = {
    "viewer": "viewer",
    "user": "user",
    "op": "op",
    "admin": "admin",
    "red": "user:red",
    "blue": "user:blue",
}
"""Users by name, with their roles and, where they have one, their team."""
TEAMS = ("red", "blue")
SITE = "http://airflow.example"
API = "/spanner-lro/api"
ROW = "{row}"
"""Stands for the number of an entry, in an address."""


def create_teams(tables: AirflowTables) -> None:
    """Let there be the teams, each with a bundle of Dags."""
    tables.execute(insert(DagBundleModel).values(name=BUNDLE))
    for name in TEAMS:
        tables.execute(insert(Team).values(name=name))
        tables.execute(insert(DagBundleModel).values(name=name))
        tables.execute(
            insert(dag_bundle_team_association_table).values(dag_bundle_name=name, team_name=name)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """An api-server, with one operation of a task in its database if a test wants one."""

    tables: AirflowTables
    emulator: SpannerAdminEmulator
    clock: ManualClock
    client: TestClient
    reaper: ReaperHarness
    _tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def over(
        cls,
        app: FastAPI,
        *,
        tables: AirflowTables,
        emulator: SpannerAdminEmulator,
        clock: ManualClock,
    ) -> Iterator[ApiServer]:
        """Ask an api-server that has started, over a database of its own."""
        shared_index.cache_clear()  # of another database
        with ReaperHarness.at_work(tables=tables, emulator=emulator, clock=clock) as reaper:
            yield cls(
                tables=tables,
                emulator=emulator,
                clock=clock,
                client=TestClient(app, base_url=SITE),
                reaper=reaper,
            )
        shared_index.cache_clear()

    # who asks

    def token(self, user: str) -> str:
        """Return what a user gets who logs in."""
        if user not in self._tokens:
            answer = self.client.post("/auth/token", json={"username": user, "password": "secret"})
            self._tokens[user] = answer.json()["access_token"]
        return self._tokens[user]

    def bearer(self, user: str) -> dict[str, str]:
        """Return the headers of a script of a user."""
        return {"Authorization": f"Bearer {self.token(user)}"}

    def browser(self, user: str, *, origin: str | None = SITE, **headers: str) -> dict[str, str]:
        """Return the headers of a user's browser, on a page of some site."""
        sent = {"Cookie": f"_token={self.token(user)}", **headers}
        return sent if origin is None else {**sent, "Origin": origin}

    def get(self, path: str, *, user: str = "user") -> Any:
        """Ask as a user's script."""
        return self.client.get(f"{API}{path}", headers=self.bearer(user))

    def post(self, path: str, body: Any, *, user: str = "user") -> Any:
        """Do something as a user's script."""
        return self.client.post(f"{API}{path}", json=body, headers=self.bearer(user))

    def act(self, verb: str, row: int, *, user: str = "user", **given: str) -> Any:
        """Look at what a verb would do, confirm it, and do it."""
        told = self.get(f"/operations/{row}/{verb}", user=user).json()
        body = {"confirm": told.get("confirm", ""), "plan": told.get("plan", ""), **given}
        return self.post(f"/operations/{row}/{verb}", body, user=user)

    # what there is

    def running(self, *, state: str = "deferred", dag_id: str = "nightly", **task: Any) -> int:
        """Let a task start a backup and wait for it; return the number of its entry's row."""
        run_state, tries = task.pop("run_state", "running"), task.pop("max_tries", 0)
        scope = self.tables.add_task(state=state, run_state=run_state, dag_id=dag_id, **task)
        # it is no change that anybody would wait after
        self.tables.change_task(scope, max_tries=tries, updated_at=TaskInstance.updated_at)
        return self.own(scope, self.reaper.entry(self.reaper.start_backup()))

    def own(self, scope: TaskScope, entry: LedgerEntry) -> int:
        """Write an entry of a task, and return the number of its row."""
        self.tables.write(scope, entry)
        return self.row(scope)

    def give(self, dag_id: str, team: str) -> None:
        """Let a Dag be a team's: it comes from that team's bundle, which has it just now."""
        values = {"bundle_name": team, "is_stale": False}
        self.tables.execute(update(DagModel).filter_by(dag_id=dag_id).values(values))

    def row(self, scope: TaskScope) -> int:
        """Return the number of a task's entry."""
        number: int = self.tables.execute(
            select(Stored.id).filter_by(dag_id=scope.dag_id, task_id=scope.task_id)
        ).scalar_one()
        return number

    def scope(self, row: int) -> TaskScope:
        """Return the task instance of an entry."""
        names = ("dag_id", "run_id", "task_id", "map_index")
        found = self.tables.execute(
            select(*(getattr(Stored, name) for name in names)).filter_by(id=row)
        ).one()
        return TaskScope(**dict(zip(names, found, strict=True)))

    def entry(self, row: int) -> LedgerEntry:
        """Return the entry of a row."""
        return self.tables.read(self.scope(row))

    @property
    def cancels(self) -> CallHistory:
        """The calls to cancel so far."""
        return self.emulator.calls.of("CancelOperation")

    @property
    def audit(self) -> list[tuple[str, str, str | None, str]]:
        """Airflow's audit log of ours: event, user, Dag, and what else."""
        rows = self.tables.execute(
            select(Log.event, Log.owner, Log.dag_id, Log.extra)
            .where(Log.event.startswith("spanner_lro"))
            .order_by(Log.id)
        )
        return [tuple(row) for row in rows]

    def postpone(self, table: str, moment: datetime) -> None:
        """Let everything in a table of Airflow's have happened at a moment."""
        columns = Base.metadata.tables[table].columns
        names = ("start_date", "created_at", "queued_at", "queued_dttm", "scheduled_dttm")
        values = {name: moment for name in names if name in columns}
        self.tables.execute(update(Base.metadata.tables[table]).values(values))

    def mark_as_copy(self) -> None:
        """Let the mark in the database say that its ledgers were reaped elsewhere."""
        mark_database("elsewhere", anew=True)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in the emulator."""
        self.clock.advance(timedelta(seconds=seconds))

    def has_backup(self) -> bool:
        """Tell whether the backup is there."""
        return self.reaper.has(BACKUP)
