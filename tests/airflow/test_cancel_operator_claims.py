# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Names that XComs bring to the operator that cancels: each must be of what its task starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, task as taskflow
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.lazy_sequence import LazyXComSequence

from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY, RECORD_KEY
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from tests.airflow.fakes import BACKUP, LATER, LONG, FakeTask
from tests.airflow.started_operations import create_database, start_backup
from tests.airflow.task_runner import backup, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.fakes import Stage

    Write = Callable[[], Any]
    """Writes the task whose XCom names the operations, and returns that XCom."""

FROM_TEMPLATE = "{{ ti.xcom_pull(task_ids='backup', key='operation_name') }}"


class Pulled(FakeTask):
    """A task instance with the XComs of another one."""

    def __init__(self, dag: DAG, values: dict[str, Any], *, run_after: datetime) -> None:
        super().__init__()
        self.dag, self.values = dag, values
        self.run = SimpleNamespace(dag_id="nightly", run_id="manual__1", run_after=run_after)

    @property
    def context(self) -> Any:
        """The context with the Dag, its run, and XComs to pull."""
        pull = SimpleNamespace(xcom_pull=self.pull, task_id="cancel", map_index=-1, start_date=None)
        return {"ti": pull, "task_instance": pull, "dag": self.dag, "dag_run": self.run}

    def pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        """Return an XCom of the task that starts."""
        return self.values.get(key) if task_ids.startswith(("backup", "restore", "find")) else None


def named(operator: Any) -> Any:
    """Return the XCom that names the operation of a task."""
    return operator.output["operation_name"]


def play(
    stage: Stage,
    name: Any,
    *,
    write: Write | None = None,
    record: Any = None,
    since: datetime | None = None,
    **parameters: Any,
) -> Any:
    """Let a cancel operator be told a name by an XCom, and execute it.

    :param since: when the run began; by default a minute ago
    """
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        told = write() if write else named(backup(task_id="backup"))
        operator = SpannerCancelOperationOperator(
            task_id="cancel", operation_name=told, **parameters
        )
    values = {OPERATION_NAME_KEY: name, "return_value": name, RECORD_KEY: record}
    ti = Pulled(dag, values, run_after=since or stage.clock.now() - timedelta(minutes=1))
    operator.render_template_fields(ti.context)
    return operator.execute(ti.context)


def templated() -> Any:
    """Write the task, and a template that pulls its XCom."""
    backup(task_id="backup")
    return FROM_TEMPLATE


@pytest.mark.parametrize("write", [None, templated], ids=["XComArg", "template"])
def test_operation_of_the_task_is_cancelled(stage: Stage, write: Any) -> None:
    """What its task has started in this run is cancelled, as before."""
    running = start_backup(stage, LONG)

    assert {running: "cancelled"} == play(stage, running, write=write)


@pytest.mark.parametrize("write", [None, templated], ids=["XComArg", "template"])
def test_operation_of_another_kind_is_refused(stage: Stage, write: Any) -> None:
    """An XCom that names what its task does not start was written by somebody else."""
    theirs = create_database(stage, "theirs")

    with pytest.raises(AirflowFailException, match="does not start this: Create database"):
        play(stage, theirs, write=write, clean_up=True)

    assert not stage.cancels


@pytest.mark.parametrize(
    "form",
    [
        lambda name: {"name": name},
        lambda name: [{"name": name}],
        lambda name: SimpleNamespace(name=name),
        OperationName.parse,
        lambda name: OperationSnapshot(
            name=OperationName.parse(name), state=OperationState.RUNNING
        ),
    ],
    ids=["mapping", "list", "message", "name", "snapshot"],
)
def test_no_form_escapes_the_check(stage: Stage, form: Any) -> None:
    """In whatever form an XCom names an operation, its name is checked."""
    theirs = create_database(stage, "theirs")

    with pytest.raises(AirflowFailException, match="does not start this: Create database"):
        play(stage, form(theirs))

    assert not stage.cancels


def test_operation_of_another_target_is_refused(stage: Stage) -> None:
    """The ids that stand in the Dag are those of the operation."""
    theirs = start_backup(stage, LONG)

    def write() -> Any:
        return named(backup(task_id="backup", backup_id="ours"))

    with pytest.raises(AirflowFailException, match="the backup is ours, written in its Dag"):
        play(stage, theirs, write=write)

    assert not stage.cancels


def test_operation_that_began_before_the_run_is_refused(stage: Stage) -> None:
    """An operation that is older than the run is none of its tasks'."""
    old = start_backup(stage, LONG)
    stage.clock.advance(timedelta(minutes=30))

    with pytest.raises(AirflowFailException, match="before the run of the task"):
        play(stage, old)

    assert not stage.cancels


def test_one_forged_name_spoils_all(stage: Stage) -> None:
    """Nothing is cancelled if one of many names is refused."""
    names = [start_backup(stage, LONG), create_database(stage, "theirs")]

    with pytest.raises(AirflowFailException):
        play(stage, names)

    assert not stage.cancels


def test_ids_by_a_template_are_not_compared(stage: Stage) -> None:
    """What a template came to in another task cannot be seen here."""
    running = start_backup(stage, LONG)

    def write() -> Any:
        return named(backup(task_id="backup", backup_id="{{ ds_nodash }}"))

    assert {running: "cancelled"} == play(stage, running, write=write)


def test_operations_of_a_mapped_task(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mapped task has started comes in a sequence, and each of it is checked."""
    running, theirs = start_backup(stage, LONG), create_database(stage, "theirs")
    monkeypatch.setattr(LazyXComSequence, "__iter__", lambda _: iter([running, theirs]))

    def write() -> Any:
        return (
            SpannerCreateBackupOperator.partial(
                task_id="backup", project_id="test", instance_id="main", expire_time="P9D"
            )
            .expand_kwargs([{"database_id": "orders", "backup_id": "nightly"}])
            .output
        )

    with pytest.raises(AirflowFailException, match="does not start this: Create database"):
        play(stage, None, write=write)

    assert not stage.cancels


def test_cancel_operator_that_is_mapped(stage: Stage) -> None:
    """A name that the operator was expanded over is checked like any other."""
    theirs = create_database(stage, "theirs")
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        started = backup(task_id="backup").output
        SpannerCancelOperationOperator.partial(task_id="cancel").expand(operation_name=started)
    ti = Pulled(dag, {}, run_after=stage.clock.now() - timedelta(minutes=1))
    operator = SpannerCancelOperationOperator(task_id="cancel", operation_name=theirs)
    operator.render_template(theirs, ti.context, seen_oids={id(theirs)})

    with pytest.raises(AirflowFailException, match="does not start this: Create database"):
        operator.execute(ti.context)

    assert not stage.cancels


def test_what_other_code_returned_is_the_authors_word(stage: Stage) -> None:
    """A task of the author's own may name any operation, whoever started it and when."""
    old = create_database(stage, "old")
    stage.clock.advance(timedelta(minutes=30))

    @taskflow
    def find() -> list[str]:
        return []

    assert {old: "cancelled"} == play(stage, [old], write=find)


def test_name_that_stands_in_the_dag_is_the_authors_word(stage: Stage) -> None:
    """A literal name is cancelled as it is, also if an XCom says the same."""
    theirs = create_database(stage, "theirs")

    def write() -> Any:
        return [theirs, named(backup(task_id="backup"))]

    assert {theirs: "cancelled"} == play(stage, theirs, write=write)


def test_operation_that_is_gone_is_still_no_error(stage: Stage) -> None:
    """What Spanner does not know cannot be checked, nor cancelled."""
    gone = f"{BACKUP}/operations/gone"

    assert {gone: "gone"} == play(stage, gone)


@pytest.mark.parametrize("done", [False, True])
def test_operation_that_is_only_presumed(stage: Stage, done: bool) -> None:
    """What may be somebody else's is left running, with what ends it; nothing is deleted."""
    task = FakeTask()
    stage.emulator.plan(LONG, times=1)
    name = backup(wait_for_completion=False).execute(task.context)
    record = task.entry | {"evidence": "presumed"}
    since = stage.clock.now() - timedelta(minutes=1)
    if done:
        stage.clock.advance(LATER)
        endings = play(stage, name, record=record, since=since, clean_up=True)
        assert {name: "finished first"} == endings
    else:
        with pytest.raises(CancelNotSettledError, match=f"spanner-lro cancel {name}"):
            play(stage, name, record=record, since=since, clean_up=True)

    assert not stage.cancels
    assert not stage.emulator.calls.of("DeleteBackup")


def test_task_of_another_operator(stage: Stage) -> None:
    """The class says what a task starts, whatever its name."""
    theirs = start_backup(stage, LONG)

    def write() -> Any:
        return named(restore())

    with pytest.raises(AirflowFailException, match="does not start this: Create backup"):
        play(stage, theirs, write=write)
