# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner refuses only for now is waited out, on a worker for seconds and then without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout, TaskDeferred

from airflow_spanner_lro.core.flows.limits import LimitReachedError, SlotWaitEndedError
from airflow_spanner_lro.core.operations.errors import (
    OperationFailedError,
    RefusedForNowError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.execution import wait
from airflow_spanner_lro.operators.backup_schedules import SpannerCreateBackupScheduleOperator
from airflow_spanner_lro.operators.backups import (
    SpannerUpdateBackupOperator,
)
from airflow_spanner_lro.operators.operations import (
    SpannerGetOperationOperator,
    SpannerListOperationsOperator,
)
from airflow_spanner_lro.triggers.slot import SpannerPauseTrigger
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, SOURCE, FakeTask, of_another_task
from tests.airflow.operator_builders import (
    create_database,
    database_starts,
    delete_source,
    finish_at_each_look,
    update_database,
    update_instance,
)
from tests.airflow.task_runner import (
    backup,
    change_schema,
    defer,
    fire,
    over_the_wire,
    play,
    restore,
    resume,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import Stage

REFUSED = Code.RESOURCE_EXHAUSTED
_WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main"}


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was refused for now be tried again soon."""
    monkeypatch.setattr(wait, "FIRST_PAUSE", 0.02)


@pytest.fixture
def no_time_on_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every pause be too long for a worker."""
    monkeypatch.setattr(wait, "ON_WORKER", 0.0)


IMMEDIATE = [
    pytest.param(delete_source, "DeleteBackup", id="delete"),
    pytest.param(
        lambda **options: SpannerUpdateBackupOperator(
            **_WHERE,
            task_id="keep",
            backup_id="source",
            expire_time=timedelta(days=9),
            **options,
        ),
        "UpdateBackup",
        id="update",
    ),
    pytest.param(
        lambda **options: SpannerCreateBackupScheduleOperator(
            **_WHERE,
            task_id="schedule",
            database_id="orders",
            schedule_id="nightly",
            cron="0 2 * * *",
            retention="P30D",
            **options,
        ),
        "CreateBackupSchedule",
        id="schedule",
    ),
    pytest.param(
        lambda **options: SpannerListOperationsOperator(
            **_WHERE, task_id="list", database_id="orders", **options
        ),
        "ListOperations",
        id="list",
    ),
    pytest.param(
        lambda **options: SpannerGetOperationOperator(
            task_id="get",
            operation_name=f"{DATABASE}/operations/_auto_op_1",
            **options,
        ),
        "GetOperation",
        id="get",
    ),
]


@pytest.mark.usefixtures("no_time_on_workers")
def test_a_long_pause_holds_no_worker(stage: Stage, task: FakeTask) -> None:
    """A start that is refused for quota goes on in the triggerer, and then starts once."""
    finish_at_each_look(stage)
    stage.script.fail(method="CreateBackup", code=REFUSED, times=3)
    operator = backup(deferrable=True)

    deferred = defer(operator, task)

    trigger = over_the_wire(deferred.trigger)
    assert isinstance(trigger, SpannerPauseTrigger)
    assert "execute_after_slot" == deferred.method_name
    event = fire(trigger)
    assert {"timed_out": False, "pause": 0.02, "limit": trigger.limit} == event
    assert "READY" == play(operator, task)["state"]
    assert [REFUSED] * 3 + [Code.OK] == [call.code for call in stage.starts]
    assert not stage.cancels


@pytest.mark.usefixtures("no_time_on_workers")
def test_pauses_grow_from_one_deferral_to_the_next(stage: Stage, task: FakeTask) -> None:
    """Each refusal doubles the pause, also where another process makes the next attempt."""
    stage.script.fail(method="CreateBackup", code=REFUSED, times=None)
    operator = backup(deferrable=True)
    deferred, pauses = defer(operator, task), []

    for _ in range(3):
        pauses.append(over_the_wire(deferred.trigger).pause)  # type: ignore[attr-defined]
        with pytest.raises(type(deferred)) as caught:
            resume(operator, deferred, task)
        deferred = caught.value

    assert pytest.approx([0.02, 0.04, 0.08]) == pauses
    assert 1 == len(task.entries)


@pytest.mark.slow
@pytest.mark.usefixtures("no_time_on_workers")
def test_sixty_starts_with_quota_for_thirty(stage: Stage) -> None:
    """Thirty starts that are refused at first are made all the same: sixty tasks succeed."""
    stage.script.fail(method="UpdateDatabaseDdl", code=REFUSED, times=30)
    waiting = []

    for number in range(60):
        task = of_another_task(f"ddl{number}")
        statement = f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"
        operator = change_schema(
            ddl_statements=[statement], wait_for_completion=False, deferrable=True
        )
        try:
            operator.execute(task.context)
        except TaskDeferred as exc:
            waiting.append((operator, exc, task))
    for operator, deferred, task in waiting:
        resume(operator, deferred, task)

    codes = [call.code for call in stage.starts]
    assert (30, 30, 60) == (len(waiting), codes.count(REFUSED), codes.count(Code.OK))
    assert 60 == len(stage.emulator.operations())


@pytest.mark.usefixtures("no_time_on_workers")
def test_the_deadline_counts_while_it_is_deferred(stage: Stage, task: FakeTask) -> None:
    """A deadline that passes in a pause ends it, and nothing was started."""
    stage.script.fail(method="CreateBackup", code=REFUSED, times=None)
    operator = backup(deferrable=True, operation_timeout=timedelta(hours=1))
    deferred = defer(operator, task)
    until = datetime.now(tz=UTC)
    late = SpannerPauseTrigger(
        until=(until + timedelta(hours=1)).isoformat(), deadline=until.isoformat(), limit="so many"
    )

    assert deferred.timeout is not None
    assert {"timed_out": True, "pause": 0.0, "limit": "so many"} == fire(late)
    with pytest.raises(SlotWaitEndedError, match="Spanner allows so many"):
        operator.execute_after_slot(task.context, fire(late))
    with pytest.raises(TaskDeferralTimeout):
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, task.context)


@pytest.mark.parametrize(("make", "method"), IMMEDIATE)
def test_what_is_done_at_once_is_waited_out_too(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., BaseOperator],
    method: str,
    *,
    deferrable: bool,
) -> None:
    """A quota fails no deletion, update, schedule or list; with time it leaves the worker."""
    monkeypatch.setattr(wait, "ON_WORKER", 0.0)
    stage.emulator.create_backup(SOURCE, DATABASE)
    play(change_schema(wait_for_completion=False), task)
    named = {"operation_name": stage.operation.name} if method == "GetOperation" else {}
    stage.script.fail(method=method, code=REFUSED, times=2)
    operator = make(deferrable=deferrable)
    for name, value in named.items():
        setattr(operator, name, value)

    play(operator, task)

    codes = [call.code for call in stage.emulator.calls.of(method)]
    assert [REFUSED, REFUSED, Code.OK] == codes[:3]


def test_a_look_for_the_dialect_is_waited_out(stage: Stage, task: FakeTask) -> None:
    """A quota that is met before the start, where a dialect is asked for, is no failure either."""
    finish_at_each_look(stage)
    stage.script.fail(method="GetDatabase", code=REFUSED, times=2)
    text = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id) -- it's; all\n;"

    play(change_schema(ddl_statements=text), task)

    assert [Code.OK] == [call.code for call in stage.starts]


def test_the_list_before_a_start_is_waited_out(stage: Stage, task: FakeTask) -> None:
    """What is there before a start is known, also if the first read met a quota."""
    finish_at_each_look(stage)
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.script.fail(method="ListOperations", code=REFUSED, times=2)

    play(restore(), task)

    assert task.entry["before"] is not None
    assert [Code.OK] == [call.code for call in stage.starts]


def test_a_refused_retry_of_a_schema_change_goes_on_where_it_stopped(
    stage: Stage, task: FakeTask
) -> None:
    """What an earlier try has committed stays out of each attempt, and in the result."""
    statements = [f"CREATE TABLE T{each} (Id INT64) PRIMARY KEY (Id)" for each in range(2)]
    finish_at_each_look(stage)
    stage.emulator.plan(Plan(fail_at=0.75, fail_with=(Code.FAILED_PRECONDITION, "told")))
    with pytest.raises(OperationFailedError, match="goes on with statement 2"):
        play(change_schema(ddl_statements=statements), task)
    task.next_try()
    stage.emulator.plan(Plan())
    stage.script.fail(method="UpdateDatabaseDdl", code=REFUSED, times=2)

    result = play(change_schema(ddl_statements=statements), task)

    assert statements == [each["statement"] for each in result["statements"]]
    assert all(each["commit_time"] for each in result["statements"])


def test_a_protection_that_follows_is_waited_out(stage: Stage, task: FakeTask) -> None:
    """A quota that is met after the work, by the update that follows it, fails nothing either."""
    finish_at_each_look(stage)
    stage.script.fail(method="UpdateDatabase", code=REFUSED, times=2)

    result = play(create_database(enable_drop_protection=True), task)

    assert result["enable_drop_protection"]
    assert ["CreateDatabase", *["UpdateDatabase"] * 3] == database_starts(stage)


def test_a_full_project_is_not_waited_for(stage: Stage, task: FakeTask) -> None:
    """As many nodes as there may be is no matter of requests: the try fails with that."""
    message = "Project test cannot add 5 nodes in region us-central1"
    stage.script.fail(method="UpdateInstance", code=REFUSED, message=message, times=None)

    with pytest.raises(Exception, match="cannot add 5 nodes") as caught:
        play(update_instance(node_count=5), task)

    assert not isinstance(caught.value, RefusedForNowError | AirflowFailException)
    assert 1 == len(stage.starts)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda **more: update_database(enable_drop_protection=True, **more), id="database"
        ),
        pytest.param(lambda **more: update_instance(node_count=3, **more), id="instance"),
    ],
)
def test_a_second_update_waits_its_turn(
    stage: Stage, make: Callable[..., BaseOperator], *, deferrable: bool
) -> None:
    """Spanner makes one change of a database or an instance at a time; the next one waits."""
    stage.emulator.plan(LONG)
    play(make(wait_for_completion=False), of_another_task("first"))
    stage.script.upon("ListOperations", lambda: None)
    look = "ListOperations"

    def end_on_third_look() -> None:
        stage.script.upon(look, lambda: stage.script.upon(look, lambda: stage.finish_upon(look)))

    end_on_third_look()
    stage.script.upon("GetOperation", stage.finish_upon)

    play(make(deferrable=deferrable), of_another_task())

    assert [Code.OK, Code.FAILED_PRECONDITION, Code.OK] == [call.code for call in stage.starts]
    assert not stage.cancels


def test_no_second_update_waits_if_that_is_not_wanted(stage: Stage) -> None:
    """The error names what is in the way."""
    stage.emulator.plan(LONG)
    play(
        update_database(enable_drop_protection=True, wait_for_completion=False),
        of_another_task("first"),
    )

    with pytest.raises(LimitReachedError, match="one change of a database at a time") as caught:
        play(update_database(enable_drop_protection=False, wait_for_slot=False), of_another_task())

    assert stage.first.name in str(caught.value)


def test_a_version_time_seconds_ahead_is_waited_for(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """A backup of a moment that comes soon is made when it has passed, also by Spanner's clock."""
    finish_at_each_look(stage)
    ahead = datetime.now(tz=UTC) + timedelta(seconds=3)
    second = lambda: stage.clock.advance(timedelta(seconds=10))  # noqa: E731
    stage.script.upon("CreateBackup", lambda: stage.script.upon("CreateBackup", second))

    result = play(backup(version_time=ahead.isoformat(), deferrable=deferrable), task)

    assert BACKUP == result["name"]
    assert Code.INVALID_ARGUMENT == stage.starts[0].code
    assert datetime.now(tz=UTC) >= ahead


def test_a_version_time_far_ahead_is_a_mistake(stage: Stage, task: FakeTask) -> None:
    """What lies an hour ahead is refused for good, with Spanner's words."""
    ahead = datetime.now(tz=UTC) + timedelta(hours=1)

    with pytest.raises(AirflowFailException, match="version_time"):
        play(backup(version_time=ahead.isoformat()), task)

    assert 1 == len(stage.starts)


@pytest.mark.parametrize(
    ("code", "for_good"),
    [
        pytest.param(Code.ALREADY_EXISTS, False, id="ALREADY_EXISTS"),
        pytest.param(Code.NOT_FOUND, False, id="NOT_FOUND"),
        pytest.param(Code.PERMISSION_DENIED, False, id="PERMISSION_DENIED"),
        pytest.param(Code.RESOURCE_EXHAUSTED, False, id="RESOURCE_EXHAUSTED"),
        pytest.param(Code.INVALID_ARGUMENT, True, id="INVALID_ARGUMENT"),
    ],
)
def test_how_an_operation_ended_is_not_how_a_call_is_refused(
    stage: Stage, task: FakeTask, code: Code, for_good: bool
) -> None:
    """An operation that met something else's resource may be begun again; a bad argument stays."""
    finish_at_each_look(stage)
    stage.emulator.plan(Plan(fail_with=(code, "told")))

    with pytest.raises(AirflowFailException if for_good else OperationFailedError) as caught:
        play(backup(), task)

    assert f"failed: {code.name}: told" in str(caught.value)
    assert "Choose another id" not in str(caught.value)
    assert f"{INSTANCE}/backups/nightly/operations/" in str(caught.value)
