# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether indexes, views and change streams fit the tables that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.shapes import shape_of
from airflow_spanner_lro.emulator.schemas.table_checks import (
    MOST_KEYS,
    is_there,
    require_parent_key,
    twice_in,
)
from airflow_spanner_lro.emulator.schemas.tables import TableChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.emulator.schemas.shapes import TableShape
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
    from airflow_spanner_lro.emulator.schemas.tables import Parts

_TABLE = "TABLE"


def indexes_of(
    statements: Sequence[DdlStatement], table: str
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the indexes of a table, with the columns that each is sorted by and stores."""
    found: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
    for each in statements:
        if each.entity_type != "INDEX" or each.parts is None:
            continue
        name = each.names[0]
        if each.action == "CREATE" and each.on.lower() == table.lower():
            filtered = tuple(column for column, _ in each.parts.checks)
            found[name.lower()] = (
                name,
                (*(each.parts.key or ()), *filtered),
                each.parts.stored,
            )
        elif name.lower() in found:
            _, key, stored = found[name.lower()]
            target = each.parts.target
            if each.parts.change is TableChange.ADD_COLUMN:
                stored = (*stored, target)
            elif each.parts.change is TableChange.DROP_COLUMN:
                stored = tuple(one for one in stored if one.lower() != target.lower())
            found[name.lower()] = (name, key, stored)
    return list(found.values())


def require_index_fits(
    statements: Sequence[DdlStatement], statement: DdlStatement, *, search: bool
) -> None:
    """Refuse an index of a table that is not there, or of columns that it has not.

    :raises RpcError: if it is one
    """
    shape, parts = shape_of(statements, statement.on), statement.parts
    # it has to be spelled as it is
    if shape is None or parts is None or shape.name != statement.on:
        raise errors.no_such_entity(_TABLE, statement.on)
    index, key = statement.names[0], parts.key or ()
    _require_index_key(index, key, search=search)
    for name in (*key, *parts.stored, *(column for column, _ in parts.checks)):
        if shape.column(name) is None:
            raise refusals.bad_index(
                index,
                f"specifies key column {name} which does not exist in the index's base table",
            )
    _require_apart(index, shape, parts)
    if not search:
        for name in key:
            column = shape.columns[name.lower()]
            if not (column.can_be_key or column.family == "PG.NUMERIC"):
                raise refusals.bad_index_type(index, name, column.family)
    if statement.parent:
        parent = shape_of(statements, statement.parent)
        if parent is None:
            raise refusals.parent_key(
                f"Cannot interleave index {index}", f"within nonexistent table {statement.parent}"
            )
        if not search:
            _require_index_parent(statements, index, shape, parts, parent)


def _require_index_key(index: str, key: tuple[str, ...], *, search: bool) -> None:
    if index.upper() == "PRIMARY_KEY":
        raise refusals.reserved_name(index)
    if len(key) > MOST_KEYS:
        raise refusals.too_many_keys(f"Index {index}", len(key))
    if not key and not search:
        raise refusals.bad_index(index, "does not specify any key columns")


def _require_apart(index: str, shape: TableShape, parts: Parts) -> None:
    """Refuse an index that names a column twice."""
    key = parts.key or ()
    twice = twice_in(key) or twice_in(parts.stored)
    if twice is not None:
        raise refusals.bad_index(index, f"specifies key column {twice} twice")
    for name in parts.stored:
        if name in key:
            raise refusals.bad_index(
                index, f"specifies stored column {name} already specified as primary key"
            )
        if name in shape.key:
            raise refusals.stored_key(index, name, shape.name)


def _require_index_parent(
    statements: Sequence[DdlStatement],
    index: str,
    shape: TableShape,
    parts: Parts,
    parent: TableShape,
) -> None:
    ancestors, at = {shape.name.lower()}, shape
    while at.parent and (above := shape_of(statements, at.parent)) is not None:
        ancestors.add(above.name.lower())
        at = above
    if parent.name.lower() not in ancestors:
        raise refusals.parent_key(
            f"Cannot interleave index {index} of table {shape.name} within table {parent.name}",
            f"because {parent.name} is not an ancestor of {shape.name}",
        )
    require_parent_key(f"Index {index}", shape, parts.key or (), parts.descending, parent)


def require_sources(statements: Sequence[DdlStatement], statement: DdlStatement) -> None:
    """Refuse a view of what is not there.

    :raises RpcError: if it is one
    """
    if statement.names[0].lower() in map(str.lower, statement.refers.sources):
        existed = is_there(statements, ("VIEW",), statement.names[0])
        if existed:
            raise refusals.recursive_view(statement.names[0])
    for source in statement.refers.sources:
        if source.partition(".")[0].lower() in _SYSTEM_SCHEMAS:
            continue
        if not (is_there(statements, ("TABLE", "VIEW"), source) or _is_synonym(statements, source)):
            raise refusals.view_reads_nothing(statement.names[0], source)


_SYSTEM_SCHEMAS = frozenset({"information_schema", "spanner_sys", "pg_catalog", "spanner"})


def _is_synonym(statements: Sequence[DdlStatement], name: str) -> bool:
    return any(each.synonym.lower() == name.lower() for each in statements if each.synonym)


_MOST_STREAMS = 3
_MOST_OF_A_DATABASE = 10


def streams_of(
    statements: Sequence[DdlStatement],
) -> list[tuple[str, tuple[str, ...], tuple[tuple[str, ...] | None, ...]]]:
    """Return the change streams that name tables, with their columns."""
    found: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, ...] | None, ...]]] = {}
    for each in statements:
        if each.entity_type == "CHANGE STREAM" and each.refers.tracked is not None:
            name = each.names[0]
            found[name.lower()] = (name, each.refers.tracked, each.refers.tracked_columns)
    return list(found.values())


def require_trackable(statements: Sequence[DdlStatement], statement: DdlStatement) -> None:
    """Refuse a change stream of what is not there, or of a key.

    :raises RpcError: if it is one
    """
    stream, tables = statement.names[0], statement.refers.tracked or ()
    if statement.action == "CREATE":
        streams = [
            e for e in statements if e.entity_type == "CHANGE STREAM" and e.action == "CREATE"
        ]
        if len(streams) >= _MOST_OF_A_DATABASE:
            raise refusals.bad_stream(stream, "would be the eleventh; 10 is the limit.")
    if (twice := twice_in(tables)) is not None:
        raise refusals.bad_stream(
            stream, f"should not list Table {twice} more than once in the FOR clause."
        )
    columns = statement.refers.tracked_columns or (None,) * len(tables)
    for table, named in zip(tables, columns, strict=True):
        if not is_there(statements, (_TABLE,), table):
            raise refusals.bad_stream(
                stream,
                f"cannot track {table} because either Change Streams do not track database objects "
                "of this type, or this Table does not exist in the database schema.",
            )
        others = [
            name
            for name, tracked, _ in streams_of(statements)
            if name.lower() != stream.lower() and table.lower() in map(str.lower, tracked)
        ]
        if len(others) >= _MOST_STREAMS:
            raise refusals.bad_stream(
                stream, f"would be the fourth that tracks Table {table}; 3 is the limit."
            )
        shape = shape_of(statements, table)
        if shape is not None and named is not None:
            _require_tracked_columns(stream, shape, named)


def _require_tracked_columns(stream: str, shape: TableShape, named: tuple[str, ...]) -> None:
    if (twice := twice_in(named)) is not None:
        raise refusals.bad_stream(
            stream, f"should not list Column {twice} of Table {shape.name} more than once."
        )
    keys = {name.lower() for name in shape.key}
    for name in named:
        if name.lower() not in shape.columns:
            raise refusals.bad_stream(
                stream, f"cannot track column {name}: Table {shape.name} has no such column."
            )
        if name.lower() in keys:
            raise refusals.bad_stream(
                stream,
                f"should not list the primary key column {name} of Table {shape.name}. Keys are "
                "always tracked.",
            )
