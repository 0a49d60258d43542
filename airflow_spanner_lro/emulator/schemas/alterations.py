# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""ALTER TABLE, read to its end by the grammar of each dialect; renames are read elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.columns import (
    Column,
    commit_timestamp_in,
    google_column,
    options_of,
    skipped_range,
)
from airflow_spanner_lro.emulator.schemas.postgresql_columns import postgresql_type
from airflow_spanner_lro.emulator.schemas.tables import (
    Parts,
    TableBody,
    TableChange,
    TableReading,
    read_parent,
    read_policy,
    read_ttl,
    take_on_delete,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader


def read_alteration(reader: StatementReader, *, table: str) -> TableReading:
    """Read what follows the name in ALTER TABLE, renaming and adding synonyms aside.

    :raises RpcError: if it does not follow the grammar.
    """
    body = TableBody(reader, table)
    released = ""
    if reader.take("DROP"):
        parts = _dropped(reader, google=body.google)
        released = parts.target
    elif reader.take("ADD"):
        parts = _added(reader, body)
    elif reader.take("ALTER"):
        parts = _altered(reader, body)
        if parts.change in (TableChange.SET_DEFAULT, TableChange.DROP_DEFAULT):
            released = parts.target
    elif reader.take("REPLACE"):
        reader.expect("ROW", "DELETION", "POLICY")
        parts = Parts(change=TableChange.REPLACE_POLICY, policy=read_policy(reader))
    elif reader.take("SET"):
        parts, parent = _set(reader)
        return _whole(reader, TableReading(parts=parts, refers=body.refers, parent=parent), body)
    else:
        raise reader.unexpected("alter_table_statement")
    refers = replace(body.refers, released=(released,) if released else ())
    return _whole(reader, TableReading(parts=parts, refers=refers), body)


def _whole(reader: StatementReader, found: TableReading, body: TableBody) -> TableReading:
    if found.parts.change is TableChange.REDEFINE_COLUMN and not body.google:
        (column,) = found.parts.columns
        columns = (_with_nullability(reader, column),)
        found = replace(found, parts=replace(found.parts, columns=columns))
    if reader.comes(",") and not body.google:
        raise refusals.not_supported("More than one action of an <ALTER TABLE>")
    reader.require_end()
    return found


def _with_nullability(reader: StatementReader, column: Column) -> Column:
    """Read whether a column may be NULL, which PostgreSQL says beside its new type."""
    if not reader.take(",", "ALTER"):
        return column
    reader.take("COLUMN")
    same = reader.identifier() == column.name
    not_null = reader.take("SET")
    if not not_null and not reader.comes("TYPE"):
        reader.expect("DROP")
    if not same or reader.comes("DEFAULT", "DATA", "TYPE"):
        raise refusals.not_supported("What does not say NOT NULL of the column whose type changes")
    reader.expect("NOT", "NULL")
    return replace(column, not_null=not_null)


def _dropped(reader: StatementReader, *, google: bool) -> Parts:
    if reader.take("ROW", "DELETION", "POLICY") or (not google and reader.take("TTL")):
        return Parts(change=TableChange.DROP_POLICY)
    if reader.take("SYNONYM"):
        return Parts(change=TableChange.DROP_SYNONYM, target=reader.qualified())
    change = TableChange.DROP_COLUMN
    if reader.take("CONSTRAINT"):
        change = TableChange.DROP_CONSTRAINT
    else:
        reader.take("COLUMN")
    if not google and reader.comes("IF"):
        raise refusals.not_supported("<IF [NOT] EXISTS> in an action of <ALTER TABLE>")
    target = reader.identifier()
    if not google and not reader.take("RESTRICT") and reader.comes("CASCADE"):
        raise refusals.not_supported("A drop mode other than <RESTRICT>")
    return Parts(change=change, target=target)


def _added(reader: StatementReader, body: TableBody) -> Parts:
    if body.google and reader.take("ROW", "DELETION", "POLICY"):
        return Parts(change=TableChange.ADD_POLICY, policy=read_policy(reader))
    if not body.google and reader.take("TTL"):
        return Parts(change=TableChange.ADD_POLICY, policy=read_ttl(reader))
    if not reader.comes("COLUMN") and body.constraint():
        if body.key is not None:
            raise refusals.not_supported("<PRIMARY KEY> in <ALTER TABLE>")
        names = [name for name, *_ in body.foreign_keys] + [name for name, _ in body.checks]
        return Parts(change=TableChange.ADD_CONSTRAINT, checks=tuple(body.checks), target=names[0])
    tolerant = reader.take("COLUMN") and reader.take("IF", "NOT", "EXISTS")
    column = body.column()
    if column.is_key:
        raise refusals.two_primary_keys(column.name, google=body.google)
    return Parts(
        change=TableChange.ADD_COLUMN,
        columns=(column,),
        checks=tuple(body.checks),
        target=column.name,
        tolerant=tolerant,
    )


def _altered(reader: StatementReader, body: TableBody) -> Parts:
    if not body.google and reader.take("TTL"):
        return Parts(change=TableChange.REPLACE_POLICY, policy=read_ttl(reader))
    reader.take("COLUMN")
    place = reader.place
    name = reader.identifier()
    if reader.take("SET"):
        return _column_set(reader, body, name)
    if reader.take("DROP"):
        return _column_loses(reader, name)
    if not body.google and reader.comes("RESTART"):
        return _counter_restarted(reader, name)
    if body.google and reader.take("ALTER", "IDENTITY"):
        set_ = reader.take("SET")
        return _numbers_skipped(reader, name) if set_ else _counter_restarted(reader, name)
    if body.google:
        reader.place = place
        column = google_column(reader, altered=True)
    elif reader.take("TYPE"):
        column = Column(name=name, type=postgresql_type(reader, column=name), not_null=None)
    else:
        raise reader.unexpected("TYPE")
    body.columns.append(column)
    return Parts(change=TableChange.REDEFINE_COLUMN, columns=(column,), target=name)


def _column_loses(reader: StatementReader, name: str) -> Parts:
    """Read what follows ALTER COLUMN and DROP."""
    change = TableChange.SET_NOT_NULL
    if reader.take("DEFAULT"):
        change = TableChange.DROP_DEFAULT
    elif reader.take("ON", "UPDATE"):
        change = TableChange.SET_OPTIONS
    else:
        reader.expect("NOT", "NULL")
        if reader.dialect is Dialect.GOOGLE_STANDARD_SQL:
            raise refusals.nullability_alone()
    return Parts(change=change, target=name)


def _column_set(reader: StatementReader, body: TableBody, name: str) -> Parts:
    """Read what follows ALTER COLUMN and SET."""
    if reader.take("DEFAULT"):
        value = reader.in_parentheses() if body.google else reader.expression()
        column = Column(name=name, made="DEFAULT", uses=value.names, sequences=value.sequences)
        body.columns.append(column)
        return Parts(change=TableChange.SET_DEFAULT, columns=(column,), target=name)
    if reader.take("NOT", "NULL"):
        if body.google:
            raise refusals.nullability_alone()
        return Parts(change=TableChange.SET_NOT_NULL, target=name)
    if body.google:
        if reader.take("ON", "UPDATE"):
            reader.in_parentheses()
            return Parts(change=TableChange.SET_OPTIONS, target=name)
        reader.expect("OPTIONS")
        column = Column(name=name, commit_timestamp=commit_timestamp_in(reader))
        return Parts(change=TableChange.SET_OPTIONS, columns=(column,), target=name)
    if reader.take("DATA"):
        reader.expect("TYPE")
        column = Column(name=name, type=postgresql_type(reader, column=name), not_null=None)
        body.columns.append(column)
        return Parts(change=TableChange.REDEFINE_COLUMN, columns=(column,), target=name)
    for word in ("RESTART", "START", "BIT_REVERSED_POSITIVE", "STATISTICS", "STORAGE"):
        if reader.comes(word):
            raise refusals.not_supported(f"<{word}> in <ALTER COLUMN ... SET>")
    return _numbers_skipped(reader, name)


def _numbers_skipped(reader: StatementReader, name: str) -> Parts:
    """Read which numbers an identity column leaves out from now on."""
    if reader.take("NO"):
        reader.expect("SKIP", "RANGE")
    elif not skipped_range(reader):
        raise reader.unexpected("SKIP")
    return Parts(change=TableChange.SET_IDENTITY, target=name)


def _counter_restarted(reader: StatementReader, name: str) -> Parts:
    """Read with which number an identity column goes on."""
    reader.expect("RESTART")
    if reader.dialect is Dialect.POSTGRESQL and not reader.comes("COUNTER"):
        raise refusals.not_supported("<RESTART> without <COUNTER WITH>")
    reader.expect("COUNTER", "WITH")
    if reader.integer() < 1:
        raise refusals.not_positive("start_with_counter")
    return Parts(change=TableChange.SET_IDENTITY, target=name)


def _set(reader: StatementReader) -> tuple[Parts, str]:
    """Read what follows SET; return the new parent as well, if there is one."""
    if take_on_delete(reader):
        return Parts(change=TableChange.SET_ON_DELETE), ""
    if reader.take("INTERLEAVE"):
        return Parts(change=TableChange.SET_PARENT), read_parent(reader)
    if reader.dialect is Dialect.GOOGLE_STANDARD_SQL:
        reader.expect("OPTIONS")
        options_of(reader)
    else:
        reader.expect("LOCALITY", "GROUP")
        reader.qualified()
    return Parts(change=TableChange.OTHER), ""
