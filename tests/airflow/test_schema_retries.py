# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes that stop half-way: what is told, and where a retry goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import OperationCancelledError, OperationFailedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import change_schema, play

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

A = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"
B = "CREATE TABLE B (Id INT64) PRIMARY KEY (Id)"
C = "CREATE TABLE C (Id INT64) PRIMARY KEY (Id)"
D = "CREATE TABLE D (Id INT64) PRIMARY KEY (Id)"
HALF_WAY = Plan(duration=timedelta(hours=4), fail_with=(Code.ABORTED, "lost the lock"), fail_at=0.6)


def finish_when_started(stage: Stage) -> None:
    """Let the next schema change end at the first look at it."""
    stage.script.upon("UpdateDatabaseDdl", stage.finish_upon)


def fail(stage: Stage, task: FakeTask, *texts: str, **parameters: Any) -> OperationFailedError:
    """Play a try that fails half-way, and return its error."""
    stage.emulator.plan(HALF_WAY, times=1)
    finish_when_started(stage)
    with pytest.raises(OperationFailedError) as caught:
        play(change_schema(ddl_statements=texts, **parameters), task)
    return caught.value


def tables_asked(stage: Stage) -> list[str]:
    """Return the tables that each schema change was asked to create, such as ``AB``."""
    client = SpannerAdminClient(Endpoint(target=stage.emulator.endpoint, plain_text=True))
    names = [each.name for each in stage.emulator.operations()]
    changes = [client.get(name=OperationName.parse(name)) for name in names]
    client.close()
    return ["".join(each.label[-1] for each in change.statements) for change in changes]


def test_the_error_lists_every_statement(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A half-way failure says of each statement what became of it."""
    error = fail(stage, task, A, B, C, D, deferrable=deferrable)

    lines = str(error).splitlines()
    assert "ABORTED: lost the lock" in lines[0]
    assert "Statements:" == lines[1]
    assert lines[2].startswith("  1. committed 20")
    assert lines[3].startswith("  2. committed 20")
    assert f"  3. failed (lost the lock): {C}" == lines[4]
    assert f"  4. not run: {D}" == lines[5]
    assert "A retry goes on with statement 3." == lines[6]


def test_a_retry_goes_on_with_the_first_that_was_not_committed(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """What is committed is not run again, and the result tells all statements with their times."""
    fail(stage, task, A, B, C, D, deferrable=deferrable)
    task.next_try()
    stage.emulator.plan(LONG, times=1)
    finish_when_started(stage)

    result = play(change_schema(ddl_statements=[A, B, C, D], deferrable=deferrable), task)

    assert ["ABCD", "CD"] == tables_asked(stage)
    assert [A, B, C, D] == [each["statement"] for each in result["statements"]]
    times = [each["commit_time"] for each in result["statements"]]
    assert None not in times
    assert sorted(times) == times


def test_a_third_try_remembers_the_first(stage: Stage, task: FakeTask) -> None:
    """Each try adds what it committed to what the tries before it had committed."""
    fail(stage, task, A, B, C, D)
    task.next_try()
    error = fail(stage, task, A, B, C, D)
    task.next_try()
    finish_when_started(stage)
    stage.emulator.plan(LONG, times=1)

    result = play(change_schema(ddl_statements=[A, B, C, D]), task)

    assert ["ABCD", "CD", "D"] == tables_asked(stage)
    assert f"  4. failed (lost the lock): {D}" in str(error)
    assert 4 == len(result["statements"])


def test_the_failing_statement_can_be_corrected(stage: Stage, task: FakeTask) -> None:
    """A Dag whose failing statement was corrected goes on with the correction."""
    fail(stage, task, A, B, C)
    task.next_try()

    play(change_schema(ddl_statements=[A, D], wait_for_completion=False), task)

    assert ["ABC", "D"] == tables_asked(stage)


def test_nothing_may_be_left_to_do(stage: Stage, task: FakeTask) -> None:
    """A Dag that gives up the failing statement succeeds without another operation."""
    fail(stage, task, A, B)
    task.next_try()

    result = play(change_schema(ddl_statements=[A]), task)

    assert ["AB"] == tables_asked(stage)
    assert [A] == [each["statement"] for each in result["statements"]]
    assert result["statements"][0]["commit_time"]


def test_another_beginning_starts_from_it(stage: Stage, task: FakeTask) -> None:
    """Statements that do not begin as before are all run: nobody knows what was meant."""
    fail(stage, task, A, B, C)
    task.next_try()

    play(change_schema(ddl_statements=[D, B, C], wait_for_completion=False), task)

    assert ["ABC", "DBC"] == tables_asked(stage)


def test_a_cancelled_change_goes_on_too(stage: Stage, task: FakeTask) -> None:
    """A schema change that somebody cancelled half-way is continued by the retry."""
    stage.emulator.plan(Plan(duration=timedelta(hours=3)), times=1)
    stage.script.upon("GetOperation", lambda: stage.clock.advance(timedelta(hours=1, minutes=30)))
    stage.script.upon("GetOperation", stage.cancel_upon)
    with pytest.raises(OperationCancelledError) as caught:
        play(change_schema(ddl_statements=[A, B, C]), task)
    task.next_try()

    play(change_schema(ddl_statements=[A, B, C], wait_for_completion=False), task)

    assert "  2. cancelled: " in str(caught.value)
    assert ["ABC", "BC"] == tables_asked(stage)


def test_a_lost_worker_loses_no_statement(stage: Stage, task: FakeTask) -> None:
    """A try that nobody saw the end of counts as much: its operation is asked what it committed."""
    stage.emulator.plan(HALF_WAY, times=1)
    with pytest.raises(Exception):  # noqa: B017, PT011  # the worker goes away, whatever is said
        play(_lost(stage), task)
    task.next_try()

    play(change_schema(ddl_statements=[A, B, C, D], wait_for_completion=False), task)

    assert ["ABCD", "CD"] == tables_asked(stage)


def _lost(stage: Stage) -> Any:
    operator = change_schema(ddl_statements=[A, B, C, D], poll_interval=1)
    finish_when_started(stage)
    stage.script.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)
    return operator


def test_a_cleared_success_runs_everything(stage: Stage, task: FakeTask) -> None:
    """A task that had succeeded and is cleared runs all statements: that was asked for."""
    finish_when_started(stage)
    play(change_schema(ddl_statements=[A, B]), task)
    task.next_try()

    with pytest.raises(Exception, match="Duplicate name"):
        play(change_schema(ddl_statements=[A, B]), task)


def test_without_durability_nothing_is_remembered(stage: Stage, task: FakeTask) -> None:
    """With durable=False a retry knows nothing of the tries before it."""
    fail(stage, task, A, B, C, D)
    task.next_try()

    with pytest.raises(Exception, match="Duplicate name"):
        play(change_schema(ddl_statements=[A, B, C, D], durable=False), task)
