# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What keeps a table, a view or a sequence from being dropped: whatever refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

_TABLE, _VIEW, _SEQUENCE = "TABLE", "VIEW", "SEQUENCE"


def require_no_references(statements: Sequence[DdlStatement], *, kind: str, name: str) -> None:
    """Refuse to drop what the statements of a schema refer to.

    :raises RpcError: FAILED_PRECONDITION
    """
    same = name.lower()
    if kind == _TABLE:
        _require_untracked(statements, name)
        if keys := _foreign_keys(statements, same):
            raise errors.table_has_foreign_keys(name, foreign_keys=", ".join(keys))
    if kind == _SEQUENCE:
        for column in _columns_fed_by(statements, same):
            raise errors.sequence_has_column(name, column=column)
    if kind in (_TABLE, _VIEW):
        views = [
            each.names[0]
            for each in statements
            if each.entity_type == _VIEW and same in map(str.lower, each.refers.sources)
        ]
        if views and views != [name]:
            raise errors.has_views(kind, name, views=", ".join(views))


def _require_untracked(statements: Sequence[DdlStatement], table: str) -> None:
    tracked: dict[str, tuple[str, ...]] = {}
    for each in statements:
        if each.entity_type == "CHANGE STREAM" and each.refers.tracked is not None:
            tracked[each.names[0]] = each.refers.tracked
    streams = [s for s, tables in tracked.items() if table.lower() in map(str.lower, tables)]
    if streams:
        raise errors.table_is_tracked(table, streams=streams)


def _foreign_keys(statements: Sequence[DdlStatement], table: str) -> list[str]:
    """Return the foreign keys of other tables that refer to a table."""
    found: list[tuple[str, str]] = []
    for each in _of_tables(statements):
        owner = each.names[0]
        gone = {(owner.lower(), name.lower()) for name in each.refers.released}
        found = [(of, key) for of, key in found if (of.lower(), key.lower()) not in gone]
        found += [
            (owner, key or f"FK_{owner}_{target}_{index}")
            for index, (key, target) in enumerate(each.refers.foreign_keys, start=1)
            if target.lower() == table and owner.lower() != table
        ]
    return [key for _, key in found]


def _columns_fed_by(statements: Sequence[DdlStatement], sequence: str) -> list[str]:
    """Return the columns that take their values from a sequence."""
    found: list[str] = []
    for each in _of_tables(statements):
        owner = each.names[0]
        gone = {f"{owner}.{name}".lower() for name in each.refers.released}
        found = [column for column in found if column.lower() not in gone]
        found += [f"{owner}.{c}" for c, used in each.refers.sequences if used.lower() == sequence]
    return found


def _of_tables(statements: Sequence[DdlStatement]) -> Iterator[DdlStatement]:
    return (e for e in statements if e.entity_type == _TABLE and e.action in ("CREATE", "ALTER"))
