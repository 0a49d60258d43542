# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What statements create, as far as Spanner shows it again, and whether all of it is there."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.comparison import (
    differences,
    requested_facets,
    resource_facets,
)
from airflow_spanner_lro.core.kinds import CREATE_DATABASE, UPDATE_DATABASE_DDL, Service

TABLE = "CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"


def asked(*statements: str) -> dict[str, str]:
    """Return what the request for a database with these statements asks for."""
    request = CREATE_DATABASE.request_type()(extra_statements=statements)
    return requested_facets(CREATE_DATABASE, request)


def found(*ddl: str, state: str = "READY") -> dict[str, str]:
    """Return what a database with this schema shows."""
    database: Any = Service.DATABASE_ADMIN.message("Database")(state=state)
    return resource_facets(CREATE_DATABASE, database, ddl=ddl)


@pytest.mark.parametrize(
    ("statement", "made"),
    [
        (TABLE, "TABLE Orders"),
        ("create table if not exists `Orders` (Id INT64)", "TABLE Orders"),
        ("CREATE TABLE shop.Orders (Id INT64)", "TABLE shop.Orders"),
        ('CREATE TABLE "Orders" (id bigint PRIMARY KEY)', "TABLE Orders"),
        ("CREATE UNIQUE NULL_FILTERED INDEX ByTime ON Orders (At)", "INDEX ByTime"),
        ("CREATE SEARCH INDEX Words ON Orders (Tokens)", "SEARCH INDEX Words"),
        ("CREATE\tOR REPLACE\nVIEW Open SQL SECURITY INVOKER AS SELECT 1", "VIEW Open"),
        ("CREATE CHANGE  STREAM Everything FOR ALL", "CHANGE STREAM Everything"),
        ("-- the orders\n/* all\nof them */ # really\n" + TABLE + " ;\n", "TABLE Orders"),
        ("CREATE ROLE clerk", "ROLE clerk"),
    ],
)
def test_what_a_statement_creates(statement: str, made: str) -> None:
    """The kind of thing and its name, without quotes and whatever else there is."""
    assert {"schema": made} == asked(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE Orders ADD COLUMN At TIMESTAMP",
        "GRANT SELECT ON TABLE Orders TO ROLE clerk",
        "ANALYZE",
        "CREATE PROTO BUNDLE (shop.Order)",
        "CREATE TABLE /* which? */ Orders (Id INT64)",
        "CREATE",
        "",
    ],
)
def test_what_creates_nothing_that_is_sure_to_be_shown(statement: str) -> None:
    """Where it is not clear what there will be, nothing is expected."""
    assert {} == asked(statement)


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE Orders", "RENAME TABLE Orders TO Sales", "ALTER TABLE Orders RENAME TO Sales"],
)
def test_what_is_not_there_in_the_end_is_not_expected(statement: str) -> None:
    """Statements that drop or rename what others make leave open what there will be."""
    assert {} == asked(TABLE, statement)


def test_a_database_may_have_more_than_it_was_made_with() -> None:
    """What came later, and what Spanner writes otherwise, is no difference."""
    there = found(
        "CREATE TABLE Customers (Id INT64) PRIMARY KEY (Id)",
        "CREATE TABLE orders (\n  Id INT64,\n) PRIMARY KEY(Id)",
        "ALTER TABLE orders ADD FOREIGN KEY (Id) REFERENCES Customers (Id)",
    )

    assert () == differences(CREATE_DATABASE, asked(TABLE), there)


def test_what_is_missing_is_named() -> None:
    """The difference tells what of the schema is not there, and what is instead."""
    differing = differences(
        CREATE_DATABASE,
        asked(TABLE, "CREATE INDEX ByTime ON Orders (At)"),
        found(TABLE, "CREATE TABLE Users (Id INT64)"),
    )

    assert ("schema: asked for INDEX ByTime, but it has TABLE Orders, TABLE Users") == "; ".join(
        each.sentence for each in differing
    )


def test_a_database_without_a_schema_lacks_what_was_asked_for() -> None:
    """An empty database is not one with a table, once it is ready."""
    empty, unready = found(), found(state="CREATING")

    assert "schema: asked for TABLE Orders, but it has none" == "; ".join(
        each.sentence for each in differences(CREATE_DATABASE, asked(TABLE), empty)
    )
    assert () == differences(CREATE_DATABASE, asked(TABLE), unready)


def test_a_schema_that_nobody_looked_at_is_not_told() -> None:
    """Without its statements a database says nothing of its schema."""
    database: Any = Service.DATABASE_ADMIN.message("Database")(state="READY")

    assert "schema" not in resource_facets(CREATE_DATABASE, database)


def test_a_long_schema_is_compared_as_far_as_it_was_kept() -> None:
    """Its beginning is kept: more of it makes no difference, another one does."""
    tables = [f"CREATE TABLE Orders{number:03} (Id INT64)" for number in range(200)]
    others = [f"CREATE TABLE Users{number:03} (Id INT64)" for number in range(200)]

    assert () == differences(CREATE_DATABASE, asked(*tables), found(*reversed(tables)))
    assert differences(CREATE_DATABASE, asked(*tables), found(*others))


def test_statements_are_told_by_number_and_digest() -> None:
    """Their texts can be megabytes; white space and a semicolon at the end do not count."""

    def digest(*statements: str) -> str:
        request = UPDATE_DATABASE_DDL.request_type()(statements=statements)
        return requested_facets(UPDATE_DATABASE_DDL, request)["statements"]

    assert digest(TABLE).startswith("1 statement, digest ")
    assert digest(TABLE, "ANALYZE").startswith("2 statements, digest ")
    assert digest(TABLE) == digest(TABLE.replace(" ", "\n  ") + ";")
    assert digest(TABLE, "ANALYZE") != digest("ANALYZE", TABLE)
