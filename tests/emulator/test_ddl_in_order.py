# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema statements that count on those before them, and what the refusals say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import RpcError
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
from tests.emulator.differential.google_sequences import (
    GOOGLE_ALIKE,
    GOOGLE_OURS,
    GOOGLE_UNKNOWN,
)
from tests.emulator.differential.google_statements import GOOGLE_TABLE
from tests.emulator.differential.postgresql_sequences import POSTGRESQL_ALIKE, POSTGRESQL_OURS
from tests.emulator.differential.sequences import sequences

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOGLE, POSTGRESQL = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
OK, BAD, REFUSED = Code.OK, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION


def answers(dialect: Dialect, *statements: str) -> list[tuple[Code, str]]:
    """Apply statements one by one; return the code and the text that each gets."""
    schema, found = Schema(), []
    for text in statements:
        try:
            schema = schema.apply(DdlStatement.parse(text, dialect=dialect))
            found.append((OK, ""))
        except RpcError as exc:
            found.append((exc.code, str(exc)))
    return found


@pytest.mark.parametrize(
    ("dialect", "lines"),
    [
        (GOOGLE, GOOGLE_ALIKE),
        (GOOGLE, GOOGLE_OURS),
        (GOOGLE, GOOGLE_UNKNOWN),
        (POSTGRESQL, POSTGRESQL_ALIKE),
        (POSTGRESQL, POSTGRESQL_OURS),
    ],
    ids=["google", "google-ours", "google-unknown", "postgresql", "postgresql-ours"],
)
def test_statements_in_order(dialect: Dialect, lines: Mapping[Code, str]) -> None:
    """Each sequence is accepted up to its last statement, which gets the code it stands under."""
    expected = [([OK] * (len(texts) - 1) + [code], texts) for code, texts in sequences(lines)]

    assert expected == [
        ([code for code, _ in answers(dialect, *texts)], texts) for _, texts in expected
    ]


@pytest.mark.parametrize(
    ("statements", "code", "words"),
    [
        (
            [f"CREATE CHANGE STREAM S{number} FOR ALL" for number in range(11)],
            REFUSED,
            "would be the eleventh; 10 is the limit",
        ),
        (
            [GOOGLE_TABLE, "CREATE TABLE U (Id INT64, X Nope) PRIMARY KEY (Id)"],
            BAD,
            "Column X has the type Nope, which is unknown",
        ),
        (
            ["CREATE CHANGE STREAM S FOR ALL OPTIONS (retention_period = ['2d', '3d'])"],
            BAD,
            "Supported option values are strings and NULL",
        ),
        (
            ["CREATE SEQUENCE S OPTIONS (sequence_kind = ['bit_reversed_positive'])"],
            BAD,
            "Supported option values are strings and NULL",
        ),
    ],
    ids=["streams", "proto", "list", "kind"],
)
def test_a_refusal_says_what_is_wrong(statements: list[str], code: Code, words: str) -> None:
    """The last statement is refused with words that name the fault."""
    *before, (found, text) = answers(GOOGLE, *statements)

    assert ([OK] * len(before), code) == ([each for each, _ in before], found)
    assert words in text


@pytest.mark.parametrize("last", ["table", "index"])
def test_keys_have_at_most_sixteen_columns(last: str) -> None:
    """A table and an index with a key of seventeen columns are refused."""
    columns = ", ".join(f"K{number} INT64" for number in range(17))
    keys = ", ".join(f"K{number}" for number in range(17))
    statements = {
        "table": [f"CREATE TABLE U ({columns}) PRIMARY KEY ({keys})"],
        "index": [f"CREATE TABLE U ({columns}) PRIMARY KEY (K0)", f"CREATE INDEX I ON U ({keys})"],
    }[last]

    *before, (code, text) = answers(GOOGLE, *statements)

    assert ([OK] * len(before), BAD) == ([each for each, _ in before], code)
    assert "too many keys (17); the limit is 16" in text


def test_foreign_keys_match_in_full_or_simply() -> None:
    """PostgreSQL's MATCH is taken both ways; there is no third."""
    found = [
        answers(
            POSTGRESQL,
            "CREATE TABLE t (id bigint PRIMARY KEY)",
            f"CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) MATCH {how})",
        )[-1][0]
        for how in ("FULL", "SIMPLE", "PARTIAL")
    ]

    assert [OK, OK, BAD] == found
