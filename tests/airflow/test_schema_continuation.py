# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes that go on although their Dag, their ledger or their release has changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from airflow_spanner_lro.core.operations.errors import (
    OperationFailedError,
    StatementsChangedError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import LATER, LONG, LONG_TIME, FakeTask
from tests.airflow.task_runner import change_schema, defer, play, resume
from tests.airflow.test_schema_retries import A, B, C, D, fail, finish_when_started, tables_asked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.airflow.fakes import Stage

DEFER: dict[str, Any] = {"deferrable": True}


def test_a_longer_dag_runs_what_was_added(stage: Stage, task: FakeTask) -> None:
    """Statements that an earlier try committed, and never told of, are not run again."""
    stage.emulator.plan(LONG)
    defer(change_schema(ddl_statements=[A, B], **DEFER), task)
    stage.clock.advance(LATER)
    task.next_try()

    play(change_schema(ddl_statements=[A, B, C], wait_for_completion=False), task)

    assert ["AB", "C"] == tables_asked(stage)


def test_a_longer_dag_replaces_what_finishes_first(stage: Stage, task: FakeTask) -> None:
    """The same where the old change ends while it is being cancelled for the new one."""
    stage.emulator.plan(LONG)
    defer(change_schema(ddl_statements=[A, B], **DEFER), task)
    task.next_try()
    stage.finish_upon("CancelOperation")

    play(change_schema(ddl_statements=[A, B, C], wait_for_completion=False), task)

    assert ["AB", "C"] == tables_asked(stage)


def test_a_dag_that_changes_during_a_deferral(stage: Stage, task: FakeTask) -> None:
    """A task that is resumed with other statements says so, and its retry runs the new ones."""
    stage.emulator.plan(LONG)
    deferred = defer(change_schema(ddl_statements=[A, B], **DEFER), task)
    stage.finish_upon()
    with pytest.raises(StatementsChangedError, match="A retry runs those"):
        resume(change_schema(ddl_statements=[A, B, C], **DEFER), deferred, task)
    task.next_try()
    stage.emulator.plan(LONG)
    finish_when_started(stage)

    result = play(change_schema(ddl_statements=[A, B, C]), task)

    assert ["AB", "C"] == tables_asked(stage)
    assert [A, B, C] == [each["statement"] for each in result["statements"]]


def test_a_failure_is_told_though_the_dag_has_changed(stage: Stage, task: FakeTask) -> None:
    """Statements that nobody can name any more do not hide why the change failed."""
    stage.emulator.plan(Plan(duration=LONG_TIME, fail_with=(Code.ABORTED, "lost the lock")))
    deferred = defer(change_schema(ddl_statements=[A, B], **DEFER), task)
    stage.finish_upon()

    with pytest.raises(OperationFailedError, match="lost the lock"):
        resume(change_schema(ddl_statements=[A, B, "DROP 'x;"], **DEFER), deferred, task)


def test_not_waited_for_and_cleared_goes_on(stage: Stage, task: FakeTask) -> None:
    """A change that failed after its task had not waited for it is continued by a clear."""
    stage.emulator.plan(
        Plan(duration=LONG_TIME, fail_with=(Code.ABORTED, "lost the lock"), fail_at=0.6), times=1
    )
    play(change_schema(ddl_statements=[A, B, C, D], wait_for_completion=False), task)
    stage.clock.advance(LATER)
    task.next_try()

    play(change_schema(ddl_statements=[A, B, C, D], wait_for_completion=False), task)

    assert ["ABCD", "CD"] == tables_asked(stage)


def test_a_record_without_statements_goes_on(stage: Stage, task: FakeTask) -> None:
    """What an older release started, and did not write down, is adopted and then continued."""
    stage.emulator.plan(
        Plan(duration=LONG_TIME, fail_with=(Code.ABORTED, "lost the lock"), fail_at=0.6), times=1
    )
    defer(change_schema(ddl_statements=[A, B, C, D], **DEFER), task)
    older = task.entry
    del older["statements"], older["carried"]
    task.store.set("spanner_lro:1", older)
    task.next_try()
    stage.script.upon("GetOperation", stage.finish_upon)
    with pytest.raises(OperationFailedError, match="A retry goes on with statement 3"):
        play(change_schema(ddl_statements=[A, B, C, D]), task)
    task.next_try()

    play(change_schema(ddl_statements=[A, B, C, D], wait_for_completion=False), task)

    assert ["ABCD", "CD"] == tables_asked(stage)


def test_a_try_after_nothing_was_left_starts_under_a_new_name(stage: Stage, task: FakeTask) -> None:
    """No name of an operation is ever used again, whatever the ledger holds."""
    fail(stage, task, A, B)
    task.next_try()
    play(change_schema(ddl_statements=[A]), task)
    for _ in range(2):
        task.next_try()
        fail(stage, task, C, D)

    assert ["AB", "CD", "D"] == tables_asked(stage)


def test_a_lost_ledger_leads_to_no_old_operation(stage: Stage, task: FakeTask) -> None:
    """A task whose ledger was deleted runs its statements; it does not find the last run's end."""
    finish_when_started(stage)
    play(change_schema(ddl_statements=[A]), task)
    task.store.values.clear()
    task.next_try()

    play(change_schema(ddl_statements=[B], wait_for_completion=False), task)

    assert ["A", "B"] == tables_asked(stage)


def test_the_same_statement_may_stand_twice(stage: Stage, task: FakeTask) -> None:
    """Statements are known by their place, so a repeated one is run as often as it stands there."""
    drop = "DROP TABLE IF EXISTS A"
    fail(stage, task, drop, A, drop, A)
    task.next_try()

    play(change_schema(ddl_statements=[drop, A, drop, A], wait_for_completion=False), task)

    assert 4 == len(json.loads(json.dumps(task.entry))["statements"])
    assert 2 == task.entry["carried"]


def test_other_descriptors_are_another_request(
    stage: Stage, task: FakeTask, tmp_path: Path
) -> None:
    """A file of descriptors that changed under its name replaces the change that has the old."""
    stage.emulator.plan(LONG)

    def operator() -> Any:
        with DAG("dag", schedule=None):
            return change_schema(
                ddl_statements="CREATE PROTO BUNDLE (test.Thing)",
                proto_descriptors_file=str(tmp_path / "a.pb"),
                **DEFER,
            )

    for name in ("a.proto", "b.proto"):
        files = FileDescriptorSet(file=[FileDescriptorProto(name=name, package="test")])
        (tmp_path / "a.pb").write_bytes(files.SerializeToString())
        defer(operator(), task)
        task.next_try()

    assert 1 == len(stage.cancels)
    assert 2 == len(stage.starts)
