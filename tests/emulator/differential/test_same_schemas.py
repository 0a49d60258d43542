# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schemas: Google's emulator, which has a real parser, and ours answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.sides import SCHEMA, codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.emulator.differential.conftest import Agreed, RunBoth
    from tests.emulator.differential.sides import Answer, Side

ITEMS = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"
BAD = Code.INVALID_ARGUMENT
TAKEN = Code.FAILED_PRECONDITION
IN_USE = Code.FAILED_PRECONDITION
MISSING = Code.NOT_FOUND


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ([ITEMS], Code.OK),
        (["CREATE TABLE `Items` (`Id` INT64) PRIMARY KEY (`Id`)"], Code.OK),
        ([ITEMS, "CREATE UNIQUE INDEX ById ON Items (Id)"], Code.OK),
        (["CREATE INDEX IF NOT EXISTS OrdersByNote ON Orders (Id)"], Code.OK),
        (["DROP TABLE IF EXISTS Nowhere"], Code.OK),
        (["DROP INDEX IF EXISTS Nowhere"], Code.OK),
        (["DROP INDEX OrdersByNote"], Code.OK),
        (["DROP INDEX OrdersByNote", "DROP TABLE Orders"], Code.OK),
        (["CREATE SEQUENCE S OPTIONS (sequence_kind = 'bit_reversed_positive')"], Code.OK),
        (["CREATE CHANGE STREAM C FOR ALL"], Code.OK),
        (["CREATE CHANGE STREAM C FOR ALL", "DROP CHANGE STREAM C"], Code.OK),
        (["CREATE SCHEMA sales"], Code.OK),
        (["CREATE VIEW V SQL SECURITY INVOKER AS SELECT Orders.Id FROM Orders"], Code.OK),
        (["ANALYZE"], Code.OK),
        ([], BAD),
        ([""], BAD),
        (["  "], BAD),
        (["SELECT 1"], BAD),
        (["INSERT INTO Orders (Id) VALUES (1)"], BAD),
        (["CREATE Orders"], BAD),
        (["CREATE TABL Items"], BAD),
        (["DROP TABLE"], BAD),
        (["DROP INDEX OrdersByNote CASCADE"], BAD),
        (["DROP TABLE Orders, Items"], BAD),
        (["DROP DATABASE shop"], BAD),
        ([f"{ITEMS};"], BAD),
        (["DROP TABLE Orders;"], BAD),
        ([f"{ITEMS}; DROP INDEX OrdersByNote"], BAD),
        (["ALTER DATABASE shop SET OPTIONS (nonsense = 'x')"], BAD),
        (["ALTER DATABASE shop SET OPTIONS (version_retention_period = 3)"], BAD),
        ([SCHEMA[0]], TAKEN),
        ([SCHEMA[1]], TAKEN),
        (["CREATE TABLE ORDERS (Id INT64) PRIMARY KEY (Id)"], TAKEN),
        (["CREATE TABLE OrdersByNote (Id INT64) PRIMARY KEY (Id)"], TAKEN),
        (["CREATE INDEX Orders ON Orders (Id)"], TAKEN),
        (["CREATE SCHEMA sales", "CREATE SCHEMA sales"], TAKEN),
        (["CREATE CHANGE STREAM C FOR ALL", "CREATE CHANGE STREAM C FOR ALL"], TAKEN),
        (["DROP TABLE Orders"], IN_USE),
        (["DROP TABLE Nowhere"], MISSING),
        (["DROP TABLE OrdersByNote"], MISSING),
        (["DROP INDEX Nowhere"], MISSING),
        (["DROP INDEX Orders"], MISSING),
        (["DROP VIEW Nowhere"], MISSING),
        (["DROP SEQUENCE Nowhere"], MISSING),
        (["DROP CHANGE STREAM Nowhere"], MISSING),
        (["DROP SCHEMA Nowhere"], MISSING),
        (["DROP MODEL Nowhere"], MISSING),
        (["ALTER TABLE Nowhere ADD COLUMN A INT64"], MISSING),
        (["ALTER INDEX Nowhere ADD STORED COLUMN A"], MISSING),
        (["ALTER CHANGE STREAM Nowhere SET FOR ALL"], MISSING),
        (["ALTER SEQUENCE Nowhere SET OPTIONS (start_with_counter = 1)"], MISSING),
        (["CREATE INDEX I ON Nowhere (Id)"], MISSING),
        (["CREATE TABLE Nowhere.Items (Id INT64) PRIMARY KEY (Id)"], MISSING),
        ([ITEMS.replace("(Id)", "(Id), INTERLEAVE IN PARENT Nowhere")], MISSING),
        (["CREATE INDEX I ON ORDERS (Id)"], MISSING),
        (["DROP TABLE orders"], MISSING),
        (["DROP INDEX ordersbynote"], MISSING),
        (["ALTER TABLE ORDERS ADD COLUMN A INT64"], MISSING),
    ],
    ids=str,
)
def test_statements_are_judged_alike(agreed: Agreed, statements: Sequence[str], code: Code) -> None:
    """The same statements are applied, and the others refused with the same code.

    Names are looked up with regard to case, and are taken without regard to it.
    """

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(*statements)

    assert [code] == codes(agreed(script))


@pytest.mark.parametrize(
    "statements",
    [
        [ITEMS, "CREATE INDEX I ON Nowhere (Id)"],
        [ITEMS, "CREATE TABL More"],
        [ITEMS, ITEMS],
        [ITEMS, ""],
    ],
    ids=str,
)
def test_a_refused_change_does_nothing(agreed: Agreed, statements: Sequence[str]) -> None:
    """No statement is applied if a later one is refused, and there is no operation."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(*statements, operation_id="two_steps")
        yield side.get_operation(f"{side.database}/operations/two_steps")
        yield side.schema()

    refused, operation, schema = agreed(script)

    assert Code.OK is not refused.code
    assert Code.NOT_FOUND is operation.code
    assert len(schema.items) == len(SCHEMA)


def test_a_schema_grows_and_shrinks(agreed: Agreed) -> None:
    """Tables within tables and their indexes come and go, in the only order that works."""

    def script(side: Side) -> Iterator[Answer]:
        key = "PRIMARY KEY (Id, Line), INTERLEAVE IN PARENT Orders ON DELETE NO ACTION"
        yield side.change(f"CREATE TABLE Lines (Id INT64, Line INT64) {key}", ITEMS)
        yield side.change("CREATE UNIQUE INDEX LinesByLine ON Lines (Line)")
        yield side.schema()
        yield side.change("DROP INDEX OrdersByNote", "DROP TABLE Orders")
        yield side.change("DROP INDEX LinesByLine", "DROP TABLE Lines", "DROP TABLE Items")
        yield side.schema()
        yield side.change("DROP INDEX OrdersByNote", "DROP TABLE Orders")
        yield side.schema()

    ok = Code.OK
    answers = agreed(script)

    assert [ok, ok, ok, IN_USE, ok, ok, ok, ok] == codes(answers)
    assert [] == answers[-1].body


def test_a_named_schema_is_dropped_empty(agreed: Agreed) -> None:
    """A schema with a table in it stays."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change("CREATE SCHEMA sales")
        yield side.change("CREATE TABLE sales.Items (Id INT64) PRIMARY KEY (Id)")
        yield side.change("DROP SCHEMA sales")
        yield side.change("DROP TABLE sales.Items", "DROP SCHEMA sales")
        yield side.change("DROP SCHEMA sales")

    assert [Code.OK, Code.OK, IN_USE, Code.OK, MISSING] == codes(agreed(script))


@pytest.mark.parametrize(
    "statement",
    [
        SCHEMA[0],
        "CREATE TABLE ORDERS (Id INT64) PRIMARY KEY (Id)",
        "DROP TABLE Orders",
        "DROP TABLE Nowhere",
        "DROP INDEX Nowhere",
        "CREATE INDEX I ON Nowhere (Id)",
        "DROP SCHEMA Nowhere",
        f"{ITEMS} ;",
    ],
    ids=str,
)
def test_refusals_are_worded_alike(run_both: RunBoth, statement: str) -> None:
    """Clients that look for a text in an error find it; quotes around statements aside."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(statement)

    (google,), (ours,) = run_both(script)

    assert google.message
    assert google.message.partition(" : ")[2] in ours.message
    assert google.message.partition(":")[0] == ours.message.partition(":")[0]


@pytest.mark.parametrize(
    ("operation_id", "code"),
    [
        ("ab", Code.OK),
        ("a" * 128, Code.OK),
        ("a_1_", Code.OK),
        ("a", BAD),
        ("a" * 129, BAD),
        ("_auto", BAD),
        ("1a", BAD),
        ("Add", BAD),
        ("add-items", BAD),
    ],
    ids=str,
)
def test_ids_of_operations_are_checked(agreed: Agreed, operation_id: str, code: Code) -> None:
    """Both know the same rule for ids, and apply it before they look at the statements."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change(ITEMS, operation_id=operation_id)
        yield side.get_operation(f"{side.database}/operations/{operation_id}")
        yield side.change("CREATE TABL", operation_id=operation_id)

    then, again = (
        (Code.OK, Code.ALREADY_EXISTS)
        if code is Code.OK
        else (Code.NOT_FOUND, Code.INVALID_ARGUMENT)
    )
    assert [code, then, again] == codes(agreed(script))


def test_an_id_is_used_up_by_success_only(agreed: Agreed) -> None:
    """ALREADY_EXISTS comes before any other error; a refused call has not used its id."""

    def script(side: Side) -> Iterator[Answer]:
        yield side.change("DROP TABLE Nowhere", operation_id="chosen")
        yield side.change(ITEMS, operation_id="chosen")
        yield side.change(operation_id="chosen")
        yield side.change("DROP TABLE Nowhere", operation_id="chosen")
        yield side.get_operation(f"{side.database}/operations/chosen")

    used = Code.ALREADY_EXISTS
    assert [MISSING, Code.OK, used, used, Code.OK] == codes(agreed(script))
