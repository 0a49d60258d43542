# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where one DDL statement ends and the next begins.

Spanner takes statements one by one and refuses a semicolon behind them, but files hold many, and a
semicolon within a string, a quoted name or a comment ends nothing. Which of these there are is
the dialect's business, and sqlglot's tokenizers know both. They are asked for nothing else: the
statements are the author's own text, as sqlglot does not understand all of Spanner's DDL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spanner_lro.core.arguments.dialects import Dialect
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTE_ORDER_MARK = "\ufeff"
_COMMENT_MARKS = ("--", "/*", "#")
_IGNORED = re.compile(r"(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
"""White space and whole comments, which is what the tokenizers make no token of."""

_END = "\n;"
"""Put behind a text: a construct without an end swallows it, and so gives itself away."""

_EXCERPT = 40
_FILE_NAME = re.compile(r"\S+\.sql")


def read_statements(given: object, *, field: str, dialect: Callable[[], Dialect]) -> list[str]:
    """Return the statements that an author gave as one text or several.

    :param given: texts of one or more statements each, with semicolons between them
    :param field: the argument that they were given for
    :param dialect: tells the dialect; asked only if the end of a statement depends on it
    :raises InvalidArgumentError: if there is no statement in one of the texts, or one has no end
    """
    texts = _texts(given)
    found: list[str] = []
    for text in texts:
        statements = _statements(text, field=field, dialect=dialect)
        if not statements:
            # likely a template that rendered to nothing; the others alone are not what was meant
            texts = []
            break
        found += statements
    if not texts:
        raise InvalidArgumentError(
            field=field,
            value=given,
            rule="expected one or more DDL statements as text, and no text without any",
        )
    return found


@lru_cache(maxsize=32)
def split(text: str, *, dialect: Dialect, field: str) -> tuple[str, ...]:
    """Return the statements of a text, each from its first word to its last.

    Comments before, behind and between statements are left out; those within one stay.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end, or no start
    """
    statements: list[str] = []
    first: Any = None
    last: Any = None
    for token in _tokens(text, dialect, field):
        if token.token_type.name == "SEMICOLON":
            if first is not None:
                statements.append(text[first.start : last.end + 1])
            first = last = None
            continue
        if last is not None and text[last.start : token.end + 1] == "*/":
            raise InvalidArgumentError(
                field=field,
                value=_excerpt(text, last.start),
                rule=f"the */ on line {_line(text, last.start)} ends no comment"
                + (", as comments do not nest" if dialect is _FLAT else ""),
            )
        first, last = first or token, token
    return tuple(statements)


_FLAT = Dialect.GOOGLE_STANDARD_SQL
"""The dialect in which a comment ends at the first ``*/``, however many began before."""


def _texts(given: object) -> list[object]:
    if isinstance(given, str):
        return [given]
    # the keys of a mapping and the numbers of bytes are nobody's statements
    if isinstance(given, Iterable) and not isinstance(given, Mapping | bytes):
        return list(given)
    return []


def _statements(text: object, *, field: str, dialect: Callable[[], Dialect]) -> tuple[str, ...]:
    if not isinstance(text, str):
        return ()
    text = text.removeprefix(_BYTE_ORDER_MARK)
    stripped = text.strip()
    if _FILE_NAME.fullmatch(stripped):
        raise InvalidArgumentError(
            field=field,
            value=stripped,
            rule="Airflow reads a file whose name is written in the Dag, and none whose name "
            "comes out of a template or another task",
        )
    if ";" in stripped or stripped.startswith(_COMMENT_MARKS):
        # not the stripped text: lines are counted as they are in the author's file
        return split(text, dialect=dialect(), field=field)
    return (stripped,) if stripped else ()


def _tokens(text: str, dialect: Dialect, field: str) -> list[Any]:
    # takes a moment to load, which Dag files must not wait for
    from sqlglot.errors import TokenError  # noqa: PLC0415

    tokenizer = _tokenizer(dialect)
    try:
        tokens: list[Any] = tokenizer.tokenize(text + _END)
    except TokenError as exc:
        raise _without_end(text, tokenizer.tokens, field) from exc
    if not tokens or tokens[-1].start < len(text):
        raise _without_end(text, tokens, field)
    return tokens


def _tokenizer(dialect: Dialect) -> Any:
    from sqlglot.dialects.bigquery import BigQuery  # noqa: PLC0415
    from sqlglot.dialects.postgres import Postgres  # noqa: PLC0415

    # BigQuery and Spanner share GoogleSQL, down to its strings and comments
    known = BigQuery if dialect is Dialect.GOOGLE_STANDARD_SQL else Postgres

    class Tokenizer(known.Tokenizer):  # type: ignore[name-defined,misc]  # chosen at run time
        # else what follows RENAME would be one token, comments and all
        COMMANDS: ClassVar[set[Any]] = set()

    return Tokenizer(known)


def _without_end(text: str, before: list[Any], field: str) -> InvalidArgumentError:
    """Return the error for what begins behind these tokens."""
    ignored = _IGNORED.match(text, before[-1].end + 1 if before else 0)
    start = ignored.end() if ignored else 0
    return InvalidArgumentError(
        field=field,
        value=_excerpt(text, start),
        rule=f"the string, quoted name or comment that begins on line {_line(text, start)} "
        "has no end",
    )


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _excerpt(text: str, start: int) -> str:
    return " ".join(text[start : start + _EXCERPT].split())
