# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Columns, types, keys, constraints and strings: Google's emulator and ours judge them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.google_statements import (
    GOOGLE_BESIDE,
    GOOGLE_FIRST,
    GOOGLE_TABLE,
)
from tests.emulator.differential.postgresql_statements import (
    POSTGRESQL_BESIDE,
    POSTGRESQL_FIRST,
    POSTGRESQL_TABLE,
)
from tests.emulator.differential.sides import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.emulator.differential.conftest import RunBoth
    from tests.emulator.differential.sides import Answer, Side

GOOGLE, POSTGRESQL = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
OK, BAD = Code.OK, Code.INVALID_ARGUMENT
MISSING, REFUSED = Code.NOT_FOUND, Code.FAILED_PRECONDITION


ODD_FORMS = [
    (GOOGLE, OK, 'CREATE TABLE T (Id INT64, A STRING(MAX) DEFAULT ("""a""")) PRIMARY KEY (Id)'),
    (GOOGLE, OK, "CREATE TABLE T (Id INT64, A STRING(MAX) DEFAULT ('''a\nb''')) PRIMARY KEY (Id)"),
    (GOOGLE, OK, 'CREATE TABLE T (Id INT64, A BYTES(MAX) DEFAULT (rB"""a"b""")) PRIMARY KEY (Id)'),
    (GOOGLE, OK, "CREATE TABLE T (a INT64)\xa0PRIMARY KEY (a)"),
    (GOOGLE, OK, "CREATE TABLE T (a INT64)\x0cPRIMARY KEY (a)"),
    (GOOGLE, OK, "CREATE TABLE T (a INT64)\x0bPRIMARY KEY (a)"),
    (GOOGLE, BAD, "CREATE TABLE T (Id INT64, A STRING(MAX) DEFAULT ('a\nb')) PRIMARY KEY (Id)"),
    (GOOGLE, BAD, "CREATE TABLE T (Id INT64, A BYTES(MAX) DEFAULT (b'a\nb')) PRIMARY KEY (Id)"),
    (GOOGLE, BAD, "\ufeffCREATE TABLE T (a INT64) PRIMARY KEY (a)"),
    (GOOGLE, BAD, "CREATE TABLE T (a INT64) PRIMARY KEY (a)\x00"),
    (POSTGRESQL, OK, "CREATE TABLE t (id bigint PRIMARY KEY, a text DEFAULT 'a'\n'b')"),
]


def apply(side: Side, dialect: Dialect, *statements: str) -> Iterator[Answer]:
    """Change the schema of a new, empty database, statement by statement."""
    name = dialect.quoted("fresh")
    made = side.create_database_by(f"CREATE DATABASE {name}", database_dialect=dialect.number)
    assert made.code is OK, made
    for statement in statements:
        request = {"database": f"{side.instance}/databases/fresh", "statements": [statement]}
        yield side.call(side.databases.update_database_ddl, request)


def lines(text: Mapping[Code, str]) -> list[tuple[str, Code]]:
    """Return each line with the code that it stands under."""
    return [(line, code) for code, each in text.items() for line in each.strip().splitlines()]


@pytest.mark.parametrize(
    ("dialect", "statement", "code"),
    [
        *((GOOGLE, line, code) for line, code in lines(GOOGLE_FIRST)),
        *((POSTGRESQL, line, code) for line, code in lines(POSTGRESQL_FIRST)),
        *((dialect, text, code) for dialect, code, text in ODD_FORMS),
    ],
)
def test_the_first_statement_of_a_database(
    run_both: RunBoth, dialect: Dialect, statement: str, code: Code
) -> None:
    """Types, keys, names, strings and comments of one table."""
    google, ours = run_both(lambda side: apply(side, dialect, statement))

    assert [code] == codes(google)
    assert [code] == codes(ours)


@pytest.mark.parametrize(
    ("dialect", "statement", "code"),
    [
        *((GOOGLE, line, code) for line, code in lines(GOOGLE_BESIDE)),
        *((POSTGRESQL, line, code) for line, code in lines(POSTGRESQL_BESIDE)),
    ],
)
def test_a_statement_beside_a_table(
    run_both: RunBoth, dialect: Dialect, statement: str, code: Code
) -> None:
    """Whatever works on a table, or refers to it, is held against its columns."""
    table = GOOGLE_TABLE if dialect is GOOGLE else POSTGRESQL_TABLE
    google, ours = run_both(lambda side: apply(side, dialect, table, statement))

    assert [OK, code] == codes(google)
    assert [OK, code] == codes(ours)


@pytest.mark.parametrize(
    ("needs", "column", "code"),
    [
        ("CREATE INDEX I ON T (B)", "B", REFUSED),
        ("CREATE INDEX I ON T (B) STORING (C)", "C", REFUSED),
        ("ALTER TABLE T ADD CONSTRAINT K FOREIGN KEY (C) REFERENCES T (Id)", "C", REFUSED),
        ("ALTER TABLE T ADD COLUMN G INT64 AS (C + 1) STORED", "C", REFUSED),
        ("ALTER TABLE T ADD CONSTRAINT K CHECK (C > 0)", "C", REFUSED),
        ("CREATE CHANGE STREAM S FOR T(C)", "C", REFUSED),
        ("CREATE CHANGE STREAM S FOR T", "C", OK),
        ("CREATE INDEX I ON T (B)", "C", OK),
        ("ALTER TABLE T ADD COLUMN G INT64 DEFAULT (1)", "C", OK),
    ],
)
def test_a_column_that_is_needed_stays(
    run_both: RunBoth, needs: str, column: str, code: Code
) -> None:
    """Nobody drops a column that an index, a key, a check or a change stream names."""
    drop = f"ALTER TABLE T DROP COLUMN {column}"
    google, ours = run_both(lambda side: apply(side, GOOGLE, GOOGLE_TABLE, needs, drop))

    assert [OK, OK, code] == codes(google)
    assert [OK, OK, code] == codes(ours)


@pytest.mark.parametrize(
    ("dialect", "statements", "expected"),
    [
        (
            POSTGRESQL,
            [
                "CREATE TABLE public.users (id bigint PRIMARY KEY, mail text)",
                "CREATE INDEX users_mail ON users (mail)",
                "CREATE TABLE users (id bigint PRIMARY KEY)",
                "ALTER TABLE users ADD COLUMN born date",
                "CREATE VIEW public.v SQL SECURITY INVOKER AS SELECT id FROM public.users",
                "CREATE SEQUENCE public.q BIT_REVERSED_POSITIVE",
                "DROP SEQUENCE q",
                "CREATE CHANGE STREAM c FOR public.users",
                "DROP CHANGE STREAM c",
                "DROP VIEW v",
                "DROP INDEX public.users_mail",
                "DROP TABLE users",
            ],
            [OK, OK, REFUSED, OK, OK, OK, OK, OK, OK, OK, OK, OK],
        ),
        (
            GOOGLE,
            [
                GOOGLE_TABLE,
                "CREATE VIEW V SQL SECURITY INVOKER AS SELECT T.Id FROM T",
                "DROP TABLE T",
                "CREATE TABLE P (Id INT64) PRIMARY KEY (Id)",
                (
                    "CREATE TABLE F (Id INT64, CONSTRAINT K FOREIGN KEY (Id) REFERENCES P (Id)) "
                    "PRIMARY KEY (Id)"
                ),
                "DROP TABLE P",
                "ALTER TABLE F DROP CONSTRAINT K",
                "DROP TABLE P",
                "CREATE TABLE W (Id INT64) PRIMARY KEY (Id)",
                "CREATE CHANGE STREAM S FOR W",
                "DROP TABLE W",
                "CREATE SEQUENCE Q OPTIONS (sequence_kind = 'bit_reversed_positive')",
                (
                    "CREATE TABLE X (Id INT64 DEFAULT (GET_NEXT_SEQUENCE_VALUE(SEQUENCE Q))) "
                    "PRIMARY KEY (Id)"
                ),
                "DROP SEQUENCE Q",
            ],
            [OK, OK, REFUSED, OK, OK, REFUSED, OK, OK, OK, OK, REFUSED, OK, OK, REFUSED],
        ),
        (
            GOOGLE,
            [
                "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)\nCREATE INDEX AById ON A (Id)",
                "CREATE OR REPLACE TABLE A (Id INT64) PRIMARY KEY (Id)",
                "CREATE TABLE IF EXISTS A (Id INT64) PRIMARY KEY (Id)",
                "CREATE TABLE _x (Id INT64) PRIMARY KEY (Id)",
                "CREATE TABLE Größe (Id INT64) PRIMARY KEY (Id)",
                "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)",
                "CREATE UNIQUE UNIQUE INDEX I ON A (Id)",
                "CREATE SCHEMA s",
                "CREATE INDEX s.J ON A (Id)",
            ],
            [BAD, BAD, BAD, BAD, BAD, OK, BAD, OK, REFUSED],
        ),
    ],
    ids=["public", "dependants", "heads"],
)
def test_a_file_is_received_statement_by_statement(
    run_both: RunBoth, dialect: Dialect, statements: list[str], expected: list[Code]
) -> None:
    """Names with and without their schema, what is needed, and forms that Spanner has not."""
    google, ours = run_both(lambda side: apply(side, dialect, *statements))

    assert expected == codes(google)
    assert expected == codes(ours)
