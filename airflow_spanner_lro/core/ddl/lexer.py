# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Split DDL into tokens, by the lexical rules of each of Spanner's two dialects.

Both sides of the wire read DDL: whoever splits a file into statements, and the emulator. They must
agree on what is a string, a quoted name or a comment, as a semicolon in one of these ends nothing.

GoogleSQL: ``--`` and ``#`` begin a comment, ``/* */`` do not nest; strings in one or three quotes
of either sort, where a backslash keeps the next character from ending the string, in raw strings
too; names in backticks. PostgreSQL: ``--`` begins a comment, ``/* */`` nest; strings in single
quotes, with a backslash of that meaning only behind an ``EnumT``; dollar quotes; names in double
quotes. A quote within quotes of its kind is written twice there.
"""

from __future__ import annotations

import re
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, NamedTuple

from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Dialect(StrEnum):
    """``google.spanner.admin.database.v1.DatabaseDialect``; a database keeps its own for life."""

    GOOGLE_STANDARD_SQL = "GOOGLE_STANDARD_SQL"
    POSTGRESQL = "POSTGRESQL"

    @classmethod
    def of(cls, text: object, *, field: str) -> Dialect:
        """Return the dialect that an author means.

        :param text: the API's name of it, in any case
        :param field: the argument that the text was given for
        :raises InvalidArgumentError: if it names none
        """
        name = text.upper() if isinstance(text, str) else None
        if name not in set(cls):
            raise InvalidArgumentError(
                field=field, value=text, rule=f"it is one of {', '.join(cls)}"
            )
        return cls(name)

    @classmethod
    def of_number(cls, number: int) -> Dialect:
        """Return the dialect to which the API gives a number.

        :raises ValueError: if it gives it to none
        """
        for dialect in cls:
            if dialect.number == number:
                return dialect
        message = f"there is no dialect {number}"
        raise ValueError(message)

    @property
    def number(self) -> int:
        """The number that the API gives it."""
        return 1 if self is Dialect.GOOGLE_STANDARD_SQL else 2

    def quoted(self, identifier: str) -> str:
        """Return an identifier in quotes, which it needs if it has a hyphen or is a keyword."""
        quote = "`" if self is Dialect.GOOGLE_STANDARD_SQL else '"'
        return f"{quote}{identifier}{quote}"


BYTE_ORDER_MARK = "\ufeff"
"""What some editors put at the beginning of a file, so that joined files have it anywhere."""


class TokenKind(Enum):
    """What a token is; white space and comments are none."""

    WORD = auto()
    NUMBER = auto()
    STRING = auto()
    QUOTED_NAME = auto()
    SEMICOLON = auto()
    SYMBOL = auto()
    """Any other character by itself."""


class DdlToken(NamedTuple):
    """One word, number, string, quoted name, semicolon or other character.

    :param kind: which of them
    :param text: as it stands in the text, quotes and all
    :param start: the place of its first character
    """

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The place behind its last character."""
        return self.start + len(self.text)

    @property
    def ends_statement(self) -> bool:
        """It is a semicolon."""
        return self.kind is TokenKind.SEMICOLON

    @property
    def is_quoted(self) -> bool:
        """It is a string or a quoted name, of any sort."""
        return self.kind in (TokenKind.STRING, TokenKind.QUOTED_NAME)


class UnclosedError(ValueError):
    """A string, a quoted name or a comment has no end.

    :param start: where it begins
    """

    def __init__(self, start: int) -> None:
        super().__init__(f"What begins at character {start} has no end.")
        self.start = start


def tokenize(text: str, *, dialect: Dialect) -> Iterator[DdlToken]:
    """Yield the tokens of a text, in order.

    :raises UnclosedError: if a string, a quoted name or a comment has no end
    """
    match = _PATTERNS[dialect].match
    at, end = 0, len(text)
    while at < end:
        found = match(text, at)
        # each pattern ends with "any character"
        assert found is not None  # noqa: S101
        name = str(found.lastgroup)
        if name == "unclosed":
            raise UnclosedError(at)
        if name == "nesting":
            at = _end_of_nesting(text, at)
            continue
        if name != "skipped":
            yield DdlToken(_KINDS[name], found[0], at)
        at = found.end()


def _end_of_nesting(text: str, start: int) -> int:
    """Return the place behind a comment that may hold others."""
    depth = 0
    for mark in _COMMENT_MARKS.finditer(text, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    raise UnclosedError(start)


_COMMENT_MARKS = re.compile(r"/\*|\*/")
_KINDS: Mapping[str, TokenKind] = {
    "word": TokenKind.WORD,
    "number": TokenKind.NUMBER,
    "string": TokenKind.STRING,
    "quoted": TokenKind.QUOTED_NAME,
    "semicolon": TokenKind.SEMICOLON,
    "symbol": TokenKind.SYMBOL,
}

_REST = r"|(?P<number>\d[\w.]*)|(?P<semicolon>;)|(?P<symbol>.)"

# a string of one line ends with that line, and an opening of three quotes is never two strings
_GOOGLE = (
    r"""
    (?P<skipped>(?:\s|--[^\r\n]*|\#[^\r\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)+)
    |(?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:
        '''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
        |\"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"
        |'(?!'')[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'
        |"(?!"")[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"
    ))
    |(?P<quoted>`[^`\\\r\n]*(?:\\.[^`\\\r\n]*)*`)
    |(?P<unclosed>(?:[rR][bB]?|[bB][rR]?)?['"]|`|/\*)
    |(?P<word>[^\W\d]\w*)
    """
    + _REST
)

_BEGINS_NAME = r"A-Za-z_\x80-\ufefe\uff00-\U0010ffff"
# a string goes on in the next line if nothing but white space and comments stands between;
# possessive, as the text of a comment could else be cut in ever so many ways
_GOES_ON = r"(?:[ \t\f\v]|--[^\r\n]*+)*+[\r\n](?:[ \t\r\n\f\v]|--[^\r\n]*+[\r\n])*+"
# possessive, as a quote that is written twice never ends one string and begins another
_ESCAPED = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_POSTGRES = (
    rf"""
    (?P<skipped>(?:[ \t\r\n\f\v]|--[^\r\n]*)+)
    |(?P<nesting>/\*)
    |(?P<string>[eE]{_ESCAPED}(?:{_GOES_ON}{_ESCAPED})*
        |[bBxX]'[^']*'
        |(?:[nN]|[uU]&)?'[^']*+(?:''[^']*+)*+'
        |(?P<tag>\$(?:[{_BEGINS_NAME}][0-9{_BEGINS_NAME}]*)?\$).*?(?P=tag))
    |(?P<quoted>(?:[uU]&)?"[^"]*+(?:""[^"]*+)*+")
    |(?P<unclosed>(?:[eEbBnNxX]|[uU]&)?'|(?:[uU]&)?"|\$(?:[{_BEGINS_NAME}][0-9{_BEGINS_NAME}]*)?\$)
    |(?P<word>[{_BEGINS_NAME}][$0-9{_BEGINS_NAME}]*)
    """
    + _REST
)
_PATTERNS: Mapping[Dialect, re.Pattern[str]] = {
    Dialect.GOOGLE_STANDARD_SQL: re.compile(_GOOGLE, re.DOTALL | re.VERBOSE),
    Dialect.POSTGRESQL: re.compile(_POSTGRES, re.DOTALL | re.VERBOSE),
}


_EXCERPT = 40


def tokenize_argument(text: str, *, dialect: Dialect, field: str) -> list[DdlToken]:
    """Return the tokens of a text, and behind them a semicolon that is put behind every text.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end
    """
    try:
        return [*tokenize(text, dialect=dialect), DdlToken(TokenKind.SEMICOLON, ";", len(text))]
    except UnclosedError as exc:
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, exc.start),
            rule="the string, quoted name or comment that begins on line "
            f"{line_number(text, exc.start)} has no end",
        ) from exc


def line_number(text: str, position: int) -> int:
    """Return the number of the line of a position."""
    return text.count("\n", 0, position) + 1


def excerpt(text: str, start: int) -> str:
    """Return the beginning of a part of a text, on one line."""
    return " ".join(text[start : start + _EXCERPT].split())
