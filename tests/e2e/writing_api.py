# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client of Airflow's REST API that also writes what tasks have written: stores and XComs.

Everybody who may edit a task instance may do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.rest_api import AirflowApi

if TYPE_CHECKING:
    from tests.cluster.airflow import LocalAirflow
    from tests.cluster.rest_api import TaskInstance


class WritingApi(AirflowApi):
    """Airflow's REST API, with the ways to write into a task's store and its XComs."""

    @classmethod
    def of(cls, airflow: LocalAirflow) -> WritingApi:
        """Return a new client of an Airflow."""
        login = airflow.login
        return cls(url=airflow.url, username=login.username, password=login.password)

    def write_state(self, task: TaskInstance, key: str, value: object) -> None:
        """Write a key of a task's store, which never expires."""
        body = {"value": value, "expires_at": None}
        self._authorised("PUT", _state(task, key), params={"map_index": task.map_index}, json=body)

    def delete_state(self, task: TaskInstance, key: str) -> None:
        """Delete a key of a task's store."""
        self._authorised("DELETE", _state(task, key), params={"map_index": task.map_index})

    def write_xcom(self, task: TaskInstance, key: str, value: object) -> None:
        """Write another value into an XCom that a task has pushed."""
        body = {"value": value, "map_index": task.map_index}
        self._authorised("PATCH", f"{_instance(task)}/xcomEntries/{key}", json=body)


def _instance(task: TaskInstance) -> str:
    return f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}"


def _state(task: TaskInstance, key: str) -> str:
    return f"{_instance(task)}/state-store/{key}"
