# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a statement refers to: tables that a view reads, that a foreign key or a stream names.

Queries are not understood: a view needs what stands behind FROM and JOIN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.columns import options_of

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.schemas.reader import StatementReader


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a statement refers to.

    :param sources: the tables and views that a view reads
    :param foreign_keys: names of constraints, or empty, with the tables that they refer to
    :param key_columns: for each of them, the columns of the table itself and of the other one
    :param tracked: the tables that a change stream names; None if the statement has no FOR
    :param tracked_columns: for each of them its columns; None if it is tracked as a whole
    :param sequences: the columns that take their values from a sequence, with its name
    :param released: constraints and columns that lose what they had
    """

    sources: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[str, str], ...] = ()
    key_columns: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    tracked: tuple[str, ...] | None = None
    tracked_columns: tuple[tuple[str, ...] | None, ...] = ()
    sequences: tuple[tuple[str, str], ...] = ()
    released: tuple[str, ...] = ()

    def renamed(self, old: str, new: str) -> References:
        """Return the references after a table has got another name."""

        def moved(name: str) -> str:
            return new if name.lower() == old.lower() else name

        tracked = None if self.tracked is None else tuple(map(moved, self.tracked))
        keys = tuple((constraint, moved(table)) for constraint, table in self.foreign_keys)
        sources = tuple(map(moved, self.sources))
        return replace(self, sources=sources, foreign_keys=keys, tracked=tracked)


NO_REFERENCES = References()
"""Of a statement that needs nothing else."""


def view_references(reader: StatementReader) -> References:
    """Read the rest of a view: what it reads, less what it names itself."""
    found: list[str] = []
    own: set[str] = set()
    while not reader.at_end:
        if reader.take("DISTINCT", "FROM"):
            continue
        if any(reader.take(word, "(") for word in _FROM_WITHIN):
            _skip_to_end(reader)
            continue
        if not reader.take("FROM") and not reader.take("JOIN"):
            _note_own(reader, own)
            continue
        while (name := reader.name()) is not None:
            # what is called makes its rows itself
            if not reader.comes("("):
                found.append(name)
            reader.take("AS")
            if not reader.comes(*_AFTER_SOURCE) and (alias := reader.name()) is not None:
                own.add(alias.lower())
            if not reader.take(","):
                break
    return References(
        sources=tuple(name for name in found if name.lower().partition(".")[0] not in own)
    )


_FROM_WITHIN = ("EXTRACT", "SUBSTRING", "TRIM", "OVERLAY")
"""Functions of whose arguments one may stand behind FROM."""
_AFTER_SOURCE = ("JOIN", "WHERE", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "ON", "GROUP", "ORDER",
                 "LIMIT", "UNION", "HASH", "USING", "HAVING", "TABLESAMPLE", "NATURAL", "WINDOW",
                 "INTERSECT", "EXCEPT", "OFFSET")  # fmt: skip


def _skip_to_end(reader: StatementReader) -> None:
    """Go on behind the parenthesis that closes one before."""
    depth = 1
    while depth and not reader.at_end:
        mark = reader.skip()
        depth += (mark == "(") - (mark == ")")


def _note_own(reader: StatementReader, own: set[str]) -> None:
    """Go on by one token, or by a name that the query gives to a part of itself."""
    place = reader.place
    name = reader.name()
    if name is not None and reader.take("AS", "("):
        own.add(name.lower())
        return
    reader.place = place
    reader.skip()


def change_stream_references(reader: StatementReader, *, alters: bool) -> References:
    """Read what a change stream tracks, and how.

    :param alters: it is there already
    :raises RpcError: if it cannot be read, or an option is not known.
    """
    refers = NO_REFERENCES
    google = reader.dialect is Dialect.GOOGLE_STANDARD_SQL
    if alters and reader.take("DROP"):
        reader.expect("FOR", "ALL")
        refers = References(tracked=())
    elif alters and not google and reader.take("RESET"):
        reader.identifiers()
    else:
        if alters:
            reader.expect("SET")
        if reader.take("FOR"):
            refers = _tracked(reader)
        if not alters or refers is NO_REFERENCES:
            begins = reader.take("OPTIONS" if google else "WITH")
            if begins or (alters and not google) or (alters and reader.comes("OPTIONS")):
                _check_stream_options(reader)
            elif alters:
                raise reader.unexpected("FOR")
    reader.require_end()
    return refers


def _tracked(reader: StatementReader) -> References:
    if reader.take("ALL"):
        return References(tracked=())
    tables: list[str] = []
    columns: list[tuple[str, ...] | None] = []
    while True:
        tables.append(reader.qualified())
        if reader.take("(", ")"):
            columns.append(())
        else:
            columns.append(reader.identifiers() if reader.comes("(") else None)
        if not reader.take(","):
            return References(tracked=tuple(tables), tracked_columns=tuple(columns))


_SWITCHES = frozenset({"exclude_ttl_deletes", "exclude_insert", "exclude_update", "exclude_delete",
                       "allow_txn_exclusion"})  # fmt: skip
_CAPTURED = ("OLD_AND_NEW_VALUES", "NEW_ROW", "NEW_VALUES", "NEW_ROW_AND_OLD_VALUES")
_KEPT = re.compile(r"(\d{1,6})([dhms])", re.ASCII)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SHORTEST, _LONGEST = 86_400, 30 * 86_400


def _check_stream_options(reader: StatementReader) -> None:
    for name, value in options_of(reader).items():
        if value is None:
            continue
        if name in _SWITCHES:
            if not isinstance(value, bool) and reader.dialect is Dialect.GOOGLE_STANDARD_SQL:
                raise refusals.bad_option_value(reader.text, name, "booleans")
        elif name not in ("retention_period", "value_capture_type", "partition_mode"):
            raise refusals.unknown_option(reader.text, name)
        elif not isinstance(value, str):
            raise refusals.bad_option_value(reader.text, name, "strings")
        elif name == "value_capture_type" and value not in _CAPTURED:
            raise refusals.bad_stream_option(name, value)
        elif name == "retention_period":
            kept = _KEPT.fullmatch(value)
            if not kept or not _SHORTEST <= int(kept[1]) * _SECONDS[kept[2]] <= _LONGEST:
                raise refusals.bad_stream_option(name, value)
