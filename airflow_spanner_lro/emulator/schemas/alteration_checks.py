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
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow_spanner_lro.emulator.schemas.columns import Column
    from airflow_spanner_lro.emulator.schemas.shapes import HeldKey, TableShape
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
    if parts.change is TableChange.ADD_COLUMN:
        if not _require_new_column(
            statements, shape, parts, kind_by_default=kind_by_default, has_protos=has_protos
        ):
            return False
    elif (check := _CHECKS.get(parts.change)) is not None:
        check(statements, shape, parts)
    new = [name for name, _ in (*statement.refers.foreign_keys, *parts.checks) if name]
    require_new_names(statements, new, table)
    require_foreign_keys(statements, shape, statement)
    return True


def _require_new_column(
    statements: Sequence[DdlStatement],
    shape: TableShape,
    parts: Parts,
    *,
    kind_by_default: bool,
    has_protos: bool,
) -> bool:
    """Refuse a column that cannot be added; tell whether it is new."""
    (column,) = parts.columns
    if column.name.lower() in shape.columns:
        if parts.tolerant:
            return False
        raise refusals.duplicate_column(shape.name, column.name)
    require_column(
        statements, shape.name, column, kind_by_default=kind_by_default, has_protos=has_protos
    )
    if column.not_null and not column.made:
        raise refusals.not_null_added(shape.name, column.name)
    shape.columns[column.name.lower()] = column
    return True


def _require_default(statements: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    _existing(shape, parts.target)
    for column in parts.columns:
        require_sequences(statements, shape.name, column)


def _require_nullability(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    _existing(shape, parts.target)
    raise refusals.nullability_alone()


def _require_options(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    column = _existing(shape, parts.target)
    stamped = bool(parts.columns) and parts.columns[0].commit_timestamp
    same = column.name.lower()
    if stamped and any(same in map(str.lower, key.columns) for key in shape.foreign_keys):
        raise refusals.bad_foreign_key(
            shape.name, "", f"Cannot set allow_commit_timestamp of column `{column.name}`"
        )
    if stamped and column.family != "TIMESTAMP":
        raise refusals.bad_commit_timestamp(column.name)


def _require_identity(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    column = _existing(shape, parts.target)
    if column.made != "IDENTITY":
        raise refusals.not_identity(shape.name, column.name)


def _require_constraint(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    known = {name.lower() for name in shape.constraints}
    # what has no name of its own has one that Spanner made up
    keys = parts.target.upper().startswith("FK_") and not all(k.name for k in shape.foreign_keys)
    checks = parts.target.upper().startswith("CK_") and not all(name for name, _ in shape.checks)
    if parts.target.lower() not in known and not (keys or checks):
        raise refusals.no_such_constraint(shape.name, parts.target)


def _require_synonym(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    if parts.target.lower() not in map(str.lower, shape.synonyms):
        raise refusals.no_such_synonym(shape.name, parts.target)


def _require_parent(_: Sequence[DdlStatement], shape: TableShape, parts: Parts) -> None:
    del parts
    if not shape.parent:
        raise refusals.not_interleaved(shape.name)


def _existing(shape: TableShape, name: str) -> Column:
    column = shape.columns.get(name.lower())
    if column is None:
        raise refusals.no_such_column(shape.name, name)
    return column


def _require_policy_change(
    statements: Sequence[DdlStatement], shape: TableShape, parts: Parts
) -> None:
    if parts.change is TableChange.ADD_POLICY:
        if shape.policy:
            raise refusals.bad_policy(f"already exists on table {shape.name}.")
    elif not shape.policy:
        raise refusals.bad_policy(f"does not exist on table {shape.name}.")
    if parts.policy:
        require_policy(shape, parts.policy)
        if any(_keys_to(statements, shape.name)):
            raise refusals.bad_policy(
                f"of table {shape.name}: rows that foreign keys refer to are not deleted by age."
            )


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
    if new.not_null is not None and new.not_null != old.not_null:
        _require_nullability_unused(statements, shape, old.name)
    require_sequences(statements, shape.name, new)


def _require_nullability_unused(
    statements: Sequence[DdlStatement], shape: TableShape, name: str
) -> None:
    """Refuse to let a column have NULL, or no longer, where something reckons with it."""
    same = name.lower()
    if name in shape.key:
        raise refusals.key_column_changed(shape.name, name)
    for index, sorted_by, _ in indexes_of(statements, shape.name):
        if same in map(str.lower, sorted_by):
            raise refusals.nullability_in_use(shape.name, name, by=f"index {index}")
    ours = (key for key in shape.foreign_keys if same in map(str.lower, key.columns))
    theirs = (key for key in _keys_to(statements, shape.name) if same in map(str.lower, key.others))
    for key in (*ours, *theirs):
        raise refusals.nullability_in_use(shape.name, name, by=f"foreign key {key.name}")


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
    statements: Sequence[DdlStatement], shape: TableShape, parts: Parts
) -> None:
    """Refuse to drop a column that something needs."""
    name = parts.target
    column = _existing(shape, name)
    table, same = shape.name, column.name.lower()
    if column.name in shape.key:
        raise refusals.key_column_dropped(table, name)
    if user := _user_of_values(shape, same) or _user_elsewhere(statements, table, same):
        raise refusals.column_in_use(table, name, by=user)
    if shape.policy.lower() == same:
        raise refusals.bad_policy(f"will break if column {name} of table {table} is dropped.")


def _user_elsewhere(statements: Sequence[DdlStatement], table: str, column: str) -> str:
    """Return what of a schema needs a column of a table; empty if nothing does.

    :param column: its name in small letters
    """
    for index, sorted_by, stored in indexes_of(statements, table):
        if column in map(str.lower, (*sorted_by, *stored)):
            return f"index `{index}`"
    for key in _keys_to(statements, table):
        if column in map(str.lower, key.others):
            return f"foreign key `{key.name}`"
    for stream, tables, columns in streams_of(statements):
        for tracked, named in zip(tables, columns, strict=False):
            if tracked.lower() == table.lower() and column in map(str.lower, named or ()):
                return f"change stream `{stream}`"
    return ""


def _keys_to(statements: Sequence[DdlStatement], table: str) -> Iterator[HeldKey]:
    """Yield the foreign keys that refer to a table."""
    for owner in dict.fromkeys(e.names[0] for e in statements if e.entity_type == _TABLE):
        shape = shape_of(statements, owner)
        for key in shape.foreign_keys if shape is not None else ():
            if key.table.lower() == table.lower():
                yield key


_CHECKS: Mapping[
    TableChange | None, Callable[[Sequence[DdlStatement], TableShape, Parts], None]
] = {
    TableChange.DROP_COLUMN: _require_unused_column,
    TableChange.REDEFINE_COLUMN: _require_redefinition,
    TableChange.SET_DEFAULT: _require_default,
    TableChange.DROP_DEFAULT: _require_default,
    TableChange.SET_NOT_NULL: _require_nullability,
    TableChange.SET_OPTIONS: _require_options,
    TableChange.SET_IDENTITY: _require_identity,
    TableChange.DROP_CONSTRAINT: _require_constraint,
    TableChange.ADD_POLICY: _require_policy_change,
    TableChange.REPLACE_POLICY: _require_policy_change,
    TableChange.DROP_POLICY: _require_policy_change,
    TableChange.DROP_SYNONYM: _require_synonym,
    TableChange.SET_ON_DELETE: _require_parent,
}
