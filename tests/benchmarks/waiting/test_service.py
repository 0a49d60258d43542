# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's server answers as Spanner would, as far as anybody asks it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from google.cloud.spanner_admin_database_v1 import ListBackupOperationsRequest
from google.longrunning import operations_pb2

from tests.benchmarks.waiting.operations import Family, Service, World
from tests.benchmarks.waiting.request_log import RequestLog
from tests.benchmarks.waiting.service import GET, Operations

if TYPE_CHECKING:
    import grpc

LIST = "/google.spanner.admin.database.v1.DatabaseAdmin/ListBackupOperations"
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


async def listed(operations: Operations, **request: Any) -> operations_pb2.ListOperationsResponse:
    """List backup operations; all lists of Spanner answer with the same two fields."""
    message = ListBackupOperationsRequest(parent=BACKUPS[0].parent, **request)
    data = await ask(operations, LIST, ListBackupOperationsRequest.serialize(message))
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


async def test_a_filter_that_is_not_known_is_an_error() -> None:
    """An empty answer would look as if all had ended."""
    operations = Operations(WORLD, ledger=RequestLog())

    with pytest.raises(RefusedError, match="INVALID_ARGUMENT"):
        await listed(operations, filter="done:false")
