# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, made up by hypothesis or by an enemy: an answer, and the next one is served."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_spanner_lro.core.status import Code
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator

BACKUPS = f"/{INSTANCE}/backups"
POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
AGAINST_ONE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

keys = st.sampled_from(["backupId", "backup.database", "database", "expireTime", "fields", "alt"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(keys | st.text(), inner),
    max_leaves=10,
)


def exchange(
    emulator: SpannerAdminEmulator,
    verb: str,
    target: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Send a request as it is; return the status and the document of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.rest_port, timeout=10)
    declared = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(verb, target, body=body, headers=declared | (headers or {}))
        answer = connection.getresponse()
        text = answer.read()
        assert b"Traceback" not in text
        return answer.status, json.loads(text)
    finally:
        connection.close()


def assert_not_our_fault(status: int, document: dict[str, Any]) -> None:
    """Assert that an answer is a response, or a refusal in Google's form."""
    if status == 200:
        return
    error = document["error"]
    assert status == error["code"]
    assert status in (400, 404, 501)
    assert error["status"] in Code.__members__
    assert error["message"]


@pytest.mark.slow
@AGAINST_ONE
@given(body=st.binary() | documents.map(lambda each: json.dumps(each).encode()))
def test_no_body_breaks_it(rest_emulator: SpannerAdminEmulator, body: bytes) -> None:
    """Bytes and documents of every shape are answered."""
    for verb, path in (
        ("POST", f"/v1{BACKUPS}?backupId=nightly"),
        ("POST", f"/v1/{INSTANCE}/databases"),
        ("PATCH", f"/v1/{DATABASE}/ddl"),
        ("POST", f"/v1/{DATABASE}/operations/o1:cancel"),
    ):
        assert_not_our_fault(*exchange(rest_emulator, verb, path, body=body))


@AGAINST_ONE
@given(pairs=st.lists(st.tuples(keys | st.text(st.characters(codec="utf-8")), st.text())))
def test_no_query_breaks_it(
    rest_emulator: SpannerAdminEmulator, pairs: list[tuple[str, str]]
) -> None:
    """Parameters of every name and value are answered."""
    query = urlencode(pairs, errors="replace")

    assert_not_our_fault(*exchange(rest_emulator, "GET", f"/v1{BACKUPS}?{query}"))


@AGAINST_ONE
@given(
    verb=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    segments=st.lists(st.sampled_from([*INSTANCE.split("/"), "operations"]) | st.binary()),
)
def test_no_path_breaks_it(
    rest_emulator: SpannerAdminEmulator, verb: str, segments: list[str | bytes]
) -> None:
    """Paths of every shape are answered, characters or not."""
    path = "/".join(quote(each, safe=":") for each in ["", "v1", *segments])

    assert_not_our_fault(*exchange(rest_emulator, verb, path))


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        POST + b"content-length: -1\r\n\r\n",
        POST + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    ],
    ids=["tls", "short", "version", "bytes", "chunks", "length", "gzip", "headers"],
)
def test_no_garbage_breaks_it(
    rest_emulator: SpannerAdminEmulator, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What is hardly HTTP is answered without a word in the log, and the next one is served."""
    address = ("127.0.0.1", rest_emulator.rest_port)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        try:
            told = b"".join(iter(lambda: connection.recv(2**16), b""))
        except ConnectionResetError:
            told = b""

    assert b"Traceback" not in told
    assert [] == [record for record in caplog.records if "ERROR" == record.levelname]
    assert 200 == exchange(rest_emulator, "GET", f"/v1/{INSTANCE}")[0]


def test_a_client_that_takes_it_for_a_proxy_is_answered(
    rest_emulator: SpannerAdminEmulator,
) -> None:
    """HTTP lets a request name the host in its target, too."""
    target = f"{rest_emulator.rest_endpoint}/v1/{DATABASE}?fields=name"

    assert (200, {"name": DATABASE}) == exchange(rest_emulator, "GET", target)


def test_a_body_that_ends_early_is_no_failure(
    rest_emulator: SpannerAdminEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever hangs up within a body leaves no traceback behind."""
    address = (rest_emulator.host, rest_emulator.rest_port)
    with socket.create_connection(address, timeout=10) as sent:
        sent.sendall(
            b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 200\r\n\r\n{}"
        )
        sent.shutdown(socket.SHUT_WR)
        while sent.recv(4096):
            pass

    assert 200 == exchange(rest_emulator, "GET", f"/v1/{DATABASE}")[0]
    assert [] == logged(caplog, "airflow_spanner_lro.emulator", "aiohttp")
