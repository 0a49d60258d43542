# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One grid: every kind, waiting here or in the triggerer or not at all, and how operations end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, LONG, RESTORED, SOURCE
from tests.airflow.kind_cases import CASES
from tests.airflow.task_runner import backup, defer, fire, play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import CallHistory
    from tests.airflow.fakes import FakeTask, Stage
    from tests.airflow.kind_cases import Case

NO_ROOM = Plan(duration=LONG.duration, fail_with=(Code.RESOURCE_EXHAUSTED, "no room"))
BAD = Plan(duration=LONG.duration, fail_with=(Code.INVALID_ARGUMENT, "no such column"))
PLANS = [
    pytest.param(LONG, id="succeeds"),
    pytest.param(NO_ROOM, id="fails"),
    pytest.param(Plan(duration=LONG.duration, cancel_delay=None), id="ignores-cancel"),
]


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest, stage: Stage) -> Case:
    """Return one kind after the other, with what it needs in place."""
    chosen: Case = request.param
    chosen.prepare(stage)
    return chosen


@pytest.fixture
def late(case: Case, request: pytest.FixtureRequest) -> None:
    """Let an hour pass as soon as the operation is waited for, with what it needs in place."""
    del case
    request.getfixturevalue("hour_passes")


def starts_of(stage: Stage, case: Case) -> CallHistory:
    """Return the calls so far that start an operation of this kind."""
    return stage.emulator.calls.of(case.kind.method)


def test_success_returns_the_result(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """An operation that succeeds makes its task return the resource."""
    stage.emulator.plan(LONG)
    stage.finish_upon()

    result = play(case.operator(deferrable=deferrable), task)

    assert case.expected == case.summary(result)
    started = [each.name for each in stage.emulator.operations() if each.kind is case.kind]
    assert started == [task.ti.xcoms["operation_name"]]
    assert 1 == len(starts_of(stage, case))
    assert not stage.cancels
    assert task.entry["closed"]


def test_transient_errors_are_waited_out(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """Polls that cannot reach Spanner change nothing about the result."""
    stage.emulator.plan(LONG)
    stage.script.fail(method="GetOperation", code=Code.UNAVAILABLE, times=3)
    stage.finish_upon()

    result = play(case.operator(deferrable=deferrable), task)

    assert case.expected == case.summary(result)
    assert 4 <= len(stage.emulator.calls.of("GetOperation"))
    assert 1 == len(starts_of(stage, case))
    assert not stage.cancels


def test_failure_leaves_the_retry_to_airflow(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """An operation that fails for a passing reason fails its task, and retries apply."""
    stage.emulator.plan(NO_ROOM)
    stage.finish_upon()

    with pytest.raises(OperationFailedError, match="RESOURCE_EXHAUSTED: no room") as caught:
        play(case.operator(deferrable=deferrable), task)

    assert stage.operation.name == str(caught.value.snapshot.name)
    assert stage.operation.name == task.ti.xcoms["operation_name"]
    assert 1 == len(starts_of(stage, case))
    assert not stage.cancels
    assert task.entry["closed"]


def test_failure_that_stays_fails_for_good(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """An operation that fails for what no retry can cure fails its task without retries."""
    stage.emulator.plan(BAD)
    stage.finish_upon()

    with pytest.raises(AirflowFailException) as caught:
        play(case.operator(deferrable=deferrable), task)

    assert "INVALID_ARGUMENT: no such column" in str(caught.value)
    assert "Correct the argument." in str(caught.value)
    assert not stage.cancels


def test_cancel_by_somebody_else_fails_the_task(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """An operation that somebody else cancels fails its task, and is not cancelled once more."""
    stage.emulator.plan(LONG)
    stage.cancel_upon()

    with pytest.raises(OperationCancelledError, match="was cancelled by somebody else"):
        play(case.operator(deferrable=deferrable), task)

    assert 1 == len(starts_of(stage, case))
    assert 1 == len(stage.cancels)
    assert task.entry["closed"]


@pytest.mark.usefixtures("late")
def test_finished_first_is_told_from_cancelled(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """What ends before the cancel of its deadline takes hold succeeds, unless it is cleaned up."""
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))
    stage.finish_upon("CancelOperation")
    operator = case.operator(deferrable=deferrable, operation_timeout=timedelta(minutes=30))

    if case.kind.cleans_up:
        with pytest.raises(OperationTimeoutError, match="was deleted"):
            play(operator, task)
    else:
        assert case.expected == case.summary(play(operator, task))

    assert 1 == len(stage.cancels)
    assert case.kind.cleans_up is not stage.has(case.target)
    assert task.entry["closed"]


@pytest.mark.usefixtures("late")
def test_a_deadline_cancels(stage: Stage, task: FakeTask, case: Case, *, deferrable: bool) -> None:
    """What overruns its deadline is cancelled, and leaves nothing that it should have made."""
    stage.emulator.plan(LONG)
    operator = case.operator(deferrable=deferrable, operation_timeout=timedelta(minutes=30))

    with pytest.raises(OperationTimeoutError, match="was cancelled"):
        play(operator, task)

    assert 1 == len(stage.cancels)
    assert case.kind.creates is not stage.has(case.target)


def test_a_lost_answer_is_no_second_start(
    stage: Stage, task: FakeTask, case: Case, *, deferrable: bool
) -> None:
    """What was started by a call whose answer was lost is found, whatever kind that is."""
    stage.emulator.plan(LONG)
    stage.script.lose_answer(method=case.kind.method)
    stage.finish_upon()

    result = play(case.operator(deferrable=deferrable), task)

    assert case.expected == case.summary(result)
    assert 1 == len(starts_of(stage, case))


def test_a_retry_adopts(stage: Stage, task: FakeTask, case: Case, *, deferrable: bool) -> None:
    """A retry takes up what the try before it started, whatever kind that is."""
    stage.emulator.plan(LONG)
    defer(case.operator(deferrable=True), task)
    task.next_try()
    stage.script.upon("GetOperation", stage.finish_upon)

    result = play(case.operator(deferrable=deferrable), task)

    assert case.expected == case.summary(result)
    assert 1 == len(starts_of(stage, case))
    assert not stage.cancels


@pytest.mark.parametrize("plan", PLANS)
def test_without_waiting_the_name_is_the_result(
    stage: Stage, task: FakeTask, case: Case, plan: Plan, *, deferrable: bool
) -> None:
    """A task that does not wait returns the operation's name and leaves the operation alone."""
    stage.emulator.plan(plan)

    result = play(case.operator(deferrable=deferrable, wait_for_completion=False), task)

    assert stage.operation.name == result
    assert result == task.ti.xcoms["operation_name"]
    assert not stage.operation.done
    assert 1 == len(starts_of(stage, case))
    assert not stage.cancels
    assert task.entry["closed"]


def test_what_is_done_at_once_never_defers(stage: Stage, task: FakeTask, case: Case) -> None:
    """An operation that is done when its start call answers needs no trigger."""
    stage.emulator.plan(Plan(duration=timedelta()), times=1)

    result = case.operator(deferrable=True).execute(task.context)

    assert case.expected == case.summary(result)
    assert not stage.emulator.calls.of("GetOperation")


def test_outage_at_the_result_is_waited_out(stage: Stage, task: FakeTask) -> None:
    """A task whose work is done does not fail because its result cannot be read at once."""
    stage.emulator.plan(LONG)
    stage.finish_upon()
    stage.script.fail(method="GetBackup", code=Code.UNAVAILABLE, times=1)

    result = play(backup(), task)

    assert BACKUP == result["name"]


def test_permission_lost_while_deferred_is_no_outcome(stage: Stage, task: FakeTask) -> None:
    """A trigger that may no longer look raises, so that Airflow's retries apply."""
    stage.emulator.plan(LONG)
    deferred = defer(backup(deferrable=True), task)
    stage.script.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=None)

    with pytest.raises(Exception, match="refuse this call") as caught:
        fire(deferred.trigger)

    assert "PermissionDenied" == type(caught.value).__name__
    assert not stage.cancels


def test_wait_for_optimize_goes_on_with_the_follow_up(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A restore that is to be optimised too ends when its database is READY."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.script.upon("GetOperation", lambda: stage.clock.advance(16 * 60))
    stage.script.upon("GetOperation", lambda: stage.finish_upon("GetOperation"))

    result = play(restore(wait_for_optimize=True, deferrable=deferrable), task)

    assert (RESTORED, "READY") == (result["name"], result["state"])
    assert 1 == len(stage.starts)
