# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What real operators tell Airflow's stats, each operation and each cancel once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationKilledError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.execution import pending_deferral
from airflow_spanner_lro.operators.databases import SpannerCreateDatabaseOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.plugin import rejected_deferral
from tests.airflow.fake_airflow import FakeAirflow
from tests.airflow.fake_dag_run import FakeRun, notify
from tests.airflow.fakes import DATABASE, LONG, SOURCE, FakeTaskInstance
from tests.airflow.started_operations import start_backup
from tests.airflow.stats_recorder import StatsRecorder
from tests.airflow.task_runner import backup, defer, over_the_wire, play, restore

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

QUICK = Plan(duration=timedelta())
DURATION = "spanner_lro.operation_duration"
CANCELS = "spanner_lro.cancels"
REQUESTS = "spanner_lro.requests"


@pytest.fixture(autouse=True)
def recorder(monkeypatch: pytest.MonkeyPatch) -> StatsRecorder:
    """Return what stands behind Airflow's stats."""
    return StatsRecorder.behind_stats(monkeypatch)


def test_a_task_that_succeeds(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, *, deferrable: bool
) -> None:
    """Its operation is timed once, as is its end, wherever it waits; no cancel is counted."""
    stage.emulator.plan(LONG)
    stage.finish_upon()

    play(backup(deferrable=deferrable), task)

    assert {"kind=CreateBackup outcome=succeeded": 1} == recorder.timed(DURATION)
    assert {"kind=CreateBackup": 1} == recorder.timed("spanner_lro.detection_delay")
    assert {} == recorder.counted(CANCELS)


def test_every_request_of_a_task(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, *, deferrable: bool
) -> None:
    """What the worker and the triggerer send is what the server has seen."""
    stage.emulator.plan(LONG)
    stage.finish_upon()
    before = len(stage.emulator.calls)

    play(backup(deferrable=deferrable), task)

    seen: dict[str, int] = {}
    for call in list(stage.emulator.calls)[before:]:
        key = f"method={call.method} code={call.code.name}"
        seen[key] = seen.get(key, 0) + 1
    assert seen == recorder.counted(REQUESTS)


def test_an_operation_that_fails(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, *, deferrable: bool
) -> None:
    """It is timed as failed."""
    stage.emulator.plan(Plan(duration=timedelta(), fail_with=(Code.INTERNAL, "no room")))

    with pytest.raises(OperationFailedError):
        play(backup(deferrable=deferrable), task)

    assert {"kind=CreateBackup outcome=failed": 1} == recorder.timed(DURATION)


def test_an_operation_that_somebody_cancels(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, *, deferrable: bool
) -> None:
    """It is timed as cancelled, and the cancel is counted by whoever sends it."""
    stage.emulator.plan(LONG)
    stage.cancel_upon()

    with pytest.raises(OperationCancelledError):
        play(backup(deferrable=deferrable), task)

    assert {"kind=CreateBackup outcome=cancelled": 1} == recorder.timed(DURATION)
    assert {} == recorder.counted(CANCELS)


def test_a_follow_up_is_an_operation_of_its_own(
    stage: Stage, task: FakeTask, recorder: StatsRecorder
) -> None:
    """A restore that waits for its database to be optimized is two."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(QUICK)

    play(restore(wait_for_optimize=True), task)

    assert {
        "kind=RestoreDatabase outcome=succeeded": 1,
        "kind=OptimizeRestoredDatabase outcome=succeeded": 1,
    } == recorder.timed(DURATION)


def test_a_kind_without_times(stage: Stage, task: FakeTask, recorder: StatsRecorder) -> None:
    """A creation of a database, of which Spanner tells no times, is timed by the ledger."""
    stage.emulator.plan(QUICK)
    operator = SpannerCreateDatabaseOperator(
        task_id="create", project_id="test", instance_id="main", database_id="fresh"
    )

    play(operator, task)

    (took,) = recorder.timings[f"{DURATION} kind=CreateDatabase outcome=succeeded"]
    assert timedelta() < took < timedelta(minutes=1)


def test_a_result_that_is_delivered_by_a_retry(
    stage: Stage, task: FakeTask, recorder: StatsRecorder
) -> None:
    """An operation is timed when it is delivered, not by each try that has seen it done."""
    stage.emulator.plan(QUICK)
    stage.emulator.faults.fail(method="GetBackup", code=Code.PERMISSION_DENIED)
    with pytest.raises(Exception, match="answered PERMISSION_DENIED"):
        play(backup(), task)
    task.next_try()

    play(backup(), task)

    assert {"kind=CreateBackup outcome=succeeded": 1} == recorder.timed(DURATION)


@pytest.mark.usefixtures("hour_passes")
def test_a_deadline(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, *, deferrable: bool
) -> None:
    """A task that runs out of time counts its cancel, and times what it has cancelled."""
    stage.emulator.plan(LONG)

    with pytest.raises(OperationTimeoutError):
        play(backup(deferrable=deferrable, operation_timeout=60.0), task)

    assert {"cause=deadline ending=cancelled": 1} == recorder.counted(CANCELS)
    assert {"kind=CreateBackup outcome=cancelled": 1} == recorder.timed(DURATION)


def test_a_kill_on_a_worker(stage: Stage, task: FakeTask, recorder: StatsRecorder) -> None:
    """A kill counts its cancel and times the operation, which no try will conclude."""
    stage.emulator.plan(LONG)
    operator = backup()
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert {"cause=kill_on_worker ending=cancelled": 1} == recorder.counted(CANCELS)
    assert {"kind=CreateBackup outcome=cancelled": 1} == recorder.timed(DURATION)


def test_a_kill_that_comes_too_late(stage: Stage, task: FakeTask, recorder: StatsRecorder) -> None:
    """An ending is counted as what it was."""
    stage.emulator.plan(LONG)
    stage.finish_upon("CancelOperation")
    operator = backup(clean_up=False)
    stage.script.upon("GetOperation", operator.on_kill)

    with pytest.raises(OperationKilledError):
        operator.execute(task.context)

    assert {"cause=kill_on_worker ending=finished_first": 1} == recorder.counted(CANCELS)
    assert {} == recorder.timed(DURATION)


async def test_a_kill_of_a_deferred_task(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The triggerer counts its cancel, and times the operation, which no try will conclude."""
    airflow = FakeAirflow(monkeypatch)
    stage.emulator.plan(LONG)
    trigger = over_the_wire(cast("Any", defer(backup(deferrable=True), task).trigger))
    trigger.task_instance = cast("Any", FakeTaskInstance())
    airflow.record = task.ti.xcoms[RECORD_KEY]

    await trigger.on_kill()

    assert {"cause=kill_deferred ending=cancelled": 1} == recorder.counted(CANCELS)
    assert {"kind=CreateBackup outcome=cancelled": 1} == recorder.timed(DURATION)


def test_a_deferral_that_is_rejected(
    stage: Stage, task: FakeTask, recorder: StatsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plugin stops at the end of the process has a cause of its own."""
    airflow = FakeAirflow(monkeypatch)
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    airflow.record = task.ti.xcoms[RECORD_KEY]
    note = pending_deferral.take()
    assert note is not None

    rejected_deferral.cancel_if_rejected(note)

    assert {"cause=rejected_deferral ending=cancelled": 1} == recorder.counted(CANCELS)
    assert {"kind=CreateBackup outcome=cancelled": 1} == recorder.timed(DURATION)


def test_a_retry_that_wants_something_else(
    stage: Stage, task: FakeTask, recorder: StatsRecorder
) -> None:
    """The operation that it replaces is cancelled on its behalf."""
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    task.next_try()

    defer(backup(deferrable=True, expire_time=timedelta(days=9)), task)

    assert {"cause=retry ending=cancelled": 1} == recorder.counted(CANCELS)


def test_the_operator_that_cancels(stage: Stage, task: FakeTask, recorder: StatsRecorder) -> None:
    """Each operation that it is given counts by its ending."""
    names = [start_backup(stage, LONG), f"{DATABASE}/operations/none"]

    SpannerCancelOperationOperator(task_id="cancel", operation_name=names).execute(task.context)

    assert {
        "cause=operator ending=cancelled": 1,
        "cause=operator ending=gone": 1,
    } == recorder.counted(CANCELS)


def test_the_notifier(
    stage: Stage, recorder: StatsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a callback cancels is counted, too."""
    run = FakeRun.instead_of_airflow(monkeypatch)
    stage.emulator.plan(LONG)
    run.started()

    notify()

    assert {"cause=notifier ending=cancelled": 1} == recorder.counted(CANCELS)
