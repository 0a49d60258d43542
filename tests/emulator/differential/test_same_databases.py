# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: Google's emulator and ours answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.cloud.spanner_admin_database_v1 import DatabaseDialect

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import SCHEMA, codes, plain_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.emulator.differential.conftest import Agreed
    from tests.emulator.differential.sides import Answer, Side

PG_TABLE = "CREATE TABLE t (\n  id bigint NOT NULL,\n  PRIMARY KEY(id)\n)"


def test_a_database_is_created_once(agreed: Agreed) -> None:
    """A second database of a name is ALREADY_EXISTS, and the first stays as it is."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database("shop")
        yield side.call(side.databases.get_database, name=side.database)
        yield side.schema()

    assert [Code.ALREADY_EXISTS, Code.OK, Code.OK] == codes(agreed(script))


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE DATABASE fresh", Code.OK),
        ("create database fresh", Code.OK),
        ("  CREATE\n\tDATABASE   fresh ", Code.OK),
        ("CREATE DATABASE `with-hyphen`", Code.OK),
        ("CREATE DATABASE table", Code.OK),
        (f"CREATE DATABASE {'a' * 30}", Code.OK),
        ("", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE select", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE new", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE `new`", Code.OK),
        ("CREATE DATABASE with-hyphen", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE two words", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE fresh;", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE 'fresh'", Code.INVALID_ARGUMENT),
        ('CREATE DATABASE "fresh"', Code.INVALID_ARGUMENT),
        ("CREATE DATABASE IF NOT EXISTS fresh", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE a", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE Fresh", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE fresh_", Code.INVALID_ARGUMENT),
        ("CREATE DATABASE `1new`", Code.INVALID_ARGUMENT),
        (f"CREATE DATABASE {'a' * 31}", Code.INVALID_ARGUMENT),
        ("CREATE TABLE new (Id INT64) PRIMARY KEY (Id)", Code.INVALID_ARGUMENT),
        ("DROP DATABASE shop", Code.INVALID_ARGUMENT),
    ],
    ids=str,
)
def test_the_create_statement_is_parsed(agreed: Agreed, statement: str, code: Code) -> None:
    """Both read the same id from a statement, or refuse it; the list of databases shows it."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database_by(statement)
        yield side.call(side.databases.list_databases, parent=side.instance)

    created, listed = agreed(script)

    assert code is created.code
    assert len(listed.items) == 1 + (code is Code.OK)


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (SCHEMA, Code.OK),
        (("CREATE TABL Orders",), Code.INVALID_ARGUMENT),
        (("",), Code.INVALID_ARGUMENT),
        ((f"{SCHEMA[0]};",), Code.INVALID_ARGUMENT),
        ((SCHEMA[0], SCHEMA[0]), Code.FAILED_PRECONDITION),
        ((SCHEMA[1],), Code.NOT_FOUND),
    ],
    ids=str,
)
def test_first_statements_are_all_or_nothing(
    agreed: Agreed, extra: Sequence[str], code: Code
) -> None:
    """One statement that cannot be applied means that there is no database."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database("new", *extra)
        yield side.schema(f"{side.instance}/databases/new")

    then = code if code is Code.OK else Code.NOT_FOUND
    assert [code, then] == codes(agreed(script))


def test_what_is_missing_is_not_found(agreed: Agreed) -> None:
    """A database, or the instance above it, that is not there is NOT_FOUND."""

    def script(side: Side) -> Iterator[Answer]:
        for instance in (side.instance, f"{side.project}/instances/nowhere"):
            database = f"{instance}/databases/nowhere"
            yield side.call(side.databases.get_database, name=database)
            yield side.schema(database)
            yield side.change(SCHEMA[0], database=database)
            yield side.change(database=database)
        nowhere = f"{side.project}/instances/nowhere"
        yield side.call(side.databases.list_databases, parent=nowhere)
        yield side.create_database("new", parent=nowhere)
        yield side.create_database_by("CREATE TABL", parent=nowhere)
        yield side.call(side.databases.drop_database, database=f"{nowhere}/databases/new")

    assert {Code.NOT_FOUND} == set(codes(agreed(script)))


def test_statements_are_read_before_names_are_looked_up(agreed: Agreed) -> None:
    """A bad statement comes before ALREADY_EXISTS, and a bad operation id before NOT_FOUND."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.create_database("shop", "CREATE TABL Items")
        nowhere = f"{side.instance}/databases/nowhere"
        yield side.change(SCHEMA[0], database=nowhere, operation_id="_bad")

    assert [Code.INVALID_ARGUMENT] * 2 == codes(agreed(script))


@pytest.mark.parametrize("name", ["", "shop", "databases/shop", "projects/test/instances/main"])
def test_names_of_databases_are_parsed(agreed: Agreed, name: str) -> None:
    """What is no database's name is INVALID_ARGUMENT."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.call(side.databases.get_database, name=name)
        yield side.call(side.databases.get_database_ddl, database=name)
        yield side.call(side.databases.drop_database, database=name)
        yield side.change(SCHEMA[0], database=name)
        yield side.create_database("new", parent=name.removesuffix("/instances/main"))

    assert [Code.INVALID_ARGUMENT] * 5 == codes(agreed(script))


def test_dropping_is_idempotent(agreed: Agreed) -> None:
    """A database that is not there, or not there any more, can be dropped."""

    def script(side: Side) -> Iterator[Answer]:
        for _ in range(2):
            yield side.call(side.databases.drop_database, database=side.database)
        yield side.call(side.databases.get_database, name=side.database)
        yield side.call(side.databases.list_databases, parent=side.instance)

    assert [Code.OK, Code.OK, Code.NOT_FOUND, Code.OK] == codes(agreed(script))


def test_a_name_is_free_again(agreed: Agreed) -> None:
    """A database can be created where one was dropped; it has the new schema only."""

    def script(side: Side) -> Iterator[Answer]:
        side.call(side.databases.drop_database, database=side.database)
        yield side.create_database("shop", "CREATE TABLE Fresh (Id INT64) PRIMARY KEY (Id)")
        yield side.schema()

    created, schema = agreed(script)

    assert Code.OK is created.code
    assert schema.body == [plain_statement("CREATE TABLE Fresh (Id INT64) PRIMARY KEY (Id)")]


def test_postgresql_has_its_own_quotes(agreed: Agreed) -> None:
    """The id of a database of that dialect stands in double quotes, or in none."""

    def script(side: Side) -> Iterator[Answer]:
        for statement in (
            'CREATE DATABASE "with-hyphen"',
            "CREATE DATABASE without_any",
            "CREATE DATABASE `back-ticks`",
        ):
            yield side.create_database_by(statement, database_dialect=DatabaseDialect.POSTGRESQL)

    assert [Code.OK, Code.OK, Code.INVALID_ARGUMENT] == codes(agreed(script))


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE INDEX more ON t (id)", Code.OK),
        ("DROP INDEX TI", Code.OK),
        ('DROP INDEX "TI"', Code.NOT_FOUND),
        (PG_TABLE, Code.FAILED_PRECONDITION),
        (PG_TABLE.replace(" t ", " T "), Code.FAILED_PRECONDITION),
        ("DROP TABLE t", Code.FAILED_PRECONDITION),
        ("CREATE TABL u", Code.INVALID_ARGUMENT),
        ("DROP TABLE nowhere", Code.NOT_FOUND),
        ("CREATE INDEX more ON nowhere (id)", Code.NOT_FOUND),
    ],
    ids=str,
)
def test_schemas_of_postgresql_change_alike(agreed: Agreed, statement: str, code: Code) -> None:
    """A table with an index, and one statement more; names in no quotes have no capitals."""

    def script(side: Side) -> Iterator[Answer]:
        side.create_database_by("CREATE DATABASE pg", database_dialect=DatabaseDialect.POSTGRESQL)
        database = f"{side.instance}/databases/pg"
        yield side.change(PG_TABLE, "CREATE INDEX ti ON t (id)", database=database)
        yield side.change(statement, database=database)
        yield side.schema(database)

    assert [Code.OK, code, Code.OK] == codes(agreed(script))
