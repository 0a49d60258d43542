# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A restore drill in trouble: kills, refusals, and what has gone while it ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import FailedPrecondition, PermissionDenied, ServiceUnavailable

from airflow_spanner_lro.admin.rows import ReadStoppedError
from airflow_spanner_lro.core.drill.tables import LIST_TABLES
from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.hooks.connection import SpannerConnectionHook
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.operators.drill import RowCountCheck, SchemaCheck
from airflow_spanner_lro.operators.drill_checks import DrillChecks, DrillSourceCounts
from airflow_spanner_lro.operators.drill_tasks import (
    DrillDropScratch,
    DrillPlan,
    NotOfThisRunError,
)
from tests.airflow.fake_rows import FakeReader, Rows
from tests.airflow.fakes import DATABASE, RESTORED, SOURCE, FakeTask
from tests.airflow.started_operations import create_database
from tests.airflow.task_runner import play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import DatabaseName
    from tests.airflow.fakes import Stage

OTHER_INSTANCE = "projects/test/instances/other"


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Let databases have rows, of which the emulator here knows nothing."""
    rows = Rows()

    def row_reader(hook: Any, *, database: DatabaseName, **_: Any) -> FakeReader:
        del hook
        return rows.reader(database)

    monkeypatch.setattr(SpannerConnectionHook, "row_reader", row_reader)
    return rows


@pytest.fixture
def restoring(stage: Stage, rows: Rows) -> FakeTask:
    """Restore the backup ``source``, and return the task that has done it."""
    rows.holds("restored", Orders=2)
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    restoring = FakeTask()
    restoring.ti.xcoms["return_value"] = play(restore(), restoring)
    return restoring


def planning(**parameters: Any) -> DrillPlan:
    """Return the task that plans."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "instance_id": "main",
        "database_id": "orders",
        "checks": [SchemaCheck()],
        "query_timeout": 60.0,
    }
    return DrillPlan(task_id="plan", **usual | parameters)


def counting(stage: Stage) -> DrillSourceCounts:
    """Return the task that counts the source as it is now."""
    return DrillSourceCounts(
        task_id="count",
        project_id="test",
        source=DATABASE,
        checks=[RowCountCheck()],
        moment=stage.clock.now().isoformat(),
        query_timeout=60.0,
    )


def checking(restoring: FakeTask, *checks: Any, **parameters: Any) -> DrillChecks:
    """Return the task that checks what a task has restored."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "source": DATABASE,
        "backup": SOURCE,
        "restored": restoring.ti.xcoms["return_value"],
        "restore_operation": restoring.ti.xcoms[RECORD_KEY]["operation"],
        "schema": [],
        "began": datetime.now(tz=UTC).isoformat(),
        "query_timeout": 60.0,
    }
    return DrillChecks(task_id="check", checks=checks or (SchemaCheck(),), **usual | parameters)


def drop(restoring: FakeTask, *, run: Any = None) -> None:
    """Drop what a task has restored."""
    record = restoring.ti.xcoms[RECORD_KEY]
    context = FakeTask().context | {"dag_run": run}
    DrillDropScratch(task_id="drop", project_id="test", record=record, drawn="drawn").execute(
        context
    )


# the plan


def test_a_named_backup_is_restored(stage: Stage, task: FakeTask) -> None:
    """A backup may be named by its id alone."""
    stage.emulator.create_backup(SOURCE, DATABASE)

    plan = planning(source_backup="source").execute(task.context)

    assert (SOURCE, DATABASE) == (plan["backup"], plan["source"])


def test_a_backup_whose_database_is_gone_has_no_schema_to_compare(
    stage: Stage, task: FakeTask
) -> None:
    """A backup outlives the database of another instance: it can still be restored."""
    stage.emulator.create_instance(OTHER_INSTANCE)
    stage.emulator.create_database(f"{OTHER_INSTANCE}/databases/orders")
    backup = f"{OTHER_INSTANCE}/backups/orders"
    stage.emulator.create_backup(backup, f"{OTHER_INSTANCE}/databases/orders")
    SpannerAdminHook().delete_resource(name=f"{OTHER_INSTANCE}/databases/orders")

    plan = planning(source_backup=backup).execute(task.context)

    assert (backup, []) == (plan["backup"], plan["schema"])


def test_a_plan_for_a_database_that_does_not_exist_fails(stage: Stage, task: FakeTask) -> None:
    """A name with a typing mistake is found before anything costs time."""
    with pytest.raises(AirflowFailException, match="missing"):
        planning(database_id="missing").execute(task.context)

    assert () == tuple(stage.starts)


# the counting


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (ServiceUnavailable("try later"), UnavailableError),
        (FailedPrecondition("the database is being upgraded"), FailedPrecondition),
        (PermissionDenied("spanner.databases.select"), AirflowFailException),
    ],
)
def test_a_source_that_cannot_be_read_fails_the_counting(
    stage: Stage, rows: Rows, task: FakeTask, trouble: Exception, raised: type[Exception]
) -> None:
    """Only a version that has expired is told instead of counts; all else is trouble."""
    assert stage.emulator.running
    rows.holds("orders", Orders=1)
    rows.answers["orders"][LIST_TABLES] = trouble

    with pytest.raises(raised, match=str(trouble.message)):  # type: ignore[attr-defined]  # Google's
        counting(stage).execute(task.context)


def test_a_kill_ends_the_counting(stage: Stage, rows: Rows, task: FakeTask) -> None:
    """A kill that comes while a query is under way ends that query."""
    assert stage.emulator.running
    rows.holds("orders", Orders=1)
    operator = counting(stage)
    make = rows.reader

    def killed_meanwhile(database: DatabaseName) -> FakeReader:
        reader = make(database)
        query = reader.query

        def query_and_be_killed(sql: str) -> Any:
            operator.on_kill()
            return query(sql)

        reader.query = query_and_be_killed  # type: ignore[method-assign]  # a kill strikes there
        return reader

    rows.reader = killed_meanwhile  # type: ignore[method-assign]  # a kill strikes there

    with pytest.raises(ReadStoppedError):
        operator.execute(task.context)


# the checks


def test_the_report_tells_how_long_the_restore_took(restoring: FakeTask, task: FakeTask) -> None:
    """The seconds of the restore are Spanner's own, from its start to its end."""
    report = checking(restoring).execute(task.context)

    assert report["restore_seconds"] > 0


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.PERMISSION_DENIED])
def test_facts_that_cannot_be_had_are_left_out(
    restoring: FakeTask, task: FakeTask, stage: Stage, code: Code
) -> None:
    """A backup that expired meanwhile, or that may not be seen, is no failure of the restore."""
    stage.emulator.faults.fail(method="GetBackup", code=code)
    stage.emulator.faults.fail(method="GetOperation", code=code)

    report = checking(restoring).execute(task.context)

    assert report["passed"]
    assert (None, 0) == (report["restore_seconds"], report["size_bytes"])


@pytest.mark.parametrize("method", ["GetBackup", "GetOperation"])
def test_trouble_with_the_facts_may_be_tried_again(
    restoring: FakeTask, task: FakeTask, stage: Stage, method: str
) -> None:
    """An answer that says nothing of backup or restore is no verdict: the task may be retried."""
    stage.emulator.faults.fail(method=method, code=Code.INTERNAL)

    with pytest.raises(Exception, match=r"INTERNAL|500") as caught:
        checking(restoring).execute(task.context)

    assert not isinstance(caught.value, AirflowFailException)


def test_an_operation_that_has_not_ended_tells_no_duration(
    restoring: FakeTask, task: FakeTask, stage: Stage
) -> None:
    """How long a restore has taken is not told before its end."""
    running = create_database(stage, "slow")

    report = checking(restoring, restore_operation=running).execute(task.context)

    assert report["restore_seconds"] is None


def test_row_counts_without_counts_of_the_source_fail(restoring: FakeTask, task: FakeTask) -> None:
    """A comparison with nothing is no success."""
    with pytest.raises(AirflowFailException, match="the source was not counted"):
        checking(restoring, RowCountCheck()).execute(task.context)


def test_a_table_of_two_checks_is_counted_once(
    restoring: FakeTask, rows: Rows, task: FakeTask, stage: Stage
) -> None:
    """Counting takes long, so a second check of the same table costs nothing."""
    rows.holds("orders", Orders=2)
    counts = counting(stage).execute(FakeTask().context)
    asked: list[str] = []
    make = rows.reader

    def listening(database: DatabaseName) -> FakeReader:
        reader = make(database)
        query = reader.query
        reader.query = lambda sql: (asked.append(sql), query(sql))[1]  # type: ignore[method-assign,func-returns-value]  # listens
        return reader

    rows.reader = listening  # type: ignore[method-assign]  # listens
    checks = RowCountCheck(), RowCountCheck(tables=["Orders"])

    report = checking(restoring, *checks, counts=counts).execute(task.context)

    assert report["passed"]
    assert [LIST_TABLES, "SELECT COUNT(*) FROM `Orders`"] == asked


# the cleaning up


def test_what_is_gone_already_needs_no_cleaning_up(restoring: FakeTask, stage: Stage) -> None:
    """A teardown that runs again finds nothing to drop, and succeeds."""
    drop(restoring)
    assert not stage.has(RESTORED)

    drop(restoring)

    assert 1 == len(stage.emulator.calls.of("DropDatabase"))


def test_what_cannot_be_looked_at_is_not_dropped(restoring: FakeTask, stage: Stage) -> None:
    """Without a look at it nobody knows whose it is."""
    stage.emulator.faults.fail(method="GetDatabase", code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="PERMISSION_DENIED"):
        drop(restoring)

    assert stage.has(RESTORED)


def test_what_is_older_than_the_run_stays(restoring: FakeTask, stage: Stage) -> None:
    """What was there before the run began, the run has not made, whatever a record says."""
    later = SimpleNamespace(run_after=stage.clock.now() + timedelta(days=1), start_date=None)

    with pytest.raises(NotOfThisRunError, match="before this run"):
        drop(restoring, run=later)

    assert stage.has(RESTORED)
