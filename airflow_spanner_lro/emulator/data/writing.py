# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Write a schema and its rows into an empty database.

Rows go in as mutations with explicit values, so defaults, identity columns and commit timestamps
are what they were; generated columns are left out, and Spanner makes them again. Parents come
before their children. Sequences go on where they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.spanner_v1 import types as spanner_types

from airflow_spanner_lro.emulator.data.calls import Connection, message
from airflow_spanner_lro.emulator.data.counters import restart_statements, state_query
from airflow_spanner_lro.emulator.data.loading import plan_load
from airflow_spanner_lro.emulator.data.rows import RowsRefusedError, qualified_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import grpc

    from airflow_spanner_lro.core.ddl.lexer import Dialect
    from airflow_spanner_lro.emulator.data.rows import Counter, DatabaseRows, TableRows

_COLUMNS = "SELECT table_schema, table_name, column_name FROM information_schema.columns"


def write_rows(*, channel: grpc.Channel, database: str, rows: DatabaseRows) -> None:
    """Make a database what another one was.

    :param channel: to Google's emulator
    :param database: the full name of a database of the same dialect, with nothing in it
    :param rows: what :func:`read_rows` has read
    :raises RowsUnavailableError: if the emulator does not answer
    :raises RowsRefusedError: if it refuses a statement or a row
    """
    connection = Connection(channel, database)
    plan = plan_load(rows.statements, dialect=rows.dialect, database_id=connection.short_name)
    connection.change_schema(plan.before, proto_descriptors=rows.proto_descriptors)
    with connection.in_session():
        known = _columns_by_table(connection)
        for table in rows.tables:
            _write_table(connection, table, known.get(table.table, frozenset()))
        counters = [each for each in rows.counters if _is_there(connection, each, rows.dialect)]
    for counter in counters:
        _restart(connection, counter, rows.dialect)
    connection.change_schema(plan.after)


def _columns_by_table(connection: Connection) -> dict[str, set[str]]:
    """Return the tables of a database with their columns."""
    found: dict[str, set[str]] = {}
    for row in connection.query(_COLUMNS):
        schema, table, column = (value.string_value for value in row)
        found.setdefault(qualified_name(schema, table), set()).add(column)
    return found


def _write_table(connection: Connection, table: TableRows, known: Collection[str]) -> None:
    """Write the rows of a table, but for what the schema does not have.

    A table or a column can be in the rows of a moment and not in its schema: one that was dropped
    then is dropped in Google's emulator a little later.
    """
    places = [place for place, column in enumerate(table.columns) if column in known]
    columns = [table.columns[place] for place in places]
    if not columns:
        return
    head = message(spanner_types.Mutation.Write, table=table.table, columns=columns)
    begin = head.SerializeToString()
    for batch in table.batches:
        values = batch.values
        if len(columns) < len(table.columns):
            values = _only(values, places)
        connection.insert(begin + values)


def _only(values: bytes, places: Sequence[int]) -> bytes:
    """Return rows with some of their columns."""
    read, kept = message(spanner_types.Mutation.Write), message(spanner_types.Mutation.Write)
    read.ParseFromString(values)
    for row in read.values:
        kept.values.add().values.extend(row.values[place] for place in places)
    return bytes(kept.SerializeToString())


def _is_there(connection: Connection, counter: Counter, dialect: Dialect) -> bool:
    """Tell whether the schema has a sequence or an identity column, as with tables."""
    try:
        connection.query(state_query(counter, dialect=dialect))
    except RowsRefusedError:
        return False
    return True


def _restart(connection: Connection, counter: Counter, dialect: Dialect) -> None:
    *others, last = restart_statements(counter, dialect=dialect)
    for statement in others:
        try:
            connection.change_schema([statement])
        except RowsRefusedError:
            continue  # a sequence takes the form that it was created with, and no other
        return
    connection.change_schema([last])
