# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Continue sequences and identity columns behind the values that they have given.

Their counters are no rows: no read of an earlier moment shows them. They are asked for as they are
now, which is at least what they were, so that no value is given twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.data.rows import Counter


def state_query(counter: Counter, *, dialect: Dialect) -> str:
    """Return the query for a counter's state, which is NULL as long as nobody has used it."""
    if counter.sequence is None:
        call = f"GET_TABLE_COLUMN_IDENTITY_STATE('{counter.table}.{counter.column}')"
    elif dialect is Dialect.POSTGRESQL:
        call = f"GET_INTERNAL_SEQUENCE_STATE('{counter.sequence}')"
    else:
        name = quoted_name(counter.sequence, dialect=dialect)
        call = f"GET_INTERNAL_SEQUENCE_STATE(SEQUENCE {name})"
    return f"SELECT {'spanner.' if dialect is Dialect.POSTGRESQL else ''}{call}"


def restart_statements(counter: Counter, *, dialect: Dialect) -> tuple[str, ...]:
    """Return statements that continue a counter, of which one works."""
    restart = f"RESTART COUNTER WITH {counter.state}"
    if counter.sequence is None:
        identity = "" if dialect is Dialect.POSTGRESQL else "ALTER IDENTITY "
        table = quoted_name(counter.table, dialect=dialect)
        column = dialect.quoted(counter.column)
        return (f"ALTER TABLE {table} ALTER COLUMN {column} {identity}{restart}",)
    alter = f"ALTER SEQUENCE {quoted_name(counter.sequence, dialect=dialect)}"
    if dialect is Dialect.POSTGRESQL:
        return (f"{alter} {restart}",)
    options = f"SET OPTIONS (start_with_counter = {counter.state})"
    return (f"{alter} {options}", f"{alter} {restart}")


def quoted_name(name: str, *, dialect: Dialect) -> str:
    """Return a name with its schema, each in quotes."""
    return ".".join(dialect.quoted(part) for part in name.split("."))
