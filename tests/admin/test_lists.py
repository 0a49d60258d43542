# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every list of operations and backups, through both clients and a real channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE_CONFIG,
    KINDS,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
    UPDATE_INSTANCE_CONFIG,
    OperationKind,
)
from airflow_spanner_lro.core.lists.backups import BackupQuery
from airflow_spanner_lro.core.lists.queries import (
    ListCall,
    OperationQuery,
    OperationType,
    query_for_ids,
)
from airflow_spanner_lro.core.names import DatabaseName, InstanceName, ProjectName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import pagination

from .every_kind import CUSTOM, DATABASE, INSTANCE, PARTITION, SECOND, populate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.emulator import ManualClock, OperationView, SpannerAdminEmulator

    Ask = Callable[..., Awaitable[Any]]

MAIN = InstanceName.parse(INSTANCE)


@pytest.fixture(autouse=True)
def populated(
    emulator: SpannerAdminEmulator, client: SpannerAdminClient, clock: ManualClock
) -> None:
    """Let every kind of operation be there."""
    populate(emulator, client, clock)


def lists(emulator: SpannerAdminEmulator, since: int = 0) -> list[tuple[str, Code]]:
    """Return the lists that were asked for, and what they were answered."""
    called = [(each.method, each.code) for each in emulator.calls if each.method[:4] == "List"]
    return called[since:]


@pytest.fixture(params=["sync", "async"])
def ask(
    request: pytest.FixtureRequest,
    client: SpannerAdminClient,
    async_client: AsyncSpannerAdminClient,
) -> Ask:
    """Return a function that calls a method by name, of one client and then of the other."""

    async def call(method: str, **arguments: object) -> Any:
        if request.param == "async":
            return await getattr(async_client, method)(**arguments)
        return await asyncio.to_thread(getattr(client, method), **arguments)

    return call


def of(*kinds: OperationKind) -> Callable[[OperationView], bool]:
    """Return a test for kinds."""
    return lambda operation: operation.kind in kinds


def on(resource: str, *more: OperationKind) -> Callable[[OperationView], bool]:
    """Return a test for one resource, and kinds if there are any."""
    within_it = f"{resource}/operations/"
    return lambda each: each.name.startswith(within_it) and (not more or each.kind in more)


def within(collection: str) -> Callable[[OperationView], bool]:
    """Return a test for a collection of the first instance."""
    return lambda operation: operation.name.startswith(f"{INSTANCE}/{collection}/")


ON_I: dict[str, Any] = {"instance_id": "main"}
ON_D = ON_I | {"database_id": "orders"}
ON_R = ON_I | {"database_id": "restored"}
ON_B = ON_I | {"backup_id": "copy"}
ON_X = ON_I | {"partition_id": "part"}
ON_C: dict[str, Any] = {"config_id": "custom-mine"}
LISTS: list[Any] = [
    (None, ON_I, on(INSTANCE)),
    (None, {"instance_id": "second"}, on(SECOND)),
    (None, ON_D, on(DATABASE)),
    (None, ON_R, on(f"{INSTANCE}/databases/restored")),
    (None, ON_B, on(f"{INSTANCE}/backups/copy")),
    (None, ON_X, on(PARTITION)),
    (None, ON_C, on(CUSTOM)),
    ("INSTANCE", ON_I, on(INSTANCE)),
    ("DATABASE", ON_I, within("databases")),
    ("DATABASE", ON_D, on(DATABASE)),
    ("DATABASE_CREATE", ON_I, of(CREATE_DATABASE)),
    ("DATABASE_UPDATE_DDL", ON_I, of(UPDATE_DATABASE_DDL)),
    ("DATABASE_UPDATE_DDL", ON_D, on(DATABASE, UPDATE_DATABASE_DDL)),
    ("DATABASE_RESTORE", ON_I, of(RESTORE_DATABASE, OPTIMIZE_RESTORED_DATABASE)),
    ("DATABASE_RESTORE", ON_R, of(RESTORE_DATABASE, OPTIMIZE_RESTORED_DATABASE)),
    ("BACKUP", ON_I, within("backups")),
    ("BACKUP", ON_B, of(COPY_BACKUP)),
    ("BACKUP", ON_D, on(f"{INSTANCE}/backups/nightly")),
    ("INSTANCE_PARTITION", ON_I, within("instancePartitions")),
    ("INSTANCE_PARTITION", ON_X, on(PARTITION)),
    ("INSTANCE_CONFIG_CREATE", {}, of(CREATE_INSTANCE_CONFIG)),
    ("INSTANCE_CONFIG_CREATE", ON_C, of(CREATE_INSTANCE_CONFIG)),
    ("INSTANCE_CONFIG_UPDATE", {}, of(UPDATE_INSTANCE_CONFIG)),
    ("INSTANCE_CONFIG_UPDATE", ON_C, of(UPDATE_INSTANCE_CONFIG)),
]
"""Type, resource, and which operations of the emulator these are."""


def test_every_kind_is_there(emulator: SpannerAdminEmulator) -> None:
    """The lists below choose among all kinds, and every type but one finds something."""
    kinds = {operation.kind for operation in emulator.operations()}

    assert set(KINDS) == kinds
    assert {row[0] for row in LISTS} == {None, *OperationType} - {"DATABASE_CHANGE_QUORUM"}


@pytest.mark.parametrize(("list_type", "ids", "matches"), LISTS)
async def test_lists_are_complete(
    ask: Ask,
    emulator: SpannerAdminEmulator,
    list_type: str | None,
    ids: dict[str, Any],
    matches: Callable[[OperationView], bool],
) -> None:
    """Each type finds all operations that are meant, and no other."""
    query = query_for_ids(project="test", list_type=list_type, **ids)

    listed = await ask("query_operations", query=query)

    expected = sorted(each.name for each in emulator.operations() if matches(each))
    assert expected
    assert expected == sorted(str(each.name) for each in listed)


async def test_a_type_that_the_client_library_lacks(
    ask: Ask, emulator: SpannerAdminEmulator
) -> None:
    """Quorum changes can be asked for, though their metadata is unknown."""
    query = query_for_ids(project="test", instance_id="main", list_type="DATABASE_CHANGE_QUORUM")

    listed = await ask("query_operations", query=query)

    assert () == listed
    assert [("ListDatabaseOperations", Code.OK)] == lists(emulator)


@pytest.mark.parametrize(("list_type", "ids"), [row[:2] for row in LISTS], ids=str)
async def test_pending_are_those_that_run(
    ask: Ask, list_type: str | None, ids: dict[str, Any]
) -> None:
    """One schema change runs; it is found by each list that has it, and nothing else is."""
    query = query_for_ids(project="test", list_type=list_type, pending=True, **ids)

    listed = await ask("query_operations", query=query)

    has_it = list_type in {"DATABASE", "DATABASE_UPDATE_DDL"} or (
        list_type is None and ids.get("database_id") == "orders"
    )
    assert [UPDATE_DATABASE_DDL] * has_it == [each.kind for each in listed]


@pytest.mark.parametrize(
    ("filter_", "count"),
    [("done:true", 5), ("NOT done:true", 1), ("error:*", 0), ("done:true OR error:*", 5)],
)
async def test_own_filters_go_along(ask: Ask, filter_: str, count: int) -> None:
    """What the API can filter, a query can."""
    query = query_for_ids(project="test", instance_id="main", list_type="DATABASE", filter_=filter_)

    listed = await ask("query_operations", query=query)

    assert count == len(listed)


async def test_a_filter_that_makes_no_sense(ask: Ask) -> None:
    """The service refuses what it does not understand."""
    query = query_for_ids(project="test", instance_id="main", list_type="BACKUP", filter_="((")

    with pytest.raises(exceptions.InvalidArgument):
        await ask("query_operations", query=query)


PARENTS = {
    ListCall.OF_RESOURCE: DatabaseName.parse(DATABASE),
    ListCall.OF_CONFIGS: ProjectName(project="test"),
}
CALLS = pytest.mark.parametrize("call", ListCall, ids=lambda call: call.method)


@CALLS
async def test_all_pages_are_read(
    ask: Ask, emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch, call: ListCall
) -> None:
    """However small the service's pages are, each operation is listed once, the latest first."""
    query = OperationQuery(call=call, parent=PARENTS.get(call, MAIN))
    whole = await ask("query_operations", query=query)
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 1)

    listed = await ask("query_operations", query=query)

    assert len(whole) > 1
    assert whole == listed
    assert len(whole) == len(lists(emulator, since=1))


@CALLS
async def test_no_list_is_repeated(
    ask: Ask, emulator: SpannerAdminEmulator, call: ListCall
) -> None:
    """Trouble propagates after one call: flows and tasks decide whether to ask again."""
    rpc = "".join(part.capitalize() for part in call.method.split("_"))
    emulator.faults.fail(method=rpc)
    query = OperationQuery(call=call, parent=PARENTS.get(call, MAIN))

    with pytest.raises(exceptions.ServiceUnavailable):
        await ask("query_operations", query=query)

    assert [(rpc, Code.UNAVAILABLE)] == lists(emulator)


async def test_list_is_of_one_resource(ask: Ask, emulator: SpannerAdminEmulator) -> None:
    """The short form asks for one resource with a filter."""
    listed = await ask("list", resource=DatabaseName.parse(DATABASE), filter_="done:true")

    expected = [each.name for each in emulator.operations() if on(DATABASE)(each) and each.done]
    assert sorted(expected) == sorted(str(each.name) for each in listed)


async def test_backups_come_newest_first(ask: Ask) -> None:
    """All backups of an instance, whoever made them."""
    backups = await ask("query_backups", query=BackupQuery(instance=MAIN))

    assert ["namesake", "copy", "nightly", "source"] == [each.name.backup for each in backups]
    assert all(each.ready for each in backups)


@pytest.mark.parametrize(
    ("database_id", "expected"),
    [("orders", ["copy", "nightly", "source"]), ("orders-2", ["namesake"]), ("restored", [])],
)
async def test_backups_of_one_database(ask: Ask, database_id: str, expected: list[str]) -> None:
    """A database whose name begins like another's has its own backups only."""
    database = DatabaseName(project="test", instance="main", database=database_id)
    query = BackupQuery(instance=MAIN, database=database)

    backups = await ask("query_backups", query=query)

    assert expected == [each.name.backup for each in backups]


async def test_backups_are_filtered_and_paged(
    ask: Ask, emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter of one's own goes along, over all pages."""
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 1)
    database = DatabaseName.parse(DATABASE)
    query = BackupQuery(instance=MAIN, database=database, filter_="name:copy OR name:nightly")

    backups = await ask("query_backups", query=query)

    assert ["copy", "nightly"] == [each.name.backup for each in backups]
    assert len(emulator.calls.of("ListBackups")) > 1


async def test_delete_forgets_a_record(ask: Ask, emulator: SpannerAdminEmulator) -> None:
    """Both clients can delete the record of an operation on an instance."""
    (name,) = (each.name for each in await ask("list", resource=MAIN))

    await ask("delete", name=name)

    assert str(name) not in {each.name for each in emulator.operations()}


async def test_get_resource_is_the_message(ask: Ask) -> None:
    """Both clients return a resource as the client library's own type."""
    database = await ask("get_resource", name=DatabaseName.parse(DATABASE))

    assert (DATABASE, CREATE_BACKUP.service.message("Database")) == (database.name, type(database))
