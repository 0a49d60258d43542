# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rules on fields: which of them a filter may use, in which order, and with which values.

They stand apart from the grammar because they are Spanner's, and differ from list to list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.filters.expressions import And, Comparison, Not
from airflow_spanner_lro.emulator.state.filters.refusal import refusal, shown
from airflow_spanner_lro.emulator.state.filters.values import Operator

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.filters.expressions import Expression

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
            raise refusal(f"the field {shown(each.path)} is not one of {known}", at=each.at)


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
            raise refusal(f'{reason} "2018-03-28T14:50:00Z"', at=each.at)


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
            raise refusal(reason, at=expression.at)
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
