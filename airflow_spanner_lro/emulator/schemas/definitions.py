# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Indexes, views and sequences, read to their end by the grammar of each dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.columns import options_of, sequence_clauses
from airflow_spanner_lro.emulator.schemas.references import References, view_references
from airflow_spanner_lro.emulator.schemas.tables import Parts, TableChange, key_parts

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.schemas.columns import OptionValue
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader


def read_index(reader: StatementReader, *, search: bool) -> tuple[Parts, str]:
    """Read what follows the table of an index; return its columns, and where it is interleaved.

    :raises RpcError: if it does not follow the grammar.
    """
    google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
    if not google:
        reader.take("*")
        if reader.take("USING") and not reader.take("BTREE"):
            method = reader.identifier()
            raise refusals.not_supported(f"The access method <{method}> of an index")
    key, descending = key_parts(reader, may_be_empty=google)
    stored = reader.identifiers() if reader.take("STORING" if google else "INCLUDE") else ()
    others = _partitioned(reader) if search or google else []
    parent = "" if google else _index_parent(reader)
    if reader.take("WHERE"):
        others += _not_null(reader)
    if google and reader.take(","):
        parent = _index_parent(reader)
    if reader.take("OPTIONS") or (not google and search and reader.take("WITH")):
        options_of(reader)
    if not google and reader.take("LOCALITY"):
        reader.expect("GROUP")
        reader.qualified()
    reader.require_end()
    filtered = tuple((name, ()) for name in others)
    return Parts(key=key, descending=descending, stored=stored, checks=filtered), parent


def _index_parent(reader: StatementReader) -> str:
    if not reader.take("INTERLEAVE"):
        return ""
    reader.expect("IN")
    return reader.qualified()


def _partitioned(reader: StatementReader) -> list[str]:
    found: list[str] = []
    for word in ("PARTITION", "ORDER"):
        if reader.take(word):
            reader.expect("BY")
            found += _sorted(reader)
    return found


def _sorted(reader: StatementReader) -> list[str]:
    found: list[str] = []
    while True:
        found.append(reader.identifier())
        if not reader.take("ASC"):
            reader.take("DESC")
        place = reader.place
        if not reader.take(",") or reader.comes("INTERLEAVE"):
            reader.place = place
            return found


def _not_null(reader: StatementReader) -> list[str]:
    """Read ``a IS NOT NULL AND b IS NOT NULL …``; return the columns."""
    found: list[str] = []
    opened = 0
    while True:
        while reader.dialect is Dialect.POSTGRESQL and reader.take("("):
            opened += 1
        found.append(reader.identifier())
        if not reader.take("IS", "NOT", "NULL"):
            raise _no_filter(reader)
        while opened and reader.take(")"):
            opened -= 1
        if not reader.take("AND"):
            break
    if reader.comes("OR"):
        raise _no_filter(reader)
    reader.expect(*[")"] * opened)
    return found


def _no_filter(reader: StatementReader) -> RpcError:
    """Return the error about an index of other rows than those that have values."""
    if reader.dialect is Dialect.GOOGLE_STANDARD_SQL or reader.at_end:
        return reader.unexpected("IS NOT NULL")
    return refusals.not_supported("<WHERE> of an index with more than <IS NOT NULL> and <AND>")


def read_index_change(reader: StatementReader, *, search: bool) -> Parts:
    """Read what follows the name in ALTER INDEX.

    :param search: it is a search index, or a vector index
    :raises RpcError: if it does not follow the grammar.
    """
    change = TableChange.OTHER
    target = ""
    if reader.comes("ADD", "DROP"):
        change = (
            TableChange.ADD_COLUMN if reader.skip().upper() == "ADD" else TableChange.DROP_COLUMN
        )
        google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
        if not reader.take("STORED" if google else "INCLUDE") and not search:
            raise reader.unexpected("STORED" if google else "INCLUDE")
        reader.expect("COLUMN")
        target = reader.identifier()
    elif reader.take("ALTER", "STORED", "COLUMN"):
        reader.identifier()
    if reader.take("SET"):
        reader.take("OPTIONS")
        options_of(reader)
    reader.require_end()
    return Parts(change=change, target=target)


def read_view(reader: StatementReader, *, view: str) -> References:
    """Read what follows the name of a view.

    :raises RpcError: if it does not say by whose rights it reads, or reads nothing.
    """
    google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
    if not google and reader.comes("("):
        reader.identifiers()
        raise refusals.not_supported("Setting column names in <CREATE VIEW>")
    if reader.take("SQL") or (not google and reader.comes("SECURITY")):
        reader.expect("SECURITY")
        if not reader.take("INVOKER"):
            reader.expect("DEFINER")
    elif google and reader.comes("AS"):
        raise refusals.no_security(view)
    reader.expect("AS")
    if reader.at_end:
        raise reader.unexpected("a query")
    return view_references(reader)


def read_simple(reader: StatementReader, kind: str, name: str) -> Parts | None:
    """Read what follows the name of a sequence, a schema or a role.

    :raises RpcError: if it does not follow the grammar, or makes no sense.
    """
    if kind == "SEQUENCE":
        return read_sequence(reader, sequence=name)
    if reader.dialect is Dialect.POSTGRESQL and not reader.at_end:
        raise refusals.not_supported("What follows the name")
    if reader.take("OPTIONS"):
        options_of(reader)
    reader.require_end()
    return None


_NUMBERS = ("skip_range_min", "skip_range_max", "start_with_counter")


def read_sequence(reader: StatementReader, *, sequence: str) -> Parts:
    """Read what follows the name of a sequence; tell whether it says of which kind it is.

    :raises RpcError: if it does not follow the grammar, or makes no sense.
    """
    place = reader.place
    kind = sequence_clauses(reader, enclosed=False)
    by_clauses = reader.place > place
    if reader.take("OPTIONS"):
        options = options_of(reader)
        if by_clauses and options:
            raise refusals.twice_said(sequence)
        kind = _check_sequence(reader.text, options)
    elif reader.dialect is Dialect.POSTGRESQL:
        for word in ("START", "INCREMENT", "AS", "MINVALUE", "MAXVALUE", "CACHE", "OWNED", "CYCLE"):
            if reader.comes(word):
                raise refusals.not_supported(f"<{word}> in <CREATE SEQUENCE>")
    reader.require_end()
    return Parts(has_kind=kind)


def _check_sequence(text: str, options: dict[str, OptionValue]) -> bool:
    """Refuse options that no sequence has; tell whether its kind is among them."""
    for name, value in options.items():
        if name in _NUMBERS:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise refusals.bad_option_value(text, name, "integers")
        elif name != "sequence_kind":
            raise refusals.unknown_option(text, name)
        elif not isinstance(value, str | None):
            raise refusals.bad_option_value(text, name, "strings")
    kind = options.get("sequence_kind")
    if isinstance(kind, str) and kind.lower() != "bit_reversed_positive":
        raise refusals.bad_sequence_kind(kind)
    _check_numbers(options)
    return kind is not None


def _check_numbers(options: dict[str, OptionValue]) -> None:
    low, high, start = (options.get(name) for name in _NUMBERS)
    if (low is None) != (high is None):
        raise refusals.half_a_range()
    if isinstance(low, int) and isinstance(high, int):
        if high < 1:
            raise refusals.no_positive_range()
        if low > high:
            raise refusals.range_reversed()
    if isinstance(start, int) and start < 1:
        raise refusals.not_positive("start_with_counter")
