# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: create, list, drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import CREATE_DATABASE
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from tests.emulator.conftest import DATABASE, INSTANCE, SCHEMA

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock
    from tests.emulator.conftest import GetOperation, StartBackup

STATE = database_v1.Database.State
DIALECT = database_v1.DatabaseDialect
KEY = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/key"
pytestmark = pytest.mark.usefixtures("emulator")


def request_for(database_id: str, *statements: str) -> database_v1.CreateDatabaseRequest:
    """Return a request to create a database."""
    return database_v1.CreateDatabaseRequest(
        parent=INSTANCE,
        create_statement=f"CREATE DATABASE `{database_id}`",
        extra_statements=statements,
    )


def test_a_database_is_creating_and_then_ready(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A new database has its schema as soon as it is ready."""
    operation = databases.create_database(request_for("fresh", *SCHEMA))
    before = databases.get_database(name=f"{INSTANCE}/databases/fresh")
    clock.advance(10)

    assert STATE.CREATING == before.state
    assert STATE.READY == operation.result(timeout=5).state
    assert f"{INSTANCE}/databases/fresh" == operation.metadata.database
    ddl = databases.get_database_ddl(database=f"{INSTANCE}/databases/fresh")
    assert list(SCHEMA) == list(ddl.statements)


def test_a_bad_extra_statement_means_no_database(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Statements are atomic with the creation: nothing is left if one cannot be applied."""
    with pytest.raises(exceptions.FailedPrecondition, match="Duplicate name in schema: Orders"):
        databases.create_database(request_for("fresh", *SCHEMA, *SCHEMA))

    assert [INSTANCE, DATABASE] == [view.name for view in emulator.resources()]
    assert () == emulator.operations()


@pytest.mark.parametrize("statement", ["x", "CREATE TABLE T", "CREATE DATABASE", "DROP DATABASE x"])
def test_the_create_statement_is_parsed(
    databases: database_v1.DatabaseAdminClient, statement: str
) -> None:
    """What is not CREATE DATABASE is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="expected CREATE DATABASE"):
        databases.create_database(parent=INSTANCE, create_statement=statement)


def test_an_existing_database_cannot_be_created(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """The error names the database that is there, in a form that programs can read."""
    with pytest.raises(exceptions.AlreadyExists) as caught:
        databases.create_database(request_for("orders"))

    (info,) = caught.value.details
    assert DATABASE == info.resource_name
    assert "type.googleapis.com/google.spanner.admin.database.v1.Database" == info.resource_type


def test_a_database_needs_an_instance(databases: database_v1.DatabaseAdminClient) -> None:
    """A missing parent is NOT_FOUND."""
    with pytest.raises(exceptions.NotFound, match="Instance not found"):
        databases.create_database(
            parent="projects/test/instances/nowhere", create_statement="CREATE DATABASE orders"
        )


def test_a_cancelled_creation_leaves_no_database(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation
) -> None:
    """After a cancel the operation is kept, and the database is gone."""
    name = databases.create_database(request_for("fresh")).operation.name
    databases.cancel_operation({"name": name})

    assert Code.CANCELLED == get_operation(name).error.code
    with pytest.raises(exceptions.NotFound):
        databases.get_database(name=f"{INSTANCE}/databases/fresh")


def test_a_failed_creation_leaves_no_database(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """A planned failure comes as the operation's error."""
    plan = Plan(fail_at=0.5, fail_with=(Code.RESOURCE_EXHAUSTED, "too many databases"))
    emulator.plan(plan, kind=CREATE_DATABASE)
    operation = databases.create_database(request_for("fresh"))
    clock.advance(5)

    with pytest.raises(exceptions.ResourceExhausted, match="too many databases"):
        operation.result(timeout=5)
    with pytest.raises(exceptions.NotFound):
        databases.get_database(name=f"{INSTANCE}/databases/fresh")


def test_dropping_is_idempotent(databases: database_v1.DatabaseAdminClient) -> None:
    """Dropping a database that is not there is fine."""
    databases.drop_database(database=DATABASE)
    databases.drop_database(database=DATABASE)

    assert [] == list(databases.list_databases(parent=INSTANCE))


def test_a_protected_database_cannot_be_dropped(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Drop protection is told with production's words."""
    emulator.create_database(f"{INSTANCE}/databases/precious", drop_protection=True)

    with pytest.raises(
        exceptions.FailedPrecondition, match="`enable_drop_protection` setting is currently"
    ):
        databases.drop_database(database=f"{INSTANCE}/databases/precious")


def test_a_database_with_a_pending_backup_cannot_be_dropped(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup
) -> None:
    """A backup keeps its database until it is complete."""
    start_backup()

    with pytest.raises(exceptions.FailedPrecondition, match="backups/nightly"):
        databases.drop_database(database=DATABASE)


def test_dropping_a_database_ends_what_runs_on_it(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A schema change does not outlive its database."""
    operation = databases.update_database_ddl(
        database=DATABASE, statements=["CREATE INDEX OrdersById ON Orders (Id)"]
    )
    databases.drop_database(database=DATABASE)

    assert operation.cancelled()
    assert "CANCELLED" == emulator.operations()[0].state
