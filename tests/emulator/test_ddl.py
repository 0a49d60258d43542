# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Statements and schemas, without an emulator around them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import RpcError
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import MAX_STATEMENT_BYTES, DdlStatement

PG = Dialect.POSTGRESQL
TABLE = "CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"


def schema_of(*texts: str, dialect: Dialect = Dialect.GOOGLE_STANDARD_SQL) -> Schema:
    """Return the schema after these statements."""
    schema = Schema()
    for text in texts:
        schema = schema.apply(DdlStatement.parse(text, dialect=dialect))
    return schema


@pytest.mark.parametrize(
    ("text", "action", "entity_type", "names"),
    [
        ("CREATE UNIQUE NULL_FILTERED INDEX I ON T (A)", "CREATE", "INDEX", ("I",)),
        ("CREATE SEARCH INDEX I ON T (A)", "CREATE", "INDEX", ("I",)),
        ("CREATE VECTOR INDEX IF NOT EXISTS I ON T (A)", "CREATE", "INDEX", ("I",)),
        ("ALTER SEARCH INDEX I ADD COLUMN A", "ALTER", "INDEX", ("I",)),
        ("DROP VECTOR INDEX I", "DROP", "INDEX", ("I",)),
        ("CREATE OR REPLACE VIEW V SQL SECURITY INVOKER AS SELECT 1", "CREATE", "VIEW", ("V",)),
        ("CREATE CHANGE STREAM S FOR ALL", "CREATE", "CHANGE STREAM", ("S",)),
        ("CREATE SEQUENCE IF NOT EXISTS S", "CREATE", "SEQUENCE", ("S",)),
        ("CREATE LOCALITY GROUP G", "CREATE", "LOCALITY GROUP", ("G",)),
        ("CREATE PLACEMENT europe OPTIONS (x = 1)", "CREATE", "PLACEMENT", ("europe",)),
        ("CREATE MODEL IF NOT EXISTS M", "CREATE", "MODEL", ("M",)),
        ("CREATE OR REPLACE PROPERTY GRAPH G", "CREATE", "PROPERTY GRAPH", ("G",)),
        ("CREATE FUNCTION F(x INT64) AS (x)", "CREATE", "FUNCTION", ("F",)),
        ("CREATE QUEUE Q (Id INT64, Payload STRING(MAX)) PRIMARY KEY (Id)", "CREATE", "QUEUE",
         ("Q",)),
        ("DROP QUEUE Q", "DROP", "QUEUE", ("Q",)),
        ("CREATE SCHEMA sales", "CREATE", "SCHEMA", ("sales",)),
        ("ALTER STATISTICS p SET OPTIONS (allow_gc = true)", "ALTER", "STATISTICS", ("p",)),
        ("RENAME TABLE A TO B, C TO D", "RENAME", "TABLE", ("A", "C")),
        ("CREATE TABLE sales.`Order` (A INT64) PRIMARY KEY (A)", "CREATE", "TABLE",
         ("sales.Order",)),
        ("GRANT SELECT (A, B), UPDATE(A) ON TABLE T TO ROLE r, s", "GRANT", "TABLE", ("T",)),
        ("REVOKE ROLE a, b FROM ROLE c", "REVOKE", "ROLE", ("a", "b")),
        ("GRANT EXECUTE ON TABLE FUNCTION F TO ROLE r", "GRANT", "TABLE FUNCTION", ("F",)),
        ("ANALYZE", "ANALYZE", "", ()),
        ("/* one */ DROP # two\n TABLE -- three\n T", "DROP", "TABLE", ("T",)),
    ],
)  # fmt: skip
def test_google_statements_are_read(
    text: str, action: str, entity_type: str, names: tuple[str, ...]
) -> None:
    """Verb, kind and names of whatever GoogleSQL documents."""
    statement = DdlStatement.parse(text)

    assert (action, entity_type, names) == (
        statement.action,
        statement.entity_type,
        statement.names,
    )


@pytest.mark.parametrize(
    ("text", "action", "entity_type", "names"),
    [
        ('CREATE TABLE IF NOT EXISTS "My" (id bigint PRIMARY KEY)', "CREATE", "TABLE", ("My",)),
        ("CREATE TABLE public.Orders (id bigint PRIMARY KEY)", "CREATE", "TABLE", ("orders",)),
        ("CREATE INDEX by_id ON orders (id) INCLUDE (a)", "CREATE", "INDEX", ("by_id",)),
        ("ALTER TABLE IF EXISTS ONLY t ADD COLUMN a bigint", "ALTER", "TABLE", ("t",)),
        ('CREATE QUEUE q (id bigint, "Payload" varchar, PRIMARY KEY (id))', "CREATE", "QUEUE",
         ("q",)),
        ("DROP SCHEMA a, b", "DROP", "SCHEMA", ("a", "b")),
        ("GRANT SELECT ON t TO r", "GRANT", "TABLE", ("t",)),
        ("GRANT a, b TO c", "GRANT", "ROLE", ("a", "b")),
        ('ALTER STATISTICS spanner."p" SET OPTIONS (allow_gc = true)', "ALTER", "STATISTICS",
         ("spanner.p",)),
    ],
)  # fmt: skip
def test_postgresql_statements_are_read(
    text: str, action: str, entity_type: str, names: tuple[str, ...]
) -> None:
    """Double quotes keep capitals, other names lose them."""
    statement = DdlStatement.parse(text, dialect=PG)

    assert (action, entity_type, names) == (
        statement.action,
        statement.entity_type,
        statement.names,
    )


def test_each_dialect_has_its_options() -> None:
    """SET OPTIONS in GoogleSQL; SET, with a namespace, and RESET in PostgreSQL."""
    google = "ALTER DATABASE d SET OPTIONS (version_retention_period='7d', optimizer_version=2)"
    postgres = "ALTER DATABASE d SET spanner.version_retention_period TO '7d'"

    assert "7d" == schema_of(google).option("version_retention_period")
    assert "7d" == schema_of(postgres, dialect=PG).option("version_retention_period")
    reset = "ALTER DATABASE d RESET spanner.version_retention_period"
    assert schema_of(postgres, reset, dialect=PG).option("version_retention_period") is None


@pytest.mark.parametrize(
    "text",
    [
        "CREATE DATABASE d",
        "DROP DATABASE d",
        "CREATE TABLE",
        "CREATE TABLE 1 (A INT64)",
        "CREATE TABLE SELECT (A INT64)",
        'DROP TABLE "T"',
        "CREATE INDEX I",
        "RENAME TABLE A",
        "RENAME TABLE A TO B,",
        "ALTER TABLE A RENAME TO",
        "GRANT SELECT ON TABLE T",
        "GRANT TO ROLE r",
        "UPDATE T SET A = 1",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """It is an INVALID_ARGUMENT in the parser's words."""
    with pytest.raises(RpcError, match="Error parsing Spanner DDL statement") as caught:
        DdlStatement.parse(text)

    assert caught.value.code is Code.INVALID_ARGUMENT


def test_a_semicolon_in_a_string_ends_nothing() -> None:
    """Strings, quoted names and comments may hold any character."""
    text = "CREATE VIEW V SQL SECURITY INVOKER AS SELECT ';' AS A, \"--;\" AS B -- ;"

    assert ("V",) == DdlStatement.parse(text).names


def test_a_statement_has_a_longest_length() -> None:
    """Ten MiB are fine, a byte more is not."""
    longest = f"{TABLE} --{'x' * (MAX_STATEMENT_BYTES - len(TABLE) - 3)}"

    assert ("Orders",) == DdlStatement.parse(longest).names
    with pytest.raises(RpcError, match="too long"):
        DdlStatement.parse(longest + "x")


def outcome(text: str, dialect: Dialect) -> Code:
    """Return how a statement is received."""
    try:
        DdlStatement.parse(text, dialect=dialect)
    except RpcError as exc:
        return exc.code
    return Code.OK


# what PostgreSQL has and Spanner has not is a failed precondition
_RECEIVED = (Code.OK, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION)


@given(st.text(max_size=60), st.sampled_from(Dialect))
def test_no_text_breaks_the_parser(text: str, dialect: Dialect) -> None:
    """Whatever is sent, it is a statement or refused."""
    for begin in ("", "CREATE TABLE ", "GRANT ", "ALTER DATABASE d SET ", "RENAME TABLE "):
        assert outcome(begin + text, dialect) in _RECEIVED


@pytest.mark.parametrize(
    ("texts", "code", "message"),
    [
        ([TABLE, "CREATE VIEW orders SQL SECURITY INVOKER AS SELECT 1 AS A"],
         Code.FAILED_PRECONDITION, "Duplicate name in schema: orders."),
        ([TABLE, "CREATE INDEX A ON Orders (Id)", "CREATE INDEX B ON Orders (Id)",
          "DROP TABLE Orders"],
         Code.FAILED_PRECONDITION, "Cannot drop table Orders with indices: A,B."),
        ([TABLE, "CREATE TABLE Lines (Id INT64) PRIMARY KEY (Id), INTERLEAVE IN PARENT Orders",
          "DROP TABLE Orders"],
         Code.FAILED_PRECONDITION, "Cannot drop table Orders with interleaved tables: Lines."),
        (["CREATE TABLE L (Id INT64) PRIMARY KEY (Id), INTERLEAVE IN PARENT Orders"],
         Code.NOT_FOUND, "Table not found: Orders"),
        (["CREATE TABLE sales.T (A INT64) PRIMARY KEY (A)"],
         Code.NOT_FOUND, "Schema not found: sales"),
        (["CREATE SCHEMA sales", "CREATE TABLE sales.T (A INT64) PRIMARY KEY (A)",
          "DROP SCHEMA sales"],
         Code.FAILED_PRECONDITION, "Cannot drop schema sales while it has dependencies."),
        (["CREATE ROLE public"], Code.FAILED_PRECONDITION, "Duplicate name in schema: public."),
        (["DROP ROLE public"], Code.FAILED_PRECONDITION, "Cannot drop system role public."),
        ([TABLE, "GRANT SELECT ON TABLE Orders TO ROLE r"], Code.NOT_FOUND, "Role not found: r"),
        ([TABLE, "CREATE ROLE r", "GRANT SELECT ON TABLE Orders TO ROLE r", "DROP ROLE r"],
         Code.FAILED_PRECONDITION,
         "Cannot drop role r while privileges are granted to it. Revoke them first."),
        ([TABLE, "RENAME TABLE Orders TO A, Nothing TO B"],
         Code.NOT_FOUND, "Table not found: Nothing"),
        (["DROP PROTO BUNDLE"], Code.NOT_FOUND, "Proto bundle not found: the database has none"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_refused(
    texts: list[str], code: Code, message: str
) -> None:
    """The texts are those of the service, as far as they are known."""
    with pytest.raises(RpcError) as caught:
        schema_of(*texts)

    assert (code, message) == (caught.value.code, caught.value.message)


def test_a_view_is_replaced_in_its_place() -> None:
    """OR REPLACE leaves one view, the new one, where the old one was."""
    view = "CREATE OR REPLACE VIEW V SQL SECURITY INVOKER AS SELECT {} AS A"

    replaced = schema_of(view.format(1), TABLE, view.format(2))
    assert [view.format(2), TABLE] == list(replaced.texts)


def test_a_renamed_table_keeps_its_indexes_and_children() -> None:
    """Whatever speaks of a table speaks of its new name, and columns keep theirs."""
    schema = schema_of(
        "CREATE TABLE Orders (Orders INT64) PRIMARY KEY (Orders)",
        "CREATE INDEX I ON Orders (Orders)",
        "CREATE TABLE Lines (Orders INT64) PRIMARY KEY (Orders), INTERLEAVE IN PARENT Orders",
        "RENAME TABLE Orders TO Purchases",
    )

    assert (
        "CREATE TABLE Purchases (Orders INT64) PRIMARY KEY (Orders)",
        "CREATE INDEX I ON Purchases (Orders)",
        "CREATE TABLE Lines (Orders INT64) PRIMARY KEY (Orders), INTERLEAVE IN PARENT Purchases",
    ) == schema.texts
    with pytest.raises(RpcError, match="Cannot drop table Purchases with indices: I"):
        schema.apply(DdlStatement.parse("DROP TABLE Purchases"))


def test_tables_can_swap_their_names() -> None:
    """All tables of one RENAME change their names at once."""
    create = "CREATE TABLE {} (Id INT64) PRIMARY KEY (Id)"
    texts = (create.format("A"), create.format("B"), "CREATE INDEX I ON A (Id)")
    schema = schema_of(*texts, "RENAME TABLE A TO B, B TO A")

    assert (create.format("B"), create.format("A"), "CREATE INDEX I ON B (Id)") == schema.texts


def test_a_new_name_is_free() -> None:
    """A table cannot get the name of another thing."""
    with pytest.raises(RpcError, match="Duplicate name in schema: I"):
        schema_of(TABLE, "CREATE INDEX I ON Orders (Id)", "ALTER TABLE Orders RENAME TO I")


def test_a_revoke_takes_back_what_it_names() -> None:
    """What is left of a GRANT stays in the schema, and nothing of it in the end."""
    texts = (
        TABLE,
        "CREATE ROLE r",
        "GRANT SELECT, INSERT ON TABLE Orders TO ROLE r",
        "REVOKE INSERT ON TABLE Orders FROM ROLE r",
    )
    partly = schema_of(*texts)
    wholly = schema_of(*texts, "REVOKE SELECT ON TABLE Orders FROM ROLE r", "DROP ROLE r")

    assert (*texts[:2], "GRANT SELECT ON TABLE Orders TO ROLE r") == partly.texts
    assert (TABLE,) == wholly.texts


LINES = TABLE.replace("Orders", "Lines")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (
            "ALTER TABLE Orders RENAME WITH SYNONYM TO Bought",
            ["TABLE Bought (", "TABLE Lines (", "ALTER TABLE Bought ADD SYNONYM Orders"],
        ),
        (
            "ALTER TABLE Orders RENAME TO Bought, ADD SYNONYM Paid",
            ["TABLE Bought (", "TABLE Lines (", "ALTER TABLE Bought ADD SYNONYM Paid"],
        ),
        (
            "ALTER TABLE Orders RENAME TO Bought, ALTER TABLE Lines RENAME TO Items",
            ["TABLE Bought (", "TABLE Items ("],
        ),
        (
            "ALTER TABLE Orders ADD SYNONYM Bought",
            ["TABLE Orders (", "TABLE Lines (", "ALTER TABLE Orders ADD SYNONYM Bought"],
        ),
        ("ALTER INDEX IF EXISTS Nothing ADD STORED COLUMN A", ["TABLE Orders (", "TABLE Lines ("]),
    ],
    ids=["keeps the old name", "gets another", "two at once", "synonym alone", "not there"],
)
def test_tables_are_renamed_as_google_documents(change: str, left: list[str]) -> None:
    """A renamed table may keep its old name as a synonym, or get one beside its new name."""
    found = schema_of(TABLE, LINES, change).texts

    assert [True] * len(left) == [part in text for part, text in zip(left, found, strict=True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ALTER TABLE Orders RENAME TO A, ALTER TABLE Lines",
            "expected a table to rename",
        ),
        (
            "GRANT SELECT ON TABLE Nothing TO ROLE r",
            "Table not found: Nothing",
        ),
        ("ALTER DATABASE d SET OPTIONS (version_retention_period = )", "expected SET OPTIONS"),
        ("ALTER DATABASE d SET OPTIONS (version_retention_period = '1d'", "expected SET OPTIONS"),
        ("ALTER DATABASE d SET OPTIONS (version_retention_period = ()", "expected SET OPTIONS"),
    ],
)
def test_what_is_half_said_is_refused(text: str, message: str) -> None:
    """The refusal says what was expected, or what is not there."""
    schema = schema_of(TABLE, LINES, "CREATE ROLE r")

    with pytest.raises(RpcError, match=message):
        schema.apply(DdlStatement.parse(text))


def test_a_database_has_one_proto_bundle() -> None:
    """A second one is refused as a name that is taken."""
    create = DdlStatement.parse("CREATE PROTO BUNDLE (a.b)")
    schema = Schema().apply(create, proto_descriptors=b"descriptors")

    with pytest.raises(RpcError, match="Duplicate name in schema"):
        schema.apply(create, proto_descriptors=b"descriptors")


@pytest.mark.parametrize(
    "needs",
    [
        "CREATE VIEW V SQL SECURITY INVOKER AS SELECT 1 AS A FROM Lines AS l JOIN Orders o ON TRUE",
        "CREATE CHANGE STREAM V FOR Lines(), Orders",
    ],
    ids=["view", "change stream"],
)
def test_what_is_needed_cannot_be_dropped(needs: str) -> None:
    """A table that a view reads, or a change stream tracks, stays while that is there."""
    schema = schema_of(TABLE, LINES, needs)

    for table in ("Orders", "Lines"):
        with pytest.raises(RpcError, match="V"):
            schema.apply(DdlStatement.parse(f"DROP TABLE {table}"))


def test_a_change_stream_follows_the_new_name_of_its_table() -> None:
    """What tracks a table tracks it under its new name, and no other."""
    stream = "CREATE CHANGE STREAM S FOR Lines"
    schema = schema_of(TABLE, LINES, stream, "RENAME TABLE Lines TO Items, Orders TO Bought")

    with pytest.raises(RpcError, match="tracked by 1 Change Stream: S"):
        schema.apply(DdlStatement.parse("DROP TABLE Items"))
    assert 2 == len(schema.apply(DdlStatement.parse("DROP TABLE Bought")).texts)


def test_a_column_that_loses_its_default_needs_its_sequence_no_more() -> None:
    """DROP DEFAULT releases the sequence that the default was taken from."""
    value = "GET_NEXT_SEQUENCE_VALUE(SEQUENCE S)"
    table = f"CREATE TABLE T (Id INT64 DEFAULT ({value})) PRIMARY KEY (Id)"
    sequence = "CREATE SEQUENCE S OPTIONS (sequence_kind = 'bit_reversed_positive')"
    schema = schema_of(sequence, table)
    released = schema.apply(DdlStatement.parse("ALTER TABLE T ALTER COLUMN Id DROP DEFAULT"))
    drop = DdlStatement.parse("DROP SEQUENCE S")

    with pytest.raises(RpcError, match="S"):
        schema.apply(drop)
    assert all("CREATE SEQUENCE" not in text for text in released.apply(drop).texts)


def test_a_revoke_of_what_was_not_granted_changes_nothing() -> None:
    """Another privilege, or the same for another role, leaves a GRANT as it is."""
    texts = (TABLE, "CREATE ROLE r", "CREATE ROLE s", "GRANT SELECT ON TABLE Orders TO ROLE r")
    schema = schema_of(
        *texts,
        "REVOKE UPDATE ON TABLE Orders FROM ROLE r",
        "REVOKE SELECT ON TABLE Orders FROM ROLE s",
    )

    assert texts == schema.texts
