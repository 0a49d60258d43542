# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A value that a template puts into a text of DDL changes nothing of what the author wrote."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.ddl.statements import (
    DdlText,
    TextPart,
    check_template_values,
    parse_statements,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

GOOGLE, POSTGRES = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
BOTH = pytest.mark.parametrize("dialect", [GOOGLE, POSTGRES])

COLUMN = "ALTER TABLE Orders ADD COLUMN {} INT64"
NOTE = "ALTER TABLE Orders ALTER COLUMN Note SET DEFAULT ('{}')"
COMMENT = "ALTER TABLE Orders /* for {} */ ADD COLUMN A INT64"
LINE = "-- for {}\nDROP INDEX OrdersByNote"
NAME = "DROP TABLE `{}`"
TWO = "ALTER TABLE A ADD COLUMN {} INT64;\nDROP TABLE {} B;\nDROP TABLE C"

HARMLESS = [
    (COLUMN, ["a"]),
    (COLUMN, ["a STRING(MAX) NOT NULL, ADD COLUMN b"]),
    (COLUMN, ["a /* of x; y */"]),
    (COLUMN, ["a -- why; where\n"]),
    (COLUMN, ["a STRING(MAX) DEFAULT ('b; c'), ADD COLUMN d"]),
    (NOTE, ["no; -- comment /* here"]),
    (NOTE, [""]),
    (NOTE, ["2026-01-01"]),
    (COMMENT, ["Ann; Bob -- 'it`s"]),
    (LINE, ["Ann; Bob /* 'it`s"]),
    (NAME, ["my-table; yours"]),
    ("{}", ["DROP TABLE A"]),
    ("CREATE TABLE {}ByDay (Id INT64) PRIMARY KEY (Id)", ["Orders"]),
    ("{};\n{}", ["DROP TABLE A", "DROP TABLE B"]),
    (TWO, ["x", "IF EXISTS"]),
]
HARMFUL = [
    (COLUMN, ["a INT64; DROP TABLE Payments; ALTER TABLE Orders ADD COLUMN b"], 0, "semicolon"),
    (COLUMN, ["a;"], 0, "semicolon"),
    (COLUMN, ["a INT64 -- "], 0, "quotes"),
    (COLUMN, ["a INT64 /* "], 0, "quotes"),
    (COLUMN, ["a'"], 0, "quotes"),
    (NOTE, ["'"], 0, "quotes"),
    (NOTE, ["it's"], 0, "quotes"),
    (NOTE, ["a'), b = ('c"], 0, "quotes"),
    (NOTE, ["'); DROP TABLE Payments; --"], 0, "semicolon"),
    (NOTE + "; DROP TABLE B", ["' || '"], 0, "quotes"),
    (COMMENT, ["*/; DROP TABLE Payments; /*"], 0, "semicolon"),
    (COMMENT, ["*/ DROP COLUMN B /*"], 0, "quotes"),
    (LINE, ["Ann\nDROP TABLE Payments"], 0, "quotes"),
    (TWO, ["a /*", "*/ b"], 0, "quotes"),
    (TWO, ["a", "b;"], 1, "semicolon"),
    ("SELECT 1 -{}- 2; DROP TABLE B", [""], 0, "quotes"),
    (TWO, ["a", "'"], 1, "quotes"),
    (COLUMN + "; -- it's kept; DROP TABLE B; it's not", ["a'"], 0, "quotes"),
]
HARMFUL_IN_GOOGLE = [
    (COLUMN, ["a INT64 # "], 0, "quotes"),
    (NOTE, ["\\"], 0, "quotes"),
    (NAME, ["a` b"], 0, "quotes"),
    (NOTE + " || ('; DROP TABLE B; ')", ["''"], 0, "quotes"),
    ("SELECT {}'\\'; DROP TABLE B; --'", ["r"], 0, "quotes"),
]
HARMFUL_IN_POSTGRES = [
    (COLUMN, ["a $$"], 0, "quotes"),
    (COMMENT, ["/*"], 0, "quotes"),
    ("SELECT {}'\\'; DROP TABLE B; --'", ["E"], 0, "quotes"),
    ("SELECT ${}$ a; b $_0$", ["t"], 0, "quotes"),
]


def put_in(template: str, values: list[str]) -> DdlText:
    """Return what a template becomes."""
    first, *rest = template.split("{}")
    pieces = [TextPart(first, authored=True)] if first else []
    for value, written in zip(values, rest, strict=True):
        pieces += [TextPart(value, authored=False), TextPart(written, authored=True)]
    return DdlText(pieces=tuple(pieces), several=True)


def never() -> Dialect:
    """Fail, as nobody should ask for the dialect."""
    raise AssertionError


def answer(dialect: Dialect) -> Callable[[], Dialect]:
    """Return what tells a dialect."""
    return lambda: dialect


@BOTH
@pytest.mark.parametrize(("template", "values"), HARMLESS)
def test_harmless_value(dialect: Dialect, template: str, values: list[str]) -> None:
    """Names, clauses, whole strings and whole comments may be put in, and text within these."""
    if dialect is POSTGRES and template is NAME:
        template = template.replace("`", '"')

    check_template_values(put_in(template, values), field="f", dialect=answer(dialect))


@pytest.mark.parametrize(
    ("dialect", "template", "values", "index", "word"),
    [
        *((dialect, *case) for case in HARMFUL for dialect in (GOOGLE, POSTGRES)),
        *((GOOGLE, *case) for case in HARMFUL_IN_GOOGLE),
        *((POSTGRES, *case) for case in HARMFUL_IN_POSTGRES),
    ],
)
def test_harmful_value(
    dialect: Dialect, template: str, *, values: list[str], index: int, word: str
) -> None:
    """A value that ends a statement, or changes the text around it, is shown and refused."""
    with pytest.raises(InvalidArgumentError, match=f"a template puts this in .*{word}") as caught:
        check_template_values(put_in(template, values), field="f", dialect=answer(dialect))

    assert values[index] == caught.value.value


@pytest.mark.parametrize(
    "value", ["a", "a b, c (d)", "Größe", "2026-01-01", "10:30", "a/b", "x = 1"]
)
def test_plain_value_needs_no_dialect(value: str) -> None:
    """Nobody is asked for the dialect where a value is plain words."""
    check_template_values(put_in(COLUMN, [value]), field="f", dialect=never)


def test_line_of_the_value() -> None:
    """The error names the line that the value begins on."""
    with pytest.raises(InvalidArgumentError, match="puts this in on line 2, and its quotes"):
        check_template_values(put_in(TWO, ["a", "'"]), field="f", dialect=answer(GOOGLE))


def test_text_that_only_a_value_completes() -> None:
    """A string that the author begins and a value ends is an error in the author's text."""
    with pytest.raises(InvalidArgumentError, match="has no end, leaving aside what templates"):
        check_template_values(put_in("SELECT '{}", ["a'"]), field="f", dialect=answer(GOOGLE))


def read(text: DdlText, dialect: Dialect) -> list[str]:
    """Return the statements of a text."""
    return parse_statements("text", field="f", dialect=answer(dialect), texts=[text])


ALPHABET = "aE0 \n;'\"`$-#/*\\r.,_"


@BOTH
@given(
    written=st.lists(st.text(alphabet=ALPHABET, max_size=12), min_size=1, max_size=3),
    values=st.lists(st.text(alphabet=ALPHABET, max_size=8), min_size=3, max_size=3),
)
def test_no_value_adds_a_statement(dialect: Dialect, written: list[str], values: list[str]) -> None:
    """Whatever is accepted has no more statements than with plain names in place of the values."""
    template = "{}".join(each.replace("{}", "") for each in ["A", *written])
    count = len(written)
    found: list[str] = []
    expected: list[str] = []
    with suppress(InvalidArgumentError):
        found = read(put_in(template, values[:count]), dialect)
        expected = read(put_in(template, ["_0"] * count), dialect)

    assert len(found) <= len(expected)
