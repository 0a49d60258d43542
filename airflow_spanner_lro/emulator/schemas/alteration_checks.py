# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an ALTER TABLE makes sense, and nobody needs what it takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.other_checks import indexes_of, streams_of
from airflow_spanner_lro.emulator.schemas.shapes import shape_of
from airflow_spanner_lro.emulator.schemas.table_checks import (
    require_column,
    require_foreign_keys,
    require_new_names,
    require_policy,
    require_sequences,
)
from airflow_spanner_lro.emulator.schemas.tables import Parts, TableChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.emulator.schemas.columns import Column
    from airflow_spanner_lro.emulator.schemas.shapes import TableShape
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

_TABLE = "TABLE"

_SAME_BYTES = frozenset({"STRING", "BYTES"})


def require_alteration_fits(
    statements: Sequence[DdlStatement],
    statement: DdlStatement,
    *,
    kind_by_default: bool,
    has_protos: bool,
) -> bool:
    """Refuse an ALTER TABLE that makes no sense; tell whether it changes anything.

    :raises RpcError: if it makes none
    """
    parts = statement.parts
    shape = shape_of(statements, statement.names[0])
    if parts is None or shape is None:
        return True
    table = shape.name
    match parts.change:
        case TableChange.ADD_COLUMN:
            (column,) = parts.columns
            if column.name.lower() in shape.columns:
                if parts.tolerant:
                    return False
                raise refusals.duplicate_column(table, column.name)
            require_column(
                statements, table, column, kind_by_default=kind_by_default, has_protos=has_protos
            )
            if column.not_null and not column.made:
                raise refusals.not_null_added(table, column.name)
            shape.columns[column.name.lower()] = column
        case TableChange.DROP_COLUMN:
            _require_unused_column(statements, shape, parts.target)
        case TableChange.REDEFINE_COLUMN:
            _require_redefinition(statements, shape, parts)
        case TableChange.SET_NOT_NULL | TableChange.SET_DEFAULT | TableChange.DROP_DEFAULT:
            _existing(shape, parts.target)
            if parts.change is TableChange.SET_NOT_NULL:
                raise refusals.nullability_alone()
            for column in parts.columns:
                require_sequences(statements, table, column)
        case TableChange.SET_OPTIONS:
            column = _existing(shape, parts.target)
            if parts.columns and parts.columns[0].commit_timestamp and column.family != "TIMESTAMP":
                raise refusals.bad_commit_timestamp(column.name)
        case TableChange.DROP_CONSTRAINT:
            known = {name.lower() for name in shape.constraints}
            # what has no name of its own has one that Spanner made up
            made_up = parts.target.upper().startswith(("FK_", "CK_"))
            if parts.target.lower() not in known and not made_up:
                raise refusals.no_such_constraint(table, parts.target)
        case TableChange.ADD_POLICY | TableChange.REPLACE_POLICY | TableChange.DROP_POLICY:
            _require_policy_change(shape, parts)
        case TableChange.DROP_SYNONYM:
            if parts.target.lower() not in map(str.lower, shape.synonyms):
                raise refusals.bad_policy(
                    f"SYNONYM {parts.target} does not exist on table {table}."
                )
        case TableChange.SET_ON_DELETE if not shape.parent:
            raise refusals.not_interleaved(table)
        case _:
            pass
    new = [name for name, _ in (*statement.refers.foreign_keys, *parts.checks) if name]
    require_new_names(statements, new, table)
    require_foreign_keys(statements, shape, statement)
    return True


def _existing(shape: TableShape, name: str) -> Column:
    column = shape.columns.get(name.lower())
    if column is None:
        raise refusals.no_such_column(shape.name, name)
    return column


def _require_policy_change(shape: TableShape, parts: Parts) -> None:
    if parts.change is TableChange.ADD_POLICY:
        if shape.policy:
            raise refusals.bad_policy(f"already exists on table {shape.name}.")
    elif not shape.policy:
        raise refusals.bad_policy(f"does not exist on table {shape.name}.")
    if parts.policy:
        require_policy(shape, parts.policy)


def _require_redefinition(
    statements: Sequence[DdlStatement], shape: TableShape, parts: Parts
) -> None:
    old, (new,) = _existing(shape, parts.target), parts.columns
    both = {old.family, new.family}
    if old.type.startswith("ARRAY") and new.type.startswith("ARRAY"):
        both = {each.type[6:].partition("(")[0].rstrip(">") for each in (old, new)}
    protos = "PROTO" in old.type or "PROTO" in new.type
    if len(both) > 1 and not both <= _SAME_BYTES and not protos:
        raise refusals.type_changed(old.name, old.family, new.family)
    if len(both) > 1 and (user := _user_of_values(shape, old.name.lower())):
        raise refusals.type_in_use(old.name, by=user)
    require_sequences(statements, shape.name, new)


def _user_of_values(shape: TableShape, name: str) -> str:
    """Return what of a table reckons with a column; empty if nothing does."""
    for check, words in shape.checks:
        if name in words:
            return f"check constraint `{check}`"
    for column in shape.columns.values():
        if column.made == "AS" and name in column.uses:
            return f"generated column `{column.name}`"
    return next((f"foreign key `{k.name}`" for k in shape.foreign_keys
                 if name in map(str.lower, k.columns)), "")  # fmt: skip


def _require_unused_column(
    statements: Sequence[DdlStatement], shape: TableShape, name: str
) -> None:
    """Refuse to drop a column that something needs."""
    column = _existing(shape, name)
    table, same = shape.name, column.name.lower()
    if column.name in shape.key:
        raise refusals.key_column_dropped(table, name)
    for each in indexes_of(statements, table):
        if same in map(str.lower, (*each[1], *each[2])):
            raise refusals.column_in_use(table, name, by=f"index `{each[0]}`")
    for each_table in {e.names[0] for e in statements if e.entity_type == _TABLE and e.names}:
        other = shape_of(statements, each_table)
        for key in other.foreign_keys if other is not None else ():
            if key.table.lower() == table.lower() and same in map(str.lower, key.others):
                raise refusals.column_in_use(table, name, by=f"foreign key `{key.name}`")
    if user := _user_of_values(shape, same):
        raise refusals.column_in_use(table, name, by=user)
    if shape.policy.lower() == same:
        raise refusals.bad_policy(f"will break if column {name} of table {table} is dropped.")
    for stream, tables, columns in streams_of(statements):
        for tracked, named in zip(tables, columns, strict=False):
            if tracked.lower() == table.lower() and same in map(str.lower, named or ()):
                raise refusals.column_in_use(table, name, by=f"change stream `{stream}`")
