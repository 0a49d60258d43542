# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The inside of databases: roles and split points."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import ManualClock

pytestmark = pytest.mark.usefixtures("emulator")
SYSTEM = ["public", "spanner_info_reader", "spanner_sys_reader"]
KEYS = [{"key_parts": ["7"]}]


def change(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, *statements: str
) -> None:
    """Change the schema, and wait."""
    databases.update_database_ddl(database=DATABASE, statements=list(statements))
    clock.advance(timedelta(hours=1))


def roles_of(databases: database_v1.DatabaseAdminClient, page_size: int = 0) -> list[str]:
    """List the roles of the database, page by page."""
    pager = databases.list_database_roles({"parent": DATABASE, "page_size": page_size})
    return [role.name.removeprefix(f"{DATABASE}/databaseRoles/") for role in pager]


def test_every_database_has_the_roles_of_the_system(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """A database without CREATE ROLE has three roles."""
    assert SYSTEM == roles_of(databases)


def test_roles_come_and_go_with_the_schema(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """CREATE ROLE adds to the list, DROP ROLE takes away."""
    change(databases, clock, "CREATE ROLE reader", "CREATE ROLE hr")
    after_create = roles_of(databases)
    change(databases, clock, "DROP ROLE reader")

    assert after_create == ["hr", "public", "reader", *SYSTEM[1:]]
    assert roles_of(databases) == ["hr", *SYSTEM]


def test_roles_come_in_pages(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """All pages together hold each role once."""
    change(databases, clock, "CREATE ROLE reader", "CREATE ROLE hr")

    first = next(iter(databases.list_database_roles({"parent": DATABASE, "page_size": 2}).pages))
    assert 2 == len(first.database_roles)
    assert roles_of(databases, page_size=2) == ["hr", "public", "reader", *SYSTEM[1:]]


def test_roles_need_a_database(databases: database_v1.DatabaseAdminClient) -> None:
    """A database that is not there is NOT_FOUND."""
    with pytest.raises(exceptions.NotFound, match="Database not found"):
        databases.list_database_roles(parent=f"{INSTANCE}/databases/nowhere")


def test_split_points_are_accepted(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Tables and indexes can be split, in the past as well: that is, not at all."""
    change(databases, clock, "CREATE INDEX OrdersById ON Orders (Id)")
    points = [
        {"table": "Orders", "keys": KEYS},
        {"index": "OrdersById", "keys": KEYS, "expire_time": clock.now() + timedelta(days=30)},
        {"table": "orders", "index": "OrdersById", "keys": KEYS, "expire_time": clock.now()},
    ]
    request = database_v1.AddSplitPointsRequest(database=DATABASE, split_points=points)

    assert database_v1.AddSplitPointsResponse() == databases.add_split_points(request)


@pytest.mark.parametrize(
    ("points", "error", "text"),
    [
        ([], exceptions.InvalidArgument, "split_points is required"),
        ([{"keys": KEYS}], exceptions.InvalidArgument, "a table or an index"),
        ([{"table": "Orders"}], exceptions.InvalidArgument, "needs keys"),
        ([{"table": "Orders", "keys": [{}]}], exceptions.InvalidArgument, "needs key_parts"),
        ([{"table": "Items", "keys": KEYS}], exceptions.NotFound, "Table not found: Items"),
        ([{"index": "I", "keys": KEYS}], exceptions.NotFound, "Index not found: I"),
        ([{"table": "Orders", "keys": KEYS * 101}], exceptions.InvalidArgument, "at most 100"),
    ],
)
def test_split_points_are_checked(
    databases: database_v1.DatabaseAdminClient,
    points: list[dict[str, object]],
    error: type[Exception],
    text: str,
) -> None:
    """Split points need keys, and a table or an index that exists."""
    request = database_v1.AddSplitPointsRequest(database=DATABASE, split_points=points)

    with pytest.raises(error, match=text):
        databases.add_split_points(request)


def test_an_index_is_split_with_its_own_table(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The table of split points of an index is the table of that index."""
    table = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"
    change(databases, clock, table, "CREATE INDEX ItemsById ON Items (Id)")
    points = {"table": "Orders", "index": "ItemsById", "keys": KEYS}
    request = database_v1.AddSplitPointsRequest(database=DATABASE, split_points=[points])

    with pytest.raises(exceptions.InvalidArgument, match="one of table Items"):
        databases.add_split_points(request)


@pytest.mark.parametrize("wait", [timedelta(days=30, seconds=1), timedelta(days=400)])
def test_split_points_last_thirty_days_at_most(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, wait: timedelta
) -> None:
    """A later expire_time is an INVALID_ARGUMENT."""
    points = {"table": "Orders", "keys": KEYS, "expire_time": clock.now() + wait}
    request = database_v1.AddSplitPointsRequest(database=DATABASE, split_points=[points])

    with pytest.raises(exceptions.InvalidArgument, match="30 days"):
        databases.add_split_points(request)


def test_graph_jobs_are_none_of_our_business(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """The method that is for the service's own jobs refuses everybody else."""
    call: Callable[..., object] = databases.internal_update_graph_operation

    with pytest.raises(exceptions.PermissionDenied, match="internal use only"):
        call(database=DATABASE, operation_id="o")
