# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plainest trigger that is fair: one GetOperation every ten seconds, all on one channel.

What most would write who know that a channel is to be shared. Separate, since it loads Airflow.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

import grpc
from airflow.triggers.base import BaseTrigger, TriggerEvent
from google.longrunning import operations_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

INTERVAL = 10.0


class GetTrigger(BaseTrigger):
    """Wait for an operation by asking for it again and again."""

    def __init__(self, operation: str, endpoint: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operation = operation
        self.endpoint = endpoint

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"operation": self.operation, "endpoint": self.endpoint}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until it is done."""
        ask = _getter(self.endpoint)
        request = operations_pb2.GetOperationRequest(name=self.operation)
        while True:
            operation = await ask(request, timeout=60.0)
            if operation.done:
                break
            await asyncio.sleep(INTERVAL)
        yield TriggerEvent({"name": operation.name, "done": operation.done})


@cache
def _getter(endpoint: str) -> Any:
    channel = grpc.aio.secure_channel(endpoint, grpc.ssl_channel_credentials())
    return channel.unary_unary(
        "/google.longrunning.Operations/GetOperation",
        request_serializer=operations_pb2.GetOperationRequest.SerializeToString,
        response_deserializer=operations_pb2.Operation.FromString,
    )
