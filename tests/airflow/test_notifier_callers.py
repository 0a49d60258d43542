# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The notifier as Airflow's own code calls it: in a worker, a dag-processor and a triggerer."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from airflow.callbacks.callback_requests import DagCallbackRequest
from airflow.dag_processing.processor import _execute_dag_callbacks
from airflow.sdk import DAG
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.execution_time.task_runner import (
    RuntimeTaskInstance,
    _run_task_state_change_callbacks,
)
from airflow.triggers.callback import CallbackTrigger

from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from tests.airflow.fake_dag_run import RUN, FakeRun, notify
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, over_the_wire

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return a run without tasks."""
    return FakeRun.instead_of_airflow(monkeypatch)


@pytest.fixture
def running(stage: Stage, run: FakeRun) -> str:
    """Return the operation that a task of the run waits for."""
    stage.emulator.plan(LONG)
    return run.started()


@pytest.fixture
def dag() -> DAG:
    """Return a Dag with the notifier, and a task that starts an operation."""
    cancel = SpannerCancelOperationNotifier(settle_timeout=5.0)
    with DAG(
        RUN.dag_id,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        on_failure_callback=cancel,
    ) as made:
        backup(task_id="backup", backup_id="backup", on_failure_callback=cancel)
    return made


def test_task_fails_on_a_worker(stage: Stage, running: str, dag: DAG) -> None:
    """The callback of a task that fails is called by the worker, with the task's context."""
    task: Any = dag.get_task("backup")
    ti = SimpleNamespace(dag_id=RUN.dag_id, task_id="backup", run_id=RUN.run_id, map_index=-1)
    context: Any = {"dag": dag, "ti": ti, "dag_run": RUN, "outlet_events": {}}

    _run_task_state_change_callbacks(task, "on_failure_callback", context, structlog.get_logger())

    assert [running] == [call.resource for call in stage.cancels]


def test_run_fails(stage: Stage, running: str, dag: DAG) -> None:
    """The callback of a Dag is called by the dag-processor; the context may be this small."""
    request = DagCallbackRequest(
        filepath="nightly.py",
        bundle_name="dags",
        bundle_version=None,
        dag_id=RUN.dag_id,
        run_id=RUN.run_id,
        msg="task_failure",
        is_failure_callback=True,
    )

    _execute_dag_callbacks(
        SimpleNamespace(dags={RUN.dag_id: dag}),  # type: ignore[arg-type]  # what it uses of one
        request,
        structlog.get_logger(),
    )

    assert [running] == [call.resource for call in stage.cancels]


async def test_deadline_passes(stage: Stage, running: str) -> None:
    """The callback of a deadline is awaited by the triggerer; its context describes the run."""
    callback = AsyncCallback(SpannerCancelOperationNotifier, kwargs={"settle_timeout": 5.0})
    context = {
        "dag_run": {"dag_id": RUN.dag_id, "dag_run_id": RUN.run_id},
        "deadline": {"id": "d", "deadline_time": "2026-01-01T00:00:00Z"},
    }
    trigger = over_the_wire(CallbackTrigger(callback.path, callback.kwargs | {"context": context}))

    states = [event.payload["state"] async for event in trigger.run()]

    assert ["running", "success"] == states
    assert [running] == [call.resource for call in stage.cancels]


@pytest.mark.parametrize(
    "context", [{}, {"run_id": RUN.run_id}, {"dag": DAG(RUN.dag_id, schedule=None)}], ids=repr
)
def test_context_without_a_run(
    stage: Stage, running: str, capsys: pytest.CaptureFixture[str], context: dict[str, Any]
) -> None:
    """Where Airflow does not tell which run failed, nothing is cancelled, and the log says so."""
    del running

    notify(context)

    assert not stage.cancels
    assert "did not tell which Dag run" in capsys.readouterr().out


def test_context_of_a_task_alone(stage: Stage, running: str) -> None:
    """A task instance is enough to know the run."""
    notify({"ti": RUN})

    assert [running] == [call.resource for call in stage.cancels]


def test_airflow_cannot_be_asked(
    stage: Stage,
    running: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Trouble of Airflow's own is logged, and does not become the callback's."""
    del running

    def fail(**_: Any) -> None:
        message = "the database is down"
        raise ConnectionError(message)

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", fail)

    notify()

    assert not stage.cancels
    assert "the database is down" in capsys.readouterr().out
