# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A filter ready for use: parsed, checked against Spanner's rules on fields, and compiled.

The rules say which fields a filter may use, in which order, and with which values; they stand apart
from the grammar because they differ from list to list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.filters.expressions import And, Comparison, Not, Operator
from airflow_spanner_lro.emulator.filters.parser import filter_error, parse, shown

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.filters.expressions import Expression, Test, ValueOf


_TYPE = "metadata.@type"
_METADATA = "metadata."
_UNTYPED = "metadata.database"
_POSITIVE = (Operator.EQUAL, Operator.HAS)


def check_fields(expression: Expression, *, roots: frozenset[str]) -> None:
    """Check that a filter uses no other fields than those below the roots.

    :raises FilterError: naming the field and the roots.
    """
    for each in expression.comparisons():
        if each.path not in roots and each.path.partition(".")[0] not in roots:
            known = ", ".join(sorted(roots))
            raise filter_error(f"the field {shown(each.path)} is not one of {known}", at=each.at)


def check_times(expression: Expression) -> None:
    """Check that fields which hold times, as their names tell, are compared with times.

    All of Google's APIs call such fields ``…_time``. Without the rule, a date with a typing mistake
    would match nothing, and nobody would know why.

    :raises FilterError: naming the value.
    """
    for each in expression.comparisons():
        literal = each.literal
        if each.path.endswith("_time") and not literal.anything and literal.moment is None:
            reason = f"the value of {shown(each.path)} is not a timestamp such as"
            raise filter_error(f'{reason} "2018-03-28T14:50:00Z"', at=each.at)


def check_type_first(expression: Expression) -> None:
    """Check that the type of the metadata comes before any of its fields, as production wants.

    The type tells which message a field is of. Hence it must come before the field from left to
    right, and must hold where the field is asked: a type in one branch of an OR says nothing about
    the other branch, and what comes after the OR needs one in each. A type that is negated tells
    nothing.

    gcloud sends one filter without a type, on the database of backups, and that one is accepted.

    :raises FilterError: naming the first field that came too early.
    """
    if isinstance(expression, Comparison) and expression.path == _UNTYPED:
        return
    _gives_type(expression, known=False)


def _gives_type(expression: Expression, *, known: bool) -> bool:
    """Check an expression; tell whether the type is known after it.

    :param known: whether the type is known before it
    """
    if isinstance(expression, Comparison):
        if expression.path == _TYPE:
            return known or expression.operator in _POSITIVE
        if expression.path.startswith(_METADATA) and not known:
            reason = f"{_TYPE} must come before {expression.path}"
            raise filter_error(reason, at=expression.at)
        return known
    if isinstance(expression, Not):
        _gives_type(expression.part, known=known)
        return known
    if isinstance(expression, And):
        for part in expression.parts:
            known = _gives_type(part, known=known)
        return known
    given = [_gives_type(part, known=known) for part in expression.parts]  # checks each of them
    return all(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list call wants to see.

    :param fields: the paths it uses, in lower case
    :param test: the function it was turned into
    """

    fields: frozenset[str]
    test: Test

    @classmethod
    def parse(cls, text: str, *, roots: frozenset[str], typed: bool = False) -> Filter:
        """Read a filter; an empty one lets everything through.

        :param roots: the fields it may use: first parts of paths, or whole paths; in lower case
        :param typed: whether ``metadata.@type`` must come before other fields of the metadata
        :raises FilterError: saying which part is not understood, and where it stands.
        """
        expression = parse(text)
        check_fields(expression, roots=roots)
        check_times(expression)
        if typed:
            check_type_first(expression)
        fields = frozenset(each.path for each in expression.comparisons())
        return cls(fields=fields, test=expression.compile())

    def matches(self, value_of: ValueOf) -> bool:
        """Tell whether it lets something through; this never raises.

        :param value_of: gives the value of a field by its path, None if it is not set
        """
        return self.test(value_of)
