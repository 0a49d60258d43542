# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""New databases: ids, dialects, keys, and room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.emulator import Limits, SpannerAdminEmulator
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock


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


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DATABASE my-database",
        'CREATE DATABASE "fresh"',
        "CREATE DATABASE select",
        "CREATE DATABASE fresh more",
        "CREATE DATABASE fresh;",
        "CREATE DATABASE Fresh",
        "CREATE DATABASE `fresh-`",
        "CREATE DATABASE a",
        f"CREATE DATABASE {'a' * 31}",
        "",
    ],
)
def test_database_ids_have_rules(
    databases: database_v1.DatabaseAdminClient, statement: str
) -> None:
    """An id that breaks the rule, or needs quotes and has none, is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        databases.create_database(parent=INSTANCE, create_statement=statement)


@pytest.mark.parametrize(
    ("statement", "dialect", "database_id"),
    [
        ("create database `my-database`", DIALECT.GOOGLE_STANDARD_SQL, "my-database"),
        ("CREATE DATABASE `select`", DIALECT.DATABASE_DIALECT_UNSPECIFIED, "select"),
        ('CREATE DATABASE "my-database"', DIALECT.POSTGRESQL, "my-database"),
        ("CREATE DATABASE fresh", DIALECT.POSTGRESQL, "fresh"),
    ],
)
def test_ids_are_quoted_as_the_dialect_wants(
    databases: database_v1.DatabaseAdminClient,
    statement: str,
    dialect: database_v1.DatabaseDialect,
    database_id: str,
) -> None:
    """Backticks in GoogleSQL, double quotes in PostgreSQL."""
    databases.create_database(
        database_v1.CreateDatabaseRequest(
            parent=INSTANCE, create_statement=statement, database_dialect=dialect
        )
    )

    database = databases.get_database(name=f"{INSTANCE}/databases/{database_id}")
    unset = dialect is DIALECT.DATABASE_DIALECT_UNSPECIFIED
    assert database.database_dialect == (DIALECT.GOOGLE_STANDARD_SQL if unset else dialect)


@pytest.mark.parametrize(
    ("statement", "rest", "text"),
    [
        ("CREATE DATABASE `fresh`", [], "expected CREATE DATABASE"),
        ("CREATE DATABASE fresh", ["CREATE TABLE t (id bigint PRIMARY KEY)"], "are not allowed in"),
    ],
)
def test_a_postgresql_database_begins_empty(
    databases: database_v1.DatabaseAdminClient, statement: str, rest: list[str], text: str
) -> None:
    """It takes no backticks, and no extra statements."""
    request = database_v1.CreateDatabaseRequest(
        parent=INSTANCE,
        create_statement=statement,
        extra_statements=rest,
        database_dialect=DIALECT.POSTGRESQL,
    )

    with pytest.raises(exceptions.InvalidArgument, match=text):
        databases.create_database(request)


def test_a_dialect_is_one_of_two(databases: database_v1.DatabaseAdminClient) -> None:
    """A number that no dialect has is an INVALID_ARGUMENT."""
    request = request_for("fresh")
    database_v1.CreateDatabaseRequest.pb(request).database_dialect = 7

    with pytest.raises(exceptions.InvalidArgument, match="no dialect 7"):
        databases.create_database(request)


def test_options_can_be_set_at_creation(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Extra statements may set options of the database that is being made."""
    statement = "ALTER DATABASE fresh SET OPTIONS (version_retention_period = '1440m')"
    databases.create_database(request_for("fresh", statement))
    clock.advance(10)

    database = databases.get_database(name=f"{INSTANCE}/databases/fresh")
    assert "1440m" == database.version_retention_period


def test_keys_of_the_customer_are_told(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The configuration is shown at once, which versions of keys are used once it is ready."""
    request = request_for("secret")
    request.encryption_config = database_v1.EncryptionConfig(kms_key_name=KEY)
    databases.create_database(request)
    before = databases.get_database(name=f"{INSTANCE}/databases/secret")
    clock.advance(10)
    after = databases.get_database(name=f"{INSTANCE}/databases/secret")

    assert KEY == before.encryption_config.kms_key_name
    assert 0 == len(before.encryption_info)
    assert [f"{KEY}/cryptoKeyVersions/1"] == [
        info.kms_key_version for info in after.encryption_info
    ]


def test_keys_of_google_are_not_told(databases: database_v1.DatabaseAdminClient) -> None:
    """The fields are empty for a database with Google's own keys."""
    database = databases.get_database(name=DATABASE)

    assert "encryption_config" not in database
    assert 0 == len(database.encryption_info)


@pytest.mark.parametrize(
    "config", [{"kms_key_name": "mine"}, {"kms_key_name": KEY, "kms_key_names": [KEY]}]
)
def test_keys_are_checked(
    databases: database_v1.DatabaseAdminClient, config: dict[str, object]
) -> None:
    """Keys are full names of keys, in one of the two fields."""
    request = request_for("secret")
    request.encryption_config = database_v1.EncryptionConfig(config)

    with pytest.raises(exceptions.InvalidArgument, match="Invalid encryption_config"):
        databases.create_database(request)


def test_an_instance_holds_so_many_databases(clock: ManualClock) -> None:
    """The limit is RESOURCE_EXHAUSTED, with production's words."""
    with (
        SpannerAdminEmulator(clock=clock, limits=Limits(databases=1)) as small,
        open_channel(small.endpoint) as channel,
    ):
        small.create_database(DATABASE)
        transport = DatabaseAdminGrpcTransport(channel=channel)
        client = database_v1.DatabaseAdminClient(transport=transport)

        with pytest.raises(
            exceptions.ResourceExhausted, match=r"reached the maximum database limit \(1\)"
        ):
            client.create_database(request_for("fresh"))


def test_a_database_is_created_before_it_is_dropped(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """A database in CREATING cannot be dropped: who does not want it cancels its creation."""
    databases.create_database(request_for("fresh"))

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        databases.drop_database(database=f"{INSTANCE}/databases/fresh")


def test_operations_survive_their_database(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A new database lists its own operations; the instance lists those of both."""
    names = []
    for _ in range(2):
        names.append(databases.create_database(request_for("fresh")).operation.name)
        clock.advance(10)
        databases.drop_database(database=f"{INSTANCE}/databases/fresh")
    emulator.create_database(f"{INSTANCE}/databases/fresh")
    statements = ["ANALYZE"]
    own = databases.update_database_ddl(
        database=f"{INSTANCE}/databases/fresh", statements=statements
    ).operation.name

    listed = databases.list_operations({"name": f"{INSTANCE}/databases/fresh/operations"})
    everywhere = databases.list_database_operations(parent=INSTANCE)
    assert [own] == [each.name for each in listed.operations]
    assert {own, *names} == {each.name for each in everywhere}
