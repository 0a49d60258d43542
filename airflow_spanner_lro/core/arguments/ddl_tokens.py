# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tokens of a text that an author gave, and where something in it has no end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.arguments.ddl_lexer import Kind, Token, UnclosedError, tokens
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from airflow_spanner_lro.core.arguments.dialects import Dialect

_EXCERPT = 40


def tokens_of(text: str, *, dialect: Dialect, field: str) -> list[Token]:
    """Return the tokens of a text, and behind them a semicolon that is put behind every text.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end
    """
    try:
        return [*tokens(text, dialect=dialect), Token(Kind.SEMICOLON, ";", len(text))]
    except UnclosedError as exc:
        raise InvalidArgumentError(
            field=field,
            value=excerpt(text, exc.start),
            rule="the string, quoted name or comment that begins on line "
            f"{line_of(text, exc.start)} has no end",
        ) from exc


def ends_statement(token: Token) -> bool:
    """Tell whether a token is a semicolon."""
    return token.kind is Kind.SEMICOLON


def is_quoted(token: Token) -> bool:
    """Tell whether a token is a string or a quoted name, of any sort."""
    return token.kind in (Kind.STRING, Kind.QUOTED_NAME)


def line_of(text: str, position: int) -> int:
    """Return the number of the line of a position."""
    return text.count("\n", 0, position) + 1


def excerpt(text: str, start: int) -> str:
    """Return the beginning of a part of a text, on one line."""
    return " ".join(text[start : start + _EXCERPT].split())
