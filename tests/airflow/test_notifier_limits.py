# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the notifier leaves alone, what it cleans up, and that nothing holds it up."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.notifications import bulk_cancel, cancel
from airflow_spanner_lro.notifications.bulk_cancel import CancelBatch, CancelOrder, cancel_all
from tests.airflow.fake_dag_run import FakeRun, notify
from tests.airflow.fakes import BACKUP, DATABASE, LATER, LONG

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return a run without tasks."""
    return FakeRun.instead_of_airflow(monkeypatch)


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long."""
    stage.emulator.plan(LONG)


def test_trouble_with_one_record_does_not_hide_the_others(stage: Stage, run: FakeRun) -> None:
    """Where one XCom cannot be read, the operations of the other tasks are cancelled."""
    run.states["broken"], run.broken = "running", "broken"
    name = run.started()

    notify()

    assert {name} == {call.resource for call in stage.cancels}


def test_task_that_keeps_its_operation(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task that does not cancel its operation when it is killed keeps it, and the log says so."""
    name = run.started(cancel_on_kill=False)

    notify()

    assert not stage.cancels
    assert (
        f"Left running, as its task wants (cancel_on_kill=False). {name}" in capsys.readouterr().out
    )


def test_operation_that_is_kept_can_be_named(stage: Stage, run: FakeRun) -> None:
    """Who names an operation means it, whatever its task says."""
    name = run.started(cancel_on_kill=False)

    notify(operation_name=name)

    assert {name} == {call.resource for call in stage.cancels}


def test_what_is_awaited_comes_first(run: FakeRun) -> None:
    """Tasks that still wait are asked before those that have ended."""
    run.states = {"done": "success", "waits": "deferred", "failed": "failed", "runs": "running"}

    notify()

    assert ["waits", "runs", "done", "failed"] == [task_id for task_id, _ in run.asked]


def test_time_to_look_is_over(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A run of many tasks holds no dag-processor up: who was not asked is told."""
    monkeypatch.setattr(cancel, "READING_TIME", -1.0)
    run.states = {"first": "running", "second": "running"}

    notify()

    assert [] == run.asked
    assert "2 task instances of run" in caplog.text


def test_call_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up, what is not known is told, whatever still hangs."""
    monkeypatch.setattr(bulk_cancel, "_GRACE", 0.0)
    order = CancelOrder(name=OperationName.parse(f"{BACKUP}/operations/o"))
    released = Event()

    def hang() -> Any:
        released.wait()
        return MagicMock(SpannerAdminClient)

    told = list(cancel_all([CancelBatch(orders=[order], connect=hang)], timeout=0.0))
    released.set()

    assert ["Not known what became of it"] == [told[0].sentence.partition(";")[0]]
    assert told[0].sentence.endswith(f"`. {order.name}")


@pytest.mark.parametrize(
    ("state", "clean_up", "stays"),
    [("failed", None, False), ("failed", False, True), ("deferred", None, True)],
    ids=["task ended", "task keeps it", "task goes on"],
)
def test_backup_that_was_finished_first(
    stage: Stage,
    run: FakeRun,
    state: str,
    clean_up: bool | None,
    stays: bool,
) -> None:
    """It is deleted as its task would do it, unless that goes on and is going to deliver it."""
    run.started(state=state, backup_id="nightly", clean_up=clean_up)
    stage.finish_upon("CancelOperation")

    notify()

    assert stage.cancels
    assert stays == stage.has(BACKUP)


def test_backup_that_was_done_before_stays(stage: Stage, run: FakeRun) -> None:
    """What a task has made before another one failed is not touched."""
    run.started(state="success", backup_id="nightly")
    stage.clock.advance(LATER)

    notify()

    assert stage.has(BACKUP)


def test_operation_that_is_gone(run: FakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    """An operation that Spanner does not know is told, and is no trouble."""
    del run

    notify(operation_name=f"{DATABASE}/operations/none")

    assert "no longer knows" in capsys.readouterr().out
