# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Split an author's text into DDL statements, and refuse template values that would add one.

Spanner takes statements one by one and refuses a semicolon behind them, but files hold many, and a
semicolon within a string, a quoted name or a comment ends nothing. A text that the author of the
Dag wrote, in its file or in a ``.sql`` file, is split. An item of a list is one statement, and so
is a text that comes from a template or from another task as a whole.

Airflow renders templates before an operator sees its parameters, and what they put in may come from
whoever triggers a run: a value such as ``a INT64; DROP TABLE B;`` would add a statement to those
that the author of the Dag wrote. Therefore:

- no value holds a semicolon that ends a statement;
- a value that is put into a string, a quoted name or a comment stays in it to its end, and one that
  is put elsewhere ends all of these that it begins;
- what the author wrote means the same as with a plain name in place of each value: nothing of it
  gets into a string, a quoted name or a comment, or out of one.

A value may be a name, a type, a list of columns, a string with its quotes, or one whole statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import (
    BYTE_ORDER_MARK,
    Dialect,
    excerpt,
    line_number,
    tokenize_argument,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.core.ddl.lexer import DdlToken

_COMMENT_MARKS = ("--", "/*", "#")
_DECIDED_BY_DIALECT = frozenset(";\ufeff")
"""What makes the dialect matter: without it, a text is one statement as it stands."""
_FILE_NAME = re.compile(r"\S+\.sql")


@dataclass(frozen=True, slots=True)
class TextPart:
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

    pieces: tuple[TextPart, ...]
    several: bool

    @classmethod
    def from_author(cls, text: str, *, several: bool) -> DdlText:
        """Return a text that stands in the Dag's file as it is."""
        return cls(pieces=(TextPart(text, authored=True),), several=several)

    @classmethod
    def from_value(cls, text: str) -> DdlText:
        """Return a text that is a value as a whole: it is one statement."""
        return cls(pieces=(TextPart(text, authored=False),), several=False)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def authored(self) -> bool:
        """Whether any of it but white space was written by the author of the Dag."""
        return any(piece.authored and piece.text.strip() for piece in self.pieces)


def parse_statements(
    given: object,
    *,
    field: str,
    dialect: Callable[[], Dialect],
    texts: Sequence[DdlText] | None = None,
) -> list[str]:
    """Return the statements that were given as one text or as a list.

    :param given: a text of one or more statements with semicolons between them, or texts of one
        statement each
    :param field: the argument that they were given for
    :param dialect: tells the dialect; asked only if the end of a statement depends on it
    :param texts: the same text or texts, with where they come from; by default the author of the
        Dag wrote them as they are
    :raises InvalidArgumentError: if there is no statement in one of the texts, or one has no end;
        if an item of a list holds several; if a template changes what the author wrote
    """
    items = texts_in(given)
    if not items or not all(isinstance(item, str) for item in items):
        raise _nothing(given, field)
    alone = isinstance(given, str)
    if texts is None:
        texts = [DdlText.from_author(str(item), several=alone) for item in items]
    found: list[str] = []
    for index, text in enumerate(texts):
        name = field if alone else f"{field}[{index}]"
        statements = _statements(text, field=name, dialect=dialect)
        if not statements:
            # likely a template that rendered to nothing; the others alone are not what was meant
            raise _nothing(given, field)
        if len(statements) > 1 and not text.several:
            raise _several(text, field=name, alone=alone, count=len(statements))
        found += statements
    return found


def texts_in(given: object) -> list[object]:
    """Return the one text, or the items of a list; nothing of what can hold no statements."""
    if isinstance(given, str):
        return [given]
    # the keys of a mapping and the numbers of bytes are nobody's statements
    if isinstance(given, Iterable) and not isinstance(given, Mapping | bytes):
        return list(given)
    return []


@lru_cache(maxsize=32)
def split_statements(text: str, *, dialect: Dialect, field: str) -> tuple[str, ...]:
    """Return the statements of a text, each from its first word to its last.

    Comments and byte order marks before, behind and between statements are left out; comments
    within one stay.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end, or no start
    """
    statements: list[str] = []
    first: DdlToken | None = None
    last: DdlToken | None = None
    mark: DdlToken | None = None
    for token in tokenize_argument(text, dialect=dialect, field=field):
        if token.text == BYTE_ORDER_MARK:
            mark = token
        elif token.ends_statement:
            if first is not None and last is not None:
                statements.append(text[first.start : last.end])
            first = last = mark = None
        else:
            if last is not None:
                _require_joined(text, last, token, mark, dialect=dialect, field=field)
            first, last, mark = first or token, token, None
    return tuple(statements)


def _require_joined(
    text: str,
    last: DdlToken,
    token: DdlToken,
    mark: DdlToken | None,
    *,
    dialect: Dialect,
    field: str,
) -> None:
    """Refuse what cannot stand between two tokens of a statement, or be made of them."""
    if mark is not None:
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, last.start),
            rule=f"on line {line_number(text, mark.start)} a byte order mark, which nobody sees, "
            "stands within a statement. Save the file without it (as UTF-8 without BOM)",
        )
    if text[last.start : token.end] == "*/":
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, last.start),
            rule=f"the */ on line {line_number(text, last.start)} ends no comment"
            + (", as comments do not nest" if dialect is _FLAT else ""),
        )


_FLAT = Dialect.GOOGLE_STANDARD_SQL
"""The dialect in which a comment ends at the first ``*/``, however many began before."""


def _statements(ddl: DdlText, *, field: str, dialect: Callable[[], Dialect]) -> tuple[str, ...]:
    # some editors put it at the beginning of a file
    begin, *rest = ddl.pieces
    ddl = DdlText(
        pieces=(TextPart(begin.text.removeprefix(BYTE_ORDER_MARK), begin.authored), *rest),
        several=ddl.several,
    )
    text = ddl.text
    stripped = text.strip()
    if _FILE_NAME.fullmatch(stripped):
        raise InvalidArgumentError(
            field=field,
            value=stripped,
            rule="Airflow reads a file whose name is written in the Dag, and none whose name "
            "comes out of a template or another task",
        )
    check_template_values(ddl, field=field, dialect=dialect)
    if stripped.startswith(_COMMENT_MARKS) or not _DECIDED_BY_DIALECT.isdisjoint(stripped):
        # not the stripped text: lines are counted as they are in the author's file
        return split_statements(text, dialect=dialect(), field=field)
    return (stripped,) if stripped else ()


def _nothing(given: object, field: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        field=field,
        value=given,
        rule="expected one or more DDL statements as text, and no text without any",
    )


def _several(text: DdlText, *, field: str, alone: bool, count: int) -> InvalidArgumentError:
    if alone:
        rule = (
            f"it holds {count} statements and comes from a template, another task or "
            "expand_kwargs; only a text that is written in the Dag's file or in a .sql file is "
            "split. Let it be a list with one statement in each item"
        )
    else:
        rule = (
            f"it holds {count} statements, and an item of a list is exactly one; give each an item "
            "of its own, or write all of them as one text or in a .sql file"
        )
    return InvalidArgumentError(field=field, value=text.text, rule=rule)


# --- values that templates put in ---

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


def check_template_values(text: DdlText, *, field: str, dialect: Callable[[], Dialect]) -> None:
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
                rule=f"a template puts this in on line {line_number(before, len(before))}, and "
                f"{problem}. {_ADVICE}",
            )


def _plain(pieces: Sequence[TextPart]) -> bool:
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


def _with_stand_ins(pieces: Sequence[TextPart]) -> tuple[TextPart, ...]:
    return tuple(
        piece if piece.authored else TextPart(_STAND_IN, authored=False) for piece in pieces
    )


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
    for token in tokenize_argument(text, dialect=dialect, field=field):
        start, end = token.start, min(token.end, len(text))
        if token.is_quoted:
            quoted.append((start, end))
        for index in range(start, end):
            if token.is_quoted:
                classes[index] = _QUOTED
            elif not text[index].isspace():
                classes[index] = _END if token.ends_statement else _CODE
    return _Reading("".join(classes), tuple(quoted))


def _classes_of_author(pieces: Sequence[TextPart], *, dialect: Dialect, field: str) -> list[str]:
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


def _spans(pieces: Sequence[TextPart]) -> list[tuple[int, int]]:
    spans, at = [], 0
    for piece in pieces:
        spans.append((at, at + len(piece.text)))
        at += len(piece.text)
    return spans


def _problem(
    pieces: Sequence[TextPart], expected: Sequence[str], *, dialect: Dialect
) -> str | None:
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
