# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a restore drill compares, and how it says what it has found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.drill.backups import NoUsableBackupError, draw_id, newest
from airflow_spanner_lro.core.drill.checks import (
    RowCountCheck,
    SchemaCheck,
    SqlCheck,
    counted_tables,
    difference,
    rendered,
    require_checks,
)
from airflow_spanner_lro.core.drill.report import CheckOutcome, DrillReport, RestoreDrillFailedError
from airflow_spanner_lro.core.drill.tables import (
    SourceCounts,
    TableName,
    count_differences,
    joined,
    named_tables,
    schema_differences,
    schema_digests,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.core.text import format_bytes

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ORDERS = TableName("", "orders")
LINES = TableName("shop", "lines")
INSTANCE = InstanceName(project="p", instance="main")
SHOP = DatabaseName(project="p", instance="main", database="shop")


def counts(rows: dict[TableName, int], **more: Any) -> SourceCounts:
    """Return what the source had at noon."""
    return SourceCounts(database="shop", moment="noon", rows=rows, **more)


@pytest.mark.parametrize(
    ("expected", "rows"),
    [
        (2000, [(2000,)]),
        (None, [(None,)]),
        (0.1 + 0.2, [(0.30000000000000004,)]),
        (2, [(Decimal(2),)]),
        (float("nan"), [(float("nan"),)]),
        (True, [(True,)]),
        (("a", None), [("a", None)]),
        (([1, 2],), [([1, 2],)]),
        ([], []),
        ([1, None], [(1,), (None,)]),
        ([("a", 1), ("b", 2)], [("a", 1), ("b", 2)]),
        (NOW, [(NOW,)]),
    ],
)
def test_what_is_expected_is_found(expected: Any, rows: Any) -> None:
    """A value, a row, several rows and NULL are compared as they are."""
    assert "" == difference(expected, rows)


@pytest.mark.parametrize(
    ("expected", "rows", "told"),
    [
        (2000, [(1990,)], "1990 instead of 2000"),
        (None, [(0,)], "0 instead of NULL"),
        (0, [(None,)], "NULL instead of 0"),
        (1, [(True,)], "True instead of 1"),
        (True, [(1,)], "1 instead of True"),
        (float("nan"), [(0.5,)], "0.5 instead of nan"),
        (0.3, [(0.1 + 0.2,)], "0.30000000000000004 instead of 0.3"),
        ("1", [(1,)], "1 instead of '1'"),
        (1, [], "0 rows instead of one, 1"),
        (1, [(1,), (1,)], "2 rows instead of one, 1"),
        (1, [(1, 2)], "(1, 2) instead of 1"),
        (("a", 1), [("a", 2)], "('a', 2) instead of ('a', 1)"),
        ([1, 2], [(2,), (1,)], "row 1 is 2 instead of 1"),
        ([1], [], "0 rows instead of 1: []"),
    ],
)
def test_what_is_not_expected_is_told(expected: Any, rows: Any, told: str) -> None:
    """What differs in anything is told with what was expected instead."""
    assert told == difference(expected, rows)


@pytest.mark.parametrize(
    "checks",
    [
        [],
        None,
        "SELECT 1",
        RowCountCheck(),
        ["SELECT 1"],
        [SqlCheck],
        [SqlCheck(name="", sql="SELECT 1", expected=1)],
        [SqlCheck(name="one", sql=" ", expected=1)],
        [SqlCheck(name="when", sql="SELECT 1", expected=datetime(2026, 1, 1))],  # noqa: DTZ001  # without a zone
        [SqlCheck(name="all", sql="SELECT 1", expected=[(1, datetime(2026, 1, 1))])],  # noqa: DTZ001  # without a zone
        [RowCountCheck(tables=[])],
        [RowCountCheck(tables="orders")],
        [RowCountCheck(tables=[""])],
        [RowCountCheck(min_rows=-1)],
        [RowCountCheck(min_rows=True)],
    ],
)
def test_a_check_that_checks_nothing_is_refused(checks: Any) -> None:
    """No checks, an empty list of tables and what is no check are mistakes, not green drills."""
    with pytest.raises(InvalidArgumentError):
        require_checks(checks)


def test_checks_of_all_sorts_are_taken() -> None:
    """Values and functions stand side by side."""
    checks = [
        SqlCheck(name="all", sql="SELECT 1, NULL", expected=[(1, None)]),
        RowCountCheck(tables=["Orders", "Items"]),
        SchemaCheck(),
        bool,
    ]

    assert [*checks[:3], len] == require_checks([*checks[:3], len])


def test_templates_of_checks_are_filled_in() -> None:
    """SQL, what it has to return, and names of tables may be templates."""
    sql = SqlCheck(name="n", sql="{{ x }}", expected="{{ y }}")

    assert SqlCheck(name="n", sql="!", expected="!") == rendered(sql, lambda _: "!")
    assert RowCountCheck(tables=["!"]) == rendered(RowCountCheck(tables=["t"]), lambda _: ["!"])


@pytest.mark.parametrize(
    ("checks", "names"),
    [
        ([SchemaCheck()], []),
        ([RowCountCheck(tables=["a"]), RowCountCheck(tables=["b"])], ["a", "b"]),
        ([RowCountCheck(tables=["a"]), RowCountCheck()], None),
    ],
)
def test_the_source_is_counted_once_for_all_checks(checks: Any, names: Any) -> None:
    """All tables are counted as soon as one check wants all."""
    assert names == counted_tables(checks)


@pytest.mark.parametrize("name", ["orders", "ORDERS", " orders ", "public.orders"])
def test_a_table_is_found_as_authors_write_it(name: str) -> None:
    """Case, spaces and the schema without a name do not matter."""
    assert ([ORDERS], []) == named_tables([name], [ORDERS, LINES])


def test_a_table_that_differs_in_case_only_is_another_one() -> None:
    """PostgreSQL tells quoted names apart by their case."""
    upper = TableName("public", "Orders")

    assert ([upper], []) == named_tables(["Orders"], [upper, TableName("public", "orders")])


def test_no_text_of_an_author_gets_into_a_statement() -> None:
    """A name that no table has is told, and never asked for."""
    assert ([], ["orders; DROP TABLE x"]) == named_tables(["orders; DROP TABLE x"], [ORDERS])


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        (Dialect.GOOGLE_STANDARD_SQL, "SELECT COUNT(*) FROM `shop`.`lines`"),
        (Dialect.POSTGRESQL, 'SELECT COUNT(*) FROM "shop"."lines"'),
    ],
)
def test_a_table_is_counted_by_its_quoted_name(dialect: Dialect, statement: str) -> None:
    """A table may be called like a keyword."""
    assert statement == LINES.count_statement(dialect)


@pytest.mark.parametrize(
    ("restored", "told"),
    [
        ({ORDERS: 2000}, []),
        (
            {ORDERS: 1990},
            [
                "orders has 1,990 rows in the restored database, 2,000 in shop at noon: "  # noqa: ISC004
                "10 are missing"
            ],
        ),
        (
            {ORDERS: 2001},
            [
                "orders has 2,001 rows in the restored database, 2,000 in shop at noon: "  # noqa: ISC004
                "1 is too many"
            ],
        ),
        ({}, ["orders is not in the restored database; shop had it at noon, with 2,000 rows"]),
        (
            {ORDERS: 2000, LINES: 0},
            ["shop.lines is in the restored database, and was not in shop at noon"],
        ),
    ],
)
def test_rows_that_differ_are_told(restored: Any, told: list[str]) -> None:
    """Rows missing or too many, a table missing or too many: each has its sentence."""
    assert told == list(count_differences(counts({ORDERS: 2000}), restored, names=None))


def test_a_named_table_that_the_source_had_not_is_a_difference() -> None:
    """A table that was dropped, or never was, cannot be compared, and that is no success."""
    found = list(count_differences(counts({ORDERS: 1}), {ORDERS: 1}, names=["orders", "lines"]))

    assert ["shop had no table lines at noon"] == found


def test_counts_survive_an_xcom() -> None:
    """What one task has counted another one reads."""
    made = counts({ORDERS: 3, LINES: 4}, missing=("a",), unreadable="too old")

    assert made == SourceCounts.from_record(made.to_record())


A, B, C = "CREATE TABLE a (i INT64)", "CREATE INDEX b", "CREATE TABLE c (i INT64)"
OPTIONS = "ALTER DATABASE shop SET OPTIONS (x = 1)"


@pytest.mark.parametrize(
    ("before", "source", "restored", "told"),
    [
        ([A, B], [A, B, OPTIONS], ["CREATE INDEX  b", "CREATE TABLE a (i  INT64)"], []),
        ([A, B], [A, B], [A], [f"the restored database lacks {B!r}, which shop has"]),
        ([A], [A], [A, C], [f"the restored database has {C!r}, which shop has not"]),
        # made meanwhile: it may be in the backup, or not
        ([A], [A, C], [A], []),
        ([A], [A, C], [A, C], []),
        # dropped meanwhile, likewise
        ([A, C], [A], [A], []),
        ([A, C], [A], [A, C], []),
    ],
)
def test_schemas_are_compared_by_their_statements(
    before: list[str], source: list[str], restored: list[str], told: list[str]
) -> None:
    """Order, spaces, options of databases and what changes meanwhile do not matter."""
    found = schema_differences(source, restored, before=schema_digests(before), database="shop")

    assert told == list(found)


def test_many_differences_are_told_in_short() -> None:
    """The first five are told, and how many more there are."""
    assert "1; 2; 3; 4; 5; and 2 more" == joined([str(number) for number in range(1, 8)])


def report(*outcomes: CheckOutcome, **more: Any) -> DrillReport:
    """Return the report of a drill of 35 seconds."""
    usual: dict[str, Any] = {
        "source": "SOURCE",
        "restored": "RESTORED",
        "backup": "BACKUP",
        "version_time": "noon",
        "seconds": 35.2,
        "restore_seconds": 12.0,
        "size_bytes": 1288490189,
    }
    return DrillReport(outcomes=outcomes, **usual | more)


ROWS = CheckOutcome(title="row counts", rows={"orders": 1999, "lines": 1})
FINE = CheckOutcome(title="fine")
LEFT_OUT = CheckOutcome(title="row counts", left_out="shop is gone")
BROKEN = CheckOutcome(title="broken", problem="10 are missing")


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (
            (ROWS, FINE),
            "Restore drill passed: 2 tables, 2,000 rows checked, 2 checks, 35 s, 1.2 GiB. BACKUP",
        ),
        ((FINE,), "Restore drill passed: 1 check, 35 s, 1.2 GiB. BACKUP"),
        (
            (FINE, LEFT_OUT),
            "Restore drill passed: 1 check, 35 s, 1.2 GiB; 1 check left out. BACKUP",
        ),
        ((LEFT_OUT,), "Restore drill failed: nothing was checked: shop is gone. RESTORED"),
        ((), "Restore drill failed: nothing was checked: there was no check. RESTORED"),
        ((FINE, BROKEN), "Restore drill failed: 10 are missing. RESTORED"),
        (
            (BROKEN, CheckOutcome(title="b", problem="b returned False")),
            "Restore drill failed: 10 are missing. 1 more check failed: b returned False. RESTORED",
        ),
    ],
)
def test_the_verdict_comes_first(outcomes: Any, verdict: str) -> None:
    """A drill passed if something was checked and nothing is wrong; all that failed is told."""
    assert verdict == report(*outcomes).verdict


def test_a_report_can_be_alerted_on() -> None:
    """The record has verdict, rows, seconds and bytes as numbers."""
    record = report(ROWS, FINE).to_record()

    assert (True, 2, 2000, 35.2, 12.0, 1288490189) == tuple(
        record[key]
        for key in ("passed", "tables", "rows", "seconds", "restore_seconds", "size_bytes")
    )


def test_a_table_that_two_checks_count_counts_once() -> None:
    """The rows of a drill are no more than there are."""
    assert 2000 == sum(report(ROWS, ROWS).rows.values())


@pytest.mark.parametrize(
    ("outcomes", "permanent"),
    [
        ((BROKEN,), True),
        ((LEFT_OUT,), True),
        ((CheckOutcome(title="t", problem="out of reach", transient=True),), False),
        ((CheckOutcome(title="t", problem="out of reach", transient=True), BROKEN), True),
    ],
)
def test_only_what_may_pass_is_tried_again(outcomes: Any, permanent: bool) -> None:
    """A check that could not be done for now is retried; a difference stays one."""
    assert permanent is RestoreDrillFailedError(report(*outcomes)).permanent


def facts(id_: str, *, hours_ago: int, state: str = "READY") -> BackupFacts:
    """Return a backup."""
    return BackupFacts(
        name=BackupName(project="p", instance="main", backup=id_),
        database=SHOP,
        state=state,
        create_time=NOW - timedelta(hours=hours_ago),
        version_time=NOW - timedelta(hours=hours_ago),
    )


def test_the_newest_complete_backup_is_taken() -> None:
    """One that is still being made is not one yet."""
    backups = [
        facts("old", hours_ago=9),
        facts("young", hours_ago=3),
        facts("new", hours_ago=1, state="CREATING"),
    ]

    found = newest(
        backups, query=BackupQuery(instance=INSTANCE, database=SHOP), max_age=None, now=NOW
    )

    assert "young" == found.name.backup


def test_no_backup_is_no_drill() -> None:
    """Where nothing matches, the error says what was looked for."""
    query = BackupQuery(instance=INSTANCE, database=SHOP, filter_="name:nightly")

    with pytest.raises(
        NoUsableBackupError, match="shop has no complete backup that matches name:n"
    ):
        newest([], query=query, max_age=None, now=NOW)


def test_a_stale_backup_is_no_drill() -> None:
    """A schedule that has stopped is found by the age of its last backup."""
    query = BackupQuery(instance=INSTANCE, database=SHOP)

    with pytest.raises(NoUsableBackupError, match="3 h ago, and max_age is 2 h"):
        newest([facts("old", hours_ago=3)], query=query, max_age=timedelta(hours=2), now=NOW)


def test_each_run_draws_names_of_its_own() -> None:
    """Two drills in the same second do not meet, and the names are such as Spanner takes."""
    ids = {draw_id(now=NOW) for _ in range(100)}

    assert 100 == len(ids)
    for id_ in ids:
        DatabaseName(project="p", instance="main", database=id_)
        BackupName(project="p", instance="main", backup=id_)


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (1288490189, "1.2 GiB"),
        (5 * 1024**5, "5.0 PiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_suits(size: int, told: str) -> None:
    """A size has one digit behind the point."""
    assert told == format_bytes(size)
