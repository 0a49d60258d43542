# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes: statement by statement, in order, and what is committed stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import DATABASE, SCHEMA

if TYPE_CHECKING:
    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import GetOperation

pytestmark = pytest.mark.usefixtures("emulator")
INDEX = "CREATE INDEX OrdersById ON Orders (Id)"
TABLE = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"


def change(
    databases: database_v1.DatabaseAdminClient, *statements: str, operation_id: str = ""
) -> str:
    """Start a schema change; return the operation's name."""
    request = database_v1.UpdateDatabaseDdlRequest(
        database=DATABASE, statements=statements, operation_id=operation_id
    )
    name: str = databases.update_database_ddl(request).operation.name
    return name


def metadata_of(operation: operations_pb2.Operation) -> database_v1.UpdateDatabaseDdlMetadata:
    """Unpack the metadata of a schema change."""
    metadata = database_v1.UpdateDatabaseDdlMetadata()
    operation.metadata.Unpack(database_v1.UpdateDatabaseDdlMetadata.pb(metadata))
    return metadata


def test_statements_commit_one_by_one(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """Between two commits the first statement is in the schema, and the second is under way."""
    started = clock.now()
    name = change(databases, INDEX, TABLE)
    clock.advance(91)
    metadata = metadata_of(get_operation(name))

    assert [started + timedelta(seconds=90)] == list(metadata.commit_timestamps)
    assert [100, 20] == [each.progress_percent for each in metadata.progress]
    assert [INDEX, TABLE] == list(metadata.statements)
    assert [*SCHEMA, INDEX] == list(databases.get_database_ddl(database=DATABASE).statements)


def test_a_statement_shows_nothing_before_its_turn(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """The progress of a statement is empty until those before it are committed."""
    name = change(databases, INDEX, TABLE)
    clock.advance(45)
    first, second = metadata_of(get_operation(name)).progress

    assert 50 == first.progress_percent
    assert database_v1.OperationProgress() == second


def test_a_finished_change_answers_empty(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """The response of a schema change is google.protobuf.Empty."""
    name = change(databases, INDEX, TABLE)
    clock.advance(95)
    operation = get_operation(name)

    assert "type.googleapis.com/google.protobuf.Empty" == operation.response.type_url
    assert 2 == len(metadata_of(operation).commit_timestamps)


def test_actions_name_what_each_statement_does(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation
) -> None:
    """Verb, kind and name are read from each statement."""
    name = change(
        databases,
        TABLE,
        "CREATE ROLE reader",
        "create unique index `ByBoth` on Orders (Id)",
        "-- a comment\nCREATE CHANGE STREAM IF NOT EXISTS Everything FOR ALL",
        "GRANT SELECT ON TABLE Orders, Items TO ROLE reader",
        "ANALYZE",
    )
    actions = metadata_of(get_operation(name)).actions

    assert [
        ("CREATE", "TABLE", ["Items"]),
        ("CREATE", "ROLE", ["reader"]),
        ("CREATE", "INDEX", ["ByBoth"]),
        ("CREATE", "CHANGE STREAM", ["Everything"]),
        ("GRANT", "TABLE", ["Orders", "Items"]),
        ("ANALYZE", "", []),
    ] == [(each.action, each.entity_type, list(each.entity_names)) for each in actions]


def test_a_cancel_keeps_what_is_committed(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """Committed statements stay, the others never happen, and there is no cancel_time."""
    name = change(databases, INDEX, TABLE)
    clock.advance(92)
    databases.cancel_operation({"name": name})
    clock.advance(1000)
    operation = get_operation(name)

    assert Code.CANCELLED == operation.error.code
    assert 1 == len(metadata_of(operation).commit_timestamps)
    assert [*SCHEMA, INDEX] == list(databases.get_database_ddl(database=DATABASE).statements)


def test_a_failing_statement_keeps_those_before_it(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    get_operation: GetOperation,
    clock: ManualClock,
) -> None:
    """A statement that fails while it runs is rolled back; earlier ones stay."""
    emulator.plan(Plan(fail_with=(Code.FAILED_PRECONDITION, "not unique")))
    name = change(databases, TABLE, INDEX)
    clock.advance(95)

    assert "not unique" == get_operation(name).error.message
    assert [*SCHEMA, TABLE] == list(databases.get_database_ddl(database=DATABASE).statements)


def test_the_caller_may_choose_the_operation_id(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """The operation's name can be computed before the call."""
    name = change(databases, TABLE, operation_id="add_items")

    assert f"{DATABASE}/operations/add_items" == name


def test_an_operation_id_is_used_up(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A second call with an id is ALREADY_EXISTS, also when the first has ended."""
    change(databases, TABLE, operation_id="add_items")
    clock.advance(60)

    with pytest.raises(exceptions.AlreadyExists, match="operations/add_items"):
        change(databases, INDEX, operation_id="add_items")


def test_a_new_database_has_all_its_operation_ids(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """The ids that an earlier database of the same name used up are free again."""
    change(databases, TABLE, operation_id="add_items")
    databases.drop_database(database=DATABASE)
    emulator.create_database(DATABASE)
    name = change(databases, TABLE, operation_id="add_items")

    listed = databases.list_operations({"name": f"{DATABASE}/operations"}).operations
    assert [name] == [each.name for each in listed]


@pytest.mark.parametrize("operation_id", ["a", "_auto", "Add", "add-items", "a" * 129])
def test_operation_ids_are_checked(
    databases: database_v1.DatabaseAdminClient, operation_id: str
) -> None:
    """An id that breaks the rule is INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="operation_id"):
        change(databases, TABLE, operation_id=operation_id)


@pytest.mark.parametrize(
    ("statements", "error", "text"),
    [
        ([], exceptions.InvalidArgument, "Missing statements"),
        (["  "], exceptions.InvalidArgument, "empty"),
        (["-- only a comment"], exceptions.InvalidArgument, "empty"),
        (["SELECT 1"], exceptions.InvalidArgument, "expected one of CREATE"),
        (["CREATE Orders"], exceptions.InvalidArgument, "expected what to CREATE"),
        (list(SCHEMA), exceptions.FailedPrecondition, "Duplicate name in schema: Orders"),
        (["DROP TABLE Items"], exceptions.NotFound, "Table not found: Items"),
        (["ALTER TABLE Items ADD COLUMN A INT64"], exceptions.NotFound, "not found"),
        (["CREATE INDEX I ON Items (Id)"], exceptions.NotFound, "Table not found"),
    ],
)
def test_bad_statements_are_refused_at_once(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    statements: list[str],
    error: type[Exception],
    text: str,
) -> None:
    """What cannot work is an error of the call, and no operation comes of it."""
    with pytest.raises(error, match=text):
        change(databases, *statements)

    assert () == emulator.operations()


def test_if_exists_forgives(databases: database_v1.DatabaseAdminClient, clock: ManualClock) -> None:
    """IF EXISTS and IF NOT EXISTS make statements that would fail do nothing."""
    change(
        databases, "DROP TABLE IF EXISTS Items", SCHEMA[0].replace("TABLE", "TABLE IF NOT EXISTS")
    )
    clock.advance(60)

    assert list(SCHEMA) == list(databases.get_database_ddl(database=DATABASE).statements)


def test_changes_of_one_database_queue_up(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A second change begins when the first has ended, and may build on it."""
    started = clock.now()
    change(databases, TABLE)
    change(databases, "CREATE INDEX ItemsById ON Items (Id)")
    clock.advance(200)
    first, second = emulator.operations()

    assert started + timedelta(seconds=5) == first.ended
    assert started + timedelta(seconds=95) == second.ended


def test_a_change_fails_in_its_turn_if_what_it_builds_on_was_cancelled(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """A queued statement that can no longer be applied fails its operation, not the emulator."""
    first = change(databases, TABLE)
    second = change(databases, "CREATE INDEX ItemsById ON Items (Id)")
    databases.cancel_operation({"name": first})
    clock.advance(200)

    assert "Table not found: Items" == get_operation(second).error.message


def test_a_change_can_be_throttled(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    get_operation: GetOperation,
    clock: ManualClock,
) -> None:
    """A plan says in which part of its life a change reports to be held back."""
    plan = Plan(duration=timedelta(seconds=100), throttled=(0.2, 0.4))
    emulator.plan(plan, kind=UPDATE_DATABASE_DDL)
    name = change(databases, TABLE)
    seen = []
    for _ in range(5):
        seen.append(metadata_of(get_operation(name)).throttled)
        clock.advance(15)

    assert [False, False, True, False, False] == seen


@pytest.mark.parametrize("statement", [f"{TABLE};", f"{TABLE}; {INDEX}", ";"])
def test_a_statement_holds_no_semicolon(
    databases: database_v1.DatabaseAdminClient, statement: str
) -> None:
    """Neither one at the end nor one between two statements is accepted."""
    with pytest.raises(exceptions.InvalidArgument, match="Expecting 'EOF' but found an unknown"):
        change(databases, statement)


def test_the_place_of_a_semicolon_is_told(databases: database_v1.DatabaseAdminClient) -> None:
    """Line and column count from one."""
    with pytest.raises(exceptions.InvalidArgument, match="line 2, column 18"):
        change(databases, "CREATE TABLE Items (Id INT64)\nPRIMARY KEY (Id) ;")


def test_a_replayed_call_is_told_so_before_its_statements_are_read(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A used operation_id is ALREADY_EXISTS although the statement is a duplicate by now."""
    name = change(databases, TABLE, operation_id="add_items")
    clock.advance(60)

    with pytest.raises(exceptions.AlreadyExists) as caught:
        change(databases, TABLE, operation_id="add_items")

    assert f"Operation already exists: {name}" == caught.value.message
