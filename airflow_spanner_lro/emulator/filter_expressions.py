# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a filter says once it is parsed, compiled to one function: comparisons, AND, OR, NOT.

The field's type decides how a written value is read, and is known only when the filter is asked. So
every reading is made beforehand, and one that does not fit matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

Value: TypeAlias = "bool | int | float | str | datetime | Sequence[Value] | None"
"""What a field can be; None if it is not set. The values of enums are their names."""

Holds: TypeAlias = Callable[[Value], bool]
_Compare: TypeAlias = Callable[[Any, Any], bool]

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)
# the parts need no leading zeros: Google's own sample of list_backups sends the hour without
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})"
    r"([t ](?P<clock>[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2})(\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>z|[+-][0-9]{2}:[0-9]{2}))?",
    re.IGNORECASE,
)
_WHOLE_NUMBER_DIGITS = 300
"""Longer ones are read as floating-point numbers: Python refuses to read very long whole ones."""


class Operator(StrEnum):
    """How a field is compared with a value."""

    HAS = ":"
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="

    @property
    def orders(self) -> bool:
        """Whether it asks for more than equal or not."""
        return self in _ORDER


_ORDER: dict[Operator, _Compare] = {
    Operator.LESS: lt,
    Operator.LESS_OR_EQUAL: le,
    Operator.GREATER: gt,
    Operator.GREATER_OR_EQUAL: ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value as it is written in a filter.

    :param text: the value, without wildcards, in lower case
    :param open_start: whether a ``*`` stands before it
    :param open_end: whether a ``*`` stands after it
    """

    text: str
    open_start: bool = False
    open_end: bool = False

    @property
    def open(self) -> bool:
        """Whether it has a wildcard, which makes it a text in any case."""
        return self.open_start or self.open_end

    @property
    def anything(self) -> bool:
        """Whether it is a ``*`` alone."""
        return self.open and not self.text

    @property
    def boolean(self) -> bool | None:
        """It read as a boolean."""
        return None if self.open else {"true": True, "false": False}.get(self.text)

    @property
    def number(self) -> float | None:
        """It read as a number."""
        if self.open or not _NUMBER.fullmatch(self.text):
            return None
        whole = self.text.lstrip("+-").isdigit() and len(self.text) <= _WHOLE_NUMBER_DIGITS
        return int(self.text) if whole else float(self.text)

    @property
    def moment(self) -> datetime | None:
        """It read as an RFC 3339 timestamp, or as a date; without what microseconds cannot hold."""
        found = None if self.open else _TIME.fullmatch(self.text)
        if found is None:
            return None
        fraction = timedelta(microseconds=int(f"{found['fraction'] or '':0<6.6}"))
        try:
            parts = f"{found['date']}-{found['clock'] or '0:0:0'}".replace(":", "-").split("-")
            year, month, date, hour, minute, second = map(int, parts)
            day = datetime(year, month, date, hour, minute, second)  # noqa: DTZ001  # zone follows
            return (day + fraction).replace(tzinfo=_zone(found["zone"]))
        except ValueError:
            return None


def _zone(text: str | None) -> timezone:
    if text is None or text == "z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def compile_comparison(operator: Operator, literal: Literal) -> Holds:
    """Return a function that tells whether a field's value stands in a relation to a literal."""
    if operator is Operator.NOT_EQUAL:
        equal = compile_comparison(Operator.EQUAL, literal)
        return lambda value: not equal(value)
    if literal.anything:
        return _is_set
    return _by_type(operator, literal)


def _is_set(value: Value) -> bool:
    if isinstance(value, bool | int | float | datetime):
        return True
    return value is not None and len(value) > 0


def _by_type(operator: Operator, literal: Literal) -> Holds:
    """Return a function that compares according to the type of the value."""
    on_text = _on_text(operator, literal)
    boolean, number, moment = literal.boolean, literal.number, literal.moment
    compare: _Compare = _ORDER.get(operator, eq)
    orders = operator.orders

    def holds(value: Value) -> bool:
        if isinstance(value, str):  # the most frequent ones first
            return on_text(value.lower())
        if value is None:
            return False
        if isinstance(value, bool):  # before int, which it is as well
            return boolean is value and not orders
        if isinstance(value, int | float):
            return number is not None and compare(value, number)
        if isinstance(value, datetime):
            return moment is not None and compare(_aware(value), moment)
        return any(map(holds, value))

    return holds


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _on_text(operator: Operator, literal: Literal) -> Callable[[str], bool]:
    """Return a function that compares with a text in lower case."""
    text = literal.text
    if operator is Operator.HAS or (literal.open_start and literal.open_end):
        return lambda value: text in value
    if literal.open_start:
        return lambda value: value.endswith(text)
    if literal.open_end:
        return lambda value: value.startswith(text)
    compare: _Compare = _ORDER.get(operator, eq)
    return lambda value: compare(value, text)


def compile_equals_any(literals: Iterable[Literal]) -> Holds:
    """Return a function that tells whether a field's value equals one of several literals.

    It says the same as asking for each of them with ``=``, and looks each value up once. None of
    them may have a wildcard, as those compare with parts of texts.
    """
    wanted = tuple(literals)
    texts = {each.text for each in wanted}
    booleans = {each.boolean for each in wanted if each.boolean is not None}
    numbers = {each.number for each in wanted if each.number is not None}
    moments = {each.moment for each in wanted if each.moment is not None}

    def holds(value: Value) -> bool:
        if isinstance(value, str):
            return value.lower() in texts
        if value is None:
            return False
        if isinstance(value, bool):  # before int, which it is as well
            return value in booleans
        if isinstance(value, int | float):
            return value in numbers
        if isinstance(value, datetime):
            return _aware(value) in moments
        return any(map(holds, value))

    return holds


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
        return _asked_of(self.path, compile_comparison(self.operator, self.literal))

    @property
    def is_plain_equality(self) -> bool:
        """Whether it asks for one value, of which nothing is left open."""
        return self.operator is Operator.EQUAL and not self.literal.open

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
        """Return a function that asks the parts in order, until one holds.

        Equalities of one field are a single question: clients ask for operations by the names of
        fifty, among thousands.
        """
        tests = _tests_of_any(self.parts)

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


def _tests_of_any(parts: Sequence[Expression]) -> list[Test]:
    """Return the tests of which one must hold; equalities of one field become one of them.

    It stands where the first of them stood. Fields have no effects, so that it does not matter
    which of two tests is asked first.
    """
    equalities: dict[str, list[Literal]] = {}
    for part in parts:
        if isinstance(part, Comparison) and part.is_plain_equality:
            equalities.setdefault(part.path, []).append(part.literal)
    tests: list[Test] = []
    for part in parts:
        if not (isinstance(part, Comparison) and part.is_plain_equality):
            tests.append(part.compile())
        elif literals := equalities.pop(part.path, None):
            tests.append(_asked_of(part.path, compile_equals_any(literals)))
    return tests


def _asked_of(path: str, holds: Holds) -> Test:
    return lambda value_of: holds(value_of(path))


Expression: TypeAlias = Comparison | Not | And | Or
