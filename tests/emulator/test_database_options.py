# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Options of databases that schema statements set, and what else comes with statements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import descriptor_pb2

from tests.emulator.conftest import DATABASE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


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


def test_a_bundle_brings_its_descriptors(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Proto descriptors are in the schema from the commit of the bundle on, until it goes."""
    files = descriptor_pb2.FileDescriptorSet()
    files.file.add(name="a.proto")
    request = database_v1.UpdateDatabaseDdlRequest(
        database=DATABASE,
        statements=["CREATE PROTO BUNDLE (a.A)"],
        proto_descriptors=files.SerializeToString(),
    )
    databases.update_database_ddl(request)
    pending = databases.get_database_ddl(database=DATABASE).proto_descriptors
    clock.advance(5)
    committed = databases.get_database_ddl(database=DATABASE).proto_descriptors
    change(databases, "DROP PROTO BUNDLE")
    clock.advance(5)

    assert (pending, committed) == (b"", files.SerializeToString())
    assert b"" == databases.get_database_ddl(database=DATABASE).proto_descriptors


def test_a_bundle_needs_descriptors(databases: database_v1.DatabaseAdminClient) -> None:
    """Without any, or with something else in their place, it is an INVALID_ARGUMENT."""
    request = database_v1.UpdateDatabaseDdlRequest(
        database=DATABASE, statements=["ANALYZE"], proto_descriptors=b"\xff"
    )

    with pytest.raises(exceptions.InvalidArgument, match="proto_descriptors is required"):
        change(databases, "CREATE PROTO BUNDLE (a.A)")
    with pytest.raises(exceptions.InvalidArgument, match="FileDescriptorSet"):
        databases.update_database_ddl(request)


def test_a_longer_retention_keeps_versions_from_then_on(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The option is told as it was set, and the earliest version time never goes back."""
    clock.advance(timedelta(hours=3))
    change(databases, "ALTER DATABASE orders SET OPTIONS (version_retention_period = '7d')")
    clock.advance(5)
    committed = clock.now()
    clock.advance(timedelta(hours=2))
    database = databases.get_database(name=DATABASE)

    assert "7d" == database.version_retention_period
    assert committed - timedelta(hours=1) == database.earliest_version_time


def test_options_can_be_reset(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Null brings the default back."""
    option = "ALTER DATABASE orders SET OPTIONS (version_retention_period = {})"
    change(databases, option.format("'2d'"), option.format("null"))
    clock.advance(10)

    assert "1h" == databases.get_database(name=DATABASE).version_retention_period


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SET OPTIONS (version_retention_period = '8d')", "from 1 hour to 7 days"),
        ("SET OPTIONS (version_retention_period = '59m')", "from 1 hour to 7 days"),
        ("SET OPTIONS (version_retention_period = 'long')", "from 1 hour to 7 days"),
        ("SET OPTIONS (colour = 'red')", "unknown database option 'colour'"),
        ("SET OPTIONS (default_leader = 'us-west1')", "default_leader"),
        ("SET OPTIONS ()", "expected SET OPTIONS"),
        ("RENAME TO other", "expected SET OPTIONS"),
    ],
)
def test_options_are_checked(
    databases: database_v1.DatabaseAdminClient, statement: str, text: str
) -> None:
    """A wrong option or value is an INVALID_ARGUMENT, and a leader without votes."""
    with pytest.raises(exceptions.InvalidArgument, match=text):
        change(databases, f"ALTER DATABASE orders {statement}")


def test_a_database_of_one_region_has_no_choice_of_leaders(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """In a single region every leader is INVALID_ARGUMENT, even the region itself."""
    name = "projects/test/instances/narrow/databases/narrow"
    emulator.create_database(name)
    statement = "ALTER DATABASE narrow SET OPTIONS (default_leader = 'europe-west1')"

    with pytest.raises(exceptions.InvalidArgument, match="default_leader"):
        databases.update_database_ddl(database=name, statements=[statement])


def test_options_are_those_of_this_database(databases: database_v1.DatabaseAdminClient) -> None:
    """ALTER DATABASE names the database of the request."""
    with pytest.raises(exceptions.InvalidArgument, match="does not name the database orders"):
        change(databases, "ALTER DATABASE other SET OPTIONS (optimizer_version = 2)")


def test_a_database_of_many_regions_can_choose_its_leader(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The default leader is told once the statement is committed."""
    emulator.create_instance("projects/test/instances/wide", config="dual-region-japan1")
    name = "projects/test/instances/wide/databases/wide"
    emulator.create_database(name)
    statement = "ALTER DATABASE wide SET OPTIONS (default_leader = 'asia-northeast2')"
    databases.update_database_ddl(database=name, statements=[statement])
    before = databases.get_database(name=name).default_leader
    clock.advance(5)

    assert "" == before
    assert "asia-northeast2" == databases.get_database(name=name).default_leader
