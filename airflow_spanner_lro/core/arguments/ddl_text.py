# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where one DDL statement ends and the next begins, and how many a text may hold.

Spanner takes statements one by one and refuses a semicolon behind them, but files hold many, and a
semicolon within a string, a quoted name or a comment ends nothing. A text that the author of the
Dag wrote, in its file or in a ``.sql`` file, is split. An item of a list is one statement, and so
is a text that comes from a template or from another task as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.arguments.ddl_lexer import BYTE_ORDER_MARK
from airflow_spanner_lro.core.arguments.ddl_tokens import (
    ends_statement,
    excerpt,
    line_of,
    tokens_of,
)
from airflow_spanner_lro.core.arguments.ddl_values import DdlText, Piece, require_harmless
from airflow_spanner_lro.core.arguments.dialects import Dialect
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.core.arguments.ddl_lexer import Token

_COMMENT_MARKS = ("--", "/*", "#")
_DECIDED_BY_DIALECT = frozenset(";\ufeff")
"""What makes the dialect matter: without it, a text is one statement as it stands."""
_FILE_NAME = re.compile(r"\S+\.sql")


def read_statements(
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
        texts = [DdlText.written(str(item), several=alone) for item in items]
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
def split(text: str, *, dialect: Dialect, field: str) -> tuple[str, ...]:
    """Return the statements of a text, each from its first word to its last.

    Comments and byte order marks before, behind and between statements are left out; comments
    within one stay.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end, or no start
    """
    statements: list[str] = []
    first: Token | None = None
    last: Token | None = None
    mark: Token | None = None
    for token in tokens_of(text, dialect=dialect, field=field):
        if token.text == BYTE_ORDER_MARK:
            mark = token
        elif ends_statement(token):
            if first is not None and last is not None:
                statements.append(text[first.start : last.end])
            first = last = mark = None
        else:
            if last is not None:
                _require_joined(text, last, token, mark, dialect=dialect, field=field)
            first, last, mark = first or token, token, None
    return tuple(statements)


def _require_joined(
    text: str, last: Token, token: Token, mark: Token | None, *, dialect: Dialect, field: str
) -> None:
    """Refuse what cannot stand between two tokens of a statement, or be made of them."""
    if mark is not None:
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, last.start),
            rule=f"on line {line_of(text, mark.start)} a byte order mark, which nobody sees, "
            "stands within a statement. Save the file without it (as UTF-8 without BOM)",
        )
    if text[last.start : token.end] == "*/":
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, last.start),
            rule=f"the */ on line {line_of(text, last.start)} ends no comment"
            + (", as comments do not nest" if dialect is _FLAT else ""),
        )


_FLAT = Dialect.GOOGLE_STANDARD_SQL
"""The dialect in which a comment ends at the first ``*/``, however many began before."""


def _statements(ddl: DdlText, *, field: str, dialect: Callable[[], Dialect]) -> tuple[str, ...]:
    # some editors put it at the beginning of a file
    begin, *rest = ddl.pieces
    ddl = DdlText(
        pieces=(Piece(begin.text.removeprefix(BYTE_ORDER_MARK), begin.authored), *rest),
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
    require_harmless(ddl, field=field, dialect=dialect)
    if stripped.startswith(_COMMENT_MARKS) or not _DECIDED_BY_DIALECT.isdisjoint(stripped):
        # not the stripped text: lines are counted as they are in the author's file
        return split(text, dialect=dialect(), field=field)
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
