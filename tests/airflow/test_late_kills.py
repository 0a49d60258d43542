# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Kills, deadlines and adoptions that meet: what a try leaves for the next one and the reaper."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # missing in its stub only
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, change_schema, defer, play, resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage

DEFER = {"deferrable": True}
MINUTE = timedelta(minutes=1)
MAKERS = pytest.mark.parametrize("make", [backup, change_schema], ids=["backup", "ddl"])


@MAKERS
def test_a_late_kill_of_the_try_before_makes_the_next_try_start_anew(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator]
) -> None:
    """An adopted operation that the earlier try's kill ends is started again by the same try."""
    stage.emulator.plan(LONG, times=1)
    defer(make(**DEFER), task)
    task.next_try()
    adopted = defer(operator := make(**DEFER), task)
    first = stage.first.name
    stage.cancel(first)

    with pytest.raises(TaskDeferred):
        resume(operator, adopted, task)

    assert 2 == len(stage.emulator.operations())
    assert first != task.entry["operation"]
    assert task.entry["adopted"] is None


def test_a_cancel_long_after_the_adoption_is_somebody_elses(stage: Stage, task: FakeTask) -> None:
    """An adopted operation that is cancelled minutes later fails its task."""
    stage.emulator.plan(LONG)
    defer(backup(**DEFER), task)
    task.next_try()
    adopted = defer(operator := backup(**DEFER), task)
    task.adopted_before(MINUTE * 2)
    stage.cancel(stage.first.name)

    with pytest.raises(OperationCancelledError):
        resume(operator, adopted, task)

    assert 1 == len(stage.starts)


def test_an_operation_of_one_try_that_is_cancelled_fails_its_task(
    stage: Stage, task: FakeTask
) -> None:
    """Without an adoption there is no late kill: somebody has cancelled it."""
    stage.emulator.plan(LONG)
    deferred = defer(operator := backup(**DEFER), task)
    stage.cancel(stage.first.name)

    with pytest.raises(OperationCancelledError):
        resume(operator, deferred, task)

    assert 1 == len(stage.starts)


def test_a_try_claims_before_it_looks(stage: Stage, task: FakeTask) -> None:
    """A try that cannot see its operation has already told whose it is now."""
    stage.emulator.plan(LONG)
    defer(backup(**DEFER), task)
    task.next_try()
    stage.script.fail(method="GetOperation", code=Code.PERMISSION_DENIED)

    with pytest.raises(Exception, match="refuse this call"):
        backup(**DEFER).execute(task.context)

    record = task.ti.xcoms[RECORD_KEY]
    assert (stage.first.name, 2) == (record["operation"], record["try_number"])
    assert 1 == task.entry["try_number"]


@pytest.mark.usefixtures("hour_passes")
@MAKERS
def test_a_cancel_that_did_not_settle_is_never_adopted(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., SpannerOperationOperator],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A try whose cancel has no outcome yet leaves a note; the next one cancels and starts anew."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SETTLE_TIMEOUT", "0.2")
    stage.emulator.plan(LONG, times=1)
    stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=100)
    with pytest.raises(OperationTimeoutError):
        play(make(operation_timeout=MINUTE), task)
    assert task.entry["stopping"]
    stage.script.clear()
    task.next_try()

    defer(make(**DEFER), task)

    first, second = stage.emulator.operations()
    assert OperationState.CANCELLED is first.state
    assert second.name == task.entry["operation"]
    assert task.entry["stopping"] is None


def test_the_reaper_learns_how_to_stop_it(stage: Stage, task: FakeTask) -> None:
    """The entry says whether to clean up, and is kept for as long as anything is owed."""
    stage.emulator.plan(LONG)

    defer(backup(**DEFER), task)

    assert task.entry["cleans_up"]
    assert not task.entry["exempt"]
    assert {NEVER_EXPIRE} == set(task.store.retentions.values())


@pytest.mark.parametrize(
    ("parameters", "exempt"),
    [
        pytest.param({"cancel_on_kill": False}, True, id="cancel_on_kill"),
        pytest.param({"cancel_on_timeout": False}, False, id="cancel_on_timeout"),
    ],
)
def test_what_is_to_go_on_is_exempt(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], *, exempt: bool
) -> None:
    """An operation that no kill may end is none of the reaper's business either."""
    stage.emulator.plan(LONG)

    defer(backup(**DEFER, **parameters), task)

    assert exempt is task.entry["exempt"]


@pytest.mark.usefixtures("hour_passes")
def test_what_a_timeout_leaves_running_is_exempt(stage: Stage, task: FakeTask) -> None:
    """After a timeout that cancels nothing the reaper leaves the operation alone."""
    stage.emulator.plan(LONG)

    with pytest.raises(OperationTimeoutError):
        play(backup(operation_timeout=MINUTE, cancel_on_timeout=False), task)

    assert task.entry["exempt"]
    assert not task.entry["closed"]


@pytest.mark.usefixtures("hour_passes")
@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_a_soft_task_is_skipped_when_its_deadline_passes(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """With soft_fail the operation is cancelled as ever, and the task is skipped."""
    stage.emulator.plan(LONG)

    with pytest.raises(AirflowSkipException, match="nightly was cancelled"):
        play(backup(operation_timeout=MINUTE, soft_fail=True, deferrable=deferrable), task)

    assert OperationState.CANCELLED is stage.operation.state


@pytest.mark.usefixtures("hour_passes")
def test_a_soft_task_fails_when_its_operation_goes_on(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancel without an outcome is a failure, soft or not."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SETTLE_TIMEOUT", "0.2")
    stage.emulator.plan(LONG)
    stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=100)

    with pytest.raises(OperationTimeoutError):
        play(backup(operation_timeout=MINUTE, soft_fail=True), task)

    assert not stage.operation.done
