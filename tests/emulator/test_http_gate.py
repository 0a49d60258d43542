# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""No web page reaches the emulator: by its own name, by another origin, or by a simple request."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.emulator import SpannerAdminEmulator
from airflow_spanner_lro.emulator.addresses import allowed_host
from airflow_spanner_lro.emulator.http.gate import Approach, Gate
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock

FAULT = b'{"kind": "fail", "method": "*", "times": null}'
LOOPBACK = re.compile(
    r"(localhost|127(\.[0-9]{1,3}){3}|\[[0:]*:0*1\])\.?(:[0-9]{0,5})?", re.IGNORECASE | re.ASCII
)
EMULATOR = "airflow_spanner_lro.emulator"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nobody listens there


def status_of(gate: Gate, **fields: Any) -> int:
    """Return with which status a request is turned away; 200 if it is not."""
    turned = gate.check(Approach(**{"verb": "GET", "hosts": ["localhost:9020"], **fields}))
    return 200 if turned is None else turned.status


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:9020", "LOCALHOST:9020", "LocalHost.", "localhost.:9020"),
        *("127.0.0.1", "127.0.0.1:9020", "127.0.0.1.", "127.8.9.10:1", "localhost:"),
        *("[::1]", "[::1]:9020", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]:9020"),
    ],
)
def test_this_machine_goes_by_many_names(host: str) -> None:
    """Loopback is loopback, however it is written, and on whatever port."""
    assert 200 == status_of(Gate(listens_on="127.0.0.1"), hosts=[host])


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:9020", "localhost.evil.example", "evil-localhost"),
        *("127.0.0.1.evil.example", "127.0.0.1.nip.io:9020", "app.localhost", "my.localdomain"),
        *("0.0.0.0:9020", "[::]", "192.168.1.7", "10.0.0.1:80", "[fe80::1]", "[2001:db8::1]"),
        *("", " ", ":9020", "localhost:x", "localhost:1:1", "localhost..", "localhost:999999"),
        *("user@localhost", "localhost@evil.example", "evil.example#localhost", "localhost/"),
        *("a,localhost", "::1", "[::1", "::1]", "[::1%25lo]", "[localhost]", "[127.0.0.1"),
        *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localh\u00f6st", "l\u043ecalhost"),
        *("[::1]evil.example", "localhost\x00", "%6cocalhost", "localhost\\", "localhost?x"),
    ],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    """A page's own name may lead here, so no name is taken for ours that is not known to be."""
    gate = Gate(listens_on="127.0.0.1")

    assert 403 == status_of(gate, hosts=[host])
    if host:
        assert 403 == status_of(gate, authority=host)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(
    name=st.text(max_size=20) | st.sampled_from(["localhost", "127.0.0.1", "[::1]", "::1", "evil"]),
    joint=st.sampled_from(["", ".", "@", ":", "/", "#", "%", "\\", " ", ",", "\t"])
    | st.characters(),
    rest=st.text(max_size=20) | st.sampled_from(["localhost", "127.0.0.1", "9020", "evil.example"]),
)
def test_nothing_but_loopback_gets_in(name: str, joint: str, rest: str) -> None:
    """Of all texts, those that get in are loopback, perhaps with a dot and a port behind it."""
    host = f"{name}{joint}{rest}"
    if 200 == status_of(Gate(listens_on="127.0.0.1"), hosts=[host]):
        assert LOOPBACK.fullmatch(host)


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.example"]])
def test_a_request_has_one_host(hosts: list[str]) -> None:
    """None and two are bad requests, as HTTP says; which one counts is not guessed."""
    assert 400 == status_of(Gate(listens_on="127.0.0.1"), hosts=hosts)


@pytest.mark.parametrize(
    ("listens_on", "here", "host", "status"),
    [
        (EVERYWHERE, "172.17.0.2", "172.17.0.2:9020", 200),
        (EVERYWHERE, "172.17.0.2", "0.0.0.0:9020", 200),
        (EVERYWHERE, "172.17.0.2", "172.17.0.3:9020", 403),
        (EVERYWHERE, "172.17.0.2", "spanner:9020", 403),
        ("::", "::ffff:172.17.0.2", "172.17.0.2", 200),
        ("::", "2001:db8::5", "[2001:DB8:0::5]:9020", 200),
        ("::", "", "[::]:9020", 200),
        ("fe80::1", "fe80::1%eth0", "[fe80::1]", 200),
        ("My-Box", "192.168.1.5", "my-box:9020", 200),
        ("192.168.1.5", "192.168.1.5", "192.168.1.5:9020", 200),
    ],
)  # fmt: skip
def test_the_address_that_it_listens_on_is_its_own(
    listens_on: str, here: str, host: str, status: int
) -> None:
    """Beside loopback it goes by what it was told to listen on, and where a request came in."""
    assert status == status_of(Gate(listens_on=listens_on), hosts=[host], here=here)


@pytest.mark.parametrize(
    ("allowed", "host", "status"),
    [
        ("spanner", "spanner:9020", 200),
        ("Spanner.", "SPANNER", 200),
        ("spanner", "spanner.evil.example", 403),
        ("spanner", "x.spanner", 403),
        ("spanner_admin.test", "spanner_admin.test:9020", 200),
        ("192.168.1.5", "192.168.1.5:9020", 200),
        ("[2001:db8::5]", "[2001:0db8::5]", 200),
        ("::ffff:10.0.0.1", "10.0.0.1", 200),
    ],
)
def test_names_can_be_allowed(allowed: str, host: str, status: int) -> None:
    """That very name is accepted from then on, as host and as origin."""
    gate = Gate(listens_on="127.0.0.1", allowed=[allowed])

    assert status == status_of(gate, hosts=[host])
    assert status == status_of(gate, origins=[f"http://{host}"])


@pytest.mark.parametrize(
    "text", ["", "http://spanner", "spanner:9020", "a b", "*", "*.example", "a..b", "a/b", "é", "@"]
)
def test_what_is_no_name_cannot_be_allowed(text: str) -> None:
    """A pattern or an address with a port would allow nothing, or all; it is told at once."""
    with pytest.raises(ValueError, match="no name of a host"):
        allowed_host(text)
    with pytest.raises(ValueError, match="no name of a host"):
        SpannerAdminEmulator(allow_hosts=[text])


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:9020", 200),
        ("https://LOCALHOST", 200),
        ("http://[::1]:8080", 200),
        ("http://evil.example", 403),
        ("https://localhost.evil.example", 403),
        ("null", 403),
        ("file://", 403),
        ("chrome-extension://localhost", 403),
        ("", 403),
        ("localhost", 403),
        ("http://user@localhost", 403),
        ("http://localhost/", 403),
        ("http://localhost http://evil.example", 403),
    ],
)
@pytest.mark.parametrize("verb", ["GET", "POST", "OPTIONS"])
def test_pages_of_others_are_refused(verb: str, origin: str, status: int) -> None:
    """Where a browser says which page asks, it must be one of this machine."""
    gate = Gate(listens_on="127.0.0.1")

    assert status == status_of(gate, verb=verb, origins=[origin])
    assert 403 == status_of(gate, verb=verb, origins=[origin, "http://evil.example"])


@pytest.mark.parametrize(
    ("types", "has_body", "status"),
    [
        (["application/json"], True, 200),
        (["Application/JSON; charset=utf-8"], True, 200),
        (["application/json"], False, 200),
        ([], False, 200),
        ([], True, 200),
        ([""], True, 415),
        (["text/plain"], True, 415),
        (["text/plain"], False, 415),
        (["text/plain;application/json"], True, 415),
        (["application/x-www-form-urlencoded"], False, 415),
        (["multipart/form-data; boundary=x"], True, 415),
        (["application/jsonx"], True, 415),
        (["application/json", "text/plain"], True, 415),
    ],
)
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_declares_its_body_as_json(
    verb: str, types: list[str], has_body: bool, status: int
) -> None:
    """What a form or a simple request of a page can send is no change here."""
    gate = Gate(listens_on="127.0.0.1")

    assert status == status_of(gate, verb=verb, content_types=types, has_body=has_body)
    assert 200 == status_of(gate, content_types=types, has_body=has_body)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"by_browser": True}, 415),
        ({"control": True}, 415),
        ({"by_browser": True, "has_body": False}, 200),
        ({"control": True, "has_body": False}, 200),
    ],
)
def test_a_body_without_a_type(fields: dict[str, Any], status: int) -> None:
    """So does gcloud send some of its own, and a page what are mere bytes to it."""
    gate = Gate(listens_on="127.0.0.1")

    assert status == status_of(gate, **{"verb": "POST", "has_body": True, **fields})


def told(emulator: SpannerAdminEmulator, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Send bytes; return status, headers and document of the answer."""
    assert emulator.rest_port is not None
    with socket.create_connection(("127.0.0.1", emulator.rest_port), timeout=10) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(2**16), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }  # fmt: skip
    # what is no HTTP is refused by aiohttp, in a text of its own
    document = json.loads(body) if headers["content-type"].startswith("application/json") else body
    return int(status.split()[1]), headers, document


def a_request(*lines: str, body: bytes = b"") -> bytes:
    """Return a request of these lines that ends its connection."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, *length, "Connection: close", "", ""]).encode() + body


POST = "POST /control/faults HTTP/1.1"
LOCAL = "Host: localhost"
JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param([POST, "Host: evil.example", JSON], 403, id="rebound"),
        pytest.param([POST, LOCAL, "Origin: http://evil.example", JSON], 403, id="origin"),
        pytest.param([POST, LOCAL, "Origin: null", JSON], 403, id="sandboxed page"),
        pytest.param([POST, LOCAL, "Content-Type: text/plain"], 415, id="simple request"),
        pytest.param(
            [POST, LOCAL, "Content-Type: application/x-www-form-urlencoded"], 415, id="form"
        ),
        pytest.param([POST, LOCAL], 415, id="untyped"),
        pytest.param([POST, LOCAL, JSON, "Content-Type: text/plain"], 400, id="two types"),
        pytest.param([POST, JSON], 400, id="no host"),
        pytest.param(["POST /control/faults HTTP/1.0", JSON], 400, id="http 1.0 without host"),
        pytest.param([POST, LOCAL, "Host: evil.example", JSON], 400, id="two hosts"),
        pytest.param([POST, "Host: evil@localhost", JSON], 403, id="userinfo"),
        pytest.param(
            ["POST http://evil.example/control/faults HTTP/1.1", LOCAL, JSON], 403, id="target"
        ),
        pytest.param(
            ["POST http://u@localhost/control/faults HTTP/1.1", LOCAL, JSON], 403, id="target user"
        ),
        pytest.param(
            ["GET /control/faults HTTP/1.1", LOCAL, JSON, "X-HTTP-Method-Override: POST"],
            200,
            id="override",
        ),
        pytest.param(
            ["GET /control/faults HTTP/1.1", LOCAL, JSON, "X-HTTP-Method-Override: DELETE"],
            200,
            id="override to delete",
        ),
    ],
)
def test_no_page_makes_a_fault(
    rest_emulator: SpannerAdminEmulator, lines: list[str], status: int
) -> None:
    """Whatever way a page tries, the faults stay as they were; and the server goes on."""
    found, _, document = told(rest_emulator, a_request(*lines, body=FAULT))

    assert () == tuple(rest_emulator.faults.pending())
    assert status == found
    assert document


@pytest.mark.parametrize(
    "lines",
    [
        [POST, LOCAL, JSON],
        [POST, "Host: LOCALHOST.:1", JSON],
        [POST, "Host: [::1]:9020", JSON],
        [POST, LOCAL, "Origin: http://localhost:3000", JSON],
        ["POST http://localhost/control/faults HTTP/1.1", LOCAL, JSON],
        ["POST /control/faults HTTP/1.0", LOCAL, JSON],
    ],
)
def test_programs_get_through(rest_emulator: SpannerAdminEmulator, lines: list[str]) -> None:
    """So does a page that this machine itself serves."""
    assert 200 == told(rest_emulator, a_request(*lines, body=FAULT))[0]
    assert 1 == len(tuple(rest_emulator.faults.pending()))


@pytest.mark.parametrize(
    ("sign", "status"),
    [("User-Agent: gcloud", 400), ("Sec-Fetch-Mode: no-cors", 415), ("Sec-Fetch-Site: none", 415)],
)
def test_only_programs_leave_the_type_out(
    rest_emulator: SpannerAdminEmulator, sign: str, status: int
) -> None:
    """A browser says what it is in headers that no page can take away."""
    asked = a_request(f"POST /v1/{INSTANCE}/databases HTTP/1.1", LOCAL, sign, body=b'{"a": 1}')

    assert status == told(rest_emulator, asked)[0]


def test_an_address_too_long_for_gcloud(rest_emulator: SpannerAdminEmulator) -> None:
    """From 2,048 characters on it sends a POST that is to be a GET, with parameters as a form."""
    override = "X-HTTP-Method-Override: GET"
    form = "Content-Type: application/x-www-form-urlencoded"
    path = f"POST /v1/{INSTANCE}/databases?alt=json HTTP/1.1"

    status, _, document = told(
        rest_emulator, a_request(path, LOCAL, override, form, body=b"pageSize=1&fields=databases")
    )

    assert (200, [DATABASE]) == (status, [each["name"] for each in document["databases"]])
    page = a_request(path, LOCAL, override, form, "Origin: http://evil.example", body=b"pageSize=1")
    assert 403 == told(rest_emulator, page)[0]
    assert 1 == len(rest_emulator.calls)


@pytest.mark.parametrize("verb", ["DELETE", "PATCH", "get, post", ""])
def test_no_other_verb_can_be_asked_for(rest_emulator: SpannerAdminEmulator, verb: str) -> None:
    """A POST stays one, and a GET does: nothing is deleted by what a page may send."""
    for own, status in (("POST", 404), ("GET", 200)):
        asked = a_request(
            f"{own} /v1/{DATABASE} HTTP/1.1", LOCAL, f"X-HTTP-Method-Override: {verb}"
        )
        assert status == told(rest_emulator, asked)[0]
    assert ["GetDatabase"] == [call.method for call in rest_emulator.calls]


def test_a_rebound_name_reads_nothing(rest_emulator: SpannerAdminEmulator) -> None:
    """A page whose name leads here is told how to be let in, and nothing of the databases."""
    for path in ("/", "/control/state", f"/v1/{DATABASE}", "/nowhere"):
        status, _, document = told(
            rest_emulator, a_request(f"GET {path} HTTP/1.1", "Host: evil.example:9020")
        )

        assert (403, "PERMISSION_DENIED") == (status, document["error"]["status"])
        assert "--allow-host" in document["error"]["message"]
        assert "orders" not in document["error"]["message"]


def test_a_preflight_is_not_granted(rest_emulator: SpannerAdminEmulator) -> None:
    """No answer has a header by which a browser would let a page of others go on."""
    for origin in ("http://evil.example", "http://localhost:3000"):
        asked = a_request(
            "OPTIONS /control/faults HTTP/1.1", LOCAL, f"Origin: {origin}",
            "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type",
        )  # fmt: skip
        status, headers, _ = told(rest_emulator, asked)

        assert status in (403, 405)
        assert not [name for name in headers if name.startswith("access-control")]
        assert "nosniff" == headers["x-content-type-options"]


def test_a_refusal_is_told_once_to_whoever_runs_it(
    rest_emulator: SpannerAdminEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each name, however often it is tried, and an end to it."""
    for _ in range(3):
        told(rest_emulator, a_request("GET / HTTP/1.1", "Host: evil.example"))
    (line,) = logged(caplog, EMULATOR)
    assert "'evil.example' is refused" in line

    for number in range(40):
        told(rest_emulator, a_request("GET / HTTP/1.1", f"Host: evil{number}.example"))
    assert len(logged(caplog, EMULATOR)) < 40


def test_a_name_that_was_allowed_is_answered(clock: ManualClock) -> None:
    """The Python parameter does what the refusal says."""
    with SpannerAdminEmulator(clock=clock, rest_port=0, allow_hosts=["spanner"]) as emulator:
        asked = a_request("GET /control/ HTTP/1.1", "Host: Spanner:9020")

        assert 200 == told(emulator, asked)[0]


def test_the_grpc_port_does_not_speak_what_pages_speak(
    rest_emulator: SpannerAdminEmulator,
) -> None:
    """A browser sends HTTP/1.1 to a port without TLS; gRPC hangs up, and nothing was called."""
    body = b"\x00\x00\x00\x00\x00"
    request = a_request(
        "POST /google.spanner.admin.instance.v1.InstanceAdmin/DeleteInstance HTTP/1.1",
        LOCAL, "Content-Type: application/grpc", body=body,
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", rest_emulator.port), timeout=10) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            answer = b"".join(iter(lambda: connection.recv(2**16), b""))
            assert not answer.startswith(b"HTTP/1.1 2")

    assert 0 == len(rest_emulator.calls)
