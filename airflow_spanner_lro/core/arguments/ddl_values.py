# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a template may put into a text of DDL: anything that leaves the text around it as it is.

Airflow renders templates before an operator sees its parameters, and what they put in may come from
whoever triggers a run. A text is split at semicolons, so a value such as ``a INT64; DROP TABLE B;``
would add a statement to those that the author of the Dag wrote. Therefore:

- no value holds a semicolon that ends a statement;
- a value that is put into a string, a quoted name or a comment stays in it to its end, and one that
  is put elsewhere ends all of these that it begins;
- what the author wrote means the same as with a plain name in place of each value: nothing of it
  gets into a string, a quoted name or a comment, or out of one.

A value may be a name, a type, a list of columns, a string with its quotes, or one whole statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.arguments.ddl_tokens import (
    ends_statement,
    is_quoted,
    line_of,
    tokens_of,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.core.arguments.dialects import Dialect

_PLAIN = re.compile(r"(?:[\w.,()<>= ]|(?<=\w)[-:/](?=\w))*")
"""Values that mean the same in both dialects, unless one of the following marks comes next."""
_MARKS = ("'", '"', "`", "-", "/", "*", "$")
"""What makes a string or a comment of what stands before it: a prefix, or another mark."""
_TAG_MARK = "$"
"""What must not be in the text around a plain value, which could be the tag of a string."""
_STAND_IN = "_0"
"""A plain name that is no prefix of a string in either dialect."""

_SEMICOLON = (
    "its semicolon would end a statement, which only the text that the author of the Dag wrote may "
    "do"
)
_QUOTES = (
    "its quotes, backslashes or comment marks would change what the text around it means, or where "
    "its statements end"
)
_ADVICE = (
    "Check where the value comes from. Statements that another task or a caller makes are given as "
    "a list with one in each item"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    :param text: the part
    :param authored: it stands in the Dag's file, or in a file that is named there; otherwise a
        template or another task has put it in
    """

    text: str
    authored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DdlText:
    """A text of DDL, with where each part of it comes from.

    :param pieces: its parts, in order
    :param several: it may hold more than one statement
    """

    pieces: tuple[Piece, ...]
    several: bool

    @classmethod
    def written(cls, text: str, *, several: bool) -> DdlText:
        """Return a text that stands in the Dag's file as it is."""
        return cls(pieces=(Piece(text, authored=True),), several=several)

    @classmethod
    def put_in(cls, text: str) -> DdlText:
        """Return a text that is a value as a whole: it is one statement."""
        return cls(pieces=(Piece(text, authored=False),), several=False)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def authored(self) -> bool:
        """Whether any of it but white space was written by the author of the Dag."""
        return any(piece.authored and piece.text.strip() for piece in self.pieces)


def require_harmless(text: DdlText, *, field: str, dialect: Callable[[], Dialect]) -> None:
    """Refuse a text if a value in it changes what the author wrote.

    :param field: the argument that the text was given for
    :param dialect: tells the dialect; asked only if the values are not plain
    :raises InvalidArgumentError: if one does; the error shows it
    """
    pieces = text.pieces
    if not text.authored or all(piece.authored for piece in pieces) or _plain(pieces):
        return
    known = dialect()
    expected = _classes_of_author(pieces, dialect=known, field=field)
    if _problem(pieces, expected, dialect=known) is None:
        return
    # which of them: with stand-ins for those behind it, the first one that does harm
    for index, piece in enumerate(pieces):
        if piece.authored:
            continue
        tried = (*pieces[: index + 1], *_with_stand_ins(pieces[index + 1 :]))
        if problem := _problem(tried, expected, dialect=known):
            before = "".join(each.text for each in pieces[:index])
            raise InvalidArgumentError(
                field=field,
                value=piece.text,
                rule=f"a template puts this in on line {line_of(before, len(before))}, and "
                f"{problem}. {_ADVICE}",
            )


def _plain(pieces: Sequence[Piece]) -> bool:
    """Tell whether no value can do harm, in whatever dialect."""
    for piece, after in zip_longest(pieces, pieces[1:]):
        if piece.authored:
            harmless = _TAG_MARK not in piece.text
        else:
            followed = after is not None and after.text.startswith(_MARKS)
            harmless = bool(_PLAIN.fullmatch(piece.text)) and not followed
        if not harmless:
            return False
    return True


def _with_stand_ins(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(piece if piece.authored else Piece(_STAND_IN, authored=False) for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the lexer makes of a text.

    :param classes: for each character of it, what it is part of
    :param quoted: where each string and quoted name begins and ends
    """

    classes: str
    quoted: tuple[tuple[int, int], ...]


_END, _QUOTED, _CODE, _COMMENT, _SPACE = ";qc# "
"""The classes of characters. White space is one of its own unless it is quoted."""


def _read(text: str, *, dialect: Dialect, field: str) -> _Reading:
    classes = [_SPACE if each.isspace() else _COMMENT for each in text]
    quoted = []
    for token in tokens_of(text, dialect=dialect, field=field):
        start, end = token.start, min(token.end, len(text))
        if is_quoted(token):
            quoted.append((start, end))
        for index in range(start, end):
            if is_quoted(token):
                classes[index] = _QUOTED
            elif not text[index].isspace():
                classes[index] = _END if ends_statement(token) else _CODE
    return _Reading("".join(classes), tuple(quoted))


def _classes_of_author(pieces: Sequence[Piece], *, dialect: Dialect, field: str) -> list[str]:
    """Return what each piece would be with stand-ins for all values."""
    plain = _with_stand_ins(pieces)
    try:
        reading = _read("".join(piece.text for piece in plain), dialect=dialect, field=field)
    except InvalidArgumentError as exc:
        raise InvalidArgumentError(
            field=field,
            value=exc.value,
            rule=f"{exc.rule}, leaving aside what templates put in",
        ) from exc
    return [reading.classes[start:end] for start, end in _spans(plain)]


def _spans(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    spans, at = [], 0
    for piece in pieces:
        spans.append((at, at + len(piece.text)))
        at += len(piece.text)
    return spans


def _problem(pieces: Sequence[Piece], expected: Sequence[str], *, dialect: Dialect) -> str | None:
    """Return what is wrong with the values in a text, None if nothing is.

    :param expected: the classes of each piece, with stand-ins for all values
    """
    try:
        reading = _read("".join(piece.text for piece in pieces), dialect=dialect, field="")
    except InvalidArgumentError:
        return _QUOTES
    problem = None
    for piece, (start, end), classes in zip(pieces, _spans(pieces), expected, strict=True):
        found = reading.classes[start:end]
        if piece.authored:
            problem = problem or (None if found == classes else _QUOTES)
        elif _END in found:
            return _SEMICOLON
        elif not _stays(reading, start, end, where=classes[0]):
            problem = _QUOTES
    return problem


def _stays(reading: _Reading, start: int, end: int, *, where: str) -> bool:
    """Tell whether a value stays in the string, quoted name or comment that it was put into.

    :param where: the class of its stand-in
    """
    if where == _QUOTED:
        return any(first < start and end < last for first, last in reading.quoted)
    if where == _COMMENT:
        return not {_QUOTED, _CODE} & set(reading.classes[start:end])
    return not any(first < place < last for first, last in reading.quoted for place in (start, end))
