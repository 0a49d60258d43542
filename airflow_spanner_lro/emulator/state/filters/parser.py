# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The parser: from tokens to an expression, in which OR binds tighter than AND.

It calls itself for what is inside of parentheses and after NOT, and so limits how deep that goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.filters.expressions import And, Comparison, Not, Or
from airflow_spanner_lro.emulator.state.filters.lexer import Symbol, Token, tokens
from airflow_spanner_lro.emulator.state.filters.refusal import FilterError, refusal

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.filters.expressions import Expression

MAX_LENGTH = 64 * 1024
"""The longest filter, in characters."""

MAX_DEPTH = 50
"""How many parentheses and NOTs may stand inside of each other."""

_NO_TERM = frozenset({Symbol.AND, Symbol.OR, Symbol.CLOSE, Symbol.END})


def parse(text: str) -> Expression:
    """Read a filter; an empty one holds for everything.

    :raises FilterError: saying which part is not understood.
    """
    if len(text) > MAX_LENGTH:
        message = f"it has {len(text)} characters; the limit is {MAX_LENGTH}"
        raise FilterError(message)
    return _Parser(list(tokens(text))).whole()


class _Parser:
    """A place in a list of tokens, and what each rule of the grammar reads from there on."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0

    def whole(self) -> Expression:
        """Read everything."""
        if self._is(Symbol.END):
            return And(())
        expression = self._sequence(0)
        if self._is(Symbol.CLOSE):
            raise refusal("there is a ) too many", at=self._token.at)
        return expression

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _is(self, symbol: Symbol) -> bool:
        return self._token.what is symbol

    def _take(self, symbol: Symbol) -> bool:
        """Step over a symbol if it comes next, and tell whether it did."""
        found = self._is(symbol)
        self._next += found
        return found

    def _sequence(self, depth: int) -> Expression:
        """Read terms joined by AND, written or not, up to a closing parenthesis or the end."""
        parts = [self._alternatives(depth)]
        while self._take(Symbol.AND) or self._token.what not in _NO_TERM:
            parts.append(self._alternatives(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _alternatives(self, depth: int) -> Expression:
        """Read terms joined by OR."""
        parts = [self._term(depth)]
        while self._take(Symbol.OR):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _term(self, depth: int) -> Expression:
        """Read a comparison, or what is in parentheses, with or without NOT."""
        token = self._token
        if depth > MAX_DEPTH:
            raise refusal(f"it is nested more than {MAX_DEPTH} levels deep", at=token.at)
        if isinstance(token.what, Comparison):
            self._next += 1
            return token.what
        if self._take(Symbol.NOT):
            return Not(self._term(depth + 1))
        if self._take(Symbol.OPEN):
            inside = self._sequence(depth + 1)
            if not self._take(Symbol.CLOSE):
                raise refusal("a ) is missing for this (", at=token.at)
            return inside
        raise self._no_term(token)

    def _no_term(self, token: Token) -> FilterError:
        before = self._tokens[self._next - 1].what if self._next else None
        if token.what is Symbol.END:
            return refusal(f"it ends with {before}", at=token.at)
        if before is None:
            return refusal(f"it begins with {token.what}", at=token.at)
        return refusal(f"a comparison is missing between {before} and {token.what}", at=token.at)
