# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tables and their row counts: which there are, how to count, and what a restore has changed.

What authors write is looked up among the tables that the database itself lists, so no text of
theirs ever becomes a part of a statement.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.text import count_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from airflow_spanner_lro.core.ddl.lexer import Dialect

LIST_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_type = 'BASE TABLE' AND LOWER(table_schema) NOT IN "
    "('information_schema', 'pg_catalog', 'spanner_sys') ORDER BY table_schema, table_name"
)
"""Both dialects understand this, and let a read-only transaction ask."""

_UNNAMED_SCHEMAS = ("", "public")
_MOST_TOLD = 5
"""How many tables that differ are told one by one."""


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table.

    :param schema: its named schema; ``public`` or empty for the one without a name
    """

    schema: str
    name: str

    @property
    def label(self) -> str:
        """The name for people, and as authors write it: ``orders``, ``shop.orders``."""
        return self.name if self.schema in _UNNAMED_SCHEMAS else f"{self.schema}.{self.name}"

    def count_statement(self, dialect: Dialect) -> str:
        """Return the query that counts its rows."""
        quoted = dialect.quoted(self.name)
        if self.schema:
            quoted = f"{dialect.quoted(self.schema)}.{quoted}"
        return f"SELECT COUNT(*) FROM {quoted}"  # noqa: S608  # a name that the database has told


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounts:
    """How many rows the source had at one moment, or why that cannot be told any more.

    :param database: the source, for people
    :param moment: the version time, as ISO 8601 text
    :param rows: for each table that was counted
    :param missing: names that authors gave, and that no table had
    :param unreadable: why nothing was counted, as a sentence; empty if it was
    """

    database: str
    moment: str
    rows: Mapping[TableName, int]
    missing: tuple[str, ...] = ()
    unreadable: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the counts as primitives, fit for an XCom."""
        return {
            "database": self.database,
            "moment": self.moment,
            "rows": [[table.schema, table.name, rows] for table, rows in self.rows.items()],
            "missing": list(self.missing),
            "unreadable": self.unreadable,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> SourceCounts:
        """Return the counts that ``to_record`` described."""
        return cls(
            database=record["database"],
            moment=record["moment"],
            rows={TableName(schema, name): int(rows) for schema, name, rows in record["rows"]},
            missing=tuple(record["missing"]),
            unreadable=record["unreadable"],
        )


def named_tables(
    names: Sequence[str] | None, tables: Iterable[TableName]
) -> tuple[list[TableName], list[str]]:
    """Return the tables that an author means, and the names that no table has.

    :param names: as the author writes them, in any case; None for all tables
    """
    if names is None:
        return list(tables), []
    # two names that differ in case only are two tables in PostgreSQL, if they are quoted
    exact = {table.label: table for table in tables}
    folded = {label.casefold(): table for label, table in exact.items()}
    found: dict[TableName, None] = {}
    missing = []
    for name in names:
        plain = name.strip().removeprefix("public.")
        table = exact.get(plain) or folded.get(plain.casefold())
        if table is None:
            missing.append(name)
        else:
            found[table] = None
    return list(found), missing


def count_differences(
    source: SourceCounts, restored: Mapping[TableName, int], *, names: Sequence[str] | None
) -> Iterator[str]:
    """Yield a sentence for each thing in which the restored database is not what the source was.

    :param restored: rows of the tables there; a table that is not there has none
    :param names: the tables that an author named; None for all, and no others
    """
    wanted, missing = named_tables(names, source.rows)
    for name in missing:
        yield f"{source.database} had no table {name} at {source.moment}"
    for table in wanted:
        before, after = source.rows[table], restored.get(table)
        if after is None:
            yield (
                f"{table.label} is not in the restored database; {source.database} had it at "
                f"{source.moment}, with {count_of(before, 'row')}"
            )
        elif after != before:
            number = abs(before - after)
            what = "missing" if after < before else "too many"
            yield (
                f"{table.label} has {count_of(after, 'row')} in the restored database, "
                f"{before:,} in {source.database} at {source.moment}: "
                f"{number:,} {'is' if number == 1 else 'are'} {what}"
            )
    if names is None:
        for table in restored:
            if table not in source.rows:
                yield (
                    f"{table.label} is in the restored database, and was not in "
                    f"{source.database} at {source.moment}"
                )


def schema_differences(
    source: Sequence[str],
    restored: Sequence[str],
    *,
    before: Collection[str],
    database: str,
) -> Iterator[str]:
    """Yield a sentence for each statement that a restored schema should have, or should not.

    The source may be changed while the drill lasts. So its schema is known from before the backup
    as well as from after the restore: what was there both times has to be there, and what was there
    neither time must not be.

    Options of the databases themselves are no part of this: they name their database.

    :param source: the statements of the source now
    :param before: the digests of those it had before the backup
    :param database: the source, for people
    """
    ours, theirs = _statements(source), _statements(restored)
    known = set(before)
    for statement in (ours - theirs).elements():
        if _digest(statement) in known:
            yield f"the restored database lacks {statement!r}, which {database} has"
    for statement in (theirs - ours).elements():
        if _digest(statement) not in known:
            yield f"the restored database has {statement!r}, which {database} has not"


def schema_digests(ddl: Sequence[str]) -> list[str]:
    """Return a digest of each statement of a schema, which fits into an XCom as it may not."""
    return [_digest(statement) for statement in _statements(ddl)]


def joined(sentences: Sequence[str]) -> str:
    """Return sentences as one, the first of them in full."""
    told = "; ".join(sentences[:_MOST_TOLD])
    more = len(sentences) - _MOST_TOLD
    return f"{told}; and {more:,} more" if more > 0 else told


def _statements(ddl: Sequence[str]) -> Counter[str]:
    plain = (" ".join(statement.split()) for statement in ddl)
    return Counter(each for each in plain if not each.upper().startswith("ALTER DATABASE "))


def _digest(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()[:16]
