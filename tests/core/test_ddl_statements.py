# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Texts of DDL are cut where a statement ends, and nowhere else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.ddl.statements import parse_statements, split_statements
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = " \t\r\n"
GOOGLE, POSTGRES = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
BOTH = pytest.mark.parametrize("dialect", [GOOGLE, POSTGRES])

WHOLE_IN_BOTH = [
    "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)",
    "CREATE TABLE A (\n  Id INT64, -- the key; never empty\n  B INT64 /* ; */\n) PRIMARY KEY (Id)",
    "ALTER TABLE A ALTER COLUMN B SET DEFAULT (';')",
    "RENAME TABLE A TO B, /* ; */ C TO D",
    "CREATE CHANGE STREAM S FOR A(B, C)",
    "CREATE VIEW V SQL SECURITY INVOKER AS SELECT A.* FROM A WHERE A.B = '--;'",
    "GRANT SELECT ON TABLE A TO ROLE r",
    "CREATE TABLE Überall (Größe INT64) -- 😀;\n, C",
    "ANALYZE",
]
WHOLE_IN_GOOGLE = [
    *WHOLE_IN_BOTH,
    "ALTER DATABASE `a-b;c` SET OPTIONS (default_time_zone = 'a;b', x = [\"c;d\"])",
    "CREATE FUNCTION F(X INT64) RETURNS INT64 AS (X/*;*/*2)",
    "CREATE VIEW V SQL SECURITY INVOKER AS SELECT * FROM A@{FORCE_INDEX=B} # a; hint\n WHERE C = 1",
    "SELECT '''a;'b;'''",
    'SELECT """a;"b;\\""";"""',
    r"SELECT 'a\';'",
    r"SELECT r'\';'",
    r"SELECT r'a;\\'",
    r"SELECT rb'\';', B'\';', br'''\''';'''",
    r"SELECT `a\`;b`",
    "SELECT '''\n;\n'''",
]
WHOLE_IN_POSTGRES = [
    *WHOLE_IN_BOTH,
    "SELECT 'it''s;', 'a\\', \"a;\"\"b\"",
    r"SELECT E'a\';', e'it''s;'",
    "SELECT $$ a;'b $$, $tag$ a; $$ b; $tag$",
    "SELECT 1 /* a; /* b; */ c; */ + 2",
    "SELECT a #> b, a # b",
    "SELECT a$b$c, $1",
]
WHOLE = [(GOOGLE, text) for text in WHOLE_IN_GOOGLE] + [
    (POSTGRES, text) for text in WHOLE_IN_POSTGRES
]
NO_END = [
    (GOOGLE, "'a; b"),
    (GOOGLE, '"a; b'),
    (GOOGLE, "`a; b"),
    (GOOGLE, "'''a; 'b'; c"),
    (GOOGLE, '"""a; "b"; c'),
    (GOOGLE, r"r'a; b\'"),
    (GOOGLE, r"b'a; b\'"),
    (GOOGLE, r"'a; b\\\'"),
    (GOOGLE, "/* a; b"),
    (GOOGLE, "/* a; b *"),
    (POSTGRES, "'a; b"),
    (POSTGRES, "'a; b''"),
    (POSTGRES, r"E'a; b\'"),
    (POSTGRES, '"a; b'),
    (POSTGRES, "$$ a; b"),
    (POSTGRES, "$tag$ a; b $$"),
    (POSTGRES, "/* a; b"),
]


def split_in(dialect: Dialect, text: str) -> tuple[str, ...]:
    """Return the statements of a text."""
    return split_statements(text, dialect=dialect, field="ddl_statements")


def never() -> Dialect:
    """Fail, as nobody should ask for the dialect."""
    raise AssertionError


@pytest.mark.parametrize(("dialect", "statement"), WHOLE)
def test_statement_stays_whole(dialect: Dialect, statement: str) -> None:
    """No semicolon within a string, a quoted name or a comment ends a statement."""
    found = split_in(dialect, f"{statement};\nDROP TABLE Z;")

    assert (statement, "DROP TABLE Z") == found


@pytest.mark.parametrize("dialect", [GOOGLE, POSTGRES])
@given(data=st.data())
def test_what_is_joined_is_split_again(data: st.DataObject, dialect: Dialect) -> None:
    """Statements come back as they were, whatever stands between them."""
    whole = [text for of, text in WHOLE if of is dialect]
    between = st.sampled_from([";", ";\n", " ;\r\n\t", ";;", ";\n-- it's one;\n", "; /* it's; */ "])
    statements = data.draw(st.lists(st.sampled_from(whole), min_size=1, max_size=5))
    text = "".join(each + data.draw(between) for each in statements)

    found = split_in(dialect, text)

    assert tuple(statements) == found


@pytest.mark.parametrize("dialect", [GOOGLE, POSTGRES])
@given(text=st.text(alphabet="aAé😀 \n\r\t;'\"`$-#/*\\(){}%@.,0\ufeff", max_size=40))
def test_any_text_is_split_or_refused(text: str, dialect: Dialect) -> None:
    """Each statement is a piece of the text, in order; nothing else is ever raised."""
    found: tuple[str, ...] = ()
    with suppress(InvalidArgumentError):
        found = split_in(dialect, text)

    rest = text
    for statement in found:
        assert statement == statement.strip(_SPACE)
        assert statement in rest
        rest = rest.partition(statement)[2]


@BOTH
def test_comments_around_statements_are_left_out(dialect: Dialect) -> None:
    """A statement goes from its first word to its last; comments within it stay."""
    text = "-- licence;\n/* about A; */\nDROP /* only */ TABLE A -- it's gone\n;\n-- the end"

    assert ("DROP /* only */ TABLE A",) == split_in(dialect, text)


@BOTH
@pytest.mark.parametrize("text", ["", ";", " ;\n; ", "-- nothing;", "/* a; */\n;-- b"])
def test_nothing_but_comments_is_no_statement(text: str, dialect: Dialect) -> None:
    """Comments, white space and semicolons make no statement."""
    assert () == split_in(dialect, text)


def test_comments_end_as_the_dialect_says() -> None:
    """A hash begins a comment in GoogleSQL, and is an operator in PostgreSQL."""
    text = "SELECT a # b; c\n;"

    assert ("SELECT a",) == split_in(GOOGLE, text)
    assert ("SELECT a # b", "c") == split_in(POSTGRES, text)


@pytest.mark.parametrize("before", ["", "DROP TABLE A;\n-- it's;\n/* two\nlines */\n"])
@pytest.mark.parametrize(("dialect", "text"), NO_END)
def test_what_has_no_end_is_refused(dialect: Dialect, text: str, before: str) -> None:
    """A string, quoted name or comment without an end is named by its line and its beginning."""
    with pytest.raises(InvalidArgumentError) as caught:
        split_in(dialect, f"{before}SELECT\n{text}\n;\n")

    line = before.count("\n") + 2
    assert f"begins on line {line} has no end" in caught.value.rule
    assert "ddl_statements" == caught.value.field
    # nobody wants to read a megabyte of DDL in an error
    assert str(caught.value.value).startswith(text.strip()[:1] or text)


def test_comment_that_ends_twice_is_refused() -> None:
    """GoogleSQL's comments do not nest: what stood in the outer one would be run."""
    text = "/* not now:\n/* really */\nDROP TABLE A;\n*/ DROP TABLE B;"

    with pytest.raises(InvalidArgumentError, match=r"\*/ on line 4 ends no comment.*do not nest"):
        split_in(GOOGLE, text)
    assert ("DROP TABLE B",) == split_in(POSTGRES, text)


def test_excerpt_in_the_error_is_short() -> None:
    """The error quotes the beginning, on one line."""
    with pytest.raises(InvalidArgumentError) as caught:
        split_in(GOOGLE, "'" + "long\n" * 1000)

    assert "'long long long long long long long long" == caught.value.value


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("DROP TABLE A", ["DROP TABLE A"]),
        (["DROP TABLE A", " DROP TABLE B\n"], ["DROP TABLE A", "DROP TABLE B"]),
        (("DROP TABLE A",), ["DROP TABLE A"]),
        ("\ufeffDROP TABLE A", ["DROP TABLE A"]),
        (iter(["DROP TABLE A"]), ["DROP TABLE A"]),
        ("DROP TABLE my.sql", ["DROP TABLE my.sql"]),
        ("SELECT 'no end", ["SELECT 'no end"]),
    ],
    ids=["text", "list", "tuple", "mark", "iterator", "table", "spanner-says"],
)
def test_single_statements_need_no_dialect(given_: object, expected: list[str]) -> None:
    """Nobody is asked for the dialect where no semicolon stands, and the text is left alone."""
    assert expected == parse_statements(given_, field="ddl_statements", dialect=never)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("DROP TABLE A;", ["DROP TABLE A"]),
        ("A;B;", ["A", "B"]),
        (["A;", "-- b; c\nB", "C"], ["A", "B", "C"]),
        ("\ufeffA;\r\nB;\r\n", ["A", "B"]),
        ("-- why\nA", ["A"]),
        ("# why\nA", ["A"]),
    ],
)
def test_texts_are_split_in_order(given_: object, expected: list[str]) -> None:
    """A text gives its statements in order, and so does a list."""
    assert expected == parse_statements(given_, field="ddl_statements", dialect=lambda: GOOGLE)


@pytest.mark.parametrize(
    ("given_", "index", "count"),
    [(["A;B"], 0, 2), (["A", "B;\nC; D"], 1, 3), (("A", "B", "C /* ; */; D"), 2, 2)],
)
def test_item_with_several_statements(given_: object, index: int, count: int) -> None:
    """An item of a list is one statement; another is named by its place, with what to do."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse_statements(given_, field="ddl_statements", dialect=lambda: GOOGLE)

    assert f"ddl_statements[{index}]" == caught.value.field
    assert f"it holds {count} statements, and an item of a list is exactly one" in str(caught.value)
    assert "give each an item of its own" in str(caught.value)


@pytest.mark.parametrize(
    "given_",
    [None, [], "", " \n", [" "], ["A", ""], ["A", None], ["A", 1], b"A", {"A": 1}, 7, ["-- a;"]],
    ids=repr,
)
def test_texts_without_a_statement_are_refused(given_: object) -> None:
    """Each text must hold a statement, or the error shows what was given."""
    with pytest.raises(InvalidArgumentError, match="expected one or more DDL statements") as caught:
        parse_statements(given_, field="extra_statements", dialect=lambda: GOOGLE)

    assert given_ == caught.value.value
    assert "extra_statements" == caught.value.field


def test_file_that_was_not_read_is_refused() -> None:
    """The name of a file is no statement: Airflow has not replaced it by the file's text."""
    with pytest.raises(InvalidArgumentError, match=r"'sql/a\.sql'.*comes out of a template"):
        parse_statements(["sql/a.sql"], field="ddl_statements", dialect=never)


def test_line_is_that_of_the_text() -> None:
    """Empty lines at the beginning of a file count."""
    ask: Callable[[], Dialect] = lambda: POSTGRES  # noqa: E731  # one line says it

    with pytest.raises(InvalidArgumentError, match="line 3"):
        parse_statements("\n\nSELECT 'a;", field="ddl_statements", dialect=ask)


def test_dialects_are_named_in_any_case() -> None:
    """A dialect has the API's name, in any case."""
    assert Dialect.of("postgresql", field="dialect") is POSTGRES


@pytest.mark.parametrize("text", ["mysql", "", None, 1])
def test_unknown_dialect_is_refused(text: object) -> None:
    """The error lists the two dialects there are."""
    with pytest.raises(InvalidArgumentError, match="GOOGLE_STANDARD_SQL, POSTGRESQL") as caught:
        Dialect.of(text, field="dialect")

    assert text == caught.value.value
