# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Column definitions, read by the grammar of each dialect.

A type is known by its name and its length; an expression by the words in it, so that nobody drops
a column that a default, a check or a generated column speaks of. Whether it makes sense is not
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.reader import Expression

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader

_LONGEST = {"STRING": 2_621_440, "BYTES": 10_485_760}
_PLAIN = ("INT64", "FLOAT64", "FLOAT32", "BOOL", "TIMESTAMP", "DATE", "NUMERIC", "JSON", "UUID",
          "INTERVAL", "TOKENLIST")  # fmt: skip
_NO_KEY = ("ARRAY", "JSON", "TOKENLIST", "STRUCT", "PG.JSONB", "PG.NUMERIC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    :param type: such as ``STRING(MAX)``; PostgreSQL's by their names in GoogleSQL
    :param not_null: None of a new type that leaves it as it is
    :param made: how it gets its values by itself: ``AS``, ``DEFAULT``, ``IDENTITY``, or empty
    :param uses: the words of the expression by which it does
    :param sequences: from which its values come
    :param is_key: it says PRIMARY KEY itself
    :param has_kind: an identity says of which kind its sequence is
    """

    name: str
    type: str = ""
    not_null: bool | None = False
    made: str = ""
    uses: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    is_key: bool = False
    has_kind: bool = False
    commit_timestamp: bool = False

    @property
    def family(self) -> str:
        """Its type without its length."""
        return self.type.partition("(")[0].partition("<")[0]

    @property
    def can_be_key(self) -> bool:
        """Whether rows can be found by it."""
        return self.family not in _NO_KEY


OptionValue = str | int | bool | tuple[str, ...] | None
"""What an option can be set to."""


def options_of(reader: StatementReader, *, once: bool = True) -> dict[str, OptionValue]:
    """Read ``(name = value, …)``.

    :param once: no name may be there twice
    :raises RpcError: if something else comes next.
    """
    reader.expect("(")
    found: dict[str, OptionValue] = {}
    while True:
        name = reader.identifier()
        if name in found and once:
            raise refusals.option_twice(reader.text, name)
        reader.expect("=")
        found[name] = _option_value(reader)
        if not reader.take(","):
            break
    reader.expect(")")
    return found


def _option_value(reader: StatementReader) -> OptionValue:
    for word, value in (("NULL", None), ("TRUE", True), ("FALSE", False)):
        if reader.take(word):
            return value
    if reader.take("["):
        found = [reader.text_in_quotes()]
        while reader.take(","):
            found.append(reader.text_in_quotes())
        reader.expect("]")
        return tuple(filter(None, found))
    text = reader.text_in_quotes()
    return reader.integer() if text is None else text


# --- GoogleSQL -----------------------------------------------------------------------------------


def column_type(reader: StatementReader, *, column: str) -> str:
    """Read a type of GoogleSQL.

    :raises RpcError: if none comes next, or it cannot have this length.
    """
    for name in _PLAIN:
        if reader.take(name):
            return name
    for name, longest in _LONGEST.items():
        if reader.take(name):
            reader.expect("(")
            length = "MAX" if reader.take("MAX") else reader.integer()
            if isinstance(length, int) and not 0 < length <= longest:
                raise refusals.bad_length(column, longest=longest)
            reader.expect(")")
            return f"{name}({length})"
    if reader.take("ARRAY"):
        return _array(reader, column)
    if reader.take("PG", "."):
        return f"PG.{reader.qualified().upper()}"
    if reader.comes("STRUCT", "ENUM", "PROTO"):
        raise reader.unexpected("column_type")
    return f"PROTO {reader.qualified()}"


def _array(reader: StatementReader, column: str) -> str:
    reader.expect("<")
    element = column_type(reader, column=column)
    if element.startswith("ARRAY"):
        raise refusals.array_of_arrays(reader.text)
    reader.expect(">")
    if reader.take("("):
        reader.expect("VECTOR_LENGTH", "=", ">")
        length = reader.integer()
        reader.expect(")")
        if element not in ("FLOAT32", "FLOAT64") or length < 0:
            raise refusals.bad_vector(column)
    return f"ARRAY<{element}>"


def google_column(reader: StatementReader, *, altered: bool = False) -> Column:
    """Read a column of GoogleSQL, from its name on.

    :param altered: it is there already, and cannot become a key
    :raises RpcError: if it does not follow the grammar.
    """
    name = reader.identifier()
    kind = column_type(reader, column=name)
    not_null = reader.take("NOT", "NULL")
    made, value = _google_value(reader)
    if reader.take("PLACEMENT"):
        reader.expect("KEY")
    is_key, stamped = False, False
    if not altered:
        hidden = reader.take("HIDDEN")
        if kind == "TOKENLIST" and not hidden:
            raise refusals.token_list_shown(name)
        if is_key := reader.take("PRIMARY"):
            reader.expect("KEY")
        if reader.take("OPTIONS"):
            stamped = commit_timestamp_in(reader, kind=kind, column=name)
    return Column(
        name=name,
        type=kind,
        not_null=not_null,
        made=made.removesuffix(" KIND"),
        has_kind=made.endswith(" KIND"),
        uses=value.names,
        sequences=value.sequences,
        is_key=is_key,
        commit_timestamp=stamped,
    )


def _google_value(reader: StatementReader) -> tuple[str, Expression]:
    """Read how a column gets its values by itself."""
    nothing = Expression(())
    if reader.take("AS"):
        found = reader.in_parentheses()
        reader.take("STORED")
        return "AS", found
    if reader.comes("DEFAULT", "ON"):
        made, value = "", nothing
        for _ in range(2):
            if reader.take("DEFAULT"):
                made, value = "DEFAULT", reader.in_parentheses()
            elif reader.take("ON", "UPDATE"):
                reader.in_parentheses()
        return made, value
    if reader.take("GENERATED"):
        reader.expect("BY", "DEFAULT", "AS", "IDENTITY")
        return "IDENTITY" + (" KIND" if sequence_clauses(reader, enclosed=True) else ""), nothing
    return ("IDENTITY", nothing) if reader.take("AUTO_INCREMENT") else ("", nothing)


def sequence_clauses(reader: StatementReader, *, enclosed: bool) -> bool:
    """Read what a sequence is like; tell whether it says of which kind it is.

    :param enclosed: in parentheses, which may be missing
    :raises RpcError: if it says something else, or nothing in them.
    """
    if enclosed and not reader.take("("):
        return False
    kind, start = False, reader.place
    while True:
        if reader.take("BIT_REVERSED_POSITIVE"):
            if kind:
                raise refusals.kind_twice()
            kind = True
        elif not (skipped_range(reader) or _start(reader) or _nothing_said(reader)):
            break
    if enclosed:
        if reader.place == start:
            raise reader.unexpected("BIT_REVERSED_POSITIVE")
        reader.expect(")")
    return kind


def skipped_range(reader: StatementReader) -> bool:
    """Read which numbers a sequence leaves out, if it is said.

    :raises RpcError: if there are none between them.
    """
    if not reader.take("SKIP"):
        return False
    reader.expect("RANGE")
    low = reader.integer()
    if not reader.take(",") and reader.dialect is Dialect.GOOGLE_STANDARD_SQL:
        raise reader.unexpected(",")
    high = reader.integer()
    if high < 1:
        raise refusals.no_positive_range()
    if low > high:
        raise refusals.range_reversed()
    return True


def _start(reader: StatementReader) -> bool:
    if not reader.take("START", "COUNTER"):
        return False
    if not reader.take("WITH") and reader.dialect is Dialect.GOOGLE_STANDARD_SQL:
        raise reader.unexpected("WITH")
    if reader.integer() < 1:
        raise refusals.not_positive("start_with_counter")
    return True


def _nothing_said(reader: StatementReader) -> bool:
    """Read what PostgreSQL says of sequences that have no bounds, as all of Spanner's."""
    postgresql = reader.dialect is Dialect.POSTGRESQL
    return postgresql and any(reader.take("NO", word) for word in ("MINVALUE", "MAXVALUE", "CYCLE"))


def commit_timestamp_in(
    reader: StatementReader, *, kind: str = "TIMESTAMP", column: str = ""
) -> bool:
    """Read the options of a column; tell whether it may hold commit timestamps."""
    options = options_of(reader, once=False)
    for name in options:
        if name not in ("allow_commit_timestamp", "locality_group"):
            raise refusals.unknown_option(reader.text, name)
    value = options.get("allow_commit_timestamp")
    if not isinstance(value, bool | None):
        raise refusals.bad_option_value(reader.text, "allow_commit_timestamp", "true, false")
    if value is not None and kind.removeprefix("ARRAY<").rstrip(">") != "TIMESTAMP":
        raise refusals.bad_commit_timestamp(column)
    return value is True
