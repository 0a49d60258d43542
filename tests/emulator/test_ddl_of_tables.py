# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Columns, keys and constraints: what Google's emulator was seen to accept and refuse is known.

The statements are those that are put to both emulators where Google's is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import RpcError
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
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

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOGLE, POSTGRESQL = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
OK, REFUSED = Code.OK, Code.FAILED_PRECONDITION


def received(dialect: Dialect, *statements: str) -> list[Code]:
    """Apply statements one by one; return how each was received."""
    schema, found = Schema(), []
    for text in statements:
        try:
            schema = schema.apply(DdlStatement.parse(text, dialect=dialect))
            found.append(OK)
        except RpcError as exc:
            found.append(exc.code)
    return found


def differing(dialect: Dialect, lines: Mapping[Code, str], *before: str) -> list[str]:
    """Return the lines that are not received with the code that they stand under."""
    return [
        f"{code.name}: {line}"
        for code, text in lines.items()
        for line in text.strip().splitlines()
        if code is not received(dialect, *before, line)[-1]
    ]


def test_first_statements() -> None:
    """Types, keys, names, strings and comments of one table, in both dialects."""
    assert [] == differing(GOOGLE, GOOGLE_FIRST)
    assert [] == differing(POSTGRESQL, POSTGRESQL_FIRST)


def test_statements_beside_a_table() -> None:
    """Whatever works on a table, or refers to it, is held against its columns."""
    assert [] == differing(GOOGLE, GOOGLE_BESIDE, GOOGLE_TABLE)
    assert [] == differing(POSTGRESQL, POSTGRESQL_BESIDE, POSTGRESQL_TABLE)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["ALTER TABLE T DROP COLUMN B", "CREATE INDEX I ON T (B)"], [OK, Code.INVALID_ARGUMENT]),
        (["ALTER TABLE T ADD COLUMN D DATE", "CREATE INDEX I ON T (D)"], [OK, OK]),
        (
            [
                "ALTER TABLE T ADD CONSTRAINT K CHECK (C > 0)",
                "ALTER TABLE T DROP COLUMN C",
                "ALTER TABLE T DROP CONSTRAINT K",
                "ALTER TABLE T DROP COLUMN C",
            ],
            [OK, REFUSED, OK, OK],
        ),
        (
            [
                "CREATE INDEX I ON T (C) STORING (B)",
                "ALTER TABLE T DROP COLUMN B",
                "ALTER INDEX I DROP STORED COLUMN B",
                "ALTER TABLE T DROP COLUMN B",
            ],
            [OK, REFUSED, OK, OK],
        ),
        (
            [
                "RENAME TABLE T TO U",
                "ALTER TABLE U ADD CONSTRAINT K FOREIGN KEY (C) REFERENCES U (Id)",
                "ALTER TABLE U DROP COLUMN C",
            ],
            [OK, OK, REFUSED],
        ),
        (
            [
                "ALTER TABLE T ADD COLUMN TS TIMESTAMP",
                "ALTER TABLE T ADD ROW DELETION POLICY (OLDER_THAN(TS, INTERVAL 1 DAY))",
                "ALTER TABLE T ADD FOREIGN KEY (C) REFERENCES T (Id)",
                "ALTER TABLE T DROP ROW DELETION POLICY",
                "ALTER TABLE T ADD FOREIGN KEY (C) REFERENCES T (Id)",
            ],
            [OK, OK, Code.INVALID_ARGUMENT, OK, OK],
        ),
    ],
    ids=["dropped", "added", "check", "stored", "renamed", "policy"],
)
def test_a_table_is_what_its_statements_have_made_of_it(
    changes: list[str], expected: list[Code]
) -> None:
    """Each ALTER counts for the statements behind it."""
    assert [OK, *expected] == received(GOOGLE, GOOGLE_TABLE, *changes)


def test_a_new_type_in_postgresql_leaves_not_null() -> None:
    """TYPE changes the type alone; a key of a child still fits its parent."""
    found = received(
        POSTGRESQL,
        "CREATE TABLE t (id varchar(9) PRIMARY KEY)",
        "ALTER TABLE t ALTER COLUMN id TYPE varchar(20)",
        "CREATE TABLE u (id varchar(20), n bigint, PRIMARY KEY (id, n)) INTERLEAVE IN PARENT t",
    )

    assert [OK, OK, OK] == found


_WORDS = [
    "CREATE", "ALTER", "TABLE", "INDEX", "VIEW", "SEQUENCE", "CHANGE STREAM", "T", "Id", "INT64",
    "STRING", "bigint", "(", ")", ",", ";", "PRIMARY KEY", "ADD", "DROP", "COLUMN", "SET",
    "DEFAULT", "GENERATED", "AS", "IDENTITY", "CONSTRAINT", "FOREIGN KEY", "REFERENCES", "CHECK",
    "ON", "DELETE", "INTERLEAVE IN", "PARENT", "OPTIONS", "=", "'a'", "1", "-", "NULL", "FOR",
    "ALL", "ROW DELETION POLICY", "INTERVAL", "DAY", "SKIP RANGE", "<", ">", "ARRAY", ".", "TYPE",
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join), st.sampled_from(Dialect))
def test_no_statement_breaks_the_reader(text: str, dialect: Dialect) -> None:
    """Whatever follows whatever, it is read or refused, and nothing else is raised."""
    table = GOOGLE_TABLE if dialect is GOOGLE else POSTGRESQL_TABLE
    for begin in ("", "CREATE TABLE U (", "ALTER TABLE T ", "CREATE INDEX I ON T "):
        codes = received(dialect, table, begin + text)

        assert {Code.OK, Code.INVALID_ARGUMENT, REFUSED, Code.NOT_FOUND, Code.UNIMPLEMENTED} >= set(
            codes
        )
