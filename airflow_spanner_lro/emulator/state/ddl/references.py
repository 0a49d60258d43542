# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a statement needs besides what it works on: tables of views, foreign keys, sequences.

Expressions are not understood: a view needs what stands behind FROM and JOIN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.ddl.tokens import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a statement refers to.

    :param sources: the tables and views that a view reads
    :param foreign_keys: names of constraints, or empty, with the tables that they refer to
    :param tracked: the tables that a change stream names; None if the statement has no FOR
    :param sequences: the columns that take their values from a sequence, with its name
    :param released: constraints and columns that lose what they had
    """

    sources: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[str, str], ...] = ()
    tracked: tuple[str, ...] | None = None
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


NOTHING = References()
"""Of a statement that needs nothing else."""


def of_view(reader: Reader) -> References:
    """Read the rest of a view."""
    found: list[str] = []
    while not reader.at_end:
        if not reader.take("FROM") and not reader.take("JOIN"):
            reader.skip()
            continue
        while (name := reader.name()) is not None:
            found.append(name)
            reader.take("AS")
            if not reader.comes("JOIN", "WHERE", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "ON"):
                reader.name()
            if not reader.take(","):
                break
    return References(sources=tuple(found))


def of_change_stream(reader: Reader) -> References:
    """Read the rest of a change stream: the tables that it names, columns left aside."""
    while not reader.at_end and not reader.comes("FOR"):
        reader.skip()
    if not reader.take("FOR") or reader.take("ALL"):
        return References(tracked=())
    found: list[str] = []
    while (name := reader.name()) is not None:
        found.append(name)
        if reader.comes("("):
            while not reader.at_end and reader.skip() != ")":
                pass
        if not reader.take(","):
            break
    return References(tracked=tuple(found))


def of_table(reader: Reader) -> References:
    """Read the rest of CREATE TABLE or ALTER TABLE."""
    table = _Table(reader)
    while not reader.at_end:
        if not (table.alters() or table.refers() or table.takes_values()):
            table.goes_on()
    return References(
        foreign_keys=tuple((name, other) for name, other in table.keys if other),
        sequences=tuple(table.sequences),
        released=tuple(table.released),
    )


class _Table:
    """What has been read of a table, clause by clause; each method reads one if it comes next."""

    def __init__(self, reader: Reader) -> None:
        self.keys: list[tuple[str, str]] = []
        self.sequences: list[tuple[str, str]] = []
        self.released: list[str] = []
        self._reader = reader
        self._column = ""
        self._depth = 0

    def alters(self) -> bool:
        """Read ADD, ALTER, DROP or SET DEFAULT, and which column or constraint they are about."""
        reader = self._reader
        if self._depth:
            return False
        if reader.take("DROP"):
            if reader.take("DEFAULT"):
                self.released.append(self._column)
                return True
            if not reader.take("CONSTRAINT"):
                reader.take("COLUMN")
            reader.take("IF", "EXISTS")
            self.released.append(reader.name() or "")
            return True
        if reader.take("SET", "DEFAULT"):
            self.released.append(self._column)
            return True
        if not reader.take("ADD") and not reader.take("ALTER"):
            return False
        if not reader.comes("CONSTRAINT", "FOREIGN", "CHECK", "ROW", "SYNONYM"):
            reader.take("COLUMN")
            reader.take("IF", "NOT", "EXISTS")
            self._column = reader.name() or ""
        return True

    def refers(self) -> bool:
        """Read a foreign key, with the name of its constraint."""
        reader = self._reader
        named = reader.take("CONSTRAINT")
        constraint = (reader.name() or "") if named else ""
        if not reader.comes("FOREIGN", "REFERENCES"):
            return named
        self.keys.append((constraint, _referenced(reader)))
        return True

    def takes_values(self) -> bool:
        """Read where a column takes its values from a sequence."""
        reader = self._reader
        if reader.take("GET_NEXT_SEQUENCE_VALUE", "(", "SEQUENCE"):
            sequence = reader.name()
        elif reader.take("NEXTVAL", "("):
            sequence = (reader.value() or "").removeprefix("public.")
        else:
            return False
        self._depth += 1
        self.sequences.append((self._column, sequence or ""))
        return True

    def goes_on(self) -> None:
        """Leave a token aside, and note the column if one begins behind it."""
        mark = self._reader.skip()
        self._depth += (mark == "(") - (mark == ")")
        begins = self._depth == 1 and mark in ("(", ",")
        if begins and not self._reader.comes("CONSTRAINT", "FOREIGN"):
            self._column = self._reader.name() or ""


def _referenced(reader: Reader) -> str:
    """Go on to REFERENCES, and return the table that it names."""
    depth = 0
    while not reader.at_end and not (depth <= 0 and reader.comes("REFERENCES")):
        mark = reader.skip()
        depth += (mark == "(") - (mark == ")")
    return (reader.name() or "") if reader.take("REFERENCES") else ""
