# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What tables are like after all their statements: columns, keys, constraints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.schemas.tables import Parts, TableChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spanner_lro.emulator.schemas.columns import Column
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A foreign key that a table has.

    :param others: the columns of the other table
    """

    name: str
    columns: tuple[str, ...]
    table: str
    others: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class TableShape:
    """A table as it is after its statements.

    :param columns: by their names in small letters
    :param checks: the words of check constraints, by their names
    :param synonyms: names that it has in addition
    """

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    descending: tuple[str, ...] = ()
    foreign_keys: list[HeldKey] = field(default_factory=list)
    checks: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    policy: str = ""
    parent: str = ""
    synonyms: list[str] = field(default_factory=list)

    def column(self, name: str) -> Column | None:
        """Return a column that is spelled so; None if there is none."""
        found = self.columns.get(name.lower())
        return found if found is not None and found.name == name else None

    @property
    def constraints(self) -> Iterator[str]:
        """The names of its constraints, of those that have got one."""
        yield from (key.name for key in self.foreign_keys if key.name)
        yield from (name for name, _ in self.checks if name)


def shape_of(statements: Sequence[DdlStatement], table: str) -> TableShape | None:
    """Return what a table is like; None if there is none."""
    same = table.lower()
    shape: TableShape | None = None
    for each in statements:
        if each.entity_type != "TABLE" or not each.names or each.names[0].lower() != same:
            continue
        if each.action == "CREATE" and each.parts is not None:
            shape = created(each, each.parts)
        elif each.action == "ALTER" and shape is not None:
            _apply(shape, each)
    return shape


def created(statement: DdlStatement, parts: Parts) -> TableShape:
    """Return the table that a statement creates."""
    shape = TableShape(
        name=statement.names[0],
        columns={column.name.lower(): column for column in parts.columns},
        key=parts.key or (),
        descending=parts.descending,
        checks=list(parts.checks),
        policy=parts.policy,
        parent=statement.parent,
        synonyms=[statement.synonym] if statement.synonym else [],
    )
    _hold(shape, statement)
    return shape


def _hold(shape: TableShape, statement: DdlStatement) -> None:
    refers = statement.refers
    for (name, table), (own, others) in zip(refers.foreign_keys, refers.key_columns, strict=False):
        shape.foreign_keys.append(HeldKey(name=name, columns=own, table=table, others=others))


def _apply(shape: TableShape, statement: DdlStatement) -> None:
    if statement.synonym:
        shape.synonyms.append(statement.synonym)
    parts = statement.parts
    if parts is None:
        return
    _apply_to_columns(shape, parts)
    target = parts.target.lower()
    match parts.change:
        case TableChange.ADD_COLUMN | TableChange.ADD_CONSTRAINT:
            shape.checks += parts.checks
        case TableChange.DROP_CONSTRAINT:
            shape.checks = [each for each in shape.checks if each[0].lower() != target]
            shape.foreign_keys = [k for k in shape.foreign_keys if k.name.lower() != target]
        case TableChange.ADD_POLICY | TableChange.REPLACE_POLICY:
            shape.policy = parts.policy
        case TableChange.DROP_POLICY:
            shape.policy = ""
        case TableChange.SET_PARENT:
            shape.parent = statement.parent
        case TableChange.DROP_SYNONYM:
            shape.synonyms = [name for name in shape.synonyms if name.lower() != target]
        case _:
            pass
    _hold(shape, statement)


def _apply_to_columns(shape: TableShape, parts: Parts) -> None:
    target = parts.target.lower()
    match parts.change:
        case TableChange.ADD_COLUMN:
            shape.columns.setdefault(target, parts.columns[0])
        case TableChange.DROP_COLUMN:
            shape.columns.pop(target, None)
        case TableChange.REDEFINE_COLUMN | TableChange.SET_DEFAULT | TableChange.SET_OPTIONS:
            _redefine(shape, parts, target)
        case TableChange.DROP_DEFAULT if (column := shape.columns.get(target)) is not None:
            shape.columns[target] = replace(column, made="", uses=(), sequences=())
        case _:
            pass


def _redefine(shape: TableShape, parts: Parts, target: str) -> None:
    column = shape.columns.get(target)
    if column is None or not parts.columns:
        return
    new = parts.columns[0]
    if parts.change is TableChange.SET_DEFAULT:
        changed = replace(column, made="DEFAULT", uses=new.uses, sequences=new.sequences)
    elif parts.change is TableChange.SET_OPTIONS:
        changed = replace(column, commit_timestamp=new.commit_timestamp)
    else:
        not_null = column.not_null if new.not_null is None else new.not_null
        changed = replace(column, type=new.type, not_null=not_null)
        if new.made:
            changed = replace(changed, made=new.made, uses=new.uses, sequences=new.sequences)
    shape.columns[target] = changed
