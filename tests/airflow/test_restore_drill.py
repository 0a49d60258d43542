# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tasks of a restore drill, one by one: what they decide, count, check, and clean up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, ServiceUnavailable

from airflow_spanner_lro.admin.rows import ReadStoppedError
from airflow_spanner_lro.core.drill.report import RestoreDrillFailedError
from airflow_spanner_lro.core.drill.tables import LIST_TABLES
from airflow_spanner_lro.core.errors import NoRowsError
from airflow_spanner_lro.hooks.connection import SpannerConnectionHook
from airflow_spanner_lro.operators.drill import RowCountCheck, SchemaCheck, SqlCheck
from airflow_spanner_lro.operators.drill_checks import DrillChecks, DrillSourceCounts
from airflow_spanner_lro.operators.drill_tasks import DrillPlan
from tests.airflow.fake_rows import MOMENT, FakeReader, Rows
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, SOURCE, FakeTask
from tests.airflow.task_runner import play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import DatabaseName
    from tests.airflow.fakes import Stage

WHERE = {"project_id": "test", "instance_id": "main", "database_id": "orders"}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Let databases have rows, of which the emulator here knows nothing."""
    rows = Rows()

    def row_reader(hook: Any, *, database: DatabaseName, **_: Any) -> FakeReader:
        del hook
        return rows.reader(database)

    monkeypatch.setattr(SpannerConnectionHook, "row_reader", row_reader)
    return rows


def plan(task: FakeTask, **parameters: Any) -> dict[str, Any]:
    """Plan a drill, and return what was decided."""
    usual: dict[str, Any] = WHERE | {"checks": [SchemaCheck()], "query_timeout": 60.0}
    made: dict[str, Any] = DrillPlan(task_id="plan", **usual | parameters).execute(task.context)
    return made


def count(task: FakeTask, *checks: Any, **parameters: Any) -> dict[str, Any]:
    """Count the source, and return the record."""
    usual: dict[str, Any] = {
        "source": DATABASE,
        "moment": MOMENT,
        "query_timeout": 60.0,
        "project_id": "test",
    }
    operator = DrillSourceCounts(
        task_id="count", checks=checks or [RowCountCheck()], **usual | parameters
    )
    made: dict[str, Any] = operator.execute(task.context)
    return made


def checking(restored: dict[str, Any], *checks: Any, **parameters: Any) -> DrillChecks:
    """Return the task that checks."""
    usual: dict[str, Any] = {
        "project_id": "test",
        "source": DATABASE,
        "backup": SOURCE,
        "restored": restored,
        "restore_operation": "",
        "schema": [],
        "began": datetime.now(tz=UTC).isoformat(),
        "query_timeout": 60.0,
    }
    return DrillChecks(task_id="check", checks=checks, **usual | parameters)


@pytest.fixture
def restored(stage: Stage, rows: Rows) -> dict[str, Any]:
    """Restore the backup ``source``, and return the database as the task returns it."""
    rows.holds("restored", Orders=2000)
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.finish_upon()
    made: dict[str, Any] = play(restore(), FakeTask())
    return made


# what is decided


def test_a_drill_of_row_counts_picks_the_version_time_once(
    stage: Stage, rows: Rows, task: FakeTask
) -> None:
    """The version time is the source's own clock, for the backup and the counting alike."""
    assert stage.emulator.running
    rows.holds("orders", Orders=1)

    plan(task, checks=[RowCountCheck()])

    assert MOMENT == task.ti.xcoms["version_time"]


def test_without_row_counts_no_row_is_read(stage: Stage, rows: Rows, task: FakeTask) -> None:
    """A drill of the schema works where there are no rows to read."""
    assert stage.emulator.running

    plan(task)

    assert "" == task.ti.xcoms["version_time"]
    assert [] == rows.readers


def test_two_runs_at_once_have_names_of_their_own(stage: Stage, task: FakeTask) -> None:
    """Neither restores over the other, and neither drops what the other has restored."""
    assert stage.emulator.running
    one, other = plan(task), plan(FakeTask())

    assert {one["scratch_id"], one["backup"]}.isdisjoint({other["scratch_id"], other["backup"]})


def test_the_newest_backup_is_chosen_with_its_version_time(stage: Stage, task: FakeTask) -> None:
    """An existing backup shows the source as of its own version time."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.clock.advance(timedelta(minutes=1))
    stage.emulator.create_backup(BACKUP, DATABASE)

    chosen = plan(task, newest_matching="", checks=[RowCountCheck()])

    assert BACKUP == chosen["backup"]
    assert "" != chosen["version_time"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"checks": []}, "without a check"),
        ({"checks": [RowCountCheck(tables=[])]}, "an empty list compares nothing"),
        ({"query_timeout": -1}, "query_timeout"),
        ({"scratch_database_id": "orders"}, "it is the database that was backed up"),
        ({"scratch_database_id": "Ä"}, "database id"),
        ({"backup_id": "X"}, "backup id"),
        ({"source_backup": "missing"}, "NOT_FOUND"),
    ],
)
def test_a_mistake_is_found_before_anything_costs_time(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], told: str
) -> None:
    """A wrong argument fails the first task, for good, and nothing has been started."""
    with pytest.raises(AirflowFailException, match=told):
        plan(task, **parameters)

    assert () == tuple(stage.starts)


def test_a_backup_of_another_database_is_refused(stage: Stage, task: FakeTask) -> None:
    """A drill of one database never passes by the backup of another one."""
    stage.emulator.create_database(f"{INSTANCE}/databases/other")
    stage.emulator.create_backup(SOURCE, f"{INSTANCE}/databases/other")

    with pytest.raises(AirflowFailException, match="a backup of other, and not of orders"):
        plan(task, source_backup="source")


# what is counted


def test_the_source_is_counted(stage: Stage, rows: Rows, task: FakeTask) -> None:
    """All tables of the source are counted, and told by name."""
    assert stage.emulator.running
    rows.holds("orders", Orders=2000, Lines=5)

    record = count(task, moment=datetime.now(tz=UTC).isoformat())

    assert [["", "Orders", 2000], ["", "Lines", 5]] == record["rows"]
    assert "" == record["unreadable"]


def test_a_version_that_has_expired_is_told(stage: Stage, rows: Rows, task: FakeTask) -> None:
    """A backup older than the source's versions cannot be compared, and says so."""
    rows.holds("orders", Orders=2000)
    long_ago = stage.clock.now() - timedelta(days=2)

    record = count(task, moment=long_ago.isoformat())

    assert "can be read as of" in record["unreadable"]
    assert "version_retention_period 1h" in record["unreadable"]


def test_a_source_that_is_gone_is_told(stage: Stage, task: FakeTask) -> None:
    """A backup outlives its database; then there is nothing to compare it with."""
    assert stage.emulator.running

    record = count(task, source=f"{INSTANCE}/databases/gone")

    assert "gone does not exist any more" == record["unreadable"]


def test_a_version_that_expires_while_it_is_counted_is_told(
    stage: Stage, rows: Rows, task: FakeTask
) -> None:
    """Counting may take longer than versions are kept."""
    rows.holds("orders", Orders=2000)
    moment = stage.clock.now() + timedelta(seconds=1)

    expired = FailedPrecondition("timestamp has exceeded the maximum timestamp staleness")
    rows.answers["orders"][LIST_TABLES] = expired
    reader = rows.reader

    def read_late(database: DatabaseName) -> FakeReader:
        stage.clock.advance(timedelta(hours=2))
        return reader(database)

    rows.reader = read_late  # type: ignore[method-assign]  # a clock that runs on meanwhile

    record = count(task, moment=moment.isoformat())

    assert "version_retention_period" in record["unreadable"]


# what is checked


def test_a_good_restore_passes(
    restored: dict[str, Any], rows: Rows, task: FakeTask, stage: Stage
) -> None:
    """Rows, SQL, the schema and a function all agree, and the report says how much was checked."""
    rows.holds("orders", Orders=2000)
    rows.answers["restored"]["SELECT MAX(Id) FROM Orders"] = [(7,)]
    checks = [
        RowCountCheck(),
        SqlCheck(name="last order", sql="SELECT MAX(Id) FROM Orders", expected=7),
        SchemaCheck(),
        lambda reader: reader.value("SELECT MAX(Id) FROM Orders") == 7,
    ]
    record = count(FakeTask(), moment=stage.clock.now().isoformat())

    report = checking(restored, *checks, counts=record).execute(task.context)

    assert (True, 1, 2000, 4) == (
        report["passed"],
        report["tables"],
        report["rows"],
        len(report["checks"]),
    )
    assert report["verdict"].startswith("Restore drill passed: 1 table, 2,000 rows checked")


def fail(operator: DrillChecks, task: FakeTask) -> str:
    """Let the checks fail for good, and return what is said."""
    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)
    return str(caught.value)


def test_lost_rows_are_told_first(
    restored: dict[str, Any], rows: Rows, task: FakeTask, stage: Stage
) -> None:
    """A restored database with fewer rows fails the drill, with both numbers."""
    rows.holds("orders", Orders=2010)
    record = count(FakeTask(), moment=stage.clock.now().isoformat())

    told = fail(checking(restored, RowCountCheck(), counts=record), task)

    assert told.startswith(
        "Restore drill failed: Orders has 2,000 rows in the restored database, 2,010 in orders at"
    )
    assert "10 are missing" in told


def test_all_checks_are_reported(restored: dict[str, Any], rows: Rows, task: FakeTask) -> None:
    """The first failure hides no other one, and an alert finds them all."""
    rows.answers["restored"] |= {"SELECT 1": [(1,)], "SELECT NULL": [(None,)]}

    def broken(_: Any) -> bool:
        message = "kaputt"
        raise ValueError(message)

    told = fail(
        checking(
            restored,
            SqlCheck(name="one", sql="SELECT 1", expected=2),
            SqlCheck(name="null", sql="SELECT NULL", expected=None),
            broken,
            lambda _: False,
            lambda _: 5,
        ),
        task,
    )

    assert "one: 1 instead of 2" in told
    assert "broken could not be done: ValueError: kaputt" in told
    assert "returned False" in told
    assert "returned 5, and a check returns True, False or None" in told
    passed = [each["passed"] for each in task.ti.xcoms["report"]["checks"]]
    assert [False, True, False, False, False] == passed


def test_a_check_that_would_change_something_fails(
    restored: dict[str, Any], rows: Rows, task: FakeTask
) -> None:
    """Spanner refuses DML in a read-only transaction, and the check says so."""
    refusal = InvalidArgument("DML statements may not be performed in single-use transactions")
    rows.answers["restored"]["DELETE FROM Orders"] = refusal

    told = fail(checking(restored, SqlCheck(name="no", sql="DELETE FROM Orders", expected=0)), task)

    assert "no could not be done" in told
    assert "DML statements may not" in told


def test_what_may_pass_is_tried_again(restored: dict[str, Any], rows: Rows, task: FakeTask) -> None:
    """A check that nobody answered is no verdict on the backup: the task may be retried."""
    rows.answers["restored"]["SELECT 1"] = ServiceUnavailable("try later")

    with pytest.raises(RestoreDrillFailedError, match="could not be done"):
        checking(restored, SqlCheck(name="one", sql="SELECT 1", expected=1)).execute(task.context)


def test_an_endpoint_without_rows_is_told(
    restored: dict[str, Any], rows: Rows, task: FakeTask
) -> None:
    """Where nothing can be counted the drill fails, and says what to do."""
    rows.answers["restored"]["SELECT 1"] = NoRowsError("localhost:9010")

    told = fail(checking(restored, SqlCheck(name="one", sql="SELECT 1", expected=1)), task)

    assert "started with --data" in told


def test_a_comparison_that_cannot_be_made_fails(
    restored: dict[str, Any], task: FakeTask, stage: Stage
) -> None:
    """A source that does not show the time any more is no success."""
    record = count(FakeTask(), moment=(stage.clock.now() - timedelta(days=2)).isoformat())

    told = fail(checking(restored, RowCountCheck(), counts=record), task)

    assert "rows cannot be compared" in told


def test_an_optional_comparison_is_left_out_aloud(
    restored: dict[str, Any], task: FakeTask, stage: Stage
) -> None:
    """It may be left out where that is wanted, and the verdict says that it was."""
    record = count(FakeTask(), moment=(stage.clock.now() - timedelta(days=2)).isoformat())
    operator = checking(restored, RowCountCheck(optional=True), SchemaCheck(), counts=record)

    report = operator.execute(task.context)

    assert "1 check left out" in report["verdict"]


def test_a_drill_that_leaves_out_everything_fails(
    restored: dict[str, Any], task: FakeTask, stage: Stage
) -> None:
    """If nothing at all was compared, nothing was shown."""
    record = count(FakeTask(), moment=(stage.clock.now() - timedelta(days=2)).isoformat())

    told = fail(checking(restored, RowCountCheck(optional=True), counts=record), task)

    assert told.startswith("Restore drill failed: nothing was checked")


@pytest.mark.parametrize(
    "case",
    [
        ({}, "orders had no table"),
        ({"Orders": 0}, "had only 0 rows"),
    ],
)
def test_empty_tables_show_nothing(
    restored: dict[str, Any], rows: Rows, task: FakeTask, stage: Stage, case: tuple[Any, str]
) -> None:
    """No table, or no row, on both sides is equal, and no proof of anything."""
    tables, told = case
    rows.holds("orders", **tables)
    rows.holds("restored", **tables)
    record = count(FakeTask(), moment=stage.clock.now().isoformat())

    assert told in fail(checking(restored, RowCountCheck(), counts=record), task)


def test_another_schema_is_told(restored: dict[str, Any], task: FakeTask, stage: Stage) -> None:
    """A statement that the source had before the backup, and still has, is missed."""
    statement = "CREATE TABLE Fresh (Id INT64) PRIMARY KEY (Id)"
    stage.emulator.create_database(f"{INSTANCE}/databases/other", (statement,))
    schema = plan(FakeTask(), database_id="other")["schema"]

    told = fail(
        checking(restored, SchemaCheck(), source=f"{INSTANCE}/databases/other", schema=schema),
        task,
    )

    assert "the restored database lacks 'CREATE TABLE Fresh" in told


def test_a_schema_that_changes_meanwhile_is_no_difference(
    restored: dict[str, Any], task: FakeTask, stage: Stage
) -> None:
    """The source may be worked on while the drill lasts."""
    statement = "CREATE TABLE Fresh (Id INT64) PRIMARY KEY (Id)"
    stage.emulator.create_database(f"{INSTANCE}/databases/other", (statement,))

    report = checking(restored, SchemaCheck(), source=f"{INSTANCE}/databases/other").execute(
        task.context
    )

    assert report["passed"]


def test_a_database_of_another_backup_is_told(restored: dict[str, Any], task: FakeTask) -> None:
    """What was restored has to come from the backup that the drill is about."""
    told = fail(checking(restored, SchemaCheck(), backup=BACKUP), task)

    assert f"it was restored from {SOURCE}, and not from {BACKUP}" in told


def test_a_kill_ends_the_query(restored: dict[str, Any], rows: Rows, task: FakeTask) -> None:
    """A killed task reads no further, and its check is no failure of the backup."""
    rows.answers["restored"]["SELECT 1"] = [(1,)]
    operator = checking(restored, SqlCheck(name="one", sql="SELECT 1", expected=1))
    operator.on_kill()

    with pytest.raises(ReadStoppedError):
        operator.execute(task.context)

    assert [True] == [reader.stopped for reader in rows.readers]
