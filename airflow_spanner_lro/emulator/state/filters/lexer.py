# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The lexer: from the characters of a filter to parentheses, keywords and whole comparisons.

A comparison is one token, because only inside of it can be told what a character means: a colon
separates a field from its value, and is a part of the value afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.filters.expressions import Comparison
from airflow_spanner_lro.emulator.state.filters.refusal import FilterError, refusal, shown
from airflow_spanner_lro.emulator.state.filters.values import Literal, Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"""[^\s()"'<>=!:]+""")
_PATH = re.compile(r"[a-z_@][\w@-]*(\.[\w@-]+)*", re.ASCII | re.IGNORECASE)
_OPERATOR = re.compile(r"<=|>=|!=|[<>=:]")
_BARE = re.compile(r"[^\s()]+")
_SPECIAL = re.compile(r"""["'<>=]""")
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)\'""", re.DOTALL)
_CHARACTER = re.compile(r"\\?(?P<plain>.)", re.DOTALL)
_END_OF_VALUE = re.compile(r"[\s()]|\Z")
_RESERVED = frozenset({"AND", "OR", "NOT"})


class Symbol(StrEnum):
    """A token that is no comparison; its value is how errors call it."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A symbol or a comparison, and where it begins in the filter."""

    what: Symbol | Comparison
    at: int


def tokens(text: str) -> Iterator[Token]:
    """Read a filter from left to right; the last token is the end.

    :raises FilterError: at the first part that is no token.
    """
    at = _skip_space(text, 0)
    while at < len(text):
        what, end = _token(text, at)
        yield Token(what, at)
        at = _skip_space(text, end)
    yield Token(Symbol.END, len(text))


def _token(text: str, at: int) -> tuple[Symbol | Comparison, int]:
    """Read the token at an offset; return it and where it ends."""
    character = text[at]
    if character in "()":
        return Symbol(character), at + 1
    if character == "-":
        return Symbol.NOT, at + 1
    word = _WORD.match(text, at)
    if word is None:
        raise _no_comparison(text, at)
    operator = _OPERATOR.match(text, _skip_space(text, word.end()))
    if operator is not None:
        return _comparison(text, word, operator)
    if word[0].upper() in _RESERVED:
        return Symbol(word[0].upper()), word.end()
    raise _no_comparison(text, at)


def _no_comparison(text: str, at: int) -> FilterError:
    part = _BARE.match(text, at)
    reason = f"{shown(part[0] if part else text[at])} is not a comparison of the form field:value"
    return refusal(reason, at=at)


def _comparison(text: str, word: re.Match[str], operator: re.Match[str]) -> tuple[Comparison, int]:
    """Read the value of a comparison; return the comparison and where it ends."""
    if not _PATH.fullmatch(word[0]):
        reason = f"{shown(word[0])} is not the name of a field"
        raise refusal(reason, at=word.start())
    at = _skip_space(text, operator.end())
    source, end = _value(text, at, after=word[0] + operator[0])
    relation = Operator(operator[0])
    literal = _literal(source)
    part = f"the operator {relation} in {shown(text[word.start() : end])}"
    if relation.orders and literal.open:
        raise refusal(f"{part} does not go with a *, which has no place in an order", at=at)
    if relation.orders and text[at:end].lower() in ("true", "false"):
        raise refusal(f"{part} does not go with true and false, which have no order", at=at)
    path = word[0].lower()
    return Comparison(path=path, operator=relation, literal=literal, at=word.start()), end


def _value(text: str, at: int, *, after: str) -> tuple[str, int]:
    """Read a value; return it with its escapes and without its quotes, and where it ends."""
    if text[at : at + 1] in ('"', "'"):
        found = _QUOTED.match(text, at)
        if found is None:
            raise refusal(f"the quote before {shown(text[at + 1 :])} is never closed", at=at)
        if not _END_OF_VALUE.match(text, found.end()):
            raise refusal(f"a space is missing after {shown(found[0])}", at=found.end())
        return (found[2] if found[1] is None else found[1]), found.end()
    found = _BARE.match(text, at)
    if found is None or found[0] in _RESERVED:
        raise refusal(f"the value is missing after {shown(after)}", at=at)
    if _SPECIAL.search(found[0]):
        raise refusal(f"the value {shown(found[0])} needs quotes around it", at=at)
    return found[0].replace("\\", "\\\\"), found.end()


def _literal(source: str) -> Literal:
    """Make a literal of a value with escapes; an escaped * is no wildcard."""
    characters = list(_CHARACTER.finditer(source))
    start, end = 0, len(characters)
    while start < end and characters[start][0] == "*":
        start += 1
    while end > start and characters[end - 1][0] == "*":
        end -= 1
    return Literal(
        text="".join(each["plain"] for each in characters[start:end]).lower(),
        open_start=start > 0,
        open_end=end < len(characters),
    )


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
