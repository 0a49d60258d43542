# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, the answer is JSON in Google's form, and never an error of the server."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_spanner_lro.core.status import Code

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    import httpx

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

BACKUPS = f"/{INSTANCE}/backups"
PAYLOAD = "Invalid JSON payload received."
AT_DATABASE = f"{PAYLOAD} Unknown name \"database\" at 'backup':"
STATUS = "backup.encryption_info.encryption_status"
TYPES = "type.googleapis.com/google.spanner.admin.database.v1"
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


def message_of(answer: httpx.Response) -> str:
    """Return the text of a refusal for what was sent."""
    assert (400, "INVALID_ARGUMENT") == (answer.status_code, answer.json()["error"]["status"])
    message: str = answer.json()["error"]["message"]
    return message


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
    try:
        connection.request(verb, target, body=body, headers=headers or {})
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


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"foo": 1}, f"{PAYLOAD} Unknown name \"foo\" at 'backup': Cannot find field."),
        ({"database": 5}, "Invalid value at 'backup.database' (TYPE_STRING), 5"),
        (
            {"state": "GONE"},
            f"Invalid value at 'backup.state' ({TYPES}.Backup.State), \"GONE\"",
        ),
        ({"sizeBytes": "many"}, "Invalid value at 'backup.size_bytes' (TYPE_INT64), \"many\""),
        (
            {"referencingDatabases": ["a", 1]},
            "Invalid value at 'backup.referencing_databases[1]' (TYPE_STRING), 1",
        ),
        (
            {"database": ["a"]},
            f"{AT_DATABASE} Proto field is not repeating, cannot start list.",
        ),
        (
            {"database": {"a": 1}},
            f"{AT_DATABASE} Starting an object on a scalar field.",
        ),
        (
            {"encryptionInfo": {"encryptionStatus": {"code": True, "msg": ""}}},
            (
                f"Invalid value at '{STATUS}.code' (TYPE_INT32), true\n"
                f"{PAYLOAD} Unknown name \"msg\" at '{STATUS}': Cannot find field."
            ),
        ),
        (
            "text",
            f"Invalid value at 'backup' ({TYPES}.Backup), \"text\"",
        ),
    ],
)
def test_mistakes_in_a_body_are_named(rest: httpx.Client, body: object, message: str) -> None:
    """The text says what is wrong and where, all of it, and so do the details."""
    answer = rest.post(BACKUPS, params={"backupId": "nightly"}, json=body)
    details = answer.json()["error"]["details"]

    assert message == message_of(answer)
    assert "type.googleapis.com/google.rpc.BadRequest" == details[0]["@type"]
    assert message.split("\n") == [each["description"] for each in details[0]["fieldViolations"]]


def test_a_mistake_in_a_time_is_named(rest: httpx.Client) -> None:
    """A time without a zone is none."""
    answer = rest.post(BACKUPS, json={"expireTime": "2027-01-01T00:00:00"})

    assert message_of(answer).startswith(
        "Invalid value at 'backup.expire_time' (type.googleapis.com/google.protobuf.Timestamp)"
    )


def test_two_fields_of_a_oneof_exclude_each_other(rest: httpx.Client) -> None:
    """The second one is refused, whatever it says."""
    limits = {"minNodes": 1, "minProcessingUnits": 1000}
    config = {"autoscalingConfig": {"autoscalingLimits": limits}}
    answer = rest.post("/projects/test/instances", json={"instance": config})

    assert message_of(answer) == (
        "Invalid value at 'instance.autoscaling_config.autoscaling_limits' (oneof), "
        "oneof field 'minNodes' is already set. Cannot set 'minProcessingUnits'"
    )


def test_mistakes_in_a_map_are_named(rest: httpx.Client) -> None:
    """Entries of a map count from zero."""
    body = {"instance": {"labels": {"a": "b", "c": 1}}}
    answer = rest.post("/projects/test/instances", json=body)

    assert message_of(answer) == "Invalid value at 'instance.labels[1].value' (TYPE_STRING), 1"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"statements": [foo]}', 'Unexpected token.\n{"statements": [foo]}\n                ^'),
        (b'{"statements":', 'Unexpected end of string.\n{"statements":\n              ^'),
        (b"\xff", "It is not UTF-8."),
        (b'{"statements": NaN}', "A number in it is none."),
        (b"[" * 100_000, "Message too deep."),
        (b"9" * 10_000, "A number in it is none."),
        (b"[]", 'Unknown name "": Root element must be a message.'),
    ],
    ids=["token", "end", "encoding", "nan", "deep", "long", "list"],
)
def test_what_is_not_json_is_refused(rest: httpx.Client, body: bytes, message: str) -> None:
    """The text shows the place, if there is one."""
    assert message_of(rest.patch(f"/{DATABASE}/ddl", content=body)) == f"{PAYLOAD} {message}"


@pytest.mark.parametrize("name", ["foo", "parent.foo", "pageSize.foo", "", ".", "page_size."])
def test_parameters_that_are_no_fields_are_refused(rest: httpx.Client, name: str) -> None:
    """The text is the one that people search the web for."""
    answer = rest.get(BACKUPS, params={name: "1"})

    assert message_of(answer) == (
        f'{PAYLOAD} Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


@pytest.mark.parametrize("value", ["", "many", "1.5", str(2**31)])
def test_parameters_have_types(rest: httpx.Client, value: str) -> None:
    """A number must be one, and fit."""
    answer = rest.get(BACKUPS, params={"pageSize": value})

    assert message_of(answer) == f"Invalid value at 'page_size' (TYPE_INT32), \"{value}\""


def test_a_body_that_curl_calls_a_form_is_read_as_parameters(rest: httpx.Client) -> None:
    """Without a content type of JSON production misunderstands the body, and so do we."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = rest.post(f"/{INSTANCE}/databases", content=b'{"a": "b"}', headers=form)

    assert 'Unknown name "{"a": "b"}": Cannot bind query parameter.' in message_of(answer)


def test_an_rpc_without_a_body_refuses_one(rest: httpx.Client) -> None:
    """There is no field for it, unless it says nothing."""
    target = f"/{DATABASE}/operations/o1:cancel"

    assert "Cannot find field" in message_of(rest.post(target, json={"name": "x"}))
    assert rest.post(target, json={}).status_code == 404


@pytest.mark.parametrize("alt", ["proto", "media", "json;enum-encoding=roman"])
def test_other_formats_are_refused(rest: httpx.Client, alt: str) -> None:
    """There is JSON, and nothing else."""
    assert alt in message_of(rest.get(f"/{INSTANCE}", params={"$alt": alt}))


@pytest.mark.parametrize(
    "fields", ["nope", "name,", "name(", "name)", "(name)", "name/", "state.x()", "name;", "a b"]
)
def test_selections_of_nothing_are_refused(rest: httpx.Client, fields: str) -> None:
    """A selection is well formed, and of fields that there are."""
    answer = rest.get(f"/{INSTANCE}", params={"fields": fields})

    assert message_of(answer).startswith(f"Invalid field selection {fields}: ")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v2/projects/test/instances"),
        ("GET", f"/v1/{INSTANCE}/"),
        ("GET", f"/v1/{INSTANCE}/sessions"),
        ("PUT", f"/v1/{INSTANCE}"),
        ("POST", f"/v1/{INSTANCE}:cancel"),
        ("GET", "/v1/projects//instances"),
        ("OPTIONS", f"/v1/{INSTANCE}"),
        ("GET", "/control/nothing/below/here"),
    ],
)
def test_what_is_not_there_is_not_found(
    rest_emulator: SpannerAdminEmulator, verb: str, path: str
) -> None:
    """An unknown path and a known one with another verb are one thing to the service."""
    status, document = exchange(rest_emulator, verb, path)

    assert status == 404
    assert path.startswith("/control") or "NOT_FOUND" == document["error"]["status"]
    assert len(rest_emulator.calls) == 0


def test_refused_requests_are_calls_too(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """The log knows what was refused before any RPC saw it."""
    rest.post(BACKUPS, json={"foo": 1})

    call = rest_emulator.calls[0]
    assert ("CreateBackup", Code.INVALID_ARGUMENT) == (call.method, call.code)


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
        b"GET /v1/\xff\xfe HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
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
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]
    assert exchange(rest_emulator, "GET", f"/v1/{INSTANCE}")[0] == 200
