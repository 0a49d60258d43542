# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The lexer for PostgreSQL finds what PostgreSQL's own scanner finds, in texts of any shape.

The scanner is that of PostgreSQL's source, by way of ``pglast``.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings, strategies as st
from pglast import parser

from airflow_spanner_lro.core.ddl.lexer import Dialect, TokenKind, UnclosedError, tokenize

_STRINGS = frozenset({"SCONST", "USCONST", "BCONST", "XCONST"})
_COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})
_NUMBERS = frozenset({"ICONST", "FCONST", "PARAM"})
# fmt: off
_PIECES = [
    "'", "''", "'a;b'", "'\\'", "E'", "E'\\';'", "e'it''s'", "E'\\\\'", "B'01'", "x'1f'", "N'a'",
    "U&'a;'", 'U&"b;"', '"', '"a;""b"', '""', "$$", "$$a;'b$$", "$t$", "$t$ ; $$ ' $t$", "$é$x$é$",
    "a$$b", "a$t$", "/*", "*/", "/* ; /* ' */ ; */", "/**/",
    "--", "-- ;'\n", "-- x", "\n", "\r",
    "\t", " ", ";", ";;", "a", "É1", "create", "E", "U", "U&", "n", "+", "-", "/", "*", "<>",
    "@>", "#>", "::", "(", ")", "[", "]", ",", ".", ":", "=", "\\", "~", "?", "|", "&",
    "^", "#", "`", "%", "!",
]
# fmt: on
"""What strings, names and comments begin and end with, and what they could be mistaken for."""


def theirs(text: str) -> tuple[set[int], set[tuple[int, int]], list[tuple[int, int]]] | None:
    """Return ends of statements, words and quoted names, and strings; None if one has no end."""
    try:
        found = parser.scan(text)
    except parser.ParseError as exc:
        # it also refuses numbers and escapes that make no sense, which no lexer of ours looks at
        assume("unterminated" in str(exc))
        return None
    ends: set[int] = set()
    names: set[tuple[int, int]] = set()
    strings: list[tuple[int, int]] = []
    for token in found:
        span = (token.start, token.end + 1)
        begins = text[token.start]
        if token.name in _STRINGS:
            strings.append(span)
        elif token.name == "ASCII_59":
            ends.add(token.start)
        elif token.name == "NCHAR" and text[span[1] : span[1] + 1] == "'":
            # the prefix of the string behind it
            continue
        elif token.name not in _COMMENTS | _NUMBERS and (begins in '"_' or begins.isalpha()):
            names.add(span)
    return ends, names, strings


def ours(text: str) -> tuple[set[int], set[tuple[int, int]], list[tuple[int, int]]] | None:
    """Return the same as our lexer has it."""
    ends: set[int] = set()
    names: set[tuple[int, int]] = set()
    strings: list[tuple[int, int]] = []
    try:
        for token in tokenize(text, dialect=Dialect.POSTGRESQL):
            span = (token.start, token.end)
            if token.kind is TokenKind.STRING:
                # a national string is a word and a string there
                start = span[0] + (token.text[0] in "nN")
                strings.append((start, span[1]))
            elif token.kind is TokenKind.SEMICOLON:
                ends.add(token.start)
            elif token.kind in (TokenKind.WORD, TokenKind.QUOTED_NAME):
                names.add(span)
    except UnclosedError:
        return None
    return ends, names, strings


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
@example("E'a'\n'b\\';'")
@example("'a' -- x\n 'b;'")
@example("/* /* */ ; */ ;")
@example("a$$;$$")
@example("U&'a;' UESCAPE '!'")
def test_strings_names_and_statements_end_where_postgresql_has_them(text: str) -> None:
    """Each semicolon, word and quoted name is the same; each string is one of theirs, or in one."""
    expected, found = theirs(text), ours(text)

    assert (expected is None) == (found is None)
    if expected is None or found is None:
        return
    assert expected[:2] == found[:2]
    # strings that go on in the next line are one there
    assert {start for start, _ in expected[2]} <= {start for start, _ in found[2]}
    assert {end for _, end in expected[2]} <= {end for _, end in found[2]}
    for start, end in found[2]:
        assert any(first <= start and end <= last for first, last in expected[2])
