# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""List filters: the terms that clients of today send, joined by AND.

Every term must hold; parentheses may stand around terms and groups of terms. What is not understood
is refused rather than ignored, because a filter that matches everything is worse than an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TERM = re.compile(
    r"(?P<field>[A-Za-z@_][\w.@]*)\s*(?P<op><=|>=|!=|[:=<>])\s*"
    r"(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s()\"]+))"
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_TYPE = "metadata.@type"


class FilterError(ValueError):
    """A filter, or a part of it, that is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison, such as ``metadata.name:orders``; case does not matter."""

    field: str
    operator: str
    value: str

    def holds(self, actual: str | None) -> bool:
        """Tell whether it holds for a field's value, None if there is no such value."""
        if actual is None:
            return False
        if self.value == "*":
            return bool(actual)
        if self.operator == ":":
            return self.value.lower() in actual.lower()
        return self.value.lower() == actual.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Terms that must all hold."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str, *, fields: frozenset[str]) -> Filter:
        """Read a filter.

        :param fields: the fields it may use
        :raises FilterError: saying which part is not understood.
        """
        terms: list[Term] = []
        depth = 0
        rest = text.strip()
        after_term = False
        while rest:
            if rest[0] in "()":
                depth += 1 if rest[0] == "(" else -1
                if depth < 0:
                    message = "there is a ) too many"
                    raise FilterError(message)
                rest = rest[1:].lstrip()
            elif after_term and (joined := _AND.match(rest)):
                rest, after_term = rest[joined.end() :].lstrip(), False
            else:
                term, rest = _term(rest, fields)
                terms.append(term)
                after_term = True
        if depth:
            message = "a ) is missing"
            raise FilterError(message)
        if terms and not after_term:
            message = "it ends with AND"
            raise FilterError(message)
        _check_order(terms)
        return cls(terms=tuple(terms))

    def matches(self, value_of: Callable[[str], str | None]) -> bool:
        """Tell whether all terms hold for something whose fields can be asked for."""
        return all(term.holds(value_of(term.field)) for term in self.terms)


def _term(text: str, fields: frozenset[str]) -> tuple[Term, str]:
    """Read one term at the beginning of a text; return it and the rest."""
    found = _TERM.match(text)
    if found is None:
        part = text.split(maxsplit=1)[0]
        message = f"{part!r} is not a comparison of the form field:value (only AND joins them)"
        raise FilterError(message)
    if found["field"].lower() not in fields:
        message = f"the field {found['field']!r} is not one of {', '.join(sorted(fields))}"
        raise FilterError(message)
    if found["op"] not in (":", "="):
        message = f"the operator {found['op']} in {found[0]!r} is not : or ="
        raise FilterError(message)
    value = found["bare"] if found["quoted"] is None else found["quoted"]
    term = Term(field=found["field"].lower(), operator=found["op"], value=value)
    return term, text[found.end() :].lstrip()


def _check_order(terms: list[Term]) -> None:
    """Production wants to know the metadata's type before any of its fields."""
    for term in terms:
        if term.field == _TYPE:
            return
        if term.field.startswith("metadata."):
            message = f"{_TYPE} must come before {term.field}"
            raise FilterError(message)
