# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The notifier cancels what the tasks of a run have started, from wherever Airflow calls it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.core.tries.ledger import RECORD_KEY
from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator

from .doubles import DATABASE, LATER, LONG, FakeTask
from .playing import backup

if TYPE_CHECKING:
    from .doubles import Stage

RUN = SimpleNamespace(dag_id="nightly", run_id="manual__1")


@dataclass(slots=True, kw_only=True)
class FakeRun:
    """What Airflow knows about the task instances of a run, and who has asked for which."""

    states: dict[str, str | None] = field(default_factory=dict)
    xcoms: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def get_task_states(
        self, *, dag_id: str, task_ids: list[str] | None, run_ids: list[str]
    ) -> dict[str, Any]:
        """Return the states of the tasks by key, as Airflow does."""
        assert (RUN.dag_id, [RUN.run_id]) == (dag_id, run_ids)
        states = {
            key: state
            for key, state in self.states.items()
            if task_ids is None or key.rstrip("_0123456789") in task_ids or key in task_ids
        }
        return {RUN.run_id: states}

    def get_one(self, *, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
        """Return an XCom."""
        assert (RUN.dag_id, RUN.run_id) == (dag_id, run_id)
        self.asked.append((task_id, map_index))
        return self.xcoms.get((task_id, map_index), {}).get(key)


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return a run without tasks."""
    made = FakeRun()
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", made.get_task_states)
    monkeypatch.setattr(XCom, "get_one", made.get_one)
    return made


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let a second database be backed up beside the first."""
    stage.emulator.plan(LONG)
    stage.emulator.create_database(f"{DATABASE}2")


def started(run: FakeRun, task_id: str = "backup", map_index: int = -1, **parameters: Any) -> str:
    """Let a task of the run have started a backup; return the operation's name."""
    task = FakeTask()
    usual = {"wait_for_completion": False, "backup_id": task_id.replace("_", "-")}
    name: str = backup(**usual | parameters).execute(task.context)
    key = task_id if map_index < 0 else f"{task_id}_{map_index}"
    run.states[key] = "deferred"
    run.xcoms[task_id, map_index] = task.ti.xcoms
    return name


def notify(context: Any = None, **parameters: Any) -> None:
    """Let Airflow call the notifier."""
    SpannerCancelOperationNotifier(**{"settle_timeout": 5.0} | parameters)(
        {"dag_run": RUN} if context is None else context
    )


def test_operations_of_the_run_are_cancelled(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each operation that a task of the run has started is cancelled, and the log says so."""
    names = {started(run, "first"), started(run, "second", database_id="orders2")}

    notify()

    out = capsys.readouterr().out
    assert names == {call.resource for call in stage.cancels}
    assert [2, 2] == [sum(name in out for name in names), out.count("operation was cancelled")]


def test_tasks_that_were_mapped(stage: Stage, run: FakeRun) -> None:
    """Each instance of a mapped task has its own operation."""
    names = {
        started(run, "backup", 0, backup_id="first"),
        started(run, "backup", 1, backup_id="second", database_id="orders2"),
    }

    notify()

    assert names == {call.resource for call in stage.cancels}


def test_operation_that_is_done_is_left_alone(stage: Stage, run: FakeRun) -> None:
    """What is done already needs no cancel."""
    started(run)
    stage.clock.advance(LATER)

    notify()

    assert not stage.cancels


def test_tasks_that_never_ran_are_not_asked(stage: Stage, run: FakeRun) -> None:
    """Only task instances that may have started something are asked."""
    run.states = {"a": None, "b": "upstream_failed", "c": "scheduled", "d": "failed"}

    notify()

    assert [("d", -1)] == run.asked
    assert not stage.cancels


def test_trouble_with_one_does_not_stop_the_others(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operation that cannot be cancelled is told, and the others are cancelled."""
    names = [started(run, "first"), started(run, "second", database_id="orders2")]
    stage.script.fail(
        method="CancelOperation", resource=names[0], code=Code.PERMISSION_DENIED, times=9
    )

    notify()

    out = capsys.readouterr().out
    assert "spanner.backupAdmin" in out
    assert 1 == out.count("The operation was cancelled")


def test_record_that_cannot_be_read_is_told(
    stage: Stage, run: FakeRun, caplog: pytest.LogCaptureFixture
) -> None:
    """What a later release has written is left alone, and said."""
    name = started(run, "first")
    run.states["other"] = "running"
    run.xcoms["other", -1] = {RECORD_KEY: {"version": 99}}

    notify()

    assert {name} == {call.resource for call in stage.cancels}
    assert "record of other cannot be read" in caplog.text


def test_missing_connection_does_not_stop_the_others(stage: Stage, run: FakeRun) -> None:
    """Operations that were started through a connection that is gone are passed over."""
    lost, name = started(run, "first"), started(run, "second", database_id="orders2")
    record = run.xcoms["first", -1][RECORD_KEY]
    record["access"] |= {"gcp_conn_id": "gone", "endpoint": "spanner.example.com:443"}

    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("SPANNER_EMULATOR_HOST")
        notify()

    assert lost != name
    assert {name} == {call.resource for call in stage.cancels}


def test_given_operations_are_cancelled_instead(stage: Stage, run: FakeRun) -> None:
    """With operation_name, exactly these are cancelled, and Airflow is asked for nothing."""
    name = started(run, "first")
    started(run, "second", database_id="orders2")

    notify(operation_name=[name, "", "None"])

    assert {name} == {call.resource for call in stage.cancels}
    assert [] == run.asked


def test_operation_name_is_a_template(stage: Stage, run: FakeRun) -> None:
    """The name may come from the context, such as an XCom."""
    name = started(run)

    notify({"dag_run": RUN, "name": name}, operation_name="{{ name }}")

    assert {name} == {call.resource for call in stage.cancels}


@pytest.mark.parametrize("given", ["", "None", []])
def test_given_nothing_cancels_nothing(stage: Stage, run: FakeRun, given: Any) -> None:
    """An empty operation_name, such as an XCom that was never pushed, is not "all of the run"."""
    started(run)

    notify(operation_name=given)

    assert not stage.cancels


def test_malformed_name_is_told(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that cannot be parsed is told, and the others are cancelled."""
    name = started(run)

    notify(operation_name=["nonsense", name])

    assert {name} == {call.resource for call in stage.cancels}
    assert "nonsense could not be cancelled" in capsys.readouterr().out


def test_only_our_tasks_are_asked(run: FakeRun) -> None:
    """With the Dag at hand, tasks that start no operation cost no read."""
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="other")
        backup(task_id="backup")
        SpannerCreateBackupOperator.partial(
            task_id="mapped", instance_id="main", database_id="orders", expire_time="P30D"
        ).expand(backup_id=["b1"])
    run.states = {"other": "success", "backup": "success", "mapped_0": "success"}

    notify({"dag": dag, "run_id": RUN.run_id, "reason": "task_failure"})

    assert [("backup", -1), ("mapped", 0)] == run.asked


def test_dag_without_our_tasks_asks_nothing(run: FakeRun) -> None:
    """A Dag that starts no operation has nothing to cancel."""
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="other")
    run.states = {"other": "success"}

    notify({"dag": dag, "run_id": RUN.run_id})

    assert [] == run.asked


def test_settle_timeout_bounds_the_wait(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no time to wait, the cancel is asked for and its outcome left open."""
    name = started(run)
    stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=1)

    notify(settle_timeout=0)

    assert "not confirmed yet" in capsys.readouterr().out
    assert {name} == {call.resource for call in stage.cancels}


async def test_deadline_alert(stage: Stage, run: FakeRun) -> None:
    """As the callback of a deadline it is awaited, with a description of the run as context."""
    name = started(run)
    callback = AsyncCallback(SpannerCancelOperationNotifier, kwargs={"settle_timeout": 5.0})
    context = {"dag_run": {"dag_id": RUN.dag_id, "dag_run_id": RUN.run_id}, "deadline": {}}

    await SpannerCancelOperationNotifier(**callback.kwargs, context=context)

    assert {name} == {call.resource for call in stage.cancels}


def test_parameters_are_documented() -> None:
    """The docstring has exactly the parameters, and the templates are among them."""
    class_ = SpannerCancelOperationNotifier
    names = [
        name for name in inspect.signature(class_).parameters if name not in {"self", "kwargs"}
    ]

    assert names == [
        line.split()[1].rstrip(":")
        for line in (inspect.getdoc(class_) or "").splitlines()
        if line.startswith(":param")
    ]
    assert set(class_.template_fields) <= set(names)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), None])
def test_a_time_that_cannot_be_is_an_error_of_the_dag_file(seconds: Any) -> None:
    """How long to wait is checked where it is written: in a callback nobody would hear of it."""
    with pytest.raises(InvalidArgumentError, match="settle_timeout="):
        SpannerCancelOperationNotifier(settle_timeout=seconds)
