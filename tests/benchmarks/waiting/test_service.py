# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's server answers as Spanner would, as far as anybody asks it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from google.cloud.spanner_admin_database_v1 import ListBackupOperationsRequest
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.lists.queries import ListCall
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.polling import families
from tests.benchmarks.waiting.operations import Family, Service, World
from tests.benchmarks.waiting.request_log import RequestLog
from tests.benchmarks.waiting.service import GET, Operations

if TYPE_CHECKING:
    import grpc

ADMIN = "/google.spanner.admin.database.v1.DatabaseAdmin"
LISTS = {
    Family.BACKUPS: f"{ADMIN}/ListBackupOperations",
    Family.DATABASES: f"{ADMIN}/ListDatabaseOperations",
}
WORLD = World(service=Service.SPANNER, operations=60, instances=1, seed=1, endings_within=1.0)
BACKUPS = [item for item in WORLD.items() if item.family is Family.BACKUPS]


class RefusedError(Exception):
    """The call was answered by an error."""


class Context:
    """As much of gRPC's context as is used."""

    def peer(self) -> str:
        """Return who asks."""
        return "ipv4:127.0.0.1:1"

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """Refuse."""
        message = f"{code.name}: {details}"
        raise RefusedError(message)


async def ask(operations: Operations, path: str, data: bytes) -> bytes:
    """Call a method."""
    handler: Any = operations.handler(path)
    answer: bytes = await handler.unary_unary(data, Context())
    return answer


async def listed(
    operations: Operations, family: Family = Family.BACKUPS, **request: Any
) -> operations_pb2.ListOperationsResponse:
    """List operations; all lists of Spanner take and answer with the same fields."""
    message = ListBackupOperationsRequest(parent=BACKUPS[0].parent, **request)
    data = await ask(operations, LISTS[family], ListBackupOperationsRequest.serialize(message))
    names = operations_pb2.ListOperationsResponse.FromString(data)
    assert isinstance(names, operations_pb2.ListOperationsResponse)
    return names


async def test_an_operation_that_has_ended_is_done() -> None:
    """Once it is open, and the time has come."""
    operations = Operations(WORLD, ledger=RequestLog())
    ending = next(item for item in WORLD.items() if item.ends_after is not None)
    request = operations_pb2.GetOperationRequest(name=ending.name).SerializeToString()

    before = operations_pb2.Operation.FromString(await ask(operations, GET, request))
    operations.open(time.time() - 10)
    after = operations_pb2.Operation.FromString(await ask(operations, GET, request))

    assert [False, True] == [before.done, after.done]


async def test_the_list_of_all_that_are_pending_leaves_out_those_that_have_ended() -> None:
    """On all of its pages together, and none twice."""
    operations = Operations(WORLD, ledger=RequestLog())
    operations.open(time.time() - 10)
    pages = [await listed(operations, filter="(NOT done:true)", page_size=8)]
    while token := pages[-1].next_page_token:
        pages.append(
            await listed(operations, filter="(NOT done:true)", page_size=8, page_token=token)
        )

    names = [operation.name for page in pages for operation in page.operations]

    assert names == [item.name for item in BACKUPS if item.ends_after is None]


async def test_a_list_of_named_operations_shows_those_that_have_ended_too() -> None:
    """That is how it is learnt how they ended."""
    operations = Operations(WORLD, ledger=RequestLog())
    operations.open(time.time() - 10)
    wanted = [BACKUPS[0].name, BACKUPS[-1].name]
    filter_ = " OR ".join(f'(name="{name}")' for name in wanted)

    page = await listed(operations, filter=filter_)

    assert wanted == [operation.name for operation in page.operations]


@pytest.mark.parametrize(
    ("family", "call"),
    [(Family.BACKUPS, ListCall.OF_BACKUPS), (Family.DATABASES, ListCall.OF_DATABASES)],
)
async def test_the_pollers_list_shows_what_is_pending_and_what_has_ended_since(
    family: Family, call: ListCall
) -> None:
    """Of either family, and leaves out what had ended before."""
    operations = Operations(WORLD, ledger=RequestLog())
    opened = time.time() - 10
    operations.open(opened)
    items = [item for item in (*WORLD.items(), WORLD.warm()) if item.family is family]
    listing = families.Family(parent=InstanceName.parse(items[0].parent), call=call)
    ended = {item.name for item in items if item.ends_after is not None}
    begin = datetime.fromtimestamp(opened, tz=UTC) - timedelta(seconds=1)

    async def names(since: datetime) -> list[str]:
        filter_ = listing.pending_or_ended(since).server_filter
        return [each.name for each in (await listed(operations, family, filter=filter_)).operations]

    assert ended
    assert [item.name for item in items] == await names(begin)
    pending = [item.name for item in items if item.name not in ended]
    assert pending == await names(begin + timedelta(minutes=1))


async def test_a_filter_that_is_not_known_is_an_error() -> None:
    """An empty answer would look as if all had ended."""
    operations = Operations(WORLD, ledger=RequestLog())

    with pytest.raises(RefusedError, match="INVALID_ARGUMENT"):
        await listed(operations, filter="done:false")
