# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema files as others write them: what Spanner takes is taken, what it refuses is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import RpcError
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.reader import statements_in
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock

GOOGLE, POSTGRES = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL
NO, BAD, NONE = Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT, Code.NOT_FOUND
OK = Code.OK
T = "CREATE TABLE T (Id INT64, B STRING(9)) PRIMARY KEY (Id)"


def outcomes(dialect: Dialect, *texts: str) -> list[Code]:
    """Apply statements to an empty schema, one by one; return how each was received."""
    schema, found = Schema(), []
    for text in texts:
        try:
            schema = schema.apply(DdlStatement.parse(text, dialect=dialect))
            found.append(OK)
        except RpcError as exc:
            found.append(exc.code)
    return found


def test_public_is_the_default_schema_of_postgresql() -> None:
    """``public.users`` and ``users`` are one thing, for every kind of statement."""
    found = outcomes(
        POSTGRES,
        "CREATE TABLE public.users (id bigint PRIMARY KEY, mail text)",
        "CREATE INDEX users_mail ON users (mail)",
        "ALTER TABLE users ADD COLUMN born date",
        "CREATE TABLE users (id bigint PRIMARY KEY)",
        "DROP INDEX public.users_mail",
        "CREATE VIEW public.v SQL SECURITY INVOKER AS SELECT id FROM public.users",
        "DROP TABLE users",
        "DROP VIEW v",
        "DROP TABLE users",
    )

    assert [OK, OK, OK, NO, OK, OK, NO, OK, OK] == found


def test_index_has_the_schema_of_its_table() -> None:
    """PostgreSQL puts it there without a word; GoogleSQL wants it to be named."""
    postgres = outcomes(
        POSTGRES,
        "CREATE SCHEMA s",
        "CREATE TABLE s.t (id bigint PRIMARY KEY)",
        "CREATE INDEX j ON s.t (id)",
        "CREATE INDEX s.k ON s.t (id)",
        "DROP INDEX j",
        "DROP INDEX s.j",
    )
    google = outcomes(GOOGLE, T, "CREATE SCHEMA s", "CREATE INDEX s.J ON T (Id)")

    assert [OK, OK, OK, BAD, NONE, OK] == postgres
    assert [OK, OK, NO] == google


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (POSTGRES, "CREATE TABLE t (id bigint PRIMARY KEY, note text DEFAULT $$a;b$$)"),
        (POSTGRES, "CREATE VIEW v SQL SECURITY INVOKER AS SELECT $tag$one; two$tag$ AS x"),
        (POSTGRES, r"CREATE VIEW v SQL SECURITY INVOKER AS SELECT E'a\';' /* a /* ; */ ; */ AS x"),
        (POSTGRES, "CREATE TABLE t (id bigint PRIMARY KEY);"),
        (GOOGLE, "#> Tables of the shop; don't edit by hand\n" + T),
        (GOOGLE, r'CREATE VIEW V SQL SECURITY INVOKER AS SELECT r"""a";\"""b""" AS X'),
        (GOOGLE, "ALTER DATABASE db SET OPTIONS (auto_managed_root_placement_table_name = 'root')"),
        (GOOGLE, "ALTER DATABASE db SET OPTIONS (version_retention_period = '86400s')"),
        (POSTGRES, 'ALTER DATABASE "db" SET spanner.version_retention_period TO "7d"'),
        (POSTGRES, "ALTER DATABASE \"db\" SET spanner.default_time_zone = 'UTC'"),
        (POSTGRES, "ALTER DATABASE db SET spanner.version_retention_period = E'7d'"),
        (POSTGRES, "ALTER DATABASE db SET spanner.version_retention_period = $$7d$$"),
    ],
)
def test_documented_forms_are_accepted(dialect: Dialect, text: str) -> None:
    """What the dialects write in several ways is read in each of them."""
    assert [OK] == outcomes(dialect, text)


@pytest.mark.parametrize("default", ["DEFAULT", "default", "Default"])
def test_grants_name_the_default_schema(default: str) -> None:
    """``DEFAULT`` is a schema there, though it is no name elsewhere."""
    found = outcomes(
        GOOGLE,
        "CREATE ROLE reader",
        f"GRANT USAGE ON SCHEMA {default} TO ROLE reader",
        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {default} TO ROLE reader",
    )

    assert [OK, OK, OK] == found


@pytest.mark.parametrize(
    ("dialect", "before", "drop"),
    [
        (GOOGLE, "CREATE VIEW V SQL SECURITY INVOKER AS SELECT T.Id FROM T", "DROP TABLE T"),
        (
            GOOGLE,
            "CREATE VIEW V SQL SECURITY INVOKER AS SELECT A.Id FROM T AS A, T",
            "DROP TABLE T",
        ),
        (
            GOOGLE,
            "CREATE TABLE F (Id INT64, FOREIGN KEY (Id) REFERENCES T (Id)) PRIMARY KEY (Id)",
            "DROP TABLE T",
        ),
        (GOOGLE, "CREATE CHANGE STREAM S FOR T(B)", "DROP TABLE T"),
        (
            GOOGLE,
            "CREATE TABLE U (Id INT64 DEFAULT (GET_NEXT_SEQUENCE_VALUE(SEQUENCE Q)) PRIMARY KEY)",
            "DROP SEQUENCE Q",
        ),
        (POSTGRES, "CREATE TABLE f (id bigint PRIMARY KEY REFERENCES t (id))", "DROP TABLE t"),
        (
            POSTGRES,
            "CREATE TABLE u (id bigint DEFAULT nextval('q') PRIMARY KEY)",
            "DROP SEQUENCE q",
        ),
    ],
)
def test_what_others_need_stays(dialect: Dialect, before: str, drop: str) -> None:
    """Nothing is dropped while a view, a foreign key, a change stream or a column needs it."""
    table = T if dialect is GOOGLE else "CREATE TABLE t (id bigint PRIMARY KEY)"
    found = outcomes(dialect, table, "CREATE SEQUENCE Q BIT_REVERSED_POSITIVE", before, drop)

    assert [OK, OK, OK, NO] == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "CREATE TABLE F (I INT64 PRIMARY KEY, CONSTRAINT K FOREIGN KEY (I) REFERENCES T (Id))",
            "ALTER TABLE F DROP CONSTRAINT K",
        ),
        ("CREATE CHANGE STREAM S FOR T", "ALTER CHANGE STREAM S SET FOR ALL"),
        ("CREATE CHANGE STREAM S FOR T", "DROP CHANGE STREAM S"),
        ("CREATE VIEW V SQL SECURITY INVOKER AS SELECT T.Id FROM T", "DROP VIEW V"),
        (
            "CREATE VIEW V SQL SECURITY INVOKER AS SELECT T.Id FROM T",
            "CREATE OR REPLACE VIEW V SQL SECURITY INVOKER AS SELECT 1 AS Id",
        ),
        ("CREATE CHANGE STREAM S FOR ALL", "ANALYZE"),
        ("ALTER TABLE T ADD CONSTRAINT K FOREIGN KEY (Id) REFERENCES T (Id)", "ANALYZE"),
    ],
)
def test_what_nobody_needs_any_more_goes(before: str, after: str) -> None:
    """Once it has let go, or where it never held on, the table can be dropped."""
    assert [OK, OK, OK, OK] == outcomes(GOOGLE, T, before, after, "DROP TABLE T")


def test_column_lets_go_of_its_sequence() -> None:
    """A sequence goes once its column has another default, or none."""
    found = outcomes(
        GOOGLE,
        "CREATE SEQUENCE Q BIT_REVERSED_POSITIVE",
        "CREATE TABLE U (Id INT64, B INT64 DEFAULT (GET_NEXT_SEQUENCE_VALUE(SEQUENCE Q))) "
        "PRIMARY KEY (Id)",
        "DROP SEQUENCE Q",
        "ALTER TABLE U ALTER COLUMN B DROP DEFAULT",
        "DROP SEQUENCE Q",
    )

    assert [OK, OK, NO, OK, OK] == found


@pytest.mark.parametrize(
    "text",
    [
        f"{T}\nCREATE INDEX TByB ON T (B)",
        "DROP TABLE A DROP TABLE B",
        "ALTER TABLE A ADD COLUMN B INT64 ALTER TABLE C ADD COLUMN D INT64",
        "CREATE ROLE r GRANT SELECT ON TABLE T TO ROLE r",
        "CREATE OR REPLACE TABLE T (Id INT64) PRIMARY KEY (Id)",
        "CREATE TABLE IF EXISTS U (Id INT64) PRIMARY KEY (Id)",
        "DROP TABLE IF NOT EXISTS U",
        "CREATE UNIQUE UNIQUE INDEX I ON T (Id)",
        "CREATE NULL_FILTERED UNIQUE INDEX I ON T (Id)",
        "CREATE TABLE _x (Id INT64) PRIMARY KEY (Id)",
        "CREATE TABLE Größe (Id INT64) PRIMARY KEY (Id)",
        "CREATE TABLE `Größe` (Id INT64) PRIMARY KEY (Id)",
        f"CREATE TABLE {'x' * 129} (Id INT64) PRIMARY KEY (Id)",
        "RENAME TABLE T TO _x",
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT 'a\nb' AS X",
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT 1 AS X /* no end",
        "CREATE TABLE U (\ufeffId INT64) PRIMARY KEY (Id)",
        f"{T};",
        # the pages show a comma there; Google's own grammar has none
        "ALTER DATABASE db SET OPTIONS (default_sequence_kind = 'bit_reversed_positive',)",
    ],
)
def test_what_spanner_has_not_is_refused(text: str) -> None:
    """Forgotten semicolons, forms of other databases and impossible names are INVALID_ARGUMENT."""
    assert [BAD] == outcomes(GOOGLE, text)


def test_longest_name() -> None:
    """A name may have 128 letters."""
    assert [OK] == outcomes(GOOGLE, f"CREATE TABLE {'x' * 128} (Id INT64) PRIMARY KEY (Id)")


def test_several_renames_are_one_statement() -> None:
    """ALTER TABLE may stand again behind a comma, and a column may be called like a kind."""
    found = outcomes(
        GOOGLE,
        "CREATE TABLE A (Id INT64, Role INT64) PRIMARY KEY (Id)",
        "CREATE TABLE B (Id INT64) PRIMARY KEY (Id)",
        "ALTER TABLE A DROP Role",
        "ALTER TABLE A RENAME TO C, ALTER TABLE B RENAME TO D",
    )

    assert [OK, OK, OK, OK] == found


def test_time_zone_is_chosen_first() -> None:
    """The default time zone stays as it is once there is a table."""
    option = "ALTER DATABASE db SET OPTIONS (default_time_zone = 'UTC')"

    assert [OK, OK, NO] == outcomes(GOOGLE, option, T, option)


@pytest.mark.usefixtures("emulator")
def test_semicolon_at_the_end_over_the_wire(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """PostgreSQL databases take a semicolon behind a statement, GoogleSQL databases do not."""
    made = databases.create_database(
        {
            "parent": INSTANCE,
            "create_statement": 'CREATE DATABASE "pg";',
            "database_dialect": database_v1.DatabaseDialect.POSTGRESQL,
        }
    )
    clock.advance(3600)
    statement = "CREATE TABLE t (id bigint PRIMARY KEY)"
    changed = databases.update_database_ddl(
        database=f"{INSTANCE}/databases/pg", statements=[f"{statement};"]
    )
    clock.advance(3600)
    schema = databases.get_database_ddl(database=f"{INSTANCE}/databases/pg")

    assert made.operation.name
    assert changed.operation.name
    assert [statement] == list(schema.statements)
    with pytest.raises(exceptions.InvalidArgument, match="unknown character"):
        databases.update_database_ddl(database=DATABASE, statements=["DROP TABLE Orders;"])


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("CREATE TABLE a (i int); CREATE TABLE b (i int);", 2),
        ("CREATE TABLE a (i int);; -- between\n CREATE TABLE b (i int)", 2),
        ("CREATE TABLE a (t text DEFAULT ';'); -- last", 1),
        ("CREATE TABLE a (t text DEFAULT ';", 1),
    ],
)
def test_a_text_may_hold_several_statements_of_postgresql(text: str, statements: int) -> None:
    """Google's samples for Node.js send two tables in one; in GoogleSQL that is a mistake."""
    assert statements == len(statements_in(text, dialect=POSTGRES))
    assert (text,) == statements_in(text, dialect=GOOGLE)


@pytest.mark.usefixtures("emulator")
def test_several_statements_of_one_text_are_done_one_by_one(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Each is listed in the metadata, and each is shown on its own."""
    databases.create_database(
        {
            "parent": INSTANCE,
            "create_statement": 'CREATE DATABASE "pg"',
            "database_dialect": database_v1.DatabaseDialect.POSTGRESQL,
        }
    )
    clock.advance(3600)
    tables = [f"CREATE TABLE {name} (id bigint PRIMARY KEY)" for name in ("a", "b")]
    text = "; ".join(tables)
    changed = databases.update_database_ddl(
        database=f"{INSTANCE}/databases/pg", statements=[f"{text};"]
    )
    clock.advance(3600)
    schema = databases.get_database_ddl(database=f"{INSTANCE}/databases/pg")

    assert tables == list(changed.metadata.statements)
    assert tables == list(schema.statements)
