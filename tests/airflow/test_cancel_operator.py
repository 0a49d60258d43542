# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operator that cancels: one operation, many or none, and every ending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, XComNotFound

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from tests.airflow.fakes import BACKUP, DATABASE, LONG, LONG_TIME
from tests.airflow.started_operations import create_database, start, start_backup
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

IGNORES_CANCEL = Plan(duration=LONG_TIME, cancel_delay=None)


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that somebody started."""
    return start_backup(stage, LONG)


def cancel(name: Any, **parameters: Any) -> SpannerCancelOperationOperator:
    """Return an operator that cancels operations."""
    return SpannerCancelOperationOperator(task_id="cancel", operation_name=name, **parameters)


def test_cancel(stage: Stage, task: FakeTask, running: str) -> None:
    """A running operation is cancelled, and its end is awaited."""
    endings = cancel(running).execute(task.context)

    assert {running: "cancelled"} == endings
    assert stage.operation.done
    assert not stage.has(BACKUP)


def test_cancel_of_what_is_done(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation that is done already is no error, and what it made stays."""
    stage.clock.advance(LONG_TIME)

    endings = cancel(running).execute(task.context)

    assert {running: "finished first"} == endings
    assert stage.has(BACKUP)


def test_cancel_of_what_is_gone(stage: Stage, task: FakeTask) -> None:
    """An operation that Spanner does not know is no error either."""
    name = f"{DATABASE}/operations/none"

    endings = cancel(name).execute(task.context)

    assert {name: "gone"} == endings
    assert 1 == len(stage.cancels)


def test_cancel_many(stage: Stage, task: FakeTask, running: str) -> None:
    """Each of many operations has an ending of its own."""
    done = create_database(stage, "quick", Plan(duration=timedelta()))
    gone = f"{DATABASE}/operations/none"

    endings = cancel([running, done, gone]).execute(task.context)

    assert {running: "cancelled", done: "finished first", gone: "gone"} == endings
    assert list(endings) == [running, done, gone]


def test_cancels_are_sent_before_any_is_awaited(stage: Stage, task: FakeTask) -> None:
    """The last operation does not wait for the first to end."""
    names = [create_database(stage, f"database_{number}") for number in range(10)]
    before = len(stage.emulator.calls)

    cancel(names).execute(task.context)

    methods = [call.method for call in stage.emulator.calls][before:]
    assert ["CancelOperation"] * 10 == methods[:10]
    assert {"GetOperation"} == set(methods[10:])


def test_cancel_the_same_twice(stage: Stage, task: FakeTask, running: str) -> None:
    """An operation that is named twice is cancelled once."""
    endings = cancel([running, [running, None]]).execute(task.context)

    assert {running: "cancelled"} == endings
    assert 1 == len(stage.cancels)


def test_cancel_of_a_task_that_has_started_nothing(stage: Stage) -> None:
    """The XCom of a task that never ran is nothing to cancel; one that is there is cancelled."""
    running = start_backup(stage, LONG)
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        names: Any = [backup(task_id=each).output for each in ("never", "did")]
        operator = cancel([name["operation_name"] for name in names])
    ti = MagicMock()
    ti.xcom_pull = lambda task_ids, default, **_: running if task_ids == "did" else default

    operator.render_template_fields({"ti": ti})

    assert [None, running] == operator.operation_name


def test_other_missing_xcoms_are_errors(stage: Stage) -> None:
    """Only the XCom of an operation may be missing."""
    del stage
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        never: Any = backup(task_id="never").output
        operator = cancel(None, gcp_conn_id=never["connection"])
    ti = MagicMock()
    ti.xcom_pull = lambda default, **_: default

    with pytest.raises(XComNotFound):
        operator.render_template_fields({"ti": ti})


@pytest.mark.parametrize("nothing", [None, "", "None", [], [None], ["", [None, "None"]]], ids=repr)
def test_cancel_nothing(stage: Stage, task: FakeTask, nothing: Any) -> None:
    """Where no operation was started, there is none to cancel, and that is success."""
    endings = cancel(nothing).execute(task.context)

    assert {} == endings
    assert not stage.emulator.calls


@pytest.mark.parametrize(
    "form",
    [lambda n: [None, n], lambda n: [[n], ""], lambda n: ["None", n]],
    ids=["missing", "mapped", "template"],
)
def test_cancel_what_there_is(stage: Stage, task: FakeTask, running: str, form: Any) -> None:
    """What was started is cancelled, whatever was not."""
    endings = cancel(form(running)).execute(task.context)

    assert {running: "cancelled"} == endings
    assert stage.operation.done


def test_one_bad_name_spoils_all(stage: Stage, task: FakeTask, running: str) -> None:
    """A name that cannot be is refused before anything is cancelled."""
    with pytest.raises(AirflowFailException, match="operation name='some'"):
        cancel([running, "some"]).execute(task.context)

    assert not stage.cancels


def test_cancel_that_is_refused(stage: Stage, task: FakeTask, running: str) -> None:
    """A refused cancel fails the task, which says why."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, message="not you")

    with pytest.raises(CancelNotSettledError, match=r"refused to cancel it .*: not you") as caught:
        cancel(running).execute(task.context)

    assert running in str(caught.value)
    assert not stage.operation.done


def test_cancel_that_takes_too_long(stage: Stage, task: FakeTask) -> None:
    """An operation that is still running when the time is up fails the task."""
    name = start_backup(stage, IGNORES_CANCEL)

    with pytest.raises(CancelNotSettledError, match=f"describe`. {name}"):
        cancel(name, settle_timeout=0.1).execute(task.context)

    assert 1 == len(stage.cancels)


def test_cancel_only_asks(stage: Stage, task: FakeTask) -> None:
    """With no time to settle all operations are asked to cancel all the same."""
    names = [create_database(stage, each, IGNORES_CANCEL) for each in ("one", "two")]

    with pytest.raises(CancelNotSettledError):
        cancel(names, settle_timeout=0).execute(task.context)

    assert 2 == len(stage.cancels)


def test_cancel_tells_all_that_goes_on(stage: Stage, task: FakeTask, running: str) -> None:
    """The error has a line for each operation that goes on, and none for the others."""
    stubborn = create_database(stage, "stubborn", IGNORES_CANCEL)
    refusal = (Code.UNIMPLEMENTED, "cannot be done")
    refused = create_database(stage, "refused", Plan(duration=LONG_TIME, cancel_error=refusal))

    with pytest.raises(CancelNotSettledError) as caught:
        cancel([stubborn, running, refused], settle_timeout=0.3).execute(task.context)

    lines = str(caught.value).splitlines()
    assert [stubborn, refused] == [line.rpartition(" ")[2] for line in lines]
    assert "not confirmed yet" in lines[0]
    assert "UNIMPLEMENTED: cannot be done" in lines[1]
    assert stage.first.done


def test_cancel_cleans_up(stage: Stage, task: FakeTask, running: str) -> None:
    """What a create operation had made before it could be cancelled is deleted, if wanted."""
    stage.clock.advance(LONG_TIME)

    endings = cancel(running, clean_up=True).execute(task.context)

    assert {running: "finished first"} == endings
    assert not stage.has(BACKUP)
    assert stage.has(DATABASE)


def test_cancel_does_not_clean_up_after_updates(stage: Stage, task: FakeTask) -> None:
    """What was there before its operation stays, also where the operation answered it."""
    name = start(
        stage,
        UPDATE_DATABASE,
        Plan(duration=timedelta()),
        database={"name": DATABASE, "enable_drop_protection": False},
        update_mask={"paths": ["enable_drop_protection"]},
    )

    endings = cancel(name, clean_up=True).execute(task.context)

    assert {name: "finished first"} == endings
    assert stage.has(DATABASE)


def test_cancel_that_cannot_clean_up(stage: Stage, task: FakeTask, running: str) -> None:
    """What should have been deleted and could not be fails the task."""
    stage.clock.advance(LONG_TIME)
    stage.script.fail(method="DeleteBackup", code=Code.PERMISSION_DENIED, message="not yours")

    with pytest.raises(CancelNotSettledError, match=r"could not be deleted.*not yours"):
        cancel(running, clean_up=True).execute(task.context)

    assert stage.has(BACKUP)
