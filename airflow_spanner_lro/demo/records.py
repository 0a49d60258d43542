# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow's REST API tells, as values: runs, task instances, the jobs of its components.

Separate from the client that asks, so that tests can build and compare them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
class Job:
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
