# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read all rows of a database as they were at one moment.

One read-only transaction shows tables, columns and rows, so that all of them are of one moment.
The statements of DDL of that moment nobody can ask for: Google's emulator shows those of now only,
and leaves things out of them (named schemas, what is a search index). So whoever knows them gives
them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.cloud.spanner_v1 import types as spanner_types

from airflow_spanner_lro.core.ddl.lexer import Dialect, UnclosedError, tokenize
from airflow_spanner_lro.emulator.data.calls import Connection, message, whole_rows
from airflow_spanner_lro.emulator.data.counters import state_query
from airflow_spanner_lro.emulator.data.rows import (
    MAX_BYTES,
    MAX_ROWS,
    Counter,
    DatabaseRows,
    RowBatch,
    RowsRefusedError,
    TableRows,
    TooManyRowsError,
    qualified_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import grpc

VERSION_RETENTION = timedelta(hours=1)
"""How long Google's emulator keeps what rows were, whatever a database's options say."""

_SAMPLES = 5
"""How often that emulator's clock is asked; the quickest answer tells best what it shows."""
# Google's emulator checks each row of a commit against the others where a table has CHECK or a
# unique index: 500 rows take twelve times as long as 100, while a commit by itself takes 1 ms
_BATCH_ROWS = 100
_BATCH_BYTES = 4 << 20
_SYSTEM_SCHEMAS = ("information_schema", "pg_catalog", "spanner_sys")
_INTERNAL = "_"
_IDENTITY_WORDS = frozenset({"IDENTITY", "AUTO_INCREMENT", "SERIAL", "BIGSERIAL"})
_INTEGERS = ("INT64", "bigint")

_DIALECT = """
SELECT option_value FROM information_schema.database_options
WHERE option_name = 'database_dialect'"""
_TABLES = """
SELECT table_schema, table_name, parent_table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE'"""
_COLUMNS = """
SELECT table_schema, table_name, column_name, is_generated, spanner_type
FROM information_schema.columns ORDER BY table_schema, table_name, ordinal_position"""
_SEQUENCES = {
    Dialect.GOOGLE_STANDARD_SQL: "SELECT schema, name FROM information_schema.sequences",
    Dialect.POSTGRESQL: "SELECT sequence_schema, sequence_name FROM information_schema.sequences",
}


def read_rows(
    *,
    channel: grpc.Channel,
    database: str,
    at: datetime | None,
    present: bool = False,
    statements: Sequence[str] | None = None,
    proto_descriptors: bytes = b"",
) -> DatabaseRows:
    """Read a database's schema and all its rows.

    :param channel: to Google's emulator
    :param database: its full name
    :param at: the moment, by that emulator's clock, at most an hour ago; None for now
    :param present: the moment was now, by this machine's clock: whatever had been committed then
        is read
    :param statements: its schema at that moment; without them it is what that emulator shows now,
        which leaves things out
    :param proto_descriptors: what belongs to these statements
    :raises TooManyRowsError: if there are more rows than can be held
    :raises RowsUnavailableError: if the emulator does not answer
    :raises RowsRefusedError: if it refuses, as for a moment that is too long ago
    """
    connection = Connection(channel, database)
    if statements is None:
        statements, proto_descriptors = connection.schema()
    with connection.in_session():
        # in the options of the database, as its GetDatabase says nothing of it
        dialect = Dialect(connection.query(_DIALECT)[0][0].string_value)
        reader = _Reader(connection, dialect, _begin(connection, at, present=present))
        tables = tuple(map(reader.rows_of, reader.tables()))
        counters = tuple(reader.counters(has_identity=_has_identity(statements, dialect)))
    return DatabaseRows(
        dialect=dialect,
        statements=tuple(statements),
        proto_descriptors=proto_descriptors,
        tables=tables,
        counters=counters,
    )


def _begin(connection: Connection, at: datetime | None, *, present: bool) -> bytes:
    """Begin to read at a moment; return the id of the transaction."""
    transaction, now = connection.begin_reading(None)
    if at is None:
        return transaction
    if present:
        # that emulator's clock goes on by a microsecond at least each time that it is asked, and
        # so runs ahead of the real one, by some 10 ms after a million rows
        at += min(_ahead(connection) for _ in range(_SAMPLES))
    if now - at >= VERSION_RETENTION:
        # asked for tables of before, that emulator may show those of its beginning: none
        text = (
            f"The rows of {connection.short_name} of {at:%Y-%m-%d %H:%M:%S} UTC are gone: Google's "
            f"emulator keeps them for an hour"
        )
        raise RowsRefusedError(text)
    transaction, _ = connection.begin_reading(at)
    return transaction


def _ahead(connection: Connection) -> timedelta:
    """Return how far that emulator's clock is ahead at most: the call took a part of that."""
    before = datetime.now(UTC)
    _, now = connection.begin_reading(None)
    return max(now - before, timedelta())


class _Reader:
    """One read-only transaction, and how much it has read."""

    def __init__(self, connection: Connection, dialect: Dialect, transaction: bytes) -> None:
        self._connection = connection
        self._dialect = dialect
        self._transaction = transaction
        self._rows = 0
        self._bytes = 0
        self._integers: list[tuple[str, str]] = []

    def tables(self) -> list[TableRows]:
        """Return the tables without their rows, parents before children."""
        parents = {}
        for schema, table, parent in self._ask(_TABLES):
            if schema.lower() not in _SYSTEM_SCHEMAS:
                parents[qualified_name(schema, table)] = (
                    qualified_name(schema, parent) if parent else ""
                )
        columns: dict[str, list[str]] = {name: [] for name in parents}
        for schema, table, column, generated, of_type in self._ask(_COLUMNS):
            name = qualified_name(schema, table)
            if name not in columns or generated == "ALWAYS":
                continue
            columns[name].append(column)
            if of_type in _INTEGERS:
                self._integers.append((name, column))
        return [
            TableRows(table=name, columns=tuple(columns[name])) for name in _parents_first(parents)
        ]

    def rows_of(self, table: TableRows) -> TableRows:
        """Return a table with its rows."""
        return replace(table, batches=tuple(self._batches(table)))

    def counters(self, *, has_identity: bool) -> Iterator[Counter]:
        """Yield how far sequences and identity columns have been used, as of now."""
        names = [qualified_name(*row) for row in self._ask(_SEQUENCES[self._dialect])]
        found = [Counter(sequence=name) for name in names if not name.startswith(_INTERNAL)]
        if has_identity:
            found += [Counter(table=table, column=column) for table, column in self._integers]
        for counter in found:
            # it may be dropped by now; and a column may have no identity, which nothing else tells
            with suppress(RowsRefusedError):
                yield from self._used(counter)

    def _used(self, counter: Counter) -> Iterator[Counter]:
        ((value,),) = self._connection.query(state_query(counter, dialect=self._dialect))
        if value.HasField("string_value"):
            yield replace(counter, state=int(value.string_value))

    def _ask(self, sql: str) -> list[tuple[str, ...]]:
        found = self._connection.query(sql, transaction=self._transaction)
        return [tuple(value.string_value for value in row) for row in found]

    def _batches(self, table: TableRows) -> Iterator[RowBatch]:
        results = self._connection.read(
            table=table.table, columns=table.columns, transaction=self._transaction
        )
        batch = message(spanner_types.Mutation.Write)
        size = 0
        for row in whole_rows(results):
            added = batch.values.add()
            added.values.extend(row)
            size += added.ByteSize()
            if len(batch.values) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                yield self._counted(batch)
                batch, size = message(spanner_types.Mutation.Write), 0
        if batch.values:
            yield self._counted(batch)

    def _counted(self, batch: Any) -> RowBatch:
        values = batch.SerializeToString()
        self._rows += len(batch.values)
        self._bytes += len(values)
        if self._rows > MAX_ROWS or self._bytes > MAX_BYTES:
            text = (
                f"{self._connection.short_name} holds too much for a backup of its rows: at most "
                f"{MAX_ROWS:,} rows and {MAX_BYTES >> 20:,} MiB of values are held"
            )
            raise TooManyRowsError(text)
        return RowBatch.of(values, rows=len(batch.values))


def _parents_first(parents: dict[str, str]) -> list[str]:
    """Return tables in an order in which their rows can be written."""
    order: dict[str, None] = {}

    def place(name: str) -> None:
        if parent := parents[name]:
            place(parent)
        order.setdefault(name)

    for name in sorted(parents):
        place(name)
    return list(order)


def _has_identity(statements: Sequence[str], dialect: Dialect) -> bool:
    """Tell whether a schema can have identity columns."""
    for statement in statements:
        try:
            words = {token.text.upper() for token in tokenize(statement, dialect=dialect)}
        except UnclosedError:
            return True
        if words & _IDENTITY_WORDS:
            return True
    return False
