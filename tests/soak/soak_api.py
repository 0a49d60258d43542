# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client of Airflow's REST API that also asks who is at work, and for all tries of a task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.cluster.rest_api import AirflowApi, DagRun, RunState, TaskState
from tests.soak.evidence import Try

if TYPE_CHECKING:
    from tests.cluster.airflow import LocalAirflow
    from tests.cluster.rest_api import TaskInstance

CONNECTION = "google_cloud_default"
_MANY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProcess:
    """A task instance and the process in which it runs, if it runs."""

    dag_id: str
    run_id: str
    task_id: str
    state: TaskState
    pid: int | None

    @property
    def run(self) -> DagRun:
        """A name for its run, good enough to ask for it."""
        return DagRun(dag_id=self.dag_id, run_id=self.run_id, state=RunState.RUNNING)


class SoakApi(AirflowApi):
    """Airflow's REST API, with two more questions."""

    @classmethod
    def of(cls, airflow: LocalAirflow) -> SoakApi:
        """Return a new client of an Airflow."""
        login = airflow.login
        return cls(url=airflow.url, username=login.username, password=login.password)

    def another(self) -> SoakApi:
        """Return a new client of the same Airflow, for another thread."""
        return SoakApi(
            url=self.url,
            username=self._credentials["username"],
            password=self._credentials["password"],
        )

    def tasks_in(self, *states: TaskState) -> tuple[TaskProcess, ...]:
        """Return the task instances of all runs that are in one of the states."""
        query = {"state": list(map(str, states)), "limit": _MANY, "order_by": "-start_date"}
        answer = self._call("GET", "/dags/~/dagRuns/~/taskInstances", params=query)
        return tuple(
            TaskProcess(
                dag_id=each["dag_id"],
                run_id=each["dag_run_id"],
                task_id=each["task_id"],
                state=TaskState(each["state"]),
                pid=each["pid"],
            )
            for each in answer["task_instances"]
        )

    def set_key(self, number: int) -> None:
        """Give the connection of all tasks another key, or make it with its first.

        The emulator reads no keys: what matters is that the connection is not what it was.
        """
        connection = {
            "connection_id": CONNECTION,
            "conn_type": "google_cloud_platform",
            "extra": json.dumps({"key_path": f"key-{number}.json"}),
        }
        if number == 0:
            self._call("POST", "/connections", json=connection)
        else:
            self._call("PATCH", f"/connections/{CONNECTION}", json=connection)

    def tries(self, task: TaskInstance) -> tuple[Try, ...]:
        """Return all tries of a task, oldest first."""
        path = f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}/tries"
        return tuple(
            sorted(
                map(_try, self._get(path)["task_instances"]),
                key=lambda each: each.number,
            )
        )


def _try(answer: dict[str, Any]) -> Try:
    return Try(
        number=answer["try_number"],
        state=answer["state"],
        started=_seconds(answer["start_date"]),
        ended=_seconds(answer["end_date"]),
    )


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
