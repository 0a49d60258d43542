# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""CREATE TABLE, read to its end by the grammar of each dialect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.columns import (
    Column,
    google_column,
    options_of,
)
from airflow_spanner_lro.emulator.schemas.postgresql_columns import (
    postgresql_column,
    referred,
    take_when_checked,
    unsupported_constraint,
)
from airflow_spanner_lro.emulator.schemas.references import References

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader


class TableChange(Enum):
    """What an ALTER TABLE does to columns, constraints and the like."""

    ADD_COLUMN = "ADD COLUMN"
    DROP_COLUMN = "DROP COLUMN"
    REDEFINE_COLUMN = "ALTER COLUMN"
    SET_DEFAULT = "SET DEFAULT"
    DROP_DEFAULT = "DROP DEFAULT"
    SET_NOT_NULL = "SET NOT NULL"
    SET_OPTIONS = "SET OPTIONS"
    SET_IDENTITY = "ALTER IDENTITY"
    ADD_CONSTRAINT = "ADD CONSTRAINT"
    DROP_CONSTRAINT = "DROP CONSTRAINT"
    ADD_POLICY = "ADD ROW DELETION POLICY"
    REPLACE_POLICY = "REPLACE ROW DELETION POLICY"
    DROP_POLICY = "DROP ROW DELETION POLICY"
    SET_ON_DELETE = "SET ON DELETE"
    SET_PARENT = "SET INTERLEAVE"
    DROP_SYNONYM = "DROP SYNONYM"
    OTHER = "SET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a table or an index consists of, or what of it changes.

    :param key: the columns of the key; None if the statement has none
    :param descending: those of them that are sorted the other way
    :param checks: check constraints: their names, and the words in them
    :param stored: what an index holds besides
    :param policy: the column that tells how old a row is
    :param change: what an ALTER TABLE does
    :param target: the column, constraint or synonym that it does it to
    :param tolerant: the column is added IF NOT EXISTS
    :param has_kind: a sequence says of which kind it is
    """

    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] | None = None
    descending: tuple[str, ...] = ()
    checks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    stored: tuple[str, ...] = ()
    policy: str = ""
    change: TableChange | None = None
    target: str = ""
    tolerant: bool = False
    has_kind: bool = False


ForeignKey = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""Name, the other table, columns of this one, columns of the other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReading:
    """What has been read of a table.

    :param parent: the table within which it is interleaved, or empty
    :param synonym: a name that it has in addition, or empty
    """

    parts: Parts
    refers: References
    parent: str = ""
    synonym: str = ""


class TableBody:
    """The columns and constraints of a table, as they are read."""

    def __init__(self, reader: StatementReader, table: str) -> None:
        self.columns: list[Column] = []
        self.checks: list[tuple[str, tuple[str, ...]]] = []
        self.foreign_keys: list[ForeignKey] = []
        self.key: tuple[str, ...] | None = None
        self.descending: tuple[str, ...] = ()
        self.synonym = ""
        self.google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
        self._reader = reader
        self._table = table

    def element(self) -> None:
        """Read a column or a constraint."""
        if self._reader.take("SYNONYM", "("):
            self.synonym = self._reader.qualified()
            self._reader.expect(")")
        elif not self.constraint():
            self.column()

    def column(self) -> Column:
        """Read a column, and the constraints that stand behind it."""
        if self.google:
            self.columns.append(google_column(self._reader))
            return self.columns[-1]
        found = postgresql_column(self._reader)
        column = found.column
        self.columns.append(column)
        self.checks += found.checks
        if found.foreign_key is not None:
            name, table, others = found.foreign_key
            self.foreign_keys.append((name, table, (column.name,), others))
        return column

    def constraint(self) -> bool:
        """Read a constraint, if one comes next."""
        reader = self._reader
        place = reader.place
        named = reader.take("CONSTRAINT")
        name = reader.identifier() if named else ""
        if named and self.google and not reader.comes("FOREIGN", "CHECK"):
            # a column is called so
            reader.place = place
            return False
        if reader.take("FOREIGN", "KEY"):
            columns = reader.identifiers()
            reader.expect("REFERENCES")
            self.foreign_keys.append((name, *self._referred(columns)))
        elif reader.take("CHECK", "("):
            # a column may be called CHECK, and has a type
            words = reader.expression().names
            reader.expect(")")
            self.checks.append((name, words))
        elif reader.take("PRIMARY", "KEY"):
            if name:
                raise refusals.not_supported("Setting a name of a <PRIMARY KEY> constraint")
            if self.key is not None:
                raise refusals.two_primary_keys(self._table, google=self.google)
            self.key, self.descending = key_parts(
                reader, may_be_empty=self.google, sorted_too=self.google
            )
            if not self.google:
                take_when_checked(reader)
        elif named or (not self.google and reader.comes("UNIQUE", "EXCLUDE", "LIKE")):
            raise unsupported_constraint(reader)
        else:
            return False
        return True

    def _referred(self, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        reader = self._reader
        if not self.google:
            table, others = referred(reader)
            return table, columns, others
        table, others = reader.qualified(), reader.identifiers()
        if reader.take("ON"):
            reader.expect("DELETE")
            if not reader.take("CASCADE"):
                reader.expect("NO", "ACTION")
        if not reader.take("ENFORCED"):
            reader.take("NOT", "ENFORCED")
        return table, columns, others

    @property
    def refers(self) -> References:
        """What all of it refers to."""
        return References(
            foreign_keys=tuple((name, table) for name, table, _, _ in self.foreign_keys),
            key_columns=tuple((own, others) for _, _, own, others in self.foreign_keys),
            sequences=tuple((c.name, each) for c in self.columns for each in c.sequences),
        )


def key_parts(
    reader: StatementReader, *, may_be_empty: bool, sorted_too: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the columns of a key or an index; return them, and those that are descending.

    :param sorted_too: it may say how it is sorted
    :raises RpcError: if there are none, or they are no plain columns.
    """
    reader.expect("(")
    found: list[str] = []
    descending: list[str] = []
    if may_be_empty and reader.take(")"):
        return (), ()
    while True:
        found.append(reader.identifier())
        if sorted_too and reader.take("DESC"):
            descending.append(found[-1])
        elif sorted_too:
            reader.take("ASC")
        nulls = reader.dialect is Dialect.POSTGRESQL and reader.take("NULLS")
        if nulls and not reader.take("FIRST"):
            reader.expect("LAST")
        if not reader.take(","):
            break
    reader.expect(")")
    return tuple(found), tuple(descending)


def take_on_delete(reader: StatementReader) -> bool:
    """Read what happens to rows, if it is said."""
    if not reader.take("ON"):
        return False
    reader.expect("DELETE")
    if not reader.take("CASCADE"):
        reader.expect("NO", "ACTION")
    return True


def read_policy(reader: StatementReader) -> str:
    """Read ``(OLDER_THAN(column, INTERVAL n DAY))``; return the column."""
    reader.expect("(")
    function = reader.identifier()
    if function.upper() != "OLDER_THAN":
        raise refusals.bad_policy("knows only the function OLDER_THAN")
    reader.expect("(")
    column = reader.identifier()
    reader.expect(",", "INTERVAL")
    reader.integer()
    reader.expect("DAY", ")", ")")
    return column


def read_parent(reader: StatementReader) -> str:
    """Read the table behind INTERLEAVE, and what happens to its rows."""
    reader.expect("IN")
    reader.take("PARENT")
    parent = reader.qualified()
    take_on_delete(reader)
    return parent


# --- CREATE TABLE --------------------------------------------------------------------------------


def read_table(reader: StatementReader, *, table: str) -> TableReading:
    """Read what follows the name in CREATE TABLE.

    :raises RpcError: if it does not follow the grammar.
    """
    body = TableBody(reader, table)
    reader.expect("(")
    while not reader.comes(")"):
        body.element()
        if not reader.take(","):
            break
        if reader.comes(")") and not body.google:
            raise reader.unexpected("a column")
    reader.expect(")")
    if not body.google and not body.columns:
        raise refusals.not_supported("<CREATE TABLE> without columns")
    parent, policy = (_google_tail if body.google else _postgresql_tail)(reader, body, table)
    reader.require_end()
    keys = [column.name for column in body.columns if column.is_key]
    if keys and (len(keys) > 1 or body.key is not None):
        raise refusals.two_primary_keys(table, google=body.google)
    key = tuple(keys) or body.key
    if key is None:
        raise refusals.no_primary_key(table, google=body.google)
    columns = tuple(
        replace(column, not_null=True)
        if column.name in key and not body.google and not column.not_null
        else column
        for column in body.columns
    )
    parts = Parts(
        columns=columns,
        key=key,
        descending=body.descending,
        checks=tuple(body.checks),
        policy=policy,
    )
    return TableReading(parts=parts, refers=body.refers, parent=parent, synonym=body.synonym)


def _google_tail(reader: StatementReader, body: TableBody, table: str) -> tuple[str, str]:
    if reader.take("PRIMARY"):
        reader.expect("KEY")
        if body.key is not None:
            raise refusals.two_primary_keys(table, google=True)
        body.key, body.descending = key_parts(reader, may_be_empty=True)
    parent = policy = ""
    if reader.take(",", "INTERLEAVE"):
        parent = read_parent(reader)
    if reader.take(",", "ROW"):
        reader.expect("DELETION", "POLICY")
        policy = read_policy(reader)
    if reader.take(",", "OPTIONS"):
        options_of(reader)
    return parent, policy


def _postgresql_tail(reader: StatementReader, body: TableBody, table: str) -> tuple[str, str]:
    del body, table
    parent = policy = ""
    while not reader.at_end:
        if reader.take("INTERLEAVE"):
            parent = read_parent(reader)
        elif reader.take("TTL"):
            policy = read_ttl(reader)
        elif reader.take("LOCALITY"):
            reader.expect("GROUP")
            reader.qualified()
        else:
            for word in ("WITH", "TABLESPACE", "INHERITS", "PARTITION", "ON", "USING", "WITHOUT"):
                if reader.comes(word):
                    raise refusals.not_supported(f"<{word}> in <CREATE TABLE>")
            break
    return parent, policy


def read_ttl(reader: StatementReader) -> str:
    """Read ``INTERVAL 'n days' ON column``; return the column."""
    reader.expect("INTERVAL")
    if not (reader.text_in_quotes() or "").strip():
        raise reader.unexpected("an interval")
    reader.expect("ON")
    return reader.identifier()
