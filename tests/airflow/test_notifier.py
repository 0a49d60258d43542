# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations the notifier cancels, and what it tells of those that it does not."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from tests.airflow.fake_dag_run import RUN, FakeRun, notify
from tests.airflow.fakes import DATABASE, LATER, LONG
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return a run without tasks."""
    return FakeRun.instead_of_airflow(monkeypatch)


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let a second database be backed up beside the first."""
    stage.emulator.plan(LONG)
    stage.emulator.create_database(f"{DATABASE}2")


def test_operations_of_the_run_are_cancelled(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each operation that a task of the run has started is cancelled, and the log says so."""
    names = {run.started("first"), run.started("second", database_id="orders2")}

    notify()

    out = capsys.readouterr().out
    assert names == {call.resource for call in stage.cancels}
    assert [2, 2] == [sum(name in out for name in names), out.count(" was cancelled.")]


def test_tasks_that_were_mapped(stage: Stage, run: FakeRun) -> None:
    """Each instance of a mapped task has its own operation."""
    names = {
        run.started("backup", 0, backup_id="first"),
        run.started("backup", 1, backup_id="second", database_id="orders2"),
    }

    notify()

    assert names == {call.resource for call in stage.cancels}


def test_operation_that_is_done_is_left_alone(stage: Stage, run: FakeRun) -> None:
    """What is done already needs no cancel."""
    run.started()
    stage.clock.advance(LATER)

    notify()

    assert not stage.cancels


def test_tasks_that_never_ran_are_not_asked(stage: Stage, run: FakeRun) -> None:
    """Only task instances that may have started something are asked."""
    run.states = {"a": None, "b": "upstream_failed", "c": "none", "d": "failed"}

    notify()

    assert [("d", -1)] == run.asked
    assert not stage.cancels


def test_trouble_with_one_does_not_stop_the_others(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operation that cannot be cancelled is told, and the others are cancelled."""
    names = [run.started("first"), run.started("second", database_id="orders2")]
    stage.script.fail(
        method="CancelOperation", resource=names[0], code=Code.PERMISSION_DENIED, times=9
    )
    capsys.readouterr()

    notify()

    out = capsys.readouterr().out
    assert "spanner.backupAdmin" in out
    assert 1 == out.count("[warning")
    assert 1 == out.count("second was cancelled")


def test_record_that_cannot_be_read_is_told(
    stage: Stage, run: FakeRun, caplog: pytest.LogCaptureFixture
) -> None:
    """What a later release has written is left alone, and said."""
    name = run.started("first")
    run.states["other"] = "running"
    run.xcoms["other", -1] = {RECORD_KEY: {"version": 99}}

    notify()

    assert {name} == {call.resource for call in stage.cancels}
    assert "record of other cannot be read" in caplog.text


def test_missing_connection_does_not_stop_the_others(
    stage: Stage, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operations that were started through a connection that is gone are passed over."""
    lost, name = run.started("first"), run.started("second", database_id="orders2")
    run.xcoms["first", -1][RECORD_KEY]["connection_spec"]["gcp_conn_id"] = "gone"
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        backup(task_id="first", backup_id="first", gcp_conn_id="gone")
        backup(task_id="second", backup_id="second", database_id="orders2")
    extra = {"spanner_endpoint": f"http://{stage.emulator.endpoint}"}
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", connection)
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    notify({"dag": dag, "dag_run": RUN})

    assert lost != name
    assert {name} == {call.resource for call in stage.cancels}


def test_given_operations_are_cancelled_instead(stage: Stage, run: FakeRun) -> None:
    """With operation_name, exactly these are cancelled, and Airflow is asked for nothing."""
    name = run.started("first")
    run.started("second", database_id="orders2")

    notify(operation_name=[name, "", "None"])

    assert {name} == {call.resource for call in stage.cancels}
    assert [] == run.asked


def test_operation_name_is_a_template(stage: Stage, run: FakeRun) -> None:
    """The name may come from the context, such as an XCom."""
    name = run.started()

    notify({"dag_run": RUN, "name": name}, operation_name="{{ name }}")

    assert {name} == {call.resource for call in stage.cancels}


@pytest.mark.parametrize("given", ["", "None", []])
def test_given_nothing_cancels_nothing(stage: Stage, run: FakeRun, given: Any) -> None:
    """An empty operation_name, such as an XCom that was never pushed, is not "all of the run"."""
    run.started()

    notify(operation_name=given)

    assert not stage.cancels


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_names_in_lists_of_lists(stage: Stage, run: FakeRun, depth: int) -> None:
    """What mapped tasks have pushed is a list in the list; also that is cancelled, once each."""
    name = run.started()
    given: Any = name
    for _ in range(depth):
        given = [given, None, name]

    notify(operation_name=given)

    assert [name] == [call.resource for call in stage.cancels]


def test_malformed_name_is_told(
    stage: Stage, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that cannot be parsed is told, and the others are cancelled."""
    name = run.started()

    notify(operation_name=["nonsense", name])

    assert {name} == {call.resource for call in stage.cancels}
    assert "operation name='nonsense'" in capsys.readouterr().out


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
    name = run.started()
    stage.script.fail(method="CancelOperation", code=Code.UNAVAILABLE, times=1)

    notify(settle_timeout=0)

    assert "may go on" in capsys.readouterr().out
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
