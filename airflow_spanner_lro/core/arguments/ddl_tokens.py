# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tokens of a text of DDL, each with its place, in either dialect.

What is a string, a quoted name or a comment is the dialect's business, and sqlglot's tokenizers
know both. They are asked for nothing else, as sqlglot does not understand all of Spanner's DDL.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from airflow_spanner_lro.core.arguments.dialects import Dialect
from airflow_spanner_lro.core.errors import InvalidArgumentError

_IGNORED = re.compile(r"(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
"""White space and whole comments, which is what the tokenizers make no token of."""

_END = "\n;"
"""Put behind a text: a construct without an end swallows it, and so gives itself away."""

_EXCERPT = 40


def tokens_of(text: str, *, dialect: Dialect, field: str) -> list[Any]:
    """Return the tokens of a text, and behind them the semicolon that is put behind every text.

    :param field: the argument that the text was given for
    :raises InvalidArgumentError: if a string, a quoted name or a comment has no end
    """
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


def ends_statement(token: Any) -> bool:
    """Tell whether a token is a semicolon."""
    return bool(token.token_type.name == "SEMICOLON")


def is_quoted(token: Any) -> bool:
    """Tell whether a token is a string or a quoted name, of any sort."""
    name: str = token.token_type.name
    return name == "IDENTIFIER" or name.endswith("STRING")


def line_of(text: str, position: int) -> int:
    """Return the number of the line of a position."""
    return text.count("\n", 0, position) + 1


def excerpt(text: str, start: int) -> str:
    """Return the beginning of a part of a text, on one line."""
    return " ".join(text[start : start + _EXCERPT].split())


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
        value=excerpt(text, start),
        rule=f"the string, quoted name or comment that begins on line {line_of(text, start)} "
        "has no end",
    )
