# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator in the place of a Spanner Omni: behind TLS, for those that show a certificate.

What it answers is the emulator's: of Omni it has the one instance, the TLS and the certificates.
"""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

OMNI_INSTANCE = "projects/default/instances/default"
_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8
_UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """An authority that signs certificates."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._issued = 1
        made = self._sign(self._name, self._key.public_key(), authority=True)
        self.certificate = made.public_bytes(_PEM)

    def identity(self, name: str, *, expired: bool = False, password: bytes = b"") -> Identity:
        """Return a certificate for a name; a server's name is where it answers."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(_named(name), key.public_key(), expired=expired)
        locked: Any = serialization.NoEncryption()
        if password:
            locked = serialization.BestAvailableEncryption(password)
        return Identity(
            certificate=made.public_bytes(_PEM), key=key.private_bytes(_PEM, _PKCS8, locked)
        )

    def _sign(
        self, name: x509.Name, key: Any, *, authority: bool = False, expired: bool = False
    ) -> x509.Certificate:
        now = datetime.now(tz=UTC)
        self._issued += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(self._issued)
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=-1 if expired else 1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


class OmniGateway:
    """TLS with client certificates in front of an emulator.

    :param emulator: the emulator's endpoint, ``host:port``
    :param folder: where the files of the certificates are
    """

    def __init__(self, emulator: str, folder: Path) -> None:
        self.authority = Authority()
        self.seen: list[tuple[str, str]] = []
        """Method of each request, and whose certificate it came with."""
        self.authorised: list[str] = []
        """What requests had as ``authorization``."""
        self.files = {
            name: folder / f"{name}.pem" for name in ("ca", "client_certificate", "client_key")
        }
        self.files["ca"].write_bytes(self.authority.certificate)
        self.hand_out(self.authority.identity("airflow"))
        self._behind = grpc.insecure_channel(emulator, _UNLIMITED)
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=_UNLIMITED)
        self._server.add_generic_rpc_handlers((_Forward(self, self._behind),))
        own = self.authority.identity("localhost")
        proof = grpc.ssl_server_credentials(
            [(own.key, own.certificate)], self.authority.certificate, require_client_auth=True
        )
        self.target = f"localhost:{self._server.add_secure_port('localhost:0', proof)}"
        self._server.start()

    def hand_out(self, identity: Identity) -> None:
        """Put a client's certificate and key into their files."""
        self.files["client_certificate"].write_bytes(identity.certificate)
        self.files["client_key"].write_bytes(identity.key)

    def extras(self, **changed: str) -> dict[str, str]:
        """Return the extras of a connection to it; what is empty is left out."""
        extras = {
            "spanner_type": "omni",
            "spanner_endpoint": self.target,
            "spanner_ca_certificate": str(self.files["ca"]),
            "spanner_client_certificate": str(self.files["client_certificate"]),
            "spanner_client_key": str(self.files["client_key"]),
        }
        return {name: value for name, value in (extras | changed).items() if value}

    @property
    def methods(self) -> list[str]:
        """The methods that were asked for."""
        return [method for method, _ in self.seen]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.stop(grace=None).wait()
        self._behind.close()


class _Forward(grpc.GenericRpcHandler):
    def __init__(self, gateway: OmniGateway, behind: grpc.Channel) -> None:
        self._gateway = gateway
        self._behind = behind

    def service(self, handler_call_details: Any) -> Any:
        path = handler_call_details.method
        sent = dict(handler_call_details.invocation_metadata)

        def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
            shown: Any = context.auth_context()
            (name,) = shown["x509_common_name"]
            self._gateway.seen.append((path.rpartition("/")[2], name.decode()))
            if "authorization" in sent:
                self._gateway.authorised.append(sent["authorization"])
            ask: Any = self._behind.unary_unary(path)
            try:
                response: bytes = ask(data, timeout=10)
            except grpc.RpcError as exc:
                refused: Any = exc
                context.abort(refused.code(), refused.details())
            return response

        return grpc.unary_unary_rpc_method_handler(answer)
