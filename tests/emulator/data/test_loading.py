# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A schema is divided into what rows need and what comes after them."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.data.loading import LoadPlan, plan_load

_GOOGLE = Dialect.GOOGLE_STANDARD_SQL
_POSTGRES = Dialect.POSTGRESQL
_A = "CREATE TABLE A (Id INT64) PRIMARY KEY(Id)"
_KEY = "ALTER TABLE A ADD CONSTRAINT K FOREIGN KEY(B) REFERENCES B(Id)"


def _plan(*statements: str, dialect: Dialect = _GOOGLE) -> LoadPlan:
    return plan_load(statements, dialect=dialect, database_id="new-one")


@pytest.mark.parametrize(
    "statement",
    [
        _A,
        "CREATE SCHEMA S",
        "CREATE SEQUENCE S OPTIONS (sequence_kind='bit_reversed_positive')",
        "CREATE PROTO BUNDLE (a.B)",
        "CREATE OR REPLACE FUNCTION F(x INT64) RETURNS INT64 AS (x + 1)",
        "CREATE PLACEMENT P OPTIONS (instance_partition='p')",
        "ALTER TABLE A ADD COLUMN C STRING(MAX)",
        "ALTER TABLE A ALTER COLUMN C STRING(MAX) NOT NULL",
        "ALTER TABLE A ADD CONSTRAINT C CHECK(Id > 0)",
        "ALTER TABLE A DROP CONSTRAINT C",
        "ALTER TABLE A DROP COLUMN C",
        "ALTER TABLE A SET ON DELETE CASCADE",
    ],
)
def test_rows_need_it(statement: str) -> None:
    """What tables are made of comes before their rows."""
    assert LoadPlan(before=(statement,), after=()) == _plan(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX I ON A(B)",
        "create unique null_filtered index I ON A(B)",
        "CREATE SEARCH INDEX I ON A(Tokens)",
        "CREATE VECTOR INDEX I ON A(V) OPTIONS (distance_type='COSINE')",
        "ALTER INDEX I ADD STORED COLUMN C",
        "DROP INDEX I",
        "CREATE CHANGE STREAM C FOR ALL",
        "CREATE OR REPLACE VIEW V SQL SECURITY INVOKER AS SELECT A.Id FROM A",
        "CREATE PROPERTY GRAPH G NODE TABLES (A)",
        "CREATE MODEL M INPUT(a INT64) OUTPUT(b INT64) REMOTE OPTIONS (endpoint='e')",
        "CREATE ROLE R",
        "GRANT SELECT ON TABLE A TO ROLE R",
        _KEY,
        "ALTER TABLE A ADD FOREIGN KEY(B) REFERENCES B(Id) ON DELETE CASCADE",
        "ALTER TABLE A DROP CONSTRAINT FK_A_B_1234",
    ],
)
def test_it_waits_for_rows(statement: str) -> None:
    """Whatever can be made of rows that are there comes after them."""
    assert LoadPlan(before=(), after=(statement,)) == _plan(statement)


@pytest.mark.parametrize(
    ("dialect", "table", "without", "key"),
    [
        pytest.param(
            _GOOGLE,
            "CREATE TABLE A (\n  Id INT64,\n  B INT64,\n"
            "  CONSTRAINT K FOREIGN KEY(B) REFERENCES B(Id),\n) PRIMARY KEY(Id)",
            "CREATE TABLE A (\n  Id INT64,\n  B INT64,\n) PRIMARY KEY(Id)",
            _KEY,
            id="with a comma behind it",
        ),
        pytest.param(
            _GOOGLE,
            "CREATE TABLE IF NOT EXISTS `S`.`A` (Id INT64, foreign key(B, C) references"
            " B(`)`, D) ON DELETE CASCADE NOT ENFORCED, C INT64 DEFAULT (F(1, 2)),) PRIMARY KEY()",
            "CREATE TABLE IF NOT EXISTS `S`.`A` (Id INT64, C INT64 DEFAULT (F(1, 2)),)"
            " PRIMARY KEY()",
            "ALTER TABLE `S`.`A` ADD foreign key(B, C) references B(`)`, D)"
            " ON DELETE CASCADE NOT ENFORCED",
            id="in the middle",
        ),
        pytest.param(
            _GOOGLE,
            "CREATE TABLE A (Id INT64, V STRING(MAX) DEFAULT (', FOREIGN KEY(') /* , FOREIGN */)"
            " PRIMARY KEY(Id)",
            "CREATE TABLE A (Id INT64, V STRING(MAX) DEFAULT (', FOREIGN KEY(') /* , FOREIGN */)"
            " PRIMARY KEY(Id)",
            None,
            id="only in a string",
        ),
        pytest.param(
            _POSTGRES,
            'CREATE TABLE s."A" (id bigint NOT NULL, PRIMARY KEY(id),'
            ' CONSTRAINT "K" FOREIGN KEY (b) REFERENCES "B"(id)) INTERLEAVE IN PARENT t',
            'CREATE TABLE s."A" (id bigint NOT NULL, PRIMARY KEY(id)) INTERLEAVE IN PARENT t',
            'ALTER TABLE s."A" ADD CONSTRAINT "K" FOREIGN KEY (b) REFERENCES "B"(id)',
            id="in PostgreSQL",
        ),
        pytest.param(
            _POSTGRES,
            'create table a ("B" bigint not null references s."B" (id) on delete no action'
            " default 1, c bigint)",
            'create table a ("B" bigint not null default 1, c bigint)',
            'ALTER TABLE a ADD FOREIGN KEY ("B") references s."B" (id) on delete no action',
            id="of a column",
        ),
        pytest.param(
            _POSTGRES,
            "CREATE TABLE a (id bigint PRIMARY KEY, b bigint CONSTRAINT k REFERENCES b)",
            "CREATE TABLE a (id bigint PRIMARY KEY, b bigint)",
            "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES b",
            id="of a column, with a name",
        ),
    ],
)
def test_a_foreign_key_is_cut_out(
    dialect: Dialect, table: str, without: str, key: str | None
) -> None:
    """A foreign key within CREATE TABLE becomes a statement of its own, behind the rows."""
    expected = LoadPlan(before=(without,), after=() if key is None else (key,))
    assert expected == _plan(table, dialect=dialect)


def test_the_order_stays() -> None:
    """Statements keep their order on either side."""
    assert LoadPlan(before=("CREATE SCHEMA S", _A), after=("CREATE ROLE R", _KEY)) == _plan(
        "CREATE SCHEMA S", "CREATE ROLE R", _A, _KEY
    )


def test_a_key_that_is_dropped_again_is_never_added() -> None:
    """A history in which a foreign key goes, and then its column, can be done again."""
    plan = _plan(_A, _KEY, "alter table A drop constraint k", "ALTER TABLE A DROP COLUMN B")
    assert LoadPlan(before=(_A, "ALTER TABLE A DROP COLUMN B"), after=()) == plan


def test_a_locality_group_comes_first() -> None:
    """A locality group is made before the tables that name it, wherever it is shown."""
    group = "CREATE LOCALITY GROUP G OPTIONS (storage='ssd')"
    assert (group, _A) == _plan(_A, group).before


@pytest.mark.parametrize(
    ("dialect", "statement", "expected"),
    [
        (
            _GOOGLE,
            "ALTER DATABASE old SET OPTIONS (default_leader = 'a')",
            "ALTER DATABASE `new-one` SET OPTIONS (default_leader = 'a')",
        ),
        (
            _GOOGLE,
            "ALTER DATABASE `old-one` SET OPTIONS (default_leader = 'a')",
            "ALTER DATABASE `new-one` SET OPTIONS (default_leader = 'a')",
        ),
        (
            _POSTGRES,
            'ALTER DATABASE "old-one" SET "spanner.default_leader" = \'a\'',
            'ALTER DATABASE "new-one" SET "spanner.default_leader" = \'a\'',
        ),
    ],
)
def test_options_are_those_of_the_new_database(
    dialect: Dialect, statement: str, expected: str
) -> None:
    """A statement about the database is about the one that is restored."""
    assert (expected,) == _plan(statement, dialect=dialect).before


@pytest.mark.parametrize("text", ["", "-- nothing", "CREATE TABLE A (Id INT64, B STRING 'x"])
def test_what_nobody_can_read_is_left_as_it_is(text: str) -> None:
    """Whoever executes a statement says what is wrong with it."""
    plan = _plan(text)
    assert (text,) == plan.before + plan.after
