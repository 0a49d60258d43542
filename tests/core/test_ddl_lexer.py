# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Strings, quoted names and comments begin and end where each dialect says."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect, TokenKind, UnclosedError, tokenize
from airflow_spanner_lro.core.ddl.statements import parse_statements, split_statements
from airflow_spanner_lro.core.errors import InvalidArgumentError

GOOGLE, POSTGRES = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
STRING, NAME, WORD = TokenKind.STRING, TokenKind.QUOTED_NAME, TokenKind.WORD


def kinds(text: str, dialect: Dialect) -> list[tuple[TokenKind, str]]:
    """Return what a text consists of."""
    return [(token.kind, token.text) for token in tokenize(text, dialect=dialect)]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (GOOGLE, "#> don't; now\nA", [(WORD, "A")]),
        (GOOGLE, "--{{ it's\rA", [(WORD, "A")]),
        (GOOGLE, "/* a; /* b; **/A", [(WORD, "A")]),
        (GOOGLE, r"r'\';'", [(STRING, r"r'\';'")]),
        (GOOGLE, r"Rb'''a';\''''", [(STRING, r"Rb'''a';\''''")]),
        (GOOGLE, 'r"""a";\\"""b"""', [(STRING, 'r"""a";\\"""b"""')]),
        (GOOGLE, "''''a;'b'''", [(STRING, "''''a;'b'''")]),
        (GOOGLE, r"'' `a\`;b`", [(STRING, "''"), (NAME, r"`a\`;b`")]),
        (GOOGLE, "car'a'", [(WORD, "car"), (STRING, "'a'")]),
        (POSTGRES, "a$$b$$", [(WORD, "a$$b$$")]),
        (POSTGRES, "$$a;b$$", [(STRING, "$$a;b$$")]),
        (POSTGRES, "$é1$a; $$ b$é1$", [(STRING, "$é1$a; $$ b$é1$")]),
        (POSTGRES, r"'\' e'\';'", [(STRING, r"'\'"), (STRING, r"e'\';'")]),
        (POSTGRES, "E'a'\n -- ;\n'b\\';'", [(STRING, "E'a'\n -- ;\n'b\\';'")]),
        (POSTGRES, r"typE'\'", [(WORD, "typE"), (STRING, r"'\'")]),
        (POSTGRES, '"a;""b" U&"c;"', [(NAME, '"a;""b"'), (NAME, 'U&"c;"')]),
        (POSTGRES, "/* a; /* b; */ c; */ A", [(WORD, "A")]),
    ],
)
def test_what_a_text_consists_of(
    dialect: Dialect, text: str, expected: list[tuple[TokenKind, str]]
) -> None:
    """Each string, quoted name and word is one token, and a comment is none."""
    assert expected == kinds(text, dialect)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (GOOGLE, "'''a'"),
        (GOOGLE, "'a\nb'"),
        (GOOGLE, r"r'a\'"),
        (GOOGLE, "/*/"),
        (GOOGLE, "`a"),
        (POSTGRES, "$a$ b $c$"),
        (POSTGRES, "/* /* */"),
        (POSTGRES, r"E'a\'"),
        (POSTGRES, "U&'a"),
    ],
)
def test_what_has_no_end(dialect: Dialect, text: str) -> None:
    """What is opened and not closed by its own rule is told, with its place."""
    with pytest.raises(UnclosedError) as caught:
        kinds(f"A {text}", dialect)

    assert 2 == caught.value.start


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dialect", "part"),
    [
        (GOOGLE, "'\\' "),
        (GOOGLE, "/* "),
        (GOOGLE, '"""\\"'),
        (POSTGRES, "E'a' --x"),
        (POSTGRES, "$a$ "),
        (POSTGRES, "/* "),
        (POSTGRES, "E'a'\n"),
    ],
)
def test_time_grows_with_the_length_only(dialect: Dialect, part: str) -> None:
    """Nobody keeps a worker or the emulator busy with a text of quotes."""
    started = time.process_time()
    with suppress(UnclosedError):
        list(tokenize(part * 50_000, dialect=dialect))

    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        (
            GOOGLE,
            r"ALTER TABLE `a\`; DROP TABLE Orders; --` ADD COLUMN Note STRING(MAX)",
        ),
        (
            GOOGLE,
            r'ALTER TABLE A ALTER COLUMN B SET DEFAULT ("""b\"""; DROP TABLE Orders; --""")',
        ),
        (POSTGRES, r"ALTER TABLE a ALTER COLUMN b SET DEFAULT E'\'; DROP TABLE orders; --'"),
        (POSTGRES, "CREATE TABLE t (id bigint PRIMARY KEY, note text DEFAULT $$a;b$$)"),
        (POSTGRES, "CREATE VIEW v SQL SECURITY INVOKER AS SELECT $tag$one; two$tag$ AS x"),
    ],
)
def test_what_looks_like_two_statements_is_one(dialect: Dialect, statement: str) -> None:
    """What an author has within a name or a string is never run by itself."""
    found = split_statements(
        f"{statement};\nDROP TABLE Z;", dialect=dialect, field="ddl_statements"
    )

    assert (statement, "DROP TABLE Z") == found


def test_comment_of_a_hash_with_an_apostrophe() -> None:
    """A comment that begins with ``#>`` is a comment, whatever stands in it."""
    table = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"
    text = f"#> Tables of the shop; don't edit by hand\n{table};\n"

    assert (table,) == split_statements(text, dialect=GOOGLE, field="ddl_statements")


@pytest.mark.parametrize("dialect", [GOOGLE, POSTGRES])
def test_byte_order_marks_of_joined_files(dialect: Dialect) -> None:
    """Files that are joined may each begin with a mark, which belongs to no statement."""
    text = "\ufeffDROP TABLE A;\n\ufeffDROP TABLE B;\n\ufeff-- it's the end\n"

    assert ("DROP TABLE A", "DROP TABLE B") == split_statements(text, dialect=dialect, field="f")


def test_byte_order_mark_within_a_statement() -> None:
    """One in the middle of a statement is shown by its line, as nobody can see it."""
    with pytest.raises(InvalidArgumentError, match=r"on line 2 a byte order mark.*within a stat"):
        parse_statements("DROP TABLE\n\ufeffA", field="f", dialect=lambda: GOOGLE)


def test_byte_order_mark_in_a_string_stays() -> None:
    """Within quotes a mark is text like any other."""
    text = "SELECT '\ufeff;'"

    assert [text] == parse_statements(text, field="f", dialect=lambda: GOOGLE)
