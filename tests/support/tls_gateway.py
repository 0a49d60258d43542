# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator behind TLS and credentials, as Google's endpoint is: keys can be revoked.

A token endpoint on the loopback gives a token for each key it knows, and the gateway hands on to
the emulator what bears a token it takes. Both refuse as Google does.
"""

from __future__ import annotations

import base64
import json
import threading
from concurrent import futures
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.oauth2 import service_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import pytest

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()
_UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
# one for all keys: making one takes a tenth of a second
_SECRET = rsa.generate_private_key(65537, 2048).private_bytes(_PEM, _PKCS8, _PLAIN).decode()


class Gateway:
    """TLS and credentials in front of an emulator.

    :param emulator: the emulator's endpoint, ``host:port``
    """

    def __init__(self, emulator: str) -> None:
        self.keys: set[str] = set()
        """Ids of the keys for which there are tokens."""
        self.tokens: set[str] = set()
        """The tokens that are taken; each is called as the key it was given for."""
        self.seen: list[tuple[str, str]] = []
        """Method and token of each request, those that were refused as well."""
        self.grants = 0
        """How often a token was asked for."""
        self.trouble = 0
        """HTTP status with which the token endpoint answers; 0 for what is right."""
        self._behind = grpc.insecure_channel(emulator, _UNLIMITED)
        self._server, self.certificate, self.port = self._serve()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_TokenHandler, self))
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def target(self) -> str:
        """Where it answers, ``host:port``, with TLS."""
        return f"localhost:{self.port}"

    def add(self, key: str) -> dict[str, Any]:
        """Let a key be valid from now on, and return what its key file holds."""
        self.keys.add(key)
        self.tokens.add(key)
        return self.key_file(key)

    def revoke(self, key: str) -> None:
        """Let neither the key nor its tokens be valid any more."""
        self.keys.discard(key)
        self.tokens.discard(key)

    def key_file(
        self, key: str, *, email: str = "robot@test.iam.gserviceaccount.com"
    ) -> dict[str, Any]:
        """Return what the file of a key holds, valid or not."""
        return {
            "type": "service_account",
            "project_id": "test",
            "private_key_id": key,
            "private_key": _SECRET,
            "client_email": email,
            "token_uri": f"http://127.0.0.1:{self._http.server_port}/token",
        }

    def credentials(self, key: str) -> Any:
        """Return the credentials of a key, valid or not."""
        return service_account.Credentials.from_service_account_info(
            self.key_file(key), scopes=_SCOPES
        )

    @contextmanager
    def trusted(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        """Let the channels that the client library makes trust the certificate."""
        trusting = partial(
            grpc.composite_channel_credentials, grpc.ssl_channel_credentials(self.certificate)
        )
        monkeypatch.setattr(grpc, "compute_engine_channel_credentials", trusting)
        yield self

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
        self._http.shutdown()
        self._http.server_close()

    def _serve(self) -> tuple[grpc.Server, bytes, int]:
        key, certificate = self_signed()
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=_UNLIMITED)
        server.add_generic_rpc_handlers((_Forward(self, self._behind),))
        own = grpc.ssl_server_credentials([(key, certificate)])
        port = server.add_secure_port("localhost:0", own)
        server.start()
        return server, certificate, port


class _Forward(grpc.GenericRpcHandler):
    def __init__(self, gateway: Gateway, behind: grpc.Channel) -> None:
        self._gateway = gateway
        self._behind = behind

    def service(self, handler_call_details: Any) -> Any:
        path = handler_call_details.method
        sent = dict(handler_call_details.invocation_metadata)
        token = sent.get("authorization", "").removeprefix("Bearer ")

        def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
            self._gateway.seen.append((path.rpartition("/")[2], token))
            if token not in self._gateway.tokens:
                told = "Request had invalid authentication credentials."
                context.abort(grpc.StatusCode.UNAUTHENTICATED, told)
            ask: Any = self._behind.unary_unary(path)
            try:
                response: bytes = ask(data, timeout=10)
            except grpc.RpcError as exc:
                refused: Any = exc
                context.abort(refused.code(), refused.details())
            return response

        return grpc.unary_unary_rpc_method_handler(answer)


class _TokenHandler(BaseHTTPRequestHandler):
    def __init__(self, gateway: Gateway, *args: Any) -> None:
        self._gateway = gateway
        super().__init__(*args)

    def do_POST(self) -> None:
        """Give a token for a key that is known."""
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        header = parse_qs(sent)["assertion"][0].partition(".")[0]
        key = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
        self._gateway.grants += 1
        if self._gateway.trouble:
            self._answer(self._gateway.trouble, {"error": "internal_failure"})
        elif key in self._gateway.keys:
            self._answer(200, {"access_token": key, "expires_in": 3600, "token_type": "Bearer"})
        else:
            told = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            self._answer(400, told)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def self_signed() -> tuple[bytes, bytes]:
    """Return a new key and a certificate for ``localhost``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(_PEM, _PKCS8, _PLAIN), certificate.public_bytes(_PEM)
