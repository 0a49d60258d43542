# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The REST server as a thing: its port, its threads, its connections, and its neighbours."""

from __future__ import annotations

import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import run
from typing import TYPE_CHECKING

import httpx
import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import EmulatorStartError, SpannerAdminEmulator
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.http.gate import Gate
from airflow_spanner_lro.emulator.http.server import HttpServer
from airflow_spanner_lro.emulator.pipeline import CallLog, CallPipeline
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_spanner_lro.emulator import ManualClock

# the name under which the gRPC server has its threads, too
THREADS = "spanner-emulator"

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Told:
    """What a control interface answers."""

    status: int
    body: object


def repeat(*, verb: str, path: str, query: Mapping[str, str], body: bytes) -> Told:
    """Answer as a control interface that repeats what it is asked, or breaks."""
    if body == b"bug":
        raise ZeroDivisionError
    return Told(202, {"verb": verb, "path": path, "query": query, "body": body.decode()})


@pytest.fixture
def echo(clock: ManualClock) -> Iterator[str]:
    """Run an HTTP server with that control interface; return its address."""
    pipeline = CallPipeline(engine=Engine(clock=clock), faults=Faults(), calls=CallLog())
    server = HttpServer(
        pipeline=pipeline,
        control=repeat,
        gate=Gate(listens_on="127.0.0.1"),
        host="127.0.0.1",
        port=0,
    )
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def threads() -> list[str]:
    """Return the threads of emulators."""
    return [each.name for each in threading.enumerate() if THREADS in each.name]


def test_without_rest_there_is_no_port(empty_emulator: SpannerAdminEmulator) -> None:
    """Nobody who did not ask for REST gets it."""
    assert empty_emulator.rest_port is None
    with pytest.raises(RuntimeError, match="rest_port"):
        assert empty_emulator.rest_endpoint


@pytest.mark.slow
def test_without_rest_nobody_needs_aiohttp() -> None:
    """An emulator that speaks gRPC alone imports no HTTP server."""
    program = (
        "import sys\n"
        "from airflow_spanner_lro.emulator import SpannerAdminEmulator\n"
        "with SpannerAdminEmulator():\n"
        "    sys.exit('aiohttp.web' in sys.modules)\n"
    )

    assert 0 == run([sys.executable, "-c", program], check=False).returncode  # noqa: S603


def test_it_stops_quickly_and_leaves_no_thread(recwarn: pytest.WarningsRecorder) -> None:
    """Stopping takes under a second even while a call is held back and a connection is open."""
    emulator = SpannerAdminEmulator(rest_port=0)
    emulator.start()
    emulator.faults.delay(60, method="GetDatabase")
    with ThreadPoolExecutor() as pool, httpx.Client(base_url=emulator.rest_endpoint) as client:
        client.get("/")
        pending = pool.submit(httpx.get, f"{emulator.rest_endpoint}/v1/{DATABASE}", timeout=30)
        with pytest.raises(TimeoutError):
            pending.result(timeout=0.2)
        begin = time.monotonic()
        emulator.stop()
        took = time.monotonic() - begin

    assert took < 1
    assert [] == threads()
    assert [] == [str(each.message) for each in recwarn]


def test_it_can_be_started_again() -> None:
    """A stopped emulator starts again on its ports."""
    emulator = SpannerAdminEmulator(rest_port=0)
    with emulator:
        endpoint = emulator.rest_endpoint
        httpx.get(endpoint)
    with emulator:
        assert 200 == httpx.get(endpoint).status_code


def test_a_taken_port_is_an_error_that_says_so(rest_emulator: SpannerAdminEmulator) -> None:
    """The error names the port, and the other server does not stay behind."""
    before = threads()
    other = SpannerAdminEmulator(rest_port=rest_emulator.rest_port)

    with pytest.raises(EmulatorStartError, match=str(rest_emulator.rest_port)):
        other.start()
    assert not other.running
    assert before == threads()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((other.host, other.port), timeout=5)


def test_it_says_what_it_is(rest_emulator: SpannerAdminEmulator) -> None:
    """Whoever opens the address in a browser is told where to go."""
    answer = httpx.get(rest_emulator.rest_endpoint)

    assert "airflow-spanner-lro emulator" == answer.json()["name"]


def test_one_connection_serves_many_requests(rest_emulator: SpannerAdminEmulator) -> None:
    """Requests sent at once on one connection are answered in order."""
    request = f"GET /v1/{INSTANCE}%s HTTP/1.1\r\nhost: localhost\r\n%s\r\n"
    first, second = request % ("", ""), request % ("/nothing", "connection: close\r\n")
    address = ("127.0.0.1", rest_emulator.rest_port)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall((first + second).encode())
        told = b"".join(iter(lambda: connection.recv(2**16), b"")).decode()

    assert told.startswith("HTTP/1.1 200 ")
    assert "HTTP/1.1 404 " in told


@pytest.mark.slow
def test_many_clients_at_once(rest_emulator: SpannerAdminEmulator) -> None:
    """Hundreds of calls on dozens of connections are all answered and all logged."""
    with (
        httpx.Client(base_url=rest_emulator.rest_endpoint, timeout=30) as client,
        ThreadPoolExecutor(32) as pool,
    ):
        answers = [*pool.map(client.get, [f"/v1/{DATABASE}"] * 500)]

    assert {200} == {answer.status_code for answer in answers}
    assert 500 == len(rest_emulator.calls)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.INVALID_ARGUMENT, 400),
        (Code.FAILED_PRECONDITION, 400),
        (Code.OUT_OF_RANGE, 400),
        (Code.UNAUTHENTICATED, 401),
        (Code.PERMISSION_DENIED, 403),
        (Code.NOT_FOUND, 404),
        (Code.ALREADY_EXISTS, 409),
        (Code.ABORTED, 409),
        (Code.RESOURCE_EXHAUSTED, 429),
        (Code.CANCELLED, 499),
        (Code.UNKNOWN, 500),
        (Code.INTERNAL, 500),
        (Code.DATA_LOSS, 500),
        (Code.UNIMPLEMENTED, 501),
        (Code.UNAVAILABLE, 503),
        (Code.DEADLINE_EXCEEDED, 504),
    ],
)
def test_codes_have_their_http_status(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator, code: Code, status: int
) -> None:
    """A fault is told with HTTP's number and the name of its code."""
    rest_emulator.faults.fail(code=code, message="as told")
    answer = rest.get(f"/{INSTANCE}")

    assert status == answer.status_code
    expected = {"code": status, "message": "as told", "status": code.name}
    assert {"error": expected} == answer.json()


@pytest.mark.parametrize("after_work", [False, True])
def test_a_dropped_connection_has_no_answer(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator, after_work: bool
) -> None:
    """The client sees the connection end, whether or not the work was done."""
    rest_emulator.faults.drop_connection(after_work=after_work)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        rest.delete(f"/{DATABASE}")
    assert (404 if after_work else 200) == rest.get(f"/{DATABASE}").status_code


def test_work_is_not_done_for_a_client_that_left(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """A call that is held back is forgotten when its client goes away meanwhile."""
    rest_emulator.faults.delay(0.5, method="DropDatabase")
    with pytest.raises(httpx.ReadTimeout):
        rest.delete(f"/{DATABASE}", timeout=0.1)
    limit = time.monotonic() + 10
    while not rest_emulator.calls.of("DropDatabase") and time.monotonic() < limit:
        threading.Event().wait(0.05)

    assert [Code.CANCELLED] == [call.code for call in rest_emulator.calls]
    assert 200 == rest.get(f"/{DATABASE}").status_code


@pytest.mark.slow
def test_a_body_beyond_all_limits_is_refused(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """There is an end to what is read, and it is told in Google's form."""
    answer = rest.patch(f"/{DATABASE}/ddl", content=b" " * (64 * 2**20 + 1), headers=JSON)
    error = answer.json()["error"]

    assert (413, 413, "INVALID_ARGUMENT") == (answer.status_code, error["code"], error["status"])
    assert 0 == len(rest_emulator.calls)


def test_the_control_interface_gets_what_is_below_its_path(echo: str) -> None:
    """Verb, path, query and body arrive as they were sent, decoded."""
    answer = httpx.put(f"{echo}/control/a%20b?x=1&y=", content=b"body", headers=JSON)

    assert 202 == answer.status_code
    expected = {"verb": "PUT", "path": "/control/a b", "query": {"x": "1", "y": ""}, "body": "body"}
    assert expected == answer.json()
    assert "/control" == httpx.get(f"{echo}/control").json()["path"]
    assert 404 == httpx.get(f"{echo}/controls").status_code


def test_control_gets_through_when_no_call_does(rest_emulator: SpannerAdminEmulator) -> None:
    """However many calls are held back, the control interface answers."""
    rest_emulator.faults.delay(60)
    request = f"GET /v1/{INSTANCE} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(100):
            address = ("127.0.0.1", rest_emulator.rest_port)
            connection = stack.enter_context(socket.create_connection(address, timeout=10))
            connection.sendall(request)

        answer = httpx.get(f"{rest_emulator.rest_endpoint}/control", timeout=10)

    assert 200 == answer.status_code


def test_a_bug_is_an_answer_without_a_traceback(
    echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback, the client a sentence, and the server goes on."""
    answer = httpx.post(f"{echo}/control/x", content=b"bug", headers=JSON)

    assert (500, "INTERNAL") == (answer.status_code, answer.json()["error"]["status"])
    assert "Traceback" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert 200 == httpx.get(echo).status_code


def test_both_faces_stop_together(rest_emulator: SpannerAdminEmulator) -> None:
    """After the end nobody answers on either port."""
    rest_emulator.stop()

    for port in (rest_emulator.port, rest_emulator.rest_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
