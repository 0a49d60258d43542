# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Starting once: what a try does about the operation of the try before it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.ledger.record import LedgerUnreadableError
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME, SOURCE
from tests.airflow.task_runner import backup, change_schema, defer, play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage

DEFER = {"deferrable": True}
KINDS = [
    pytest.param(backup, id="backup"),
    pytest.param(restore, id="restore"),
    pytest.param(change_schema, id="ddl"),
]


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let there be a backup to restore."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)


def start(task: FakeTask, **parameters: Any) -> None:
    """Let a first try of the backup start its operation, and begin the next try."""
    defer(backup(**DEFER | parameters), task)
    task.next_try()


@pytest.mark.parametrize("make", KINDS)
def test_retry_adopts(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator]
) -> None:
    """A retry waits for the operation that the try before it started."""
    defer(make(**DEFER), task)
    task.next_try()

    defer(make(**DEFER), task)

    assert 1 == len(stage.starts)
    assert not stage.cancels
    assert 2 == task.entry["try_number"]
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert stage.first.name == task.ti.xcoms[RECORD_KEY]["operation"]
    assert 2 == task.ti.xcoms[RECORD_KEY]["try_number"]


@pytest.mark.parametrize("make", KINDS)
def test_lost_answer_is_no_second_start(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator]
) -> None:
    """A start whose answer was lost is found in the same try."""
    for method in ("CreateBackup", "RestoreDatabase", "UpdateDatabaseDdl"):
        stage.script.lose_answer(method=method)
    stage.finish_upon("GetBackup")

    defer(make(**DEFER), task)

    assert [Code.UNAVAILABLE] == [call.code for call in stage.starts]
    assert stage.first.name == task.ti.xcoms["operation_name"]
    assert stage.first.name == task.entry["operation"]


@pytest.mark.parametrize(
    ("make", "evidence"),
    [
        pytest.param(backup, "signed", id="backup"),
        pytest.param(restore, "presumed", id="restore"),
        pytest.param(change_schema, "named", id="ddl"),
    ],
)
def test_intent_is_found_by_the_next_try(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator], evidence: str
) -> None:
    """A worker that dies during the start call leaves an intent, which the next try follows up."""
    for method in ("CreateBackup", "RestoreDatabase", "UpdateDatabaseDdl"):
        stage.script.lose_answer(method=method)
        for search in ("ListOperations", "GetOperation"):
            stage.script.upon(method, partial(stage.script.fail, method=search, times=1))
    with pytest.raises(Exception, match="lose this answer"):
        make(**DEFER).execute(task.context)
    task.next_try()

    defer(make(**DEFER), task)

    assert 1 == len(stage.starts)
    assert stage.first.name == task.entry["operation"]
    assert evidence == task.entry["evidence"]


def test_intent_that_started_nothing(stage: Stage, task: FakeTask) -> None:
    """An intent whose call never arrived makes the next try start."""
    stage.script.fail(method="CreateBackup", code=Code.UNAVAILABLE)
    with pytest.raises(Exception, match="refuse this call"):
        backup(**DEFER).execute(task.context)
    task.next_try()

    defer(backup(**DEFER), task)

    assert [Code.UNAVAILABLE, Code.OK] == [call.code for call in stage.starts]


def test_changed_request_replaces(stage: Stage, task: FakeTask) -> None:
    """A request that has changed since cancels the old operation and starts a new one."""
    start(task)

    defer(backup(**DEFER, expire_time=timedelta(days=7)), task)

    first, second = stage.emulator.operations()
    assert [first.name] == [call.resource for call in stage.cancels]
    assert second.name == task.entry["operation"]
    assert 2 == len(task.entries)
    assert 2 == len(stage.starts)


@pytest.mark.parametrize("clean_up", [None, False])
def test_changed_request_cleans_up_as_wanted(
    stage: Stage, task: FakeTask, *, clean_up: bool | None
) -> None:
    """What is finished before it can be replaced is deleted, unless that is not wanted."""
    start(task)
    stage.finish_upon("CancelOperation")
    changed = backup(**DEFER, expire_time=timedelta(days=7), clean_up=clean_up)

    if clean_up is False:
        with pytest.raises(AirflowFailException, match="exists already"):
            changed.execute(task.context)
    else:
        defer(changed, task)

    assert (clean_up is not False) == bool(stage.emulator.calls.of("DeleteBackup"))
    assert stage.has(BACKUP)


@pytest.mark.parametrize("clean_up", [None, False])
def test_an_earlier_target_is_left_alone(
    stage: Stage, task: FakeTask, caplog: pytest.LogCaptureFixture, *, clean_up: bool | None
) -> None:
    """A task vouches for what it asks for, and not for another target that its ledger names."""
    start(task)

    defer(backup(**DEFER, backup_id="another", clean_up=clean_up), task)

    assert not stage.cancels
    assert f"spanner-lro cancel {stage.first.name}" in caplog.text
    assert task.store.get(task.entries[0])["left"]
    # where its database has room for one backup only, the new one waits
    assert f"{INSTANCE}/backups/another" == task.entry["target"]


def test_an_operation_from_before_the_run_is_refused(stage: Stage, task: FakeTask) -> None:
    """A ledger that names what began before the Dag run is not believed: somebody wrote it."""
    start(task)
    began = stage.first.started + timedelta(minutes=7)
    context = task.context | {"dag_run": SimpleNamespace(run_after=began, start_date=began)}

    with pytest.raises(AirflowFailException, match="Somebody may have written that entry"):
        backup(**DEFER, expire_time=timedelta(days=7)).execute(context)

    assert not stage.cancels
    assert 1 == len(stage.starts)


def test_changed_request_waits_for_the_cancel(stage: Stage, task: FakeTask) -> None:
    """When the old operation cannot be cancelled, no second one is started beside it."""
    start(task)
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED)

    with pytest.raises(CancelNotSettledError, match="refused to cancel"):
        backup(**DEFER, expire_time=timedelta(days=7)).execute(task.context)

    assert 1 == len(stage.starts)
    assert not task.entry["closed"]


def test_operation_that_is_being_cancelled(stage: Stage, task: FakeTask) -> None:
    """An operation that is being cancelled is waited for, and then a new one is started."""
    slow = Plan(duration=LONG.duration, cancel_delay=timedelta(minutes=5))
    stage.emulator.plan(slow, times=1)
    start(task)
    stage.cancel(stage.first.name)
    stage.script.upon("GetOperation", stage.finish_upon)

    defer(backup(**DEFER), task)

    assert 2 == len(stage.starts)
    assert 1 == len(stage.cancels)
    assert stage.operation.name == task.entry["operation"]


def test_operation_that_is_not_cancelled_in_time(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an operation is still being cancelled, no second one is started beside it."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__SETTLE_TIMEOUT", "0.1")
    slow = Plan(duration=LONG.duration, cancel_delay=timedelta(minutes=5))
    stage.emulator.plan(slow, times=1)
    start(task)
    stage.cancel(stage.first.name)

    with pytest.raises(CancelNotSettledError, match="not confirmed yet"):
        backup(**DEFER).execute(task.context)

    assert 1 == len(stage.starts)
    assert not task.entry["closed"]


def test_undelivered_success_is_delivered(stage: Stage, task: FakeTask) -> None:
    """Work that was done while no try was there to see it is a success at once."""
    start(task)
    stage.clock.advance(LONG_TIME)

    result = backup(**DEFER).execute(task.context)

    assert BACKUP == result["name"]
    assert 1 == len(stage.starts)
    assert task.entry["closed"]


def test_undelivered_success_that_is_gone(stage: Stage, task: FakeTask) -> None:
    """Work whose result was deleted since, as a kill does, is done again."""
    start(task)
    stage.finish_upon("CancelOperation")
    killed = backup(**DEFER)
    defer(killed, task)
    killed.on_kill()
    task.next_try()

    defer(backup(**DEFER), task)

    assert 2 == len(stage.starts)
    assert 2 == len(task.entries)


@pytest.mark.parametrize("make", KINDS[1:])
def test_other_undelivered_successes(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator]
) -> None:
    """Restores and schema changes that were never delivered are successes at once too."""
    defer(make(**DEFER), task)
    task.next_try()
    stage.clock.advance(LONG_TIME)

    result = make(**DEFER).execute(task.context)

    assert result
    assert 1 == len(stage.starts)


def test_cleared_success_starts_anew(stage: Stage, task: FakeTask) -> None:
    """A schema change that succeeded and is cleared by a user runs once more, under a new id."""
    stage.finish_upon()
    play(
        change_schema(ddl_statements=["CREATE TABLE IF NOT EXISTS T (I INT64) PRIMARY KEY (I)"]),
        task,
    )
    task.next_try()

    defer(change_schema(**DEFER, ddl_statements=["DROP TABLE IF EXISTS T"]), task)

    first, second = stage.emulator.operations()
    assert first.name != second.name


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_bad_end_starts_anew(stage: Stage, task: FakeTask, ending: str) -> None:
    """An operation that failed or was cancelled meanwhile is started once more."""
    failing = Plan(duration=LONG.duration, fail_with=(Code.INTERNAL, "bad luck"))
    stage.emulator.plan(failing, times=1)
    start(task)
    if ending == "failed":
        stage.clock.advance(LONG_TIME)
    else:
        stage.cancel(stage.first.name)

    defer(backup(**DEFER), task)

    assert 2 == len(stage.starts)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"version": 99}, id="later-release"),
        pytest.param({"version": 99, "closed": True}, id="closed-by-a-later-release"),
        pytest.param("text", id="no-record"),
        pytest.param({"version": 1, "kind": CREATE_BACKUP.metadata_type_url}, id="incomplete"),
    ],
)
@pytest.mark.parametrize("durable", [True, False], ids=["durable", "not-durable"])
def test_nothing_is_started_beside_an_unreadable_entry(
    stage: Stage, task: FakeTask, record: object, *, durable: bool
) -> None:
    """An entry that this release cannot read is reported and kept; no retry starts beside it."""
    task.store.set("spanner_lro:1", record)

    with pytest.raises(
        AirflowFailException, match=r"Nothing was started.* spanner_lro:1"
    ) as caught:
        backup(**DEFER, durable=durable).execute(task.context)

    assert isinstance(caught.value.__cause__, LedgerUnreadableError)
    assert {"spanner_lro:1": record} == {key: task.store.get(key) for key in task.entries}
    assert not stage.starts


def test_an_unreadable_entry_that_was_deleted_is_in_nobodys_way(
    stage: Stage, task: FakeTask
) -> None:
    """What the error advises helps: without the key the next try starts."""
    task.store.set("spanner_lro:1", "text")
    with pytest.raises(AirflowFailException, match="delete the key from the task's state store"):
        backup(**DEFER).execute(task.context)
    task.store.delete("spanner_lro:1")
    task.next_try()

    defer(backup(**DEFER), task)

    assert 1 == len(stage.starts)
    assert stage.first.name == task.entry["operation"]


def test_intent_is_written_before_the_call(stage: Stage, task: FakeTask) -> None:
    """When the start call arrives, the intent is in the store already."""
    seen: list[dict[str, Any]] = []
    stage.script.upon("CreateBackup", lambda: seen.append(task.entry))

    defer(backup(**DEFER), task)

    assert [(None, BACKUP, False)] == [
        (entry["operation"], entry["target"], entry["closed"]) for entry in seen
    ]
