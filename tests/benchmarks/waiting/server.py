# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The server that all sides ask, as a process: it counts what it sees, and tells when asked.

``python -m tests.benchmarks.waiting.server``; its world comes as JSON in the first line of the
standard input, commands in the lines after it. It ends when the input does. Its certificate for the
loopback is good for a day: all sides pay for TLS, as in production.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.benchmarks.waiting.audit_log import AuditLog
from tests.benchmarks.waiting.operations import Service, World
from tests.benchmarks.waiting.processes import Lines
from tests.benchmarks.waiting.request_log import RequestLog
from tests.benchmarks.waiting.service import Operations

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
    """What a server is told to be.

    :param audit_log: whether it tells of ends by Pub/Sub
    """

    world: World
    certificate: str
    key: str
    audit_log: bool = False

    def to_json(self) -> str:
        """Return it in a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Order:
        """Read it."""
        world = World(**record["world"] | {"service": Service(record["world"]["service"])})
        return cls(**dict(record) | {"world": world})


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
    ledger = RequestLog()
    operations = Operations(order.world, ledger=ledger)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_Handlers(operations),))
    port = server.add_secure_port("127.0.0.1:0", _credentials(order))
    await server.start()
    audit_log = AuditLog() if order.audit_log else None
    if audit_log:
        audit_log.start()
    process = psutil.Process()
    closed = process.num_fds()
    lines.write(port=port, pubsub=audit_log.address if audit_log else "")
    while command := await lines.read():
        match command["do"]:
            case "begin":
                operations.begin(command["at"])
                lines.write()
            case "open":
                operations.open(command["at"])
                if audit_log:
                    audit_log.announce(operations.ends)
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
    if audit_log:
        audit_log.stop()


if __name__ == "__main__":
    asyncio.run(serve())


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where a certificate and its key lie. Clients trust the certificate itself."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Write a self-signed certificate into a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(certificate=folder / "server.pem", key=folder / "server.key")
    made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made
