# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of a restored database as authors write them, and how what is found is compared.

A check is a value: SQL with what it has to return, row counts as in the source, the source's
schema, or any callable. They are looked at when a task runs, never when a Dag file is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.text import count_of, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable


_LONGEST = 200
"""How many characters of a value a sentence shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCheck:
    """A query of the restored database, and what it has to return.

    Both may be templates. A query that changes something is refused by Spanner: it is run in a
    read-only transaction.

    :param name: names the check in the log
    :param sql: one query, in the database's dialect
    :param expected: a single value for one row of one column; a tuple for one row; a list of
        tuples for rows, or of single values for rows of one column, in order. None is NULL.
        Compared exactly: numbers by their value, a boolean with a boolean only
    """

    name: str
    sql: str
    expected: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCountCheck:
    """Each table has as many rows as it had in the source, at the backup's version time.

    :param tables: names of tables, such as ``orders`` or ``shop.orders``; by default all, and then
        a table too many is a difference, too
    :param min_rows: how many rows there have to be in all of them together: a drill of empty tables
        shows nothing
    :param optional: leave the comparison out, with a warning, when the source does not show that
        time any more; otherwise that fails the drill
    """

    tables: Sequence[str] | None = None
    min_rows: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCheck:
    """The restored database has the statements of the source's schema, and no others.

    Changes of the source while the drill lasts do not count. With an existing backup, those between
    the backup and the drill do. Options of the database are left out: they name it.
    """


CheckFunction = Callable[[Any], bool | None]
"""Gets a :class:`~airflow_spanner_lro.admin.rows.RowReader` of the restored database; False, or
an exception, fails the drill."""

Check = SqlCheck | RowCountCheck | SchemaCheck | CheckFunction


def require_checks(checks: object) -> list[Check]:
    """Return the checks of a drill.

    :raises InvalidArgumentError: if there is none, or one of them is none
    """
    if not isinstance(checks, Sequence) or isinstance(checks, str):
        raise _wrong("checks", checks, "expected a list of checks")
    if not checks:
        raise _wrong("checks", checks, "without a check a restore drill shows nothing")
    for check in checks:
        _require_check(check)
    return list(checks)


def _require_check(check: Any) -> None:
    match check:
        case SqlCheck():
            _require_sql(check)
        case RowCountCheck():
            _require_row_count(check)
        case SchemaCheck():
            pass
        case _:
            if isinstance(check, type) or not callable(check):
                rule = "a check is a SqlCheck, a RowCountCheck, a SchemaCheck or a function"
                raise _wrong("checks", check, rule)


def _require_sql(check: Any) -> None:
    if not (isinstance(check.name, str) and check.name.strip()):
        raise _wrong("SqlCheck.name", check.name, "expected a name, for the log")
    if not (isinstance(check.sql, str) and check.sql.strip()):
        raise _wrong("SqlCheck.sql", check.sql, "expected a query")
    for value in _values(check.expected):
        if isinstance(value, datetime) and value.tzinfo is None:
            rule = "a moment needs a time zone, such as tzinfo=UTC"
            raise _wrong("SqlCheck.expected", value, rule)


def _require_row_count(check: Any) -> None:
    tables = check.tables
    if tables is not None:
        if isinstance(tables, str) or not isinstance(tables, Sequence):
            rule = "expected a list of names; None for all tables"
            raise _wrong("RowCountCheck.tables", tables, rule)
        if not tables:
            rule = "an empty list compares nothing; None means all tables"
            raise _wrong("RowCountCheck.tables", tables, rule)
        for name in tables:
            if not (isinstance(name, str) and name.strip()):
                raise _wrong("RowCountCheck.tables", tables, "each is the name of a table")
    if not isinstance(check.min_rows, int) or isinstance(check.min_rows, bool):
        raise _wrong("RowCountCheck.min_rows", check.min_rows, "expected a whole number")
    if check.min_rows < 0:
        raise _wrong("RowCountCheck.min_rows", check.min_rows, "there are never fewer than 0")


def rendered(check: Check, render: Callable[[Any], Any]) -> Check:
    """Return a check with its templates filled in."""
    match check:
        case SqlCheck():
            return replace(check, sql=render(check.sql), expected=render(check.expected))
        case RowCountCheck(tables=tables) if tables is not None:
            return replace(check, tables=render(tables))
        case _:
            return check


def title_of(check: Check) -> str:
    """Return what a check is called in the log."""
    match check:
        case SqlCheck():
            return check.name
        case RowCountCheck():
            return "row counts"
        case SchemaCheck():
            return "schema"
        case _:
            return getattr(check, "__name__", type(check).__name__)


def counted_tables(checks: Iterable[Check]) -> list[str] | None:
    """Return the names of all tables that checks want to be counted; None for all there are."""
    names: list[str] = []
    for check in checks:
        if isinstance(check, RowCountCheck):
            if check.tables is None:
                return None
            names += check.tables
    return names


def difference(expected: Any, rows: Sequence[Sequence[Any]]) -> str:
    """Return how the rows of a query are not what was expected; empty if they are."""
    if isinstance(expected, list):
        wanted = [tuple(each) if isinstance(each, tuple) else (each,) for each in expected]
        if len(wanted) != len(rows):
            return f"{count_of(len(rows), 'row')} instead of {len(wanted):,}: {_shown(rows)}"
        for number, (want, row) in enumerate(zip(wanted, rows, strict=True), start=1):
            if not _same(want, tuple(row)):
                return f"row {number} is {_shown_row(row)} instead of {_shown_row(want)}"
        return ""
    want = expected if isinstance(expected, tuple) else (expected,)
    if len(rows) != 1:
        return f"{count_of(len(rows), 'row')} instead of one, {_shown_row(want)}"
    if not _same(want, tuple(rows[0])):
        return f"{_shown_row(rows[0])} instead of {_shown_row(want)}"
    return ""


def _same(want: Any, got: Any) -> bool:
    if isinstance(want, list | tuple) and isinstance(got, list | tuple):
        pairs = zip(want, got, strict=False)
        return len(want) == len(got) and all(_same(one, other) for one, other in pairs)
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, float) and isinstance(got, float) and math.isnan(want):
        return math.isnan(got)
    return bool(want == got)


def _values(expected: Any) -> Iterable[Any]:
    if isinstance(expected, list | tuple):
        for each in expected:
            yield from _values(each)
    else:
        yield expected


def _shown(value: Any) -> str:
    return shorten(repr(value), length=_LONGEST)


def _shown_row(row: Sequence[Any]) -> str:
    if len(row) == 1:
        return "NULL" if row[0] is None else _shown(row[0])
    return _shown(tuple(row))


def _wrong(field: str, value: object, rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(field=field, value=value, rule=rule)
