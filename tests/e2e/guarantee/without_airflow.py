# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows that no process of Airflow can be brought into, played with the suite's fake task.

A trigger and a worker of different releases would take two installations; and a day passes in no
Airflow within seconds. They have an emulator of their own, and come one after the other.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.flows import operation
from airflow_spanner_lro.core.operations.errors import TargetExistsError, UnknownEventError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.triggers.base import VERSION
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from tests.airflow import task_runner
from tests.airflow.fakes import BACKUP, DATABASE, LATEST, LONG, STARTS, FakeTask, FakeTaskInstance
from tests.e2e.guarantee.foreign_operations import CONFLICT, judged
from tests.e2e.guarantee.rows import Group, row
from tests.e2e.guarantee.task_tries import ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario, Seen


USERS = DATABASE.replace("/orders", "/users")


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """The emulator, whose time stands still until somebody moves it, and two databases in it."""

    emulator: SpannerAdminEmulator
    clock: ManualClock

    @staticmethod
    def task(dag_id: str = "nightly") -> FakeTask:
        """Return a task instance in its first try."""
        return FakeTask(ti=FakeTaskInstance(dag_id=dag_id))


@contextmanager
def emulator_in_process() -> Iterator[InProcess]:
    """Let operators be executed in this process; nothing of it is left afterwards."""
    clock = ManualClock()
    with SpannerAdminEmulator(clock=clock) as emulator, pytest.MonkeyPatch.context() as patch:
        for database in (DATABASE, USERS):
            emulator.create_database(database)
        patch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        patch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
        # a fiftieth of a second between polls of young operations
        patch.setattr(operation, "PRICE", 0.00004)
        _let_airflow_answer(patch)
        yield InProcess(emulator=emulator, clock=clock)


def _let_airflow_answer(patch: pytest.MonkeyPatch) -> None:
    """Let what asks Airflow about a task be told of the fake one."""
    from airflow.sdk.bases.operator import ExecutorSafeguard  # noqa: PLC0415  # heavy
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    def states(*, dag_id: str, run_ids: list[str], **_: Any) -> dict[str, dict[str, str | None]]:
        found = {
            task_id: ti.state
            for (of, task_id, run_id, _), ti in LATEST.items()
            if of == dag_id and run_id in run_ids
        }
        return dict.fromkeys(run_ids, found)

    def xcom(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
        ti = LATEST.get((dag_id, task_id, run_id, map_index))
        return ti.xcoms.get(key) if ti else None

    LATEST.clear()
    patch.setattr(ExecutorSafeguard, "test_mode", True)
    patch.setattr(RuntimeTaskInstance, "get_task_states", states)
    patch.setattr(XCom, "get_one", xcom)


PLAYED = Group(name="played", calm=False)
"""Rows without an Airflow; one after the other, since they share this process."""

DAY = timedelta(days=1)
TOLD = "told, left alone"
FROM_ANOTHER_RELEASE = {"version": 99, "outcome": "done"}
DAMAGED = {"name": BACKUP, "snapshot": {"state": "MOVED"}, "settlement": None}


@row("N2c", "another's backup is a day old", expected=CONFLICT, group=PLAYED, played=True)
def another_airflow_was_there_a_day_before(act: RowActions) -> Scenario:
    """Ask for a backup when another Airflow's has long been finished."""
    del act
    yield
    with emulator_in_process() as stage:
        task_runner.play(task_runner.backup(wait_for_completion=False), stage.task("another"))
        stage.clock.advance(DAY)
        told = failure(task_runner.backup(database_id="users", deferrable=True), stage.task())
        taken = isinstance(told.__cause__, TargetExistsError) and "source database" in str(told)
        wrong = [] if taken else [f"the task fails with: {told!r}"]
        return judged(CONFLICT, wrong + touched(stage, starts=1))


@row("N12d", "an event of a newer release", expected=TOLD, group=PLAYED, played=True)
def event_of_a_newer_release(act: RowActions) -> Scenario:
    """Resume the task with an event whose form is not known."""
    del act
    yield
    return resumed_with(FROM_ANOTHER_RELEASE)


@row("N12e", "a damaged event", expected=TOLD, group=PLAYED, played=True)
def damaged_event(act: RowActions) -> Scenario:
    """Resume the task with an event in which something is missing."""
    del act
    yield
    return resumed_with(DAMAGED)


@row("N12f", "a trigger of a newer release", expected="understood", group=PLAYED, played=True)
def trigger_of_a_newer_release(act: RowActions) -> Scenario:
    """Run a trigger with an argument that this release does not know, to the end."""
    del act
    yield
    with emulator_in_process() as stage:
        stage.emulator.plan(LONG)
        task, operator = stage.task(), task_runner.backup(deferrable=True)
        deferred = task_runner.defer(operator, task)
        _, arguments = deferred.trigger.serialize()
        newer = arguments | {"version": VERSION + 1, "colour": "blue"}
        trigger = SpannerOperationTrigger(**newer)
        stage.clock.advance(2 * LONG.duration)  # type: ignore[operator]  # it is a timedelta
        event = task_runner.fire(trigger)
        made = operator.resume_execution(deferred.method_name, {"event": event}, task.context)
        wrong = [] if made["name"] == BACKUP else [f"the task returns {made}"]
        return judged("understood", wrong + touched(stage, starts=1))


def resumed_with(event: dict[str, Any]) -> Seen:
    """Resume a deferred task with an event that cannot be read; then let the next try adopt."""
    with emulator_in_process() as stage:
        stage.emulator.plan(LONG)
        task, operator = stage.task(), task_runner.backup(deferrable=True)
        deferred = task_runner.defer(operator, task)
        wrong = []
        try:
            operator.resume_execution(deferred.method_name, {"event": event}, task.context)
            wrong.append("the event was taken for something")
        except UnknownEventError as exc:
            if "another release" not in str(exc):
                wrong.append(f"the task fails with: {exc}")
        if task.entry["closed"]:
            wrong.append("the entry is closed")
        task.next_try()
        task_runner.defer(task_runner.backup(deferrable=True), task)
        if task.entry["try_number"] != 2:
            wrong.append("the next try has not adopted")
        return judged(TOLD, wrong + touched(stage, starts=1))


def failure(operator: Any, task: Any) -> AirflowFailException:
    """Execute an operator, which is expected to fail for good; return its error."""
    try:
        task_runner.play(operator, task)
    except AirflowFailException as exc:
        return exc
    message = "the task has not failed"
    raise AssertionError(message)


def touched(stage: InProcess, *, starts: int) -> list[str]:
    """Return what is wrong where nobody is to cancel or to delete anything.

    :param starts: how many start calls are to have been answered with an operation
    """
    calls = stage.emulator.calls
    wrong = [f"there was {call.method} of {call.resource}" for call in calls.of(*ENDS)]
    started = [call for call in calls.of(*STARTS) if call.code is Code.OK]
    if len(started) != starts:
        wrong.append(f"{len(started)} operations were started")
    return wrong
