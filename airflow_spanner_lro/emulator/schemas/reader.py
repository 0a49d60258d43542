# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read a schema statement from left to right, in either dialect: words, names, references.

What is a string is told by the lexer that also splits texts for authors: a semicolon or a keyword
within a string is neither. Expressions are not understood: a view needs what stands behind FROM
and JOIN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect, TokenKind, UnclosedError, tokenize
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ddl.lexer import DdlToken


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


_QUOTED = re.compile(r"(?:[A-Za-z]*|[uU]&)(\"\"\"|'''|[\"'`]|\$[^$]*\$)(.*)\1", re.DOTALL)
_VALUES = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.WORD})
_BEGINNINGS = ("ALTER", "DROP")
# fmt: off
_KINDS = frozenset({
    "CHANGE", "DATABASE", "FUNCTION", "INDEX", "LOCALITY", "MODEL", "PLACEMENT", "PROPERTY",
    "PROTO", "ROLE", "SCHEMA", "SEARCH", "SEQUENCE", "STATISTICS", "TABLE", "UNIQUE", "VECTOR",
    "VIEW",
})
# fmt: on
_PRIVILEGES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "USAGE", "ROLE"})
_DEFAULT_SCHEMA = "public"


class StatementReader:
    """Reads a statement from left to right.

    :raises RpcError: if it holds what can be in no statement: a semicolon (which may stand at the
        end in PostgreSQL), the beginning of another statement, or a string without an end.
    """

    def __init__(self, text: str, *, dialect: Dialect) -> None:
        self.dialect = dialect
        self._at = 0
        try:
            found = list(tokenize(text, dialect=dialect))
        except UnclosedError as exc:
            problem = "Encountered a string, a quoted name or a comment without an end."
            raise errors.bad_statement(text, reason=_syntax(text, exc.start, problem)) from exc
        google = dialect is Dialect.GOOGLE_STANDARD_SQL
        end = len(text)
        while not google and found and found[-1].kind is TokenKind.SEMICOLON:
            end = found.pop().start
        self.text = text[:end]
        for token in found:
            foreign = (
                google
                and token.kind in (TokenKind.WORD, TokenKind.SYMBOL)
                and not token.text.isascii()
            )
            if token.kind is TokenKind.SEMICOLON or foreign:
                problem = f"Expecting 'EOF' but found an unknown character ('{token.text[:40]}')."
                raise errors.bad_statement(text, reason=_syntax(text, token.start, problem))
        self._tokens = found
        if (second := _second_statement(found)) is not None:
            problem = f"Expecting 'EOF' but found '{second.text}'."
            raise errors.bad_statement(text, reason=_syntax(text, second.start, problem))

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    @property
    def place(self) -> int:
        """How far it has been read; set it to read a part again."""
        return self._at

    @place.setter
    def place(self, place: int) -> None:
        self._at = place

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
                # what is in it may be named with it and without it
                given = self.dialect is Dialect.POSTGRESQL and parts[0] == _DEFAULT_SCHEMA
                return ".".join(parts[1:] if given and len(parts) > 1 else parts)
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
        """Read a string, a number or a word; None if none comes next.

        In PostgreSQL it may be in double quotes, too.
        """
        quoted = self.dialect is Dialect.POSTGRESQL
        if self.at_end:
            return None
        token = self._tokens[self._at]
        if token.kind not in _VALUES and not (quoted and token.kind is TokenKind.QUOTED_NAME):
            return None
        self._at += 1
        found = (
            None
            if token.kind in (TokenKind.WORD, TokenKind.NUMBER)
            else _QUOTED.fullmatch(token.text)
        )
        return token.text if found is None else found[2]

    def skip(self) -> str:
        """Go on behind the next token, whatever it is, and return it."""
        self._at += 1
        return self._tokens[self._at - 1].text

    def comes(self, *words: str) -> bool:
        """Tell whether one of these words comes next."""
        return not self.at_end and self._tokens[self._at].text.upper() in words

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
        if kind is TokenKind.QUOTED_NAME:
            text = text[1:-1]
            if not all(_NAME.fullmatch(part) for part in text.split(".")):
                return None
        elif kind is not TokenKind.WORD or (first and self._reserved(text)):
            return None
        elif self.dialect is Dialect.POSTGRESQL:
            text = text.lower()
        self._at += 1
        return text

    def _reserved(self, word: str) -> bool:
        return self.dialect is Dialect.GOOGLE_STANDARD_SQL and word.upper() in _RESERVED


def _second_statement(found: list[DdlToken]) -> DdlToken | None:
    """Return the first word of a second statement: somebody forgot the semicolon before it."""
    depth = 0
    for index, (before, token) in enumerate(pairwise(found), start=2):
        depth += (before.text == "(") - (before.text == ")")
        if depth or token.kind is not TokenKind.WORD or before.text in (".", ","):
            continue
        word = token.text.upper()
        if word not in _FIRST_WORDS:
            continue
        following = [each.text.upper() for each in found[index : index + 2]]
        kind = following[0] if following else ""
        named = len(following) > 1 and kind in _KINDS
        if (
            word == "CREATE"
            or (word in _BEGINNINGS and named)
            or (word == "RENAME" and kind == "TABLE")
            or (word in ("GRANT", "REVOKE") and kind in _PRIVILEGES)
        ):
            return token
    return None


_FIRST_WORDS = frozenset({"CREATE", "RENAME", "GRANT", "REVOKE", *_BEGINNINGS})


def _syntax(text: str, start: int, problem: str) -> str:
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return f"Syntax error on line {line}, column {column}: {problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a statement refers to.

    :param sources: the tables and views that a view reads
    :param foreign_keys: names of constraints, or empty, with the tables that they refer to
    :param tracked: the tables that a change stream names; None if the statement has no FOR
    :param sequences: the columns that take their values from a sequence, with its name
    :param released: constraints and columns that lose what they had
    """

    sources: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[str, str], ...] = ()
    tracked: tuple[str, ...] | None = None
    sequences: tuple[tuple[str, str], ...] = ()
    released: tuple[str, ...] = ()

    def renamed(self, old: str, new: str) -> References:
        """Return the references after a table has got another name."""

        def moved(name: str) -> str:
            return new if name.lower() == old.lower() else name

        tracked = None if self.tracked is None else tuple(map(moved, self.tracked))
        keys = tuple((constraint, moved(table)) for constraint, table in self.foreign_keys)
        sources = tuple(map(moved, self.sources))
        return replace(self, sources=sources, foreign_keys=keys, tracked=tracked)


NO_REFERENCES = References()
"""Of a statement that needs nothing else."""


def view_references(reader: StatementReader) -> References:
    """Read the rest of a view."""
    found: list[str] = []
    while not reader.at_end:
        if not reader.take("FROM") and not reader.take("JOIN"):
            reader.skip()
            continue
        while (name := reader.name()) is not None:
            found.append(name)
            reader.take("AS")
            if not reader.comes("JOIN", "WHERE", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "ON"):
                reader.name()
            if not reader.take(","):
                break
    return References(sources=tuple(found))


def change_stream_references(reader: StatementReader) -> References:
    """Read the rest of a change stream: the tables that it names, columns left aside."""
    while not reader.at_end and not reader.comes("FOR"):
        reader.skip()
    if not reader.take("FOR") or reader.take("ALL"):
        return References(tracked=())
    found: list[str] = []
    while (name := reader.name()) is not None:
        found.append(name)
        if reader.comes("("):
            while not reader.at_end and reader.skip() != ")":
                pass
        if not reader.take(","):
            break
    return References(tracked=tuple(found))


def table_references(reader: StatementReader) -> References:
    """Read the rest of CREATE TABLE or ALTER TABLE."""
    table = _Table(reader)
    while not reader.at_end:
        if not (table.alters() or table.refers() or table.takes_values()):
            table.goes_on()
    return References(
        foreign_keys=tuple((name, other) for name, other in table.keys if other),
        sequences=tuple(table.sequences),
        released=tuple(table.released),
    )


class _Table:
    """What has been read of a table, clause by clause; each method reads one if it comes next."""

    def __init__(self, reader: StatementReader) -> None:
        self.keys: list[tuple[str, str]] = []
        self.sequences: list[tuple[str, str]] = []
        self.released: list[str] = []
        self._reader = reader
        self._column = ""
        self._depth = 0

    def alters(self) -> bool:
        """Read ADD, ALTER, DROP or SET DEFAULT, and which column or constraint they are about."""
        reader = self._reader
        if self._depth:
            return False
        if reader.take("DROP"):
            if reader.take("DEFAULT"):
                self.released.append(self._column)
                return True
            if not reader.take("CONSTRAINT"):
                reader.take("COLUMN")
            reader.take("IF", "EXISTS")
            self.released.append(reader.name() or "")
            return True
        if reader.take("SET", "DEFAULT"):
            self.released.append(self._column)
            return True
        if not reader.take("ADD") and not reader.take("ALTER"):
            return False
        if not reader.comes("CONSTRAINT", "FOREIGN", "CHECK", "ROW", "SYNONYM"):
            reader.take("COLUMN")
            reader.take("IF", "NOT", "EXISTS")
            self._column = reader.name() or ""
        return True

    def refers(self) -> bool:
        """Read a foreign key, with the name of its constraint."""
        reader = self._reader
        named = reader.take("CONSTRAINT")
        constraint = (reader.name() or "") if named else ""
        if not reader.comes("FOREIGN", "REFERENCES"):
            return named
        self.keys.append((constraint, _referenced(reader)))
        return True

    def takes_values(self) -> bool:
        """Read where a column takes its values from a sequence."""
        reader = self._reader
        if reader.take("GET_NEXT_SEQUENCE_VALUE", "(", "SEQUENCE"):
            sequence = reader.name()
        elif reader.take("NEXTVAL", "("):
            sequence = (reader.value() or "").removeprefix("public.")
        else:
            return False
        self._depth += 1
        self.sequences.append((self._column, sequence or ""))
        return True

    def goes_on(self) -> None:
        """Leave a token aside, and note the column if one begins behind it."""
        mark = self._reader.skip()
        self._depth += (mark == "(") - (mark == ")")
        begins = self._depth == 1 and mark in ("(", ",")
        if begins and not self._reader.comes("CONSTRAINT", "FOREIGN"):
            self._column = self._reader.name() or ""


def _referenced(reader: StatementReader) -> str:
    """Go on to REFERENCES, and return the table that it names."""
    depth = 0
    while not reader.at_end and not (depth <= 0 and reader.comes("REFERENCES")):
        mark = reader.skip()
        depth += (mark == "(") - (mark == ")")
    return (reader.name() or "") if reader.take("REFERENCES") else ""
