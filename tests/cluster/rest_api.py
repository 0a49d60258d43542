# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Talk to Airflow's public REST API, with its Dag runs, task instances and log lines as values.

It works with any Airflow 3 that has the simple auth manager, started by us or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, Self, cast

import httpx

from tests.cluster.errors import ApiError, ApiUnreachableError
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType


class RunState(StrEnum):
    """The states of a Dag run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class TaskState(StrEnum):
    """The states of a task instance; one that the scheduler has not looked at yet has none."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """One run of a Dag, as it was when Airflow was asked."""

    dag_id: str
    run_id: str
    state: RunState
    queued: datetime | None = None
    started: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.state in {RunState.SUCCESS, RunState.FAILED}

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Self:
        """Read it from an answer of Airflow."""
        return cls(
            dag_id=answer["dag_id"],
            run_id=answer["dag_run_id"],
            state=RunState(answer["state"]),
            queued=_moment(answer["queued_at"]),
            started=_moment(answer["start_date"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInstance:
    """One task of one run, as it was when Airflow was asked."""

    id: str
    """Another one for each try."""
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    """-1 if the task is not mapped."""
    state: TaskState | None
    try_number: int
    started: datetime | None
    """When this try started."""
    ended: datetime | None
    trigger_id: int | None
    triggerer_host: str | None
    """The host name of the triggerer that has the trigger, see ``LocalAirflow.host``."""

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Self:
        """Read it from an answer of Airflow."""
        trigger, triggerer = answer["trigger"], answer["triggerer_job"]
        return cls(
            id=answer["id"],
            dag_id=answer["dag_id"],
            run_id=answer["dag_run_id"],
            task_id=answer["task_id"],
            map_index=answer["map_index"],
            state=None if answer["state"] is None else TaskState(answer["state"]),
            try_number=answer["try_number"],
            started=_moment(answer["start_date"]),
            ended=_moment(answer["end_date"]),
            trigger_id=trigger and trigger["id"],
            triggerer_host=triggerer and triggerer["hostname"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a task's log: an event, or an exception that came with one."""

    text: str
    at: datetime | None
    """When it was written, as far as Airflow tells."""

    @classmethod
    def from_json(cls, entry: str | Mapping[str, Any]) -> Iterator[Self]:
        """Read it from an answer of Airflow, which may hold several."""
        if isinstance(entry, str):
            yield cls(text=entry, at=None)
            return
        at = _moment(entry.get("timestamp"))
        yield cls(text=entry["event"], at=at)
        for error in entry.get("error_detail") or ():
            yield cls(text=f"{error['exc_type']}: {error['exc_value']}", at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowJob:
    """One component's registration in Airflow's database."""

    job_id: int
    job_type: str
    hostname: str
    started_at: datetime

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Self:
        """Read it from an answer of Airflow."""
        return cls(
            job_id=answer["id"],
            job_type=answer["job_type"],
            hostname=answer["hostname"],
            started_at=datetime.fromisoformat(answer["start_date"]),
        )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_MANY = 100
"""The largest page Airflow gives by default."""
_AT_ONCE = 4
"""Requests under way; more threads than this may ask."""


class AirflowApi:
    """A client of one Airflow, logged in when it is first used; a context manager.

    Every method raises :class:`ApiError` for a refusal
    and :class:`ApiUnreachableError` if nobody answers.
    """

    def __init__(self, *, url: str, username: str, password: str, timeout: float = 30.0) -> None:
        self.url = url
        self._credentials = {"username": username, "password": password}
        self._logged_in = False
        # a proxy from the environment cannot reach our loopback
        self._client = httpx.Client(
            base_url=url,
            # one server process serves them all: what it could not begin yet waits here
            limits=httpx.Limits(max_connections=_AT_ONCE),
            timeout=httpx.Timeout(timeout, pool=None),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # -- the installation

    def new_token(self) -> str:
        """Log in, and return what says so: for a header of requests, or for a browser's cookie."""
        answer = self._send("POST", "/auth/token", json=self._credentials).json()
        return str(answer["access_token"])

    def health(self) -> Mapping[str, str | None]:
        """Return each component's status, ``healthy`` if all is well; needs no login."""
        answer = self._send("GET", "/api/v2/monitor/health").json()
        return {component: report["status"] for component, report in answer.items()}

    def jobs(self) -> tuple[AirflowJob, ...]:
        """Return the components that Airflow believes to be alive, newest heartbeat first."""
        answer = self._get("/jobs", is_alive=True, limit=_MANY)
        return tuple(AirflowJob.from_json(job) for job in answer["jobs"])

    def import_errors(self) -> Mapping[str, str]:
        """Return the traceback of each Dag file that could not be imported."""
        answer = self._get("/importErrors", limit=_MANY)
        return {error["filename"]: error["stack_trace"] for error in answer["import_errors"]}

    def variables(self) -> Mapping[str, str]:
        """Return Airflow's Variables and their values."""
        answer = self._get("/variables", limit=_MANY)
        return {each["key"]: each["value"] for each in answer["variables"]}

    # -- Dags

    def dag_ids(self) -> frozenset[str]:
        """Return the ids of all Dags that are parsed and not stale."""
        found: set[str] = set()
        for offset in count(step=_MANY):
            page = self._get("/dags", limit=_MANY, offset=offset, order_by="dag_id")["dags"]
            found.update(dag["dag_id"] for dag in page)
            if len(page) < _MANY:
                break
        return frozenset(found)

    def wait_for_dags(self, *dag_ids: str, timeout: float = 60.0) -> None:
        """Wait until the Dags are parsed.

        :raises NotReachedError: with the import errors, the likely reason.
        """
        wait_until(
            lambda: (self.dag_ids(), self.import_errors()),
            accept=lambda seen: seen[0].issuperset(dag_ids),
            timeout=timeout,
            what=f"the Dags {', '.join(dag_ids)} to be parsed",
        )

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a Dag."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(
        self, dag_id: str, *, conf: Mapping[str, object] | None = None, run_id: str | None = None
    ) -> DagRun:
        """Start a run of a Dag, now."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        return DagRun.from_json(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def delete_dag(self, dag_id: str) -> None:
        """Delete a Dag with all its runs, as the button in the UI does; its file stays."""
        self._authorised("DELETE", f"/dags/{dag_id}")

    # -- runs

    def dag_run(self, run: DagRun) -> DagRun:
        """Return the run as it is now."""
        return DagRun.from_json(self._get(_path(run)))

    def latest_run(self, dag_id: str) -> DagRun | None:
        """Return the newest run of a Dag, or None if there has been none."""
        answer = self._get(f"/dags/{dag_id}/dagRuns", limit=1, order_by="-run_after")
        return next(map(DagRun.from_json, answer["dag_runs"]), None)

    def set_run_state(self, run: DagRun, state: RunState) -> DagRun:
        """Mark a run, and with it its unfinished tasks."""
        return DagRun.from_json(self._call("PATCH", _path(run), json={"state": state}))

    def wait_for_run(
        self, run: DagRun, *states: RunState, timeout: float = 120.0, interval: float = 0.5
    ) -> DagRun:
        """Wait until a run is in one of the states; without any, until it has ended."""
        wanted = states or (RunState.SUCCESS, RunState.FAILED)
        return wait_until(
            lambda: self.dag_run(run),
            accept=lambda seen: seen.state in wanted,
            timeout=timeout,
            what=f"run {run.run_id} of {run.dag_id} to be {' or '.join(wanted)}",
            interval=interval,
        )

    # -- tasks

    def task_instances(self, run: DagRun) -> tuple[TaskInstance, ...]:
        """Return the task instances of a run, mapped ones each."""
        answer = self._get(f"{_path(run)}/taskInstances", limit=_MANY)
        return tuple(TaskInstance.from_json(task) for task in answer["task_instances"])

    def task_instance(self, run: DagRun, task_id: str, *, map_index: int = -1) -> TaskInstance:
        """Return one task instance as it is now; ``map_index`` -1 stands for not mapped."""
        return TaskInstance.from_json(self._get(_path(run, task_id, map_index)))

    def wait_for_task(
        self,
        run: DagRun,
        task_id: str,
        *states: TaskState,
        map_index: int = -1,
        timeout: float = 120.0,
    ) -> TaskInstance:
        """Wait until a task instance is in one of the states."""
        return wait_until(
            lambda: self.task_instance(run, task_id, map_index=map_index),
            accept=lambda seen: seen.state in states,
            timeout=timeout,
            what=f"task {task_id} of run {run.run_id} to be {' or '.join(states)}",
        )

    def set_task_state(self, task: TaskInstance, state: TaskState) -> None:
        """Mark a task instance as success, failed or skipped, as the button in the UI does."""
        path = _path(task, task.task_id, task.map_index)
        self._call("PATCH", path, json={"new_state": state})

    def clear(self, task: TaskInstance) -> None:
        """Make a task instance run again, as the button in the UI does."""
        mapped = task.map_index >= 0
        body = {
            "dry_run": False,
            "only_failed": False,
            "dag_run_id": task.run_id,
            "task_ids": [[task.task_id, task.map_index] if mapped else task.task_id],
        }
        self._call("POST", f"/dags/{task.dag_id}/clearTaskInstances", json=body)

    def xcom(self, task: TaskInstance, key: str = "return_value") -> object | None:
        """Return an XCom value, or None if the task has not pushed it."""
        path = f"{_path(task, task.task_id)}/xcomEntries/{key}"
        answer = self._get_or_none(path, map_index=task.map_index, deserialize=True)
        return None if answer is None else cast("object", answer["value"])

    def state_store(self, task: TaskInstance, key: str) -> object | None:
        """Return what the task keeps under a key of its ``task_state_store``, or None."""
        path = f"{_path(task, task.task_id)}/state-store/{key}"
        answer = self._get_or_none(path, map_index=task.map_index)
        return None if answer is None else cast("object", answer["value"])

    def log_lines(
        self, task: TaskInstance, *, try_number: int | None = None
    ) -> tuple[LogLine, ...]:
        """Return the log of a try, by default the newest: events and errors, trigger included."""
        path = f"{_path(task, task.task_id)}/logs/{try_number or task.try_number}"
        answer = self._get(path, map_index=task.map_index, full_content=True)
        return tuple(line for entry in answer["content"] for line in LogLine.from_json(entry))

    def task_log(self, task: TaskInstance, *, try_number: int | None = None) -> str:
        """Return the same as text."""
        return "\n".join(line.text for line in self.log_lines(task, try_number=try_number))

    # -- what pages of a task show

    def extra_links(self, task: TaskInstance) -> Mapping[str, str | None]:
        """Return the addresses of a task's links by their names, None for one that has none."""
        path = f"{_path(task, task.task_id)}/links"
        answer = self._get(path, map_index=task.map_index)
        return cast("dict[str, str | None]", answer["extra_links"])

    def xcom_keys(self, task: TaskInstance) -> tuple[str, ...]:
        """Return the keys of a task's XComs."""
        path = f"{_path(task, task.task_id)}/xcomEntries"
        answer = self._get(path, map_index=task.map_index, limit=_MANY)
        return tuple(entry["key"] for entry in answer["xcom_entries"])

    def rendered_fields(self, task: TaskInstance) -> Mapping[str, Any]:
        """Return what the page of rendered templates shows."""
        answer = self._get(_path(task, task.task_id, task.map_index))
        return cast("dict[str, Any]", answer["rendered_fields"])

    # -- how it is asked

    def _get(self, path: str, **query: str | float | bool) -> Any:
        return self._call("GET", path, params=query)

    def _get_or_none(self, path: str, **query: str | float | bool) -> Any | None:
        try:
            return self._get(path, **query)
        except ApiError as exc:
            if exc.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        return self._authorised(method, path, **arguments).json()

    def _authorised(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if not self._logged_in:
            self._client.headers["Authorization"] = f"Bearer {self.new_token()}"
            self._logged_in = True
        return self._send(method, f"/api/v2{path}", **arguments)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Accept": "application/json"}
        try:
            response = self._client.request(method, path, headers=headers, **arguments)
        except httpx.TransportError as exc:
            raise ApiUnreachableError(url=self.url, reason=str(exc) or repr(exc)) from exc
        if response.is_error:
            raise ApiError(
                method=method, path=path, status=response.status_code, detail=response.text
            )
        return response


def _path(run: DagRun | TaskInstance, task_id: str | None = None, map_index: int = -1) -> str:
    path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}"
    if task_id is not None:
        path += f"/taskInstances/{task_id}"
    if map_index >= 0:
        path += f"/{map_index}"
    return path
