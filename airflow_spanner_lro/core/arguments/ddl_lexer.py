# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a text of DDL consists of, by the lexical rules of each of the two dialects.

Both sides of the wire read DDL: whoever splits a file into statements, and the emulator. They must
agree on what is a string, a quoted name or a comment, as a semicolon in one of these ends nothing.

GoogleSQL: ``--`` and ``#`` begin a comment, ``/* */`` do not nest; strings in one or three quotes
of either sort, where a backslash keeps the next character from ending the string, in raw strings
too; names in backticks. PostgreSQL: ``--`` begins a comment, ``/* */`` nest; strings in single
quotes, with a backslash of that meaning only behind an ``E``; dollar quotes; names in double
quotes. A quote within quotes of its kind is written twice there.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from airflow_spanner_lro.core.arguments.dialects import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put at the beginning of a file, so that joined files have it anywhere."""


class Kind(Enum):
    """What a token is; white space and comments are none."""

    WORD = auto()
    NUMBER = auto()
    STRING = auto()
    QUOTED_NAME = auto()
    SEMICOLON = auto()
    SYMBOL = auto()
    """Any other character by itself."""


class Token(NamedTuple):
    """One word, number, string, quoted name, semicolon or other character.

    :param kind: which of them
    :param text: as it stands in the text, quotes and all
    :param start: the place of its first character
    """

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The place behind its last character."""
        return self.start + len(self.text)


class UnclosedError(ValueError):
    """A string, a quoted name or a comment has no end.

    :param start: where it begins
    """

    def __init__(self, start: int) -> None:
        super().__init__(f"What begins at character {start} has no end.")
        self.start = start


def tokens(text: str, *, dialect: Dialect) -> Iterator[Token]:
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
            yield Token(_KINDS[name], found[0], at)
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
_KINDS: Mapping[str, Kind] = {
    "word": Kind.WORD,
    "number": Kind.NUMBER,
    "string": Kind.STRING,
    "quoted": Kind.QUOTED_NAME,
    "semicolon": Kind.SEMICOLON,
    "symbol": Kind.SYMBOL,
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
_ESCAPED = r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'"
_POSTGRES = (
    rf"""
    (?P<skipped>(?:[ \t\r\n\f\v]|--[^\r\n]*)+)
    |(?P<nesting>/\*)
    |(?P<string>[eE]{_ESCAPED}(?:{_GOES_ON}{_ESCAPED})*
        |(?:[bBnNxX]|[uU]&)?'[^']*(?:''[^']*)*'
        |(?P<tag>\$(?:[{_BEGINS_NAME}][0-9{_BEGINS_NAME}]*)?\$).*?(?P=tag))
    |(?P<quoted>(?:[uU]&)?"[^"]*(?:""[^"]*)*")
    |(?P<unclosed>(?:[eEbBnNxX]|[uU]&)?'|(?:[uU]&)?"|\$(?:[{_BEGINS_NAME}][0-9{_BEGINS_NAME}]*)?\$)
    |(?P<word>[{_BEGINS_NAME}][$0-9{_BEGINS_NAME}]*)
    """
    + _REST
)
_PATTERNS: Mapping[Dialect, re.Pattern[str]] = {
    Dialect.GOOGLE_STANDARD_SQL: re.compile(_GOOGLE, re.DOTALL | re.VERBOSE),
    Dialect.POSTGRESQL: re.compile(_POSTGRES, re.DOTALL | re.VERBOSE),
}
