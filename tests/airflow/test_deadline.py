# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A deadline that passes stops the operation, and the error says what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferralError, TaskDeferralTimeout

from airflow_spanner_lro.core.operations.errors import OperationTimeoutError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, LONG, RESTORED, SOURCE
from tests.airflow.task_runner import backup, change_schema, defer, play, restore, resume

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LIMITS = [
    pytest.param({"operation_timeout": MINUTE}, id="operation_timeout"),
    pytest.param({"operation_timeout": 60.0}, id="seconds"),
    pytest.param({"execution_timeout": MINUTE}, id="execution_timeout"),
    pytest.param({"operation_timeout": 5 * HOUR, "execution_timeout": MINUTE}, id="the-earlier"),
]


@pytest.fixture(params=[False, True], ids=["worker", "deferred"])
def late(request: pytest.FixtureRequest, stage: Stage, hour_passes: None) -> dict[str, Any]:
    """Return parameters of a task whose minute has passed when it looks for the first time."""
    del hour_passes
    stage.emulator.plan(LONG)
    return {"deferrable": request.param, "operation_timeout": MINUTE}


@pytest.mark.parametrize("limit", LIMITS)
def test_deadline_cancels(
    stage: Stage, task: FakeTask, late: dict[str, Any], limit: dict[str, Any]
) -> None:
    """A task that runs out of time cancels its operation and says so."""
    del late["operation_timeout"]

    with pytest.raises(OperationTimeoutError) as caught:
        play(backup(**late, **limit), task)

    name = "execution_timeout" if "execution_timeout" in limit else "operation_timeout"
    expected = f"Create backup nightly was cancelled: out of time after 1 min ({name}). "
    assert f"{expected}{stage.operation.name}" == str(caught.value)
    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert not stage.has(BACKUP)
    assert task.entry["closed"]


def test_deadline_cancels_what_a_kill_does_not(
    stage: Stage, task: FakeTask, late: dict[str, Any]
) -> None:
    """A task that leaves its operation running on a kill still cancels it when time is up."""
    with pytest.raises(OperationTimeoutError, match="Create backup nightly was cancelled"):
        play(backup(cancel_on_kill=False, **late), task)

    assert 1 == len(stage.cancels)
    assert task.entry["closed"]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_deadline_passes_while_waiting(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A deadline that lies ahead when the wait begins ends the wait when it passes."""
    stage.emulator.plan(LONG)

    with pytest.raises(OperationTimeoutError, match="Create backup nightly was cancelled"):
        play(backup(deferrable=deferrable, operation_timeout=0.5), task)

    assert timedelta(seconds=0.5) <= datetime.now(tz=UTC) - task.ti.start_date
    assert 2 < len(stage.emulator.calls.of("GetOperation"))
    assert 1 == len(stage.cancels)


def test_finished_first_is_cleaned_up(stage: Stage, task: FakeTask, late: dict[str, Any]) -> None:
    """A backup that is finished before the cancel takes hold is deleted, and the task fails."""
    stage.finish_upon("CancelOperation")

    with pytest.raises(OperationTimeoutError) as caught:
        play(backup(**late), task)

    assert "finished first: out of time after" in str(caught.value)
    assert "What it had made was deleted." in str(caught.value)
    assert not stage.has(BACKUP)
    assert task.entry["closed"]


def test_finished_first_without_clean_up_stands(
    stage: Stage, task: FakeTask, late: dict[str, Any]
) -> None:
    """A backup that is not to be cleaned up is the result, although the deadline has passed."""
    stage.finish_upon("CancelOperation")

    result = play(backup(clean_up=False, **late), task)

    assert BACKUP == result["name"]
    assert 1 == len(stage.cancels)
    assert stage.has(BACKUP)
    assert task.entry["closed"]


def test_restored_database_stands_by_default(
    stage: Stage, task: FakeTask, late: dict[str, Any]
) -> None:
    """A restore that was finished first keeps its database unless told otherwise."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon("CancelOperation")

    result = play(restore(**late), task)

    assert RESTORED == result["name"]
    assert stage.has(RESTORED)


def test_schema_change_says_what_stays(stage: Stage, task: FakeTask, late: dict[str, Any]) -> None:
    """A schema change that is cancelled half-way says how many statements are committed."""
    stage.script.upon("CancelOperation", lambda: stage.clock.advance(9.9 * 3600))

    with pytest.raises(OperationTimeoutError, match="1 of 2 statements were committed and stay"):
        play(change_schema(**late), task)

    assert stage.has(DATABASE)


def test_cancel_on_timeout_off(stage: Stage, task: FakeTask, late: dict[str, Any]) -> None:
    """A task that is not to cancel on timeout fails and leaves the operation running."""
    with pytest.raises(
        OperationTimeoutError, match="nightly was left running, as asked: out of time"
    ):
        play(backup(cancel_on_timeout=False, **late), task)

    assert not stage.operation.done
    assert not stage.cancels
    assert not task.entry["closed"]


def test_refused_cancel_is_named(stage: Stage, task: FakeTask, late: dict[str, Any]) -> None:
    """An operation that Spanner will not cancel goes on, and the error says why."""
    stage.script.fail(
        method="CancelOperation",
        code=Code.PERMISSION_DENIED,
        message="spanner.backupOperations.cancel is missing",
    )

    with pytest.raises(OperationTimeoutError) as caught:
        play(backup(**late), task)

    assert "Spanner refused to cancel it" in str(caught.value)
    assert "spanner.backupOperations.cancel is missing" in str(caught.value)
    assert not stage.operation.done
    assert not task.entry["closed"]


def test_cancel_that_does_not_settle(
    stage: Stage, task: FakeTask, late: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that ignores its cancel for too long is reported as not confirmed."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SETTLE_TIMEOUT", "0.1")
    stage.emulator.plan(Plan(duration=LONG.duration, cancel_delay=None))

    with pytest.raises(OperationTimeoutError, match="asked for but is not confirmed yet"):
        play(backup(**late), task)

    assert 1 == len(stage.cancels)
    assert not task.entry["closed"]


def test_unavailable_cancel_is_asked_again(
    stage: Stage, task: FakeTask, late: dict[str, Any]
) -> None:
    """A cancel whose call fails for a passing reason is repeated until it is heard."""
    stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=1)

    with pytest.raises(OperationTimeoutError, match="Create backup nightly was cancelled"):
        play(backup(**late), task)

    assert [Code.UNAVAILABLE, Code.OK] == [call.code for call in stage.cancels]


def test_deadline_is_that_of_the_try(stage: Stage, task: FakeTask) -> None:
    """The trigger gets the absolute deadline, and Airflow's own timeout lies behind it."""
    stage.emulator.plan(LONG)
    task.began(ago=MINUTE)

    deferred = defer(backup(deferrable=True, operation_timeout=HOUR), task)

    arguments: dict[str, Any] = deferred.trigger.serialize()[1]
    assert (task.ti.start_date + HOUR).isoformat() == arguments["deadline"]
    assert isinstance(deferred.timeout, timedelta)
    assert timedelta(minutes=60, seconds=20) < deferred.timeout < timedelta(minutes=60, seconds=31)


def test_without_a_limit_there_is_no_deadline(stage: Stage, task: FakeTask) -> None:
    """A task without limits waits for ever."""
    stage.emulator.plan(LONG)

    deferred = defer(backup(deferrable=True), task)

    assert deferred.trigger.serialize()[1]["deadline"] is None
    assert deferred.timeout is None


def test_backstop_cancels_by_the_ledger(stage: Stage, task: FakeTask) -> None:
    """When Airflow ends the deferral because no triggerer was there, the worker cancels."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True, operation_timeout=HOUR), task)

    with pytest.raises(OperationTimeoutError, match="Create backup nightly was cancelled"):
        backup(deferrable=True, operation_timeout=HOUR).resume_execution(
            "__fail__", {"error": "Trigger timeout"}, task.context
        )

    assert 1 == len(stage.cancels)
    assert not stage.has(BACKUP)
    assert task.entry["closed"]


def test_backstop_has_nothing_to_do(stage: Stage, task: FakeTask) -> None:
    """When nothing is owed any more, Airflow's error about the deferral stays as it is."""
    with pytest.raises(TaskDeferralTimeout):
        backup(deferrable=True).resume_execution(
            "__fail__", {"error": "Trigger timeout"}, task.context
        )

    assert not stage.emulator.calls


def test_failed_trigger_cancels_nothing(stage: Stage, task: FakeTask) -> None:
    """When the trigger itself failed, the operation goes on for the next try to adopt."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)

    with pytest.raises(TaskDeferralError, match="Trigger failure") as caught:
        backup(deferrable=True).resume_execution(
            "__fail__", {"error": "Trigger failure", "traceback": ["boom"]}, task.context
        )

    assert not isinstance(caught.value, TaskDeferralTimeout)
    assert not stage.cancels
    assert not task.entry["closed"]


@pytest.mark.parametrize(
    ("parameters", "cancelled"),
    [
        pytest.param({}, True, id="usual"),
        pytest.param({"cancel_on_timeout": False}, False, id="cancel_on_timeout-off"),
        pytest.param({"cancel_on_kill": False}, True, id="cancel_on_kill-off"),
    ],
)
def test_timeout_of_airflow_itself(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], *, cancelled: bool
) -> None:
    """On its own execution_timeout Airflow raises and calls on_kill: that counts as a timeout."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True, **parameters)
    defer(operator, task)

    try:
        raise AirflowTaskTimeout  # noqa: TRY301  # as Airflow's signal handler does
    except AirflowTaskTimeout:
        operator.on_kill()

    assert cancelled == bool(stage.cancels)


def test_success_that_arrives_late_is_a_success(stage: Stage, task: FakeTask) -> None:
    """A success that reaches the worker after the deadline is a success all the same."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True, operation_timeout=HOUR)
    deferred = defer(operator, task)
    stage.finish_upon()
    task.began(ago=2 * HOUR)

    result = resume(operator, deferred, task)

    assert BACKUP == result["name"]
    assert not stage.cancels


@pytest.mark.usefixtures("hour_passes")
def test_deadline_stays_what_it_was(stage: Stage, task: FakeTask) -> None:
    """The process that goes on keeps the deadline of the one that started, whatever it is told."""
    stage.emulator.plan(LONG)
    deadline = task.ti.start_date + MINUTE
    operator = backup(deferrable=True, operation_timeout=MINUTE)
    deferred = defer(operator, task)
    task.began(ago=2 * HOUR)

    with pytest.raises(OperationTimeoutError, match="out of time after 1 min"):
        resume(operator, deferred, task)

    assert deadline == datetime.fromisoformat(task.entry["deadline"])
    assert 1 == len(stage.cancels)
