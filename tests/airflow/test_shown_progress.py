# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task that waits on its worker publishes what it sees, rarely, and never at its own expense."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.core.polling.seen import Emulated, SeenLine
from airflow_spanner_lro.core.polling.seen_record import read_alone
from airflow_spanner_lro.execution import shown_progress
from airflow_spanner_lro.execution.shown_progress import EVERY, FIRST_AFTER, ShownProgress

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = OperationName(
    resource=BackupName(project="p", instance="main", backup="nightly"), operation="_auto_op_1"
)
RUNS = OperationSnapshot(
    name=NAME,
    state=OperationState.RUNNING,
    kind=CREATE_BACKUP,
    percent=50,
    start_time=NOW - timedelta(minutes=10),
)


@dataclass
class Wait:
    """A wait on a worker that polls each second, and what it has published."""

    seconds: float = 0.0
    written: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None
    shown: ShownProgress = field(init=False)

    def __post_init__(self) -> None:
        self.shown = ShownProgress(
            write=self.write,
            emulated=lambda: Emulated(time_scale=60.0),
            seconds=lambda: self.seconds,
        )

    def write(self, record: dict[str, Any]) -> None:
        """Keep what is published."""
        self.written.append(record)
        if self.error:
            raise self.error

    def poll(
        self, seconds: float, answer: OperationSnapshot | Exception = RUNS, *lines: str
    ) -> None:
        """Poll each second for so long."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds += 1
            now = NOW + timedelta(seconds=self.seconds)
            self.shown.on_snapshot(answer, now=now, lines=lines)
            if writing := self.shown._writing:
                writing.join(10)


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks have a supervisor."""
    monkeypatch.setattr(shown_progress, "runs_tasks_in_process", lambda: False)


def test_short_waits_publish_nothing() -> None:
    """What ends within twenty seconds is in the ledger before anybody could look."""
    wait = Wait()
    wait.poll(FIRST_AFTER - 1)
    wait.poll(1, replace(RUNS, state=OperationState.SUCCEEDED))
    assert [] == wait.written


def test_long_waits_publish_every_thirty_seconds() -> None:
    """However often it polls, ten minutes take twenty writes."""
    wait = Wait()
    wait.poll(600, RUNS, "first", "50 % after 10 min")
    assert 1 + (600 - FIRST_AFTER) // EVERY == len(wait.written)

    seen = read_alone(json.dumps(wait.written[0]))
    at = NOW + timedelta(seconds=FIRST_AFTER + 1)
    assert (str(NAME), 50, at, Emulated(time_scale=60.0)) == (
        seen.name,
        seen.percent,
        seen.seen,
        seen.emulated,
    )
    assert SeenLine(at=at, text="50 % after 10 min") == seen.line
    assert seen.rate is not None
    assert seen.expected_end is not None


def test_follow_up_begins_anew() -> None:
    """The operation that goes on with the work has a time of its own until it is published."""
    wait = Wait()
    wait.poll(FIRST_AFTER + 1)
    wait.poll(FIRST_AFTER - 1, replace(RUNS, name=replace(NAME, operation="_auto_op_2")))
    assert 1 == len(wait.written)


def test_trouble_is_not_published() -> None:
    """Where Spanner does not answer, what was seen before stays."""
    wait = Wait()
    wait.poll(100, ConnectionError("away"))
    assert [] == wait.written


def test_refused_write_ends_no_wait() -> None:
    """What cannot be written is left to the next time."""
    wait = Wait(error=RuntimeError("no api-server"))
    wait.poll(FIRST_AFTER + 1 + EVERY)
    assert 2 == len(wait.written)


def test_slow_write_holds_up_nothing() -> None:
    """While one write is under way no other begins, and the wait goes on."""
    held, wait = threading.Event(), Wait()
    begun = threading.Event()

    def slow(record: dict[str, Any]) -> None:
        wait.written.append(record)
        begun.set()
        assert held.wait(20)

    shown = ShownProgress(write=slow, emulated=lambda: None, seconds=lambda: wait.seconds)
    for seconds in range(200):
        wait.seconds = float(seconds)
        shown.on_snapshot(RUNS, now=NOW, lines=())
    assert begun.wait(20)
    held.set()
    assert shown._writing is not None
    shown._writing.join(10)
    assert 1 == len(wait.written)


def test_without_a_supervisor_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """In ``dags test`` threads would take each other's answers."""
    monkeypatch.setattr(shown_progress, "runs_tasks_in_process", lambda: True)
    wait = Wait()
    wait.poll(100)
    assert [] == wait.written
