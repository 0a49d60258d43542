# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows that no process of Airflow can be brought into, played with the suite's fake task.

A trigger and a worker of different releases would take two installations; and a day passes in no
Airflow within seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.operations.errors import TargetTakenError, UnknownEventError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.triggers.base import VERSION
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from tests.airflow import playing
from tests.airflow.doubles import BACKUP, LONG, STARTS
from tests.e2e.guarantee.fake_airflow import theatre
from tests.e2e.guarantee.others import CONFLICT, judged
from tests.e2e.guarantee.rows import Group, row
from tests.e2e.guarantee.tries import ENDS

if TYPE_CHECKING:
    from tests.e2e.guarantee.acting import Act
    from tests.e2e.guarantee.fake_airflow import Theatre
    from tests.e2e.guarantee.rows import Scenario, Seen

PLAYED = Group(name="played")
"""Rows without an Airflow; one after the other, since they share this process."""

DAY = timedelta(days=1)
TOLD = "told, left alone"
FROM_ANOTHER_RELEASE = {"version": 99, "outcome": "done"}
DAMAGED = {"name": BACKUP, "snapshot": {"state": "MOVED"}, "settlement": None}


@row("N2c", "another's backup is a day old", expected=CONFLICT, group=PLAYED, played=True)
def another_airflow_was_there_a_day_before(act: Act) -> Scenario:
    """Ask for a backup when another Airflow's has long been finished."""
    del act
    yield
    with theatre() as stage:
        playing.play(playing.backup(wait_for_completion=False), stage.task("another"))
        stage.clock.advance(DAY)
        told = failure(playing.backup(database_id="users", deferrable=True), stage.task())
        taken = isinstance(told.__cause__, TargetTakenError) and "source database" in str(told)
        wrong = [] if taken else [f"the task fails with: {told!r}"]
        return judged(CONFLICT, wrong + touched(stage, starts=1))


@row("N12d", "an event of a newer release", expected=TOLD, group=PLAYED, played=True)
def event_of_a_newer_release(act: Act) -> Scenario:
    """Resume the task with an event whose form is not known."""
    del act
    yield
    return resumed_with(FROM_ANOTHER_RELEASE)


@row("N12e", "a damaged event", expected=TOLD, group=PLAYED, played=True)
def damaged_event(act: Act) -> Scenario:
    """Resume the task with an event in which something is missing."""
    del act
    yield
    return resumed_with(DAMAGED)


@row("N12f", "a trigger of a newer release", expected="understood", group=PLAYED, played=True)
def trigger_of_a_newer_release(act: Act) -> Scenario:
    """Run a trigger with an argument that this release does not know, to the end."""
    del act
    yield
    with theatre() as stage:
        stage.emulator.plan(LONG)
        task, operator = stage.task(), playing.backup(deferrable=True)
        deferred = playing.defer(operator, task)
        _, arguments = deferred.trigger.serialize()
        newer = arguments | {"version": VERSION + 1, "colour": "blue"}
        trigger = SpannerOperationTrigger(**newer)
        stage.clock.advance(2 * LONG.duration)  # type: ignore[operator]  # it is a timedelta
        event = playing.fire(trigger)
        made = operator.resume_execution(deferred.method_name, {"event": event}, task.context)
        wrong = [] if made["name"] == BACKUP else [f"the task returns {made}"]
        return judged("understood", wrong + touched(stage, starts=1))


def resumed_with(event: dict[str, Any]) -> Seen:
    """Resume a deferred task with an event that cannot be read; then let the next try adopt."""
    with theatre() as stage:
        stage.emulator.plan(LONG)
        task, operator = stage.task(), playing.backup(deferrable=True)
        deferred = playing.defer(operator, task)
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
        playing.defer(playing.backup(deferrable=True), task)
        if task.entry["try_number"] != 2:
            wrong.append("the next try has not adopted")
        return judged(TOLD, wrong + touched(stage, starts=1))


def failure(operator: Any, task: Any) -> AirflowFailException:
    """Execute an operator, which is expected to fail for good; return its error."""
    try:
        playing.play(operator, task)
    except AirflowFailException as exc:
        return exc
    message = "the task has not failed"
    raise AssertionError(message)


def touched(stage: Theatre, *, starts: int) -> list[str]:
    """Return what is wrong where nobody is to cancel or to delete anything.

    :param starts: how many start calls are to have been answered with an operation
    """
    calls = stage.emulator.calls
    wrong = [f"there was {call.method} of {call.resource}" for call in calls.of(*ENDS)]
    started = [call for call in calls.of(*STARTS) if call.code is Code.OK]
    if len(started) != starts:
        wrong.append(f"{len(started)} operations were started")
    return wrong
