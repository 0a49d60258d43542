# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever rows three tables of any columns hold, they come back as they were."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_spanner_lro.core.ddl.lexer import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator.data.google_databases import GoogleDatabases

_GOOGLE = Dialect.GOOGLE_STANDARD_SQL
_POSTGRES = Dialect.POSTGRESQL


def _floats(width: int) -> st.SearchStrategy[Any]:
    special = st.sampled_from(["NaN", "Infinity", "-Infinity"])
    return special | st.floats(width=width, allow_nan=False, allow_infinity=False)  # type: ignore[arg-type]


_integers = st.integers(min_value=-(2**63), max_value=2**63 - 1).map(str)
# PostgreSQL has no NUL in texts, and no encoding has half a character
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_bytes = st.binary(max_size=40).map(lambda value: base64.b64encode(value).decode())
_dates = st.dates().map(str)
_nanoseconds = st.tuples(st.datetimes(), st.integers(0, 999)).map(
    lambda parts: f"{parts[0]:%Y-%m-%dT%H:%M:%S}.{parts[0].microsecond:06}{parts[1]:03}Z".rjust(
        30, "0"
    )
)
_decimals = st.decimals(min_value=-(10**20), max_value=10**20, places=9).map(
    lambda value: f"{value:f}"
)
_documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
).map(json.dumps)

_TYPES: Mapping[Dialect, Mapping[str, st.SearchStrategy[Any]]] = {
    _GOOGLE: {
        "BOOL": st.booleans(),
        "INT64": _integers,
        "FLOAT64": _floats(64),
        "FLOAT32": _floats(32),
        "STRING(MAX)": _texts,
        "BYTES(MAX)": _bytes,
        "DATE": _dates,
        "TIMESTAMP": _nanoseconds,
        "NUMERIC": _decimals,
        "JSON": _documents,
    },
    _POSTGRES: {
        "boolean": st.booleans(),
        "bigint": _integers,
        "double precision": _floats(64),
        "real": _floats(32),
        "text": _texts,
        "bytea": _bytes,
        "date": _dates,
        "timestamptz": _nanoseconds,
        "numeric": _decimals | st.just("NaN"),
        "jsonb": _documents,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table: how it is made, and the rows that it gets."""

    name: str
    statement: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


@st.composite
def _columns(draw: st.DrawFn, dialect: Dialect) -> list[tuple[str, st.SearchStrategy[Any]]]:
    """Return types of columns, with what can be in one."""
    found: list[tuple[str, st.SearchStrategy[Any]]] = []
    for name in draw(st.lists(st.sampled_from(sorted(_TYPES[dialect])), max_size=6)):
        values = st.none() | _TYPES[dialect][name]
        if draw(st.booleans()):
            found.append((name, values))
            continue
        array = f"ARRAY<{name}>" if dialect is _GOOGLE else f"{name}[]"
        found.append((array, st.none() | st.lists(values, max_size=4)))
    return found


@st.composite
def _tables(draw: st.DrawFn, dialect: Dialect) -> list[_Table]:
    """Return a table, one that is interleaved in it, and one that refers to it."""
    integer = "INT64" if dialect is _GOOGLE else "bigint"
    keys = draw(st.lists(_integers, max_size=8, unique=True))
    known = st.sampled_from(keys) if keys else st.nothing()
    children = st.lists(st.tuples(known, _integers), max_size=8, unique=True)
    heads: dict[str, st.SearchStrategy[list[Any]]] = {
        "a": st.just(keys),
        "b": children if keys else st.just([]),
        "c": st.lists(st.tuples(_integers, st.none() | known), max_size=8, unique_by=_first),
    }
    found = []
    for name, of_keys in heads.items():
        columns = draw(_columns(dialect))
        rows = [
            [*([key] if isinstance(key, str) else key), *(draw(values) for _, values in columns)]
            for key in draw(of_keys)
        ]
        fixed = ["id"] if name == "a" else ["id", "other"]
        primary = ["id", "other"] if name == "b" else ["id"]
        names = [*fixed, *(f"v{number}" for number, _ in enumerate(columns))]
        types = [*(integer for _ in fixed), *(of_type for of_type, _ in columns)]
        parts = [
            f"{column} {of_type}{' NOT NULL' if column in primary else ''}"
            for column, of_type in zip(names, types, strict=True)
        ]
        if name == "c":
            parts.append("CONSTRAINT k FOREIGN KEY(other) REFERENCES a(id)")
        key = f"PRIMARY KEY({', '.join(primary)})"
        if dialect is _GOOGLE:
            interleaving = ", INTERLEAVE IN PARENT a" if name == "b" else ""
            statement = f"CREATE TABLE {name} ({', '.join(parts)}) {key}{interleaving}"
        else:
            interleaving = " INTERLEAVE IN PARENT a" if name == "b" else ""
            statement = f"CREATE TABLE {name} ({', '.join([*parts, key])}){interleaving}"
        found.append(_Table(name=name, statement=statement, columns=tuple(names), rows=rows))
    return found


def _first(pair: tuple[Any, ...]) -> Any:
    return pair[0]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", list(Dialect))
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_there_is_comes_back(
    google_databases: GoogleDatabases, dialect: Dialect, data: st.DataObject
) -> None:
    """What is read of a restored database is what was read of its source, byte for byte."""
    tables = data.draw(_tables(dialect))
    schema = [table.statement for table in tables]
    source = google_databases.create(*schema, dialect=dialect)
    for table in filter(lambda each: each.rows, tables):
        google_databases.insert(source, table.name, table.columns, table.rows)
    before = google_databases.read(source, statements=schema)
    after = google_databases.read(google_databases.restore(before), statements=schema)
    google_databases.drop_all()
    assert sum(len(table.rows) for table in tables) == before.rows
    assert before == after
