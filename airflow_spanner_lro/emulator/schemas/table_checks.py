# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a new table makes sense, and fits what is there: columns, keys, types, parents."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.shapes import TableShape, created, shape_of
from airflow_spanner_lro.emulator.schemas.tables import Parts, TableChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spanner_lro.emulator.schemas.columns import Column
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

_TABLE = "TABLE"


def twice_in(names: Sequence[str]) -> str | None:
    """Return a name that is there more than once, whatever its capitals."""
    counted = Counter(map(str.lower, names))
    return next((name for name in names if counted[name.lower()] > 1), None)


def require_table_fits(
    statements: Sequence[DdlStatement],
    statement: DdlStatement,
    *,
    kind_by_default: bool,
    has_protos: bool,
) -> None:
    """Refuse a CREATE TABLE that makes no sense.

    :param kind_by_default: the database says which kind its sequences are of
    :param has_protos: it has a proto bundle
    :raises RpcError: if it does
    """
    # a CREATE TABLE has been read to its end
    parts = statement.parts or Parts()
    table = statement.names[0]
    if (name := twice_in([column.name for column in parts.columns])) is not None:
        raise refusals.duplicate_column(table, name)
    for column in parts.columns:
        require_column(
            statements, table, column, kind_by_default=kind_by_default, has_protos=has_protos
        )
    shape = created(statement, parts)
    _require_key(shape, parts)
    if parts.policy:
        require_policy(shape, parts.policy)
    require_new_names(statements, shape.constraints, table)
    if statement.parent and not parts.columns:
        raise refusals.no_columns(table)
    if (parent := shape_of(statements, statement.parent)) is not None:
        require_parent_key(f"Table {table}", shape, shape.key, shape.descending, parent)
    require_foreign_keys(statements, shape, statement)


def require_column(
    statements: Sequence[DdlStatement],
    table: str,
    column: Column,
    *,
    kind_by_default: bool,
    has_protos: bool,
) -> None:
    """Refuse a column of a type, or with values, that there is not."""
    if "PROTO " in column.type and not has_protos:
        raise refusals.unknown_type(column.name, column.type.partition("PROTO ")[2].rstrip(">"))
    if column.commit_timestamp and column.family != "TIMESTAMP":
        raise refusals.bad_commit_timestamp(column.name)
    if column.made == "IDENTITY" and not (column.has_kind or kind_by_default):
        raise refusals.no_sequence_kind(f"an identity column {column.name}")
    require_sequences(statements, table, column)


def require_sequences(statements: Sequence[DdlStatement], table: str, column: Column) -> None:
    """Refuse a column whose values come from a sequence that is missing."""
    for sequence in column.sequences:
        if not is_there(statements, ("SEQUENCE",), sequence):
            raise refusals.no_such_sequence(table, column.name, sequence)


def is_there(statements: Sequence[DdlStatement], kinds: Sequence[str], name: str) -> bool:
    """Tell whether there is a thing of one of these kinds; capitals do not matter."""
    same = name.lower()
    return any(
        each.action == "CREATE" and each.entity_type in kinds and each.names[0].lower() == same
        for each in statements
    )


MOST_KEYS = 16
_NO_FOREIGN_KEY = frozenset({"ARRAY", "JSON", "TOKENLIST", "PG.JSONB"})


def _require_key(shape: TableShape, parts: Parts) -> None:
    if len(shape.key) > MOST_KEYS:
        raise refusals.too_many_keys(f"Table {shape.name}", len(shape.key))
    for name in shape.key:
        column = shape.column(name)
        if column is None:
            raise refusals.no_such_key_column(shape.name, name)
        if not column.can_be_key:
            raise refusals.bad_key_type(shape.name, name, column.family)
    if (twice := twice_in(parts.key or ())) is not None:
        raise refusals.key_column_twice(shape.name, twice)


def require_policy(shape: TableShape, name: str) -> None:
    """Refuse to tell how old rows are by a column that is no time."""
    column = shape.columns.get(name.lower())
    if column is None:
        raise refusals.bad_policy(f"cannot use {name}: table {shape.name} has no such column.")
    if column.family != "TIMESTAMP":
        raise refusals.bad_policy(f"must be set on column of type TIMESTAMP, and {name} is none.")


def require_new_names(statements: Sequence[DdlStatement], names: Iterable[str], table: str) -> None:
    """Refuse names of constraints that something has."""
    new = list(names)
    if (twice := twice_in([*new, table])) is not None:
        raise errors.duplicate_name(twice)
    for name in new:
        if name.startswith("_") or name.upper().startswith("PK_"):
            raise refusals.bad_constraint_name(name)
    if not new:
        return
    taken = constraint_names(statements)
    for each in statements:
        if each.action == "CREATE" and each.entity_type in ("TABLE", "INDEX", "VIEW", "SEQUENCE"):
            taken.add(each.names[0].lower())
    for name in new:
        if name.lower() in taken:
            raise errors.duplicate_name(name)


def constraint_names(statements: Sequence[DdlStatement]) -> set[str]:
    """Return the names of all constraints, in small letters."""
    found: set[str] = set()
    for each in statements:
        if each.entity_type != _TABLE or each.parts is None:
            continue
        if each.parts.change is TableChange.DROP_CONSTRAINT:
            found.discard(each.parts.target.lower())
        named = (*each.refers.foreign_keys, *each.parts.checks)
        found.update(name.lower() for name, _ in named if name)
    return found


def require_parent_key(
    owner: str,
    shape: TableShape,
    key: tuple[str, ...],
    descending: tuple[str, ...],
    parent: TableShape,
) -> None:
    """Refuse a key that does not begin with that of the parent."""
    index = not owner.startswith("Table")
    what = "index parent" if index else "parent"
    for position, name in enumerate(parent.key):
        if name not in key:
            raise refusals.parent_key(owner, f"does not reference {what} key column {name}")
        if key[position : position + 1] != (name,):
            raise refusals.parent_key(
                owner,
                f"references parent key column {name} at incorrect position {key.index(name)}",
            )
        own, theirs = shape.columns[name.lower()], parent.columns[name.lower()]
        if own.family != theirs.family or (own.type != theirs.type and not index):
            raise refusals.parent_key(
                owner,
                f"references parent key column {name} with incorrect type {own.type} "
                f"(should be {theirs.type})",
            )
        if own.not_null != theirs.not_null and not index:
            raise refusals.parent_key(
                owner, f"references parent key column {name} with incorrect nullability"
            )
        if (name in descending) != (name in parent.descending):
            raise refusals.parent_key(
                owner, f"references parent key column {name} with incorrect order"
            )


def require_foreign_keys(
    statements: Sequence[DdlStatement], shape: TableShape, statement: DdlStatement
) -> None:
    """Refuse foreign keys to or from what is not there, or is of another type."""
    refers = statement.refers
    for (name, table), (own, others) in zip(refers.foreign_keys, refers.key_columns, strict=False):
        itself = table.lower() == shape.name.lower()
        other = shape if itself else shape_of(statements, table)
        # it has to be spelled as it is
        if other is None or other.name != table:
            raise errors.no_such_entity(_TABLE, table)
        _require_foreign_key(name, shape, own, other, others)


def _require_foreign_key(
    name: str,
    shape: TableShape,
    own: tuple[str, ...],
    other: TableShape,
    others: tuple[str, ...],
) -> None:
    for table, columns in ((shape, own), (other, others)):
        for column in columns:
            if table.column(column) is None:
                raise refusals.bad_foreign_key(
                    shape.name, name, f"Column `{column}` not found for table `{table.name}`"
                )
            if table.columns[column.lower()].commit_timestamp:
                raise refusals.bad_foreign_key(
                    shape.name,
                    name,
                    "Commit timestamp column is not supported for column "
                    f"`{column}` of table `{table.name}`",
                )
        if (twice := twice_in(columns)) is not None:
            raise refusals.bad_foreign_key(
                shape.name, name, f"Column `{twice}` used more than once for table `{table.name}`"
            )
    if other.policy:
        raise refusals.bad_policy(
            f"of table {other.name}: rows that foreign keys refer to are not deleted by age."
        )
    if len(own) != len(others):
        raise refusals.bad_foreign_key(
            shape.name,
            name,
            f"The number of columns are different for table `{shape.name}` and table "
            f"`{other.name}`",
        )
    _require_same_types(name, shape, own, other, others)


def _require_same_types(
    name: str,
    shape: TableShape,
    own: tuple[str, ...],
    other: TableShape,
    others: tuple[str, ...],
) -> None:
    for mine, theirs in zip(own, others, strict=True):
        left, right = shape.columns[mine.lower()], other.columns[theirs.lower()]
        if left.family in _NO_FOREIGN_KEY:
            raise refusals.bad_foreign_key(
                shape.name, name, f"Column `{mine}` of table `{shape.name}` has an unsupported type"
            )
        if left.family != right.family:
            raise refusals.bad_foreign_key(
                shape.name,
                name,
                f"The column types are different for column `{mine}` of table `{shape.name}` and "
                f"column `{theirs}` of table `{other.name}`",
            )
