# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read a schema statement from left to right, in either dialect: words, names, expressions.

What is a string is told by the lexer that also splits texts for authors: a semicolon or a keyword
within a string is neither. Of an expression its words are told, not what it means.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from airflow_spanner_lro.core.ddl.lexer import Dialect, TokenKind, UnclosedError, tokenize
from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ddl.lexer import DdlToken


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

# fmt: off
_RESERVED_IN_POSTGRESQL = frozenset({
    "ALL", "ANALYSE", "ANALYZE", "AND", "ANY", "ARRAY", "AS", "ASC", "ASYMMETRIC", "BOTH", "CASE",
    "CAST", "CHECK", "COLLATE", "COLUMN", "CONSTRAINT", "CREATE", "CURRENT_CATALOG",
    "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER",
    "DEFAULT", "DEFERRABLE", "DESC", "DISTINCT", "DO", "ELSE", "END", "EXCEPT", "FALSE", "FETCH",
    "FOR", "FOREIGN", "FROM", "GRANT", "GROUP", "HAVING", "IN", "INITIALLY", "INTERSECT", "INTO",
    "LATERAL", "LEADING", "LIMIT", "LOCALTIME", "LOCALTIMESTAMP", "NOT", "NULL", "OFFSET", "ON",
    "ONLY", "OR", "ORDER", "PLACING", "PRIMARY", "REFERENCES", "RETURNING", "SELECT",
    "SESSION_USER", "SOME", "SYMMETRIC", "TABLE", "THEN", "TO", "TRAILING", "TRUE", "UNION",
    "UNIQUE", "USER", "USING", "VARIADIC", "WHEN", "WHERE", "WINDOW", "WITH",
})
# fmt: on
"""The same in PostgreSQL."""


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


class Expression(NamedTuple):
    """What an expression speaks of.

    :param names: all words in it that are no functions, in small letters; columns are among them
    :param sequences: the sequences from which it takes values
    """

    names: tuple[str, ...]
    sequences: tuple[str, ...] = ()


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
            strange = google and token.text in ("$", "\\")
            if token.kind is TokenKind.SEMICOLON or foreign or strange:
                problem = f"Expecting 'EOF' but found an unknown character ('{token.text[:40]}')."
                raise errors.bad_statement(text, reason=_syntax(text, token.start, problem))
        if google:
            _require_valid_strings(text, found)
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

    def expect(self, *words: str) -> None:
        """Go on behind these words.

        :raises RpcError: if something else comes next.
        """
        for word in words:
            if not self.take(word):
                raise self.unexpected(word)

    def require_end(self) -> None:
        """Refuse a statement that goes on."""
        if not self.at_end:
            raise self.unexpected("EOF")

    def unexpected(self, expected: str) -> errors.RpcError:
        """Return the error about what comes next instead of something else."""
        found, start = "EOF", len(self.text)
        if not self.at_end:
            _, found, start = self._tokens[self._at]
        problem = f"Expecting '{expected}' but found '{found[:40]}'."
        return errors.bad_statement(self.text, reason=_syntax(self.text, start, problem))

    def identifier(self) -> str:
        """Read a name of one part, such as that of a column.

        :raises RpcError: if none comes next.
        """
        found = self._part(first=True)
        if found is None:
            raise self.unexpected("a name")
        return found

    def qualified(self) -> str:
        """Read a name, schema and all.

        :raises RpcError: if none comes next.
        """
        found = self.name()
        if found is None:
            raise self.unexpected("a name")
        return found

    def identifiers(self) -> tuple[str, ...]:
        """Read names of one part in parentheses, with commas between them.

        :raises RpcError: if there are none.
        """
        self.expect("(")
        found = [self.identifier()]
        while self.take(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    def integer(self) -> int:
        """Read a whole number.

        :raises RpcError: if none comes next.
        """
        sign = -1 if self.take("-") else 1
        token = None if self.at_end else self._tokens[self._at]
        if token is None or token.kind is not TokenKind.NUMBER:
            raise self.unexpected("a number")
        try:
            number = int(token.text, 16 if token.text[:2].lower() == "0x" else 10)
        except ValueError:
            raise self.unexpected("a number") from None
        self._at += 1
        return sign * number

    def text_in_quotes(self) -> str | None:
        """Read a string; None if none comes next."""
        is_text = not self.at_end and self._tokens[self._at].kind is TokenKind.STRING
        return self.value() if is_text else None

    def in_parentheses(self) -> Expression:
        """Read an expression in parentheses.

        :raises RpcError: if none comes next, or it is empty or has no end.
        """
        self.expect("(")
        found = self.expression()
        self.expect(")")
        return found

    def expression(self, *stops: str) -> Expression:
        """Read up to a comma or parenthesis that is none of its own, or to one of these words.

        :raises RpcError: if nothing stands before that.
        """
        start, depth = self._at, 0
        names: list[str] = []
        sequences: list[str] = []
        while not self.at_end:
            if self.take("GET_NEXT_SEQUENCE_VALUE", "(", "SEQUENCE"):
                depth += 1
                sequences.append(self.name() or "")
                continue
            if self.take("NEXTVAL", "("):
                depth += 1
                sequences.append((self.value() or "").removeprefix("public."))
                continue
            kind, text, _ = self._tokens[self._at]
            ends = text in (")", ",") or text.upper() in stops
            if not depth and ends and (self._at > start or text in (")", ",")):
                break
            depth += (text in ("(", "[")) - (text in (")", "]"))
            self._at += 1
            called = self.comes("(")
            if kind is TokenKind.QUOTED_NAME or (kind is TokenKind.WORD and not called):
                names.append(text.strip('`"').lower())
        if self._at == start:
            raise self.unexpected("an expression")
        return Expression(tuple(dict.fromkeys(names)), tuple(sequences))

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

    def _part(self, *, first: bool) -> str | None:
        """Read one part of a name."""
        if self.at_end:
            return None
        kind, text, _ = self._tokens[self._at]
        if kind is TokenKind.QUOTED_NAME:
            text = text[1:-1]
            # what else a name must be is told where a thing gets it
            if not text or text[0].isdigit():
                return None
        elif kind is not TokenKind.WORD or (first and self._reserved(text)):
            return None
        elif self.dialect is Dialect.POSTGRESQL:
            text = text.lower()
        self._at += 1
        return text

    def _reserved(self, word: str) -> bool:
        google = self.dialect is Dialect.GOOGLE_STANDARD_SQL
        return word.upper() in (_RESERVED if google else _RESERVED_IN_POSTGRESQL)


def statements_in(text: str, *, dialect: Dialect) -> tuple[str, ...]:
    """Return the statements of one text of a request.

    In PostgreSQL there may be several, with semicolons between them, as Google's samples for
    Node.js send them. In GoogleSQL a semicolon is a mistake, which the reader of the whole tells.
    """
    if dialect is Dialect.GOOGLE_STANDARD_SQL:
        return (text,)
    found: list[list[DdlToken]] = [[]]
    try:
        for token in tokenize(text, dialect=dialect):
            if token.kind is TokenKind.SEMICOLON:
                found.append([])
            else:
                found[-1].append(token)
    except UnclosedError:
        return (text,)
    several = [text[each[0].start : each[-1].end] for each in found if each]
    return tuple(several) if len(several) > 1 else (text,)


_ESCAPE = re.compile(
    r"\\(?:[abfnrtv\\?\"'`\n\r]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})|\\."
)


def _require_valid_strings(text: str, found: list[DdlToken]) -> None:
    """Refuse escapes that GoogleSQL has not, and strings without a space between them."""
    end = -1
    for token in found:
        if token.kind is not TokenKind.STRING:
            continue
        if token.start == end:
            problem = "Adjacent string literals must be separated by whitespace or comments."
            raise errors.bad_statement(text, reason=_syntax(text, token.start, problem))
        end = token.end
        raw = "r" in token.text[:2].lower().partition("'")[0].partition('"')[0]
        for escape in () if raw else _ESCAPE.findall(token.text):
            if len(escape) == 2 and escape[1] not in _ESCAPED:  # noqa: PLR2004 - of one letter
                problem = f"Illegal escape sequence: {escape}."
                raise errors.bad_statement(text, reason=_syntax(text, token.start, problem))


_ESCAPED = "abfnrtv\\?\"'`\n\r"


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
