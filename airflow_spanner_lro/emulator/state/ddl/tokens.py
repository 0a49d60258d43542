# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The words of a schema statement, in either dialect: comments, quotes and names.

It stands apart from the statements because a semicolon or a keyword within a string is neither.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

from airflow_spanner_lro.emulator import errors


class Dialect(IntEnum):
    """The two dialects, with the numbers of ``google.spanner.admin.database.v1``."""

    GOOGLE_STANDARD_SQL = 1
    POSTGRESQL = 2


class Token(NamedTuple):
    """A word, a quoted name, a string, or a single other character."""

    kind: str
    text: str
    start: int


_REST = r"""
    |(?P<word>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<space>\s+)|(?P<other>.)
"""
_PATTERNS = {
    Dialect.GOOGLE_STANDARD_SQL: re.compile(
        r"""(?P<comment>--[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z))
        |(?P<string>'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
        |(?P<quoted>`(?:\\.|[^`\\])*`)"""
        + _REST,
        re.DOTALL | re.VERBOSE,
    ),
    Dialect.POSTGRESQL: re.compile(
        r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
        |(?P<string>'(?:''|[^'])*')
        |(?P<quoted>"[^"]*")"""
        + _REST,
        re.DOTALL | re.VERBOSE,
    ),
}
_NAME = re.compile(r"[A-Za-z_][\w-]*")
# fmt: off
_RESERVED = frozenset({
    "ALL", "AND", "ANY", "ARRAY", "AS", "ASC", "ASSERT_ROWS_MODIFIED", "AT", "BETWEEN", "BY",
    "CASE", "CAST", "COLLATE", "CONTAINS", "CREATE", "CROSS", "CUBE", "CURRENT", "DEFAULT",
    "DEFINE", "DESC", "DISTINCT", "ELSE", "END", "ENUM", "ESCAPE", "EXCEPT", "EXCLUDE",
    "EXISTS", "EXTRACT", "FALSE", "FETCH", "FOLLOWING", "FOR", "FROM", "FULL", "GRAPH_TABLE",
    "GROUP", "GROUPING", "GROUPS", "HASH", "HAVING", "IF", "IGNORE", "IN", "INNER", "INTERSECT",
    "INTERVAL", "INTO", "IS", "JOIN", "LATERAL", "LEFT", "LIKE", "LIMIT", "LOOKUP", "MERGE",
    "NATURAL", "NEW", "NO", "NOT", "NULL", "NULLS", "OF", "ON", "OR", "ORDER", "OUTER", "OVER",
    "PARTITION", "PRECEDING", "PROTO", "RANGE", "RECURSIVE", "RESPECT", "RIGHT", "ROLLUP",
    "ROWS", "SELECT", "SET", "SOME", "STRUCT", "TABLESAMPLE", "THEN", "TO", "TREAT", "TRUE",
    "UNBOUNDED", "UNION", "UNNEST", "USING", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN",
})
# fmt: on
"""The words that are no names in GoogleSQL unless they are quoted."""


class Reader:
    """Reads a statement from left to right.

    :raises RpcError: if it holds a semicolon, which ends no statement here.
    """

    def __init__(self, text: str, *, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self._at = 0
        self._tokens = [
            Token(str(found.lastgroup), found[0], found.start())
            for found in _PATTERNS[dialect].finditer(text)
            if found.lastgroup not in ("space", "comment")
        ]
        for token in self._tokens:
            if token.text == ";":
                raise errors.bad_statement(text, reason=_unexpected(text, token))

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    def take(self, *words: str) -> bool:
        """Go on behind these words if they come next; capitals do not matter."""
        following = self._tokens[self._at : self._at + len(words)]
        if [token.text.upper() for token in following] != list(words):
            return False
        self._at += len(words)
        return True

    def name(self) -> str | None:
        """Read a name, schema and all; None if none comes next."""
        start = self._at
        parts: list[str] = []
        while (part := self._part(first=not parts)) is not None:
            parts.append(part)
            if not self.take("."):
                return ".".join(parts)
        self._at = start
        return None

    def names(self) -> tuple[str, ...]:
        """Read names with commas between them."""
        found = []
        while (name := self.name()) is not None:
            found.append(name)
            if not self.take(","):
                break
        return tuple(found)

    def value(self) -> str | None:
        """Read a string, a number or a word; None if none comes next."""
        if self.at_end or self._tokens[self._at].kind not in ("string", "number", "word"):
            return None
        token = self._tokens[self._at]
        self._at += 1
        return token.text.strip("'\"") if token.kind == "string" else token.text

    def until(self, *words: str) -> tuple[str, ...]:
        """Read up to one of these words, and return what stands between the commas."""
        parts, depth = [""], 0
        while not self.at_end:
            text = self._tokens[self._at].text
            if not depth and text.upper() in words:
                break
            depth += (text == "(") - (text == ")")
            if text == "," and not depth:
                parts.append("")
            else:
                parts[-1] = f"{parts[-1]} {text}".strip()
            self._at += 1
        return tuple(part for part in parts if part)

    def parent(self) -> str:
        """Return the table that ``INTERLEAVE IN`` names further on, or empty."""
        while not self.at_end:
            if self.take("INTERLEAVE", "IN"):
                self.take("PARENT")
                return self.name() or ""
            self._at += 1
        return ""

    def _part(self, *, first: bool) -> str | None:
        """Read one part of a name."""
        if self.at_end:
            return None
        kind, text, _ = self._tokens[self._at]
        if kind == "quoted":
            text = text[1:-1]
            if not all(_NAME.fullmatch(part) for part in text.split(".")):
                return None
        elif kind != "word" or (first and self._reserved(text)):
            return None
        elif self.dialect is Dialect.POSTGRESQL:
            text = text.lower()
        self._at += 1
        return text

    def _reserved(self, word: str) -> bool:
        return self.dialect is Dialect.GOOGLE_STANDARD_SQL and word.upper() in _RESERVED


def _unexpected(text: str, token: Token) -> str:
    line = text.count("\n", 0, token.start) + 1
    column = token.start - text.rfind("\n", 0, token.start)
    return (
        f"Syntax error on line {line}, column {column}: "
        f"Expecting 'EOF' but found an unknown character ('{token.text}')."
    )
