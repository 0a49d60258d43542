# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Hold all rows of a database as the bytes that came over the wire.

No value is ever decoded into Python: what a read sent is what a write sends, so that no conversion
can change a NaN, a NUMERIC or a timestamp's nanoseconds. Rows are held in batches, compressed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ddl.lexer import Dialect

MAX_ROWS = 1_000_000
"""How many rows of one database are held; whoever has more is told so."""
MAX_BYTES = 1 << 30
"""How many bytes of values of one database are held, counted before they are compressed."""

_SPEED = 1


class RowsError(Exception):
    """Rows could not be read or written; its text is one sentence that says why."""


class TooManyRowsError(RowsError):
    """The database holds more than :data:`MAX_ROWS` or :data:`MAX_BYTES`."""


class RowsUnavailableError(RowsError):
    """The process that holds the rows has died, or does not answer in time."""


class RowsRefusedError(RowsError):
    """A call was refused: a statement, a batch of rows, or a read of a time long past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBatch:
    """Some rows of a table, as the ``values`` of a ``google.spanner.v1.Mutation.Write``.

    :param rows: how many
    :param compressed: the serialized message with nothing but its ``values``, compressed
    """

    rows: int
    compressed: bytes

    @classmethod
    def of(cls, values: bytes, *, rows: int) -> RowBatch:
        """Hold rows that are serialized already."""
        return cls(rows=rows, compressed=zlib.compress(values, _SPEED))

    @property
    def values(self) -> bytes:
        """The serialized message."""
        return zlib.decompress(self.compressed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """All rows of a table, in the order of its primary key.

    :param table: as reads and mutations name it: with its schema, unless that is the default one
    :param columns: those that can be written, so no generated ones
    :param batches: the rows
    """

    table: str
    columns: tuple[str, ...]
    batches: tuple[RowBatch, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(batch.rows for batch in self.batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """How far the counter of a sequence or of an identity column has been used.

    :param sequence: the sequence; None for an identity column
    :param table: the table of an identity column
    :param column: the identity column
    :param state: the next value of the counter, before its bits are reversed
    """

    sequence: str | None = None
    table: str = ""
    column: str = ""
    state: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRows:
    """A database's schema and rows at one moment.

    :param dialect: its dialect
    :param statements: its schema, as GetDatabaseDdl shows it
    :param proto_descriptors: the FileDescriptorSet for its proto bundle, serialized
    :param tables: its tables with their rows, parents before children
    :param counters: how far its sequences and identity columns have been used
    """

    dialect: Dialect
    statements: tuple[str, ...]
    proto_descriptors: bytes = b""
    tables: tuple[TableRows, ...] = ()
    counters: tuple[Counter, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows all its tables have."""
        return sum(table.rows for table in self.tables)


def qualified_name(schema: str, name: str) -> str:
    """Return the name by which reads and mutations know a table of a schema."""
    return name if schema in _DEFAULT_SCHEMAS else f"{schema}.{name}"


_DEFAULT_SCHEMAS = ("", "public")
