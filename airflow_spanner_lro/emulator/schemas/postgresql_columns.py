# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Columns of Spanner's PostgreSQL: its types, and the constraints in any order behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.columns import Column, sequence_clauses
from airflow_spanner_lro.emulator.schemas.reader import Expression

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader

# fmt: off
_TYPES = {
    "bigint": "INT64", "int8": "INT64", "int": "INT64", "integer": "INT64", "bool": "BOOL",
    "boolean": "BOOL", "bytea": "BYTES", "float8": "FLOAT64", "float": "FLOAT64",
    "real": "FLOAT32", "float4": "FLOAT32", "date": "DATE", "interval": "INTERVAL",
    "jsonb": "PG.JSONB", "numeric": "PG.NUMERIC", "decimal": "PG.NUMERIC", "text": "STRING",
    "varchar": "STRING", "timestamptz": "TIMESTAMP", "uuid": "UUID",
    "spanner.commit_timestamp": "TIMESTAMP", "spanner.tokenlist": "TOKENLIST",
}
_OF_OTHERS = frozenset({
    "bigserial", "bit", "box", "bpchar", "char", "character", "cidr", "circle", "inet", "int2",
    "int4", "json", "line", "lseg", "macaddr", "macaddr8", "money", "name", "oid", "path", "point",
    "polygon", "regclass", "serial", "serial4", "serial8", "smallint", "smallserial", "time",
    "timestamp", "timetz", "tsquery", "tsvector", "varbit", "xml",
})
# fmt: on
_LONGEST = 2_621_440
_AFTER_DEFAULT = ("NOT", "NULL", "PRIMARY", "CHECK", "REFERENCES", "GENERATED", "CONSTRAINT",
                  "UNIQUE", "COLLATE", "HIDDEN")  # fmt: skip


def postgresql_type(reader: StatementReader, *, column: str) -> str:
    """Read a type of PostgreSQL; return it by its name in GoogleSQL.

    :raises RpcError: if Spanner has no such type, or not with this length.
    """
    name = _type_name(reader)
    kind = _TYPES.get(name)
    length = None
    if reader.take("("):
        length = reader.integer()
        while reader.take(","):
            reader.integer()
        reader.expect(")")
    if name == "timestamp" and reader.take("WITH", "TIME", "ZONE"):
        name, kind = "timestamptz", "TIMESTAMP"
    if kind is None:
        if name in _OF_OTHERS:
            raise refusals.not_supported(f"Type <{name}>")
        raise refusals.no_such_type(name)
    if length is not None:
        if kind != "STRING" or name == "text":
            raise refusals.not_supported(f"Type modifier for type <{name}>")
        if not 0 < length <= _LONGEST:
            raise refusals.bad_length(column, longest=_LONGEST)
        kind = f"STRING({length})"
    return _with_dimensions(reader, kind)


def _type_name(reader: StatementReader) -> str:
    if reader.take("DOUBLE"):
        reader.expect("PRECISION")
        return "float8"
    if reader.take("CHARACTER", "VARYING"):
        return "varchar"
    return reader.qualified().removeprefix("pg_catalog.")


def _with_dimensions(reader: StatementReader, kind: str) -> str:
    dimensions = 0
    while reader.take("["):
        if not reader.comes("]"):
            reader.integer()
        reader.expect("]")
        dimensions += 1
    if not dimensions and reader.take("ARRAY"):
        dimensions = 1
    if dimensions > 1:
        raise refusals.not_supported("A multi-dimensional array")
    if dimensions and reader.take("VECTOR"):
        reader.expect("LENGTH")
        reader.integer()
    return f"ARRAY<{kind}>" if dimensions else kind


class ColumnReading:
    """A column as it is read, with the constraints that stand behind it in any order.

    :ivar checks: names and words of check constraints
    :ivar foreign_key: name, table and referred columns
    """

    def __init__(self, reader: StatementReader) -> None:
        self.checks: list[tuple[str, tuple[str, ...]]] = []
        self.foreign_key: tuple[str, str, tuple[str, ...]] | None = None
        self._not_null = self._nullable = self._is_key = False
        self._made, self._value = "", Expression(())
        self._reader = reader
        name = reader.identifier()
        commits = reader.comes("SPANNER")
        kind = postgresql_type(reader, column=name)
        while not reader.at_end and not reader.comes(",", ")"):
            if not (take_when_checked(reader) or reader.take("HIDDEN") or self._nullability()):
                self._constraint()
        if self._is_key and self._nullable:
            raise refusals.not_supported("A nullable <PRIMARY KEY> column")
        self.column = Column(
            name=name,
            type=kind,
            not_null=self._not_null or self._is_key,
            made=self._made.removesuffix(" KIND"),
            has_kind=self._made.endswith(" KIND"),
            uses=self._value.names,
            sequences=self._value.sequences,
            is_key=self._is_key,
            commit_timestamp=commits and kind == "TIMESTAMP",
        )

    def _nullability(self) -> bool:
        if self._reader.take("NOT", "NULL"):
            self._not_null = True
        elif self._reader.take("NULL"):
            self._nullable = True
        else:
            return False
        return True

    def _constraint(self) -> None:
        reader = self._reader
        name = reader.identifier() if reader.take("CONSTRAINT") else ""
        if reader.take("PRIMARY"):
            reader.expect("KEY")
            if name:
                raise refusals.not_supported("Setting a name of a <PRIMARY KEY> constraint")
            self._is_key = True
        elif reader.take("DEFAULT"):
            self._made, self._value = "DEFAULT", reader.expression(*_AFTER_DEFAULT)
        elif reader.take("GENERATED"):
            self._made, self._value = _generated(reader)
        elif reader.take("CHECK"):
            self.checks.append((name, reader.in_parentheses().names))
        elif reader.take("REFERENCES"):
            self.foreign_key = (name, *referred(reader))
        elif name and reader.comes("NOT", "NULL"):
            raise refusals.not_supported("Setting a name of a <NOT NULL> constraint")
        else:
            raise unsupported_constraint(reader)


def postgresql_column(reader: StatementReader) -> ColumnReading:
    """Read a column of PostgreSQL, from its name on.

    :raises RpcError: if it does not follow the grammar, or Spanner has not what it asks for.
    """
    return ColumnReading(reader)


def _generated(reader: StatementReader) -> tuple[str, Expression]:
    nothing = Expression(())
    if reader.take("BY"):
        reader.expect("DEFAULT", "AS", "IDENTITY")
        return "IDENTITY" + (" KIND" if sequence_clauses(reader, enclosed=True) else ""), nothing
    reader.expect("ALWAYS", "AS")
    if reader.take("IDENTITY"):
        raise refusals.not_supported("<GENERATED ALWAYS> for an identity column")
    found = reader.in_parentheses()
    if not reader.take("STORED"):
        reader.expect("VIRTUAL")
    return "AS", found


def take_when_checked(reader: StatementReader) -> bool:
    """Read that a constraint is checked at once, as all of them are."""
    return reader.take("NOT", "DEFERRABLE") or reader.take("INITIALLY", "IMMEDIATE")


def unsupported_constraint(reader: StatementReader) -> Exception:
    """Return the error about a constraint that Spanner has not."""
    for words in ("UNIQUE", "COLLATE", "DEFERRABLE", "INITIALLY", "EXCLUDE", "COMPRESSION", "LIKE"):
        if reader.comes(words):
            return refusals.not_supported(f"<{words}>")
    return reader.unexpected(")")


def referred(reader: StatementReader) -> tuple[str, tuple[str, ...]]:
    """Read what stands behind REFERENCES: a table, its columns, what happens to rows.

    :raises RpcError: if it names no columns, or asks for what Spanner does not do.
    """
    table = reader.qualified()
    if not reader.comes("("):
        raise refusals.not_supported("A foreign key without referenced columns")
    columns = reader.identifiers()
    if not reader.take("MATCH", "SIMPLE"):
        reader.take("MATCH", "FULL")
    while reader.take("ON"):
        if not reader.take("DELETE") and not reader.take("UPDATE"):
            raise reader.unexpected("DELETE")
        if not reader.take("CASCADE") and not reader.take("NO", "ACTION"):
            if reader.comes("SET", "RESTRICT"):
                raise refusals.not_supported("The requested foreign key action")
            raise reader.unexpected("CASCADE")
    if not reader.take("ENFORCED"):
        reader.take("NOT", "ENFORCED")
    return table, columns
