# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The server that all sides ask, as a process: it counts what it sees, and tells when asked.

``python -m tests.benchmarks.waiting.server``; its world comes as JSON in the first line of the
standard input, commands in the lines after it. It ends when the input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import psutil

from tests.benchmarks.waiting.ledger import Ledger
from tests.benchmarks.waiting.lines import Lines
from tests.benchmarks.waiting.service import Operations
from tests.benchmarks.waiting.world import Service, World

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 64 * 2**20),
    # by default gRPC answers CANCELLED, out of nowhere, when a thousand calls arrive at once
    ("grpc.server.max_pending_requests", 2**20),
    ("grpc.server.max_pending_requests_hard_limit", 2**20),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a server is told to be."""

    world: World
    certificate: str
    key: str

    def to_json(self) -> str:
        """Return it in a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Order:
        """Read it."""
        world = World(**record["world"] | {"service": Service(record["world"]["service"])})
        return cls(world=world, certificate=record["certificate"], key=record["key"])


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        return self._operations.handler(handler_call_details.method)


def _credentials(order: Order) -> grpc.ServerCredentials:
    pair = Path(order.key).read_bytes(), Path(order.certificate).read_bytes()
    return grpc.ssl_server_credentials([pair])


async def serve() -> None:
    """Serve until the standard input ends."""
    lines = Lines(sys.stdin.fileno(), sys.stdout.fileno())
    order = Order.from_json(await lines.read() or {})
    ledger = Ledger()
    operations = Operations(order.world, ledger=ledger)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_Handlers(operations),))
    port = server.add_secure_port("127.0.0.1:0", _credentials(order))
    await server.start()
    process = psutil.Process()
    closed = process.num_fds()
    lines.write(port=port)
    while command := await lines.read():
        match command["do"]:
            case "begin":
                operations.begin(command["at"])
                lines.write()
            case "open":
                operations.open(command["at"])
                lines.write()
            case "look":
                lines.write(
                    names=len(ledger.names),
                    requests=len(ledger.times),
                    connections=process.num_fds() - closed,
                )
            case "tell":
                lines.write(
                    methods=ledger.between(command["since"], command["until"]),
                    busiest=ledger.busiest(command["begin"]),
                    peers=len(ledger.peers),
                    now=time.time(),
                )
    await server.stop(grace=None)


if __name__ == "__main__":
    asyncio.run(serve())
