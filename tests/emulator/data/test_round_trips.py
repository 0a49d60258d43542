# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows that are read and written into another database are what they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pb2

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.data import reading

if TYPE_CHECKING:
    from datetime import tzinfo

    from tests.emulator.data.google_databases import GoogleDatabases

_GOOGLE = Dialect.GOOGLE_STANDARD_SQL
_POSTGRES = Dialect.POSTGRESQL
_SINGERS = "CREATE TABLE Singers (Id INT64 NOT NULL, Name STRING(MAX)) PRIMARY KEY(Id)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A schema, and how it gets rows.

    :param rows: how many rows there are then
    """

    schema: tuple[str, ...]
    dml: tuple[str, ...]
    dialect: Dialect = _GOOGLE
    rows: int = 1


_CASES = {
    "values of all types": _Case(
        schema=(
            (
                "CREATE TABLE A (Id INT64, Flag BOOL, F8 FLOAT64, F4 FLOAT32, S STRING(MAX),"
                " B BYTES(MAX), D DATE, T TIMESTAMP, N NUMERIC, J JSON, Flags ARRAY<BOOL>,"
                " F8s ARRAY<FLOAT64>, Ss ARRAY<STRING(MAX)>, Js ARRAY<JSON>, Ns ARRAY<NUMERIC>,"
                " Ts ARRAY<TIMESTAMP>, V ARRAY<FLOAT32>(vector_length=>2)) PRIMARY KEY(Id)"
            ),
        ),
        dml=(
            (
                "INSERT INTO A (Id, Flag, F8, F4, S, B, D, T, N, J, Flags, F8s, Ss, Js, Ns, Ts, V)"
                " VALUES (1, true, CAST('NaN' AS FLOAT64), CAST('-inf' AS FLOAT32), 'é\\u0000😀',"
                " b'\\x00\\xff', DATE '0001-01-01', TIMESTAMP '9999-12-31T23:59:59.999999999Z',"
                " NUMERIC '-99999999999999999999999999999.999999999',"
                " JSON '{\"a\": [1, 1.0, 1e300, null]}', [true, NULL],"
                " [CAST('NaN' AS FLOAT64), NULL, CAST('inf' AS FLOAT64), -0.0], ['', NULL, 'a'],"
                " [JSON '1', NULL], [NUMERIC '1.50'],"
                " [TIMESTAMP '1969-12-31T23:59:59.999999999Z', NULL],"
                " [CAST(1.5 AS FLOAT32), CAST(2 AS FLOAT32)])"
            ),
            "INSERT INTO A (Id, Ss) VALUES (2, []), (-9223372036854775808, NULL)",
        ),
        rows=3,
    ),
    "values of all types of PostgreSQL": _Case(
        schema=(
            (
                "CREATE TABLE a (id bigint PRIMARY KEY, b boolean, f8 double precision, f4 real,"
                " s text, v varchar(10), y bytea, d date, t timestamptz, n numeric, j jsonb,"
                ' bs boolean[], ns numeric[], "Texts" text[], js jsonb[])'
            ),
        ),
        dml=(
            (
                'INSERT INTO a (id, b, f8, f4, s, v, y, d, t, n, j, bs, ns, "Texts", js) VALUES'
                " (1, true, 'NaN', '-Infinity', 'é', 'x', '\\x00ff', '0001-01-01',"
                " '2020-01-01T00:00:00.123456Z', 'NaN', '{\"a\": 1.10}', ARRAY[true, NULL],"
                " ARRAY[1.50, NULL], ARRAY['a', NULL], ARRAY['1'::jsonb])"
            ),
            "INSERT INTO a (id, n) VALUES (2, 99999999999999999999999999999999999.5), (3, NULL)",
        ),
        dialect=_POSTGRES,
        rows=3,
    ),
    "keys of many sorts": _Case(
        schema=(
            (
                "CREATE TABLE A (N NUMERIC, F FLOAT64, B BYTES(10), T TIMESTAMP)"
                " PRIMARY KEY(N, F DESC, B, T DESC)"
            ),
        ),
        dml=(
            "INSERT INTO A (N, F, B) VALUES (1.5, CAST('NaN' AS FLOAT64), NULL), (NULL, NULL, b'')",
        ),
        rows=2,
    ),
    "a table with one row": _Case(
        schema=("CREATE TABLE A (V STRING(MAX)) PRIMARY KEY()",),
        dml=("INSERT INTO A (V) VALUES ('x')",),
    ),
    "tables that refer to each other": _Case(
        schema=(
            "CREATE TABLE A (Id INT64, B INT64) PRIMARY KEY(Id)",
            (
                "CREATE TABLE B (Id INT64, A INT64, CONSTRAINT BA FOREIGN KEY(A) REFERENCES A(Id))"
                " PRIMARY KEY(Id)"
            ),
            "ALTER TABLE A ADD FOREIGN KEY(B) REFERENCES B(Id)",
        ),
        dml=(
            "INSERT INTO A (Id) VALUES (1)",
            "INSERT INTO B (Id, A) VALUES (1, 1)",
            "UPDATE A SET B = 1 WHERE true",
        ),
        rows=2,
    ),
    "a table that refers to itself": _Case(
        schema=(
            (
                "CREATE TABLE A (Id INT64, Next INT64, FOREIGN KEY(Next) REFERENCES A(Id)"
                " ON DELETE CASCADE) PRIMARY KEY(Id)"
            ),
        ),
        dml=("INSERT INTO A (Id, Next) VALUES (2, NULL)", "INSERT INTO A (Id, Next) VALUES (1, 2)"),
        rows=2,
    ),
    "a column that refers to another table": _Case(
        schema=(
            "CREATE TABLE z (id bigint PRIMARY KEY)",
            'CREATE TABLE "A" ("Id" bigint PRIMARY KEY, z bigint REFERENCES z(id))',
        ),
        dml=("INSERT INTO z (id) VALUES (1)", 'INSERT INTO "A" ("Id", z) VALUES (1, 1)'),
        dialect=_POSTGRES,
        rows=2,
    ),
    "children of children": _Case(
        schema=(
            "CREATE TABLE Z (I INT64) PRIMARY KEY(I)",
            "CREATE TABLE Y (I INT64, J INT64) PRIMARY KEY(I, J), INTERLEAVE IN PARENT Z",
            (
                "CREATE TABLE A (I INT64, J INT64, K INT64) PRIMARY KEY(I, J, K),"
                " INTERLEAVE IN PARENT Y ON DELETE CASCADE"
            ),
            "CREATE INDEX IndexOfA ON A(I, K), INTERLEAVE IN Z",
        ),
        dml=(
            "INSERT INTO Z (I) VALUES (1)",
            "INSERT INTO Y (I, J) VALUES (1, 2)",
            "INSERT INTO A (I, J, K) VALUES (1, 2, 3)",
        ),
        rows=3,
    ),
    "generated columns": _Case(
        schema=(
            (
                "CREATE TABLE A (X INT64, Stored INT64 AS (MOD(X, 5)) STORED, Virtual INT64"
                " AS (X + 1), Up STRING(MAX) AS (UPPER(Low)) STORED, Low STRING(MAX))"
                " PRIMARY KEY(Stored, X)"
            ),
            "CREATE UNIQUE NULL_FILTERED INDEX IndexOfA ON A(Virtual) STORING (Up)",
        ),
        dml=("INSERT INTO A (X, Low) VALUES (7, 'a'), (8, NULL)",),
        rows=2,
    ),
    "defaults": _Case(
        schema=(
            (
                "CREATE TABLE A (Id STRING(36) DEFAULT (GENERATE_UUID()), X INT64 DEFAULT (5),"
                " T TIMESTAMP DEFAULT (CURRENT_TIMESTAMP())) PRIMARY KEY(Id)"
            ),
        ),
        dml=("INSERT INTO A (X) VALUES (NULL), (8), (DEFAULT)",),
        rows=3,
    ),
    "commit timestamps": _Case(
        schema=(
            (
                "CREATE TABLE A (Id INT64, T TIMESTAMP NOT NULL OPTIONS"
                " (allow_commit_timestamp = true)) PRIMARY KEY(Id, T DESC)"
            ),
            "CREATE INDEX IndexOfA ON A(T)",
        ),
        dml=("INSERT INTO A (Id, T) VALUES (8, PENDING_COMMIT_TIMESTAMP())",),
    ),
    "commit timestamps of PostgreSQL": _Case(
        schema=("CREATE TABLE a (id bigint PRIMARY KEY, t spanner.commit_timestamp NOT NULL)",),
        dml=("INSERT INTO a (id, t) VALUES (8, spanner.pending_commit_timestamp())",),
        dialect=_POSTGRES,
    ),
    "checks": _Case(
        schema=(
            "CREATE TABLE A (Id INT64, X INT64, CONSTRAINT C CHECK(X > 0)) PRIMARY KEY(Id)",
            "ALTER TABLE A ADD CONSTRAINT D CHECK(X < 100)",
        ),
        dml=("INSERT INTO A (Id, X) VALUES (1, 99), (2, NULL)",),
        rows=2,
    ),
    "schemas": _Case(
        schema=(
            "CREATE SCHEMA S",
            "CREATE TABLE S.T (Id INT64, X INT64) PRIMARY KEY(Id)",
            "CREATE TABLE S.C (Id INT64, K INT64) PRIMARY KEY(Id, K), INTERLEAVE IN PARENT S.T",
            "CREATE UNIQUE INDEX S.I ON S.C(K)",
            (
                "CREATE TABLE T (Id INT64, CONSTRAINT K FOREIGN KEY(Id) REFERENCES S.T(Id))"
                " PRIMARY KEY(Id)"
            ),
            "CREATE VIEW S.V SQL SECURITY INVOKER AS SELECT T.Id FROM S.T",
        ),
        dml=(
            "INSERT INTO S.T (Id) VALUES (1)",
            "INSERT INTO S.C (Id, K) VALUES (1, 2)",
            "INSERT INTO T (Id) VALUES (1)",
        ),
        rows=3,
    ),
    "schemas and capitals in PostgreSQL": _Case(
        schema=(
            'CREATE SCHEMA "S"',
            'CREATE TABLE "S"."T" ("Id" bigint PRIMARY KEY)',
            (
                'CREATE TABLE "S"."C" ("Id" bigint, k bigint, PRIMARY KEY("Id", k))'
                ' INTERLEAVE IN PARENT "S"."T"'
            ),
            'CREATE INDEX "I" ON "S"."C"(k)',
            'CREATE VIEW "S".v SQL SECURITY INVOKER AS SELECT t."Id" FROM "S"."T" t',
        ),
        dml=(
            'INSERT INTO "S"."T" ("Id") VALUES (1)',
            'INSERT INTO "S"."C" ("Id", k) VALUES (1, 2)',
        ),
        dialect=_POSTGRES,
        rows=2,
    ),
    "words that are names": _Case(
        schema=(
            (
                "CREATE TABLE `Order` (`Select` INT64, `From` STRING(MAX), CONSTRAINT `By`"
                " CHECK(`Select` > 0), CONSTRAINT `Foreign` FOREIGN KEY(`Select`)"
                " REFERENCES `Order`(`Select`)) PRIMARY KEY(`Select`)"
            ),
            "CREATE INDEX `Group` ON `Order`(`From`)",
        ),
        dml=("INSERT INTO `Order` (`Select`) VALUES (1)",),
    ),
    "search indexes": _Case(
        schema=(
            (
                "CREATE TABLE A (Id INT64, S STRING(MAX), Tokens TOKENLIST AS"
                " (TOKENIZE_FULLTEXT(S)) HIDDEN) PRIMARY KEY(Id)"
            ),
            "CREATE SEARCH INDEX IndexOfA ON A(Tokens) STORING (S)",
        ),
        dml=("INSERT INTO A (Id, S) VALUES (1, 'hello world')",),
    ),
    "row deletion policies": _Case(
        schema=(
            (
                "CREATE TABLE A (Id INT64, T TIMESTAMP) PRIMARY KEY(Id),"
                " ROW DELETION POLICY (OLDER_THAN(T, INTERVAL 1 DAY))"
            ),
        ),
        dml=("INSERT INTO A (Id, T) VALUES (1, TIMESTAMP '2020-01-01T00:00:00Z')",),
    ),
    "a long history": _Case(
        schema=(
            "CREATE TABLE A (Id INT64) PRIMARY KEY(Id)",
            "ALTER TABLE A ADD COLUMN V STRING(MAX)",
            "CREATE INDEX I ON A(V)",
            "ALTER TABLE A ADD COLUMN W STRING(MAX)",
            "ALTER INDEX I ADD STORED COLUMN W",
            "ALTER TABLE A ADD CONSTRAINT C CHECK(V <> 'x')",
            "ALTER TABLE A DROP CONSTRAINT C",
            "ALTER TABLE A ADD CONSTRAINT K FOREIGN KEY(V) REFERENCES A(V)",
            "ALTER TABLE A DROP CONSTRAINT K",
            "CREATE CHANGE STREAM S FOR ALL",
            "ALTER CHANGE STREAM S SET FOR A(V)",
            "CREATE VIEW ViewOfA SQL SECURITY INVOKER AS SELECT A.Id FROM A",
        ),
        dml=("INSERT INTO A (Id, V, W) VALUES (1, 'x', 'y')",),
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in _CASES.items()])
def test_rows_and_schema_are_brought_back(google_databases: GoogleDatabases, case: _Case) -> None:
    """A restored database has the rows and the schema of its source."""
    source = google_databases.create(*case.schema, dialect=case.dialect)
    google_databases.execute(source, *case.dml)
    before = google_databases.read(source, statements=case.schema)
    restored = google_databases.restore(before)
    after = google_databases.read(restored, statements=case.schema)
    assert case.rows == before.rows
    assert before == after
    assert google_databases.ddl(source) == google_databases.ddl(restored)


def test_queries_see_the_rows(google_databases: GoogleDatabases) -> None:
    """A query of a restored database answers as one of its source."""
    source = google_databases.create(_SINGERS)
    google_databases.insert(source, "Singers", ["Id", "Name"], [["1", "Ann"], ["2", None]])
    restored = google_databases.restore(google_databases.read(source))
    found = google_databases.query(restored, "SELECT Id, Name FROM Singers ORDER BY Id")
    assert [["1", "Ann"], ["2", None]] == found


def test_a_stale_read_shows_what_there_was(google_databases: GoogleDatabases) -> None:
    """Rows that came later are not in what is read of a moment before."""
    source = google_databases.create(_SINGERS)
    moment = google_databases.insert(source, "Singers", ["Id", "Name"], [["1", "Ann"]])
    google_databases.insert(source, "Singers", ["Id", "Name"], [["2", "Bob"]])
    assert (1, 2) == (
        google_databases.read(source, at=moment).rows,
        google_databases.read(source).rows,
    )


class _SlowClock(datetime):
    """A clock of this machine that is a second behind that of Google's emulator."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _SlowClock:
        """Return the time."""
        return super().now(tz) - timedelta(seconds=1)


def test_the_present_shows_what_has_been_committed(
    google_databases: GoogleDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed before now is read, though that emulator's clock runs ahead of ours."""
    source = google_databases.create(_SINGERS)
    google_databases.insert(source, "Singers", ["Id"], [["1"]])
    monkeypatch.setattr(reading, "datetime", _SlowClock)
    present = _SlowClock.now(UTC)
    assert (0, 1) == (
        google_databases.read(source, at=present).rows,
        google_databases.read(source, at=present, present=True).rows,
    )


def test_a_stale_read_shows_the_columns_of_its_moment(google_databases: GoogleDatabases) -> None:
    """A column that was dropped later is read and written back, with the schema of the moment."""
    source = google_databases.create(_SINGERS)
    moment = google_databases.insert(source, "Singers", ["Id", "Name"], [["1", "Ann"]])
    google_databases.change(
        source, "ALTER TABLE Singers DROP COLUMN Name", "ALTER TABLE Singers ADD COLUMN Age INT64"
    )
    before = google_databases.read(source, at=moment, statements=[_SINGERS])
    restored = google_databases.restore(before)
    assert [["1", "Ann"]] == google_databases.query(restored, "SELECT * FROM Singers")


def test_tables_of_one_moment_fit_together(google_databases: GoogleDatabases) -> None:
    """A child that is written while tables are read does not come without its parent."""
    albums = (
        "CREATE TABLE Albums (Id INT64 NOT NULL, Album INT64) PRIMARY KEY(Id, Album),"
        " INTERLEAVE IN PARENT Singers"
    )
    source = google_databases.create(_SINGERS, albums)
    moment = google_databases.insert(source, "Singers", ["Id"], [["1"]])
    google_databases.insert(source, "Singers", ["Id"], [["2"]])
    google_databases.insert(source, "Albums", ["Id", "Album"], [["2", "1"]])
    before = google_databases.read(source, at=moment, statements=[_SINGERS, albums])
    assert {"Singers": 1, "Albums": 0} == {table.table: table.rows for table in before.tables}


def test_messages_and_enums_are_brought_back(google_databases: GoogleDatabases) -> None:
    """Columns of a proto bundle come back, with what is generated of their fields."""
    file = descriptor_pb2.FileDescriptorProto(name="music.proto", package="music", syntax="proto3")
    singer = file.message_type.add(name="Singer")
    singer.field.add(name="name", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    genre = file.enum_type.add(name="Genre")
    genre.value.add(name="POP", number=0)
    descriptors = descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
    schema = (
        "CREATE PROTO BUNDLE (`music.Singer`, `music.Genre`)",
        (
            "CREATE TABLE A (Id INT64, S music.Singer, G music.Genre, Ss ARRAY<music.Singer>,"
            " Gs ARRAY<music.Genre>, N STRING(MAX) AS (S.name) STORED) PRIMARY KEY(Id)"
        ),
    )
    source = google_databases.create(*schema, proto_descriptors=descriptors)
    google_databases.execute(
        source,
        "INSERT INTO A (Id, S, G, Ss, Gs) VALUES (1, NEW music.Singer('x' AS name), 'POP',"
        " [NEW music.Singer('y' AS name), NULL], [CAST('POP' AS music.Genre), NULL])",
    )
    before = google_databases.read(source, statements=schema, proto_descriptors=descriptors)
    restored = google_databases.restore(before)
    assert [["1", "x"]] == google_databases.query(restored, "SELECT Id, N FROM A")
    assert before.tables == google_databases.read(restored).tables


@pytest.mark.slow
@pytest.mark.parametrize("length", [10, 1 << 20, 2_621_440])
def test_long_values_are_whole(google_databases: GoogleDatabases, length: int) -> None:
    """A value that comes in several pieces is put together, within arrays as well."""
    schema = (
        "CREATE TABLE A (Id INT64, S STRING(MAX), L ARRAY<STRING(MAX)>, N ARRAY<INT64>,"
        " B BYTES(MAX)) PRIMARY KEY(Id)"
    )
    source = google_databases.create(schema)
    text = "aé😀" * (length // 3)
    numbers = [str(number) for number in range(length // 16)]
    row = ["1", text, [text[: length // 2], None, "", "b", text[length // 2 :]], numbers, "AA=="]
    google_databases.insert(source, "A", ["Id", "S", "L", "N", "B"], [row])
    restored = google_databases.restore(google_databases.read(source))
    digests = """
        SELECT TO_HEX(SHA256(S)), TO_HEX(SHA256(ARRAY_TO_STRING(L, '|', 'NULL'))),
        ARRAY_LENGTH(N), (SELECT SUM(n) FROM UNNEST(N) n), TO_HEX(B) FROM A"""
    assert google_databases.query(source, digests) == google_databases.query(restored, digests)
