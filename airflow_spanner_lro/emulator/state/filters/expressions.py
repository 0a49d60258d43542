# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Expressions: what a filter says once it is read, and the function that it is turned into.

They know nothing of how a filter is written; what is left of that is where each comparison stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from airflow_spanner_lro.emulator.state.filters.values import (
    Literal,
    Operator,
    Value,
    compile_comparison,
)

ValueOf: TypeAlias = Callable[[str], Value]
Test: TypeAlias = Callable[[ValueOf], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A field, an operator and a value.

    :param path: the dotted path of the field, in lower case
    :param at: where it begins in the filter
    """

    path: str
    operator: Operator
    literal: Literal
    at: int

    def compile(self) -> Test:
        """Return a function that tells whether it holds."""
        path = self.path
        holds = compile_comparison(self.operator, self.literal)
        return lambda value_of: holds(value_of(path))

    def comparisons(self) -> Iterator[Comparison]:
        """Go through the comparisons from left to right."""
        yield self


@dataclass(frozen=True, slots=True)
class Not:
    """The complement of an expression."""

    part: Expression

    def compile(self) -> Test:
        """Return a function that tells whether it holds."""
        test = self.part.compile()
        return lambda value_of: not test(value_of)

    def comparisons(self) -> Iterator[Comparison]:
        """Go through the comparisons from left to right."""
        return self.part.comparisons()


@dataclass(frozen=True, slots=True)
class And:
    """Expressions that must all hold; it holds without any."""

    parts: tuple[Expression, ...]

    def compile(self) -> Test:
        """Return a function that asks the parts in order, until one does not hold."""
        tests = [part.compile() for part in self.parts]

        def test(value_of: ValueOf) -> bool:
            # a loop, because a generator for all() costs more than what it asks
            for each in tests:  # noqa: SIM110
                if not each(value_of):
                    return False
            return True

        return test

    def comparisons(self) -> Iterator[Comparison]:
        """Go through the comparisons from left to right."""
        for part in self.parts:
            yield from part.comparisons()


@dataclass(frozen=True, slots=True)
class Or:
    """Expressions of which one must hold."""

    parts: tuple[Expression, ...]

    def compile(self) -> Test:
        """Return a function that asks the parts in order, until one holds."""
        tests = [part.compile() for part in self.parts]

        def test(value_of: ValueOf) -> bool:
            for each in tests:  # noqa: SIM110
                if each(value_of):
                    return True
            return False

        return test

    def comparisons(self) -> Iterator[Comparison]:
        """Go through the comparisons from left to right."""
        for part in self.parts:
            yield from part.comparisons()


Expression: TypeAlias = Comparison | Not | And | Or
