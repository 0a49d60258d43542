# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes of clients, one by one, and the sentences that the service has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from airflow_spanner_lro.core.status import Code
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator

BACKUPS = f"/{INSTANCE}/backups"
PAYLOAD = "Invalid JSON payload received."
AT_DATABASE = f"{PAYLOAD} Unknown name \"database\" at 'backup':"
STATUS = "backup.encryption_info.encryption_status"
INSTANCES = "type.googleapis.com/google.spanner.admin.instance.v1"
TYPES = "type.googleapis.com/google.spanner.admin.database.v1"


def message_of(answer: httpx.Response) -> str:
    """Return the text of a refusal for what was sent."""
    assert (400, "INVALID_ARGUMENT") == (answer.status_code, answer.json()["error"]["status"])
    message: str = answer.json()["error"]["message"]
    return message


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

    expected = (
        "Invalid value at 'instance.autoscaling_config.autoscaling_limits' (oneof), "
        "oneof field 'minNodes' is already set. Cannot set 'minProcessingUnits'"
    )
    assert expected == message_of(answer)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"a": "b", "c": 1}, "Invalid value at 'instance.labels[1].value' (TYPE_STRING), 1"),
        (["a"], f"Invalid value at 'instance.labels' ({INSTANCES}.Instance.LabelsEntry), ..."),
    ],
    ids=["value", "list"],
)
def test_mistakes_in_a_map_are_named(rest: httpx.Client, labels: object, message: str) -> None:
    """A map is an object, and its entries count from zero."""
    answer = rest.post("/projects/test/instances", json={"instance": {"labels": labels}})

    assert message == message_of(answer)


@pytest.mark.parametrize("configs", ["text", {"a": 1}])
def test_a_list_is_a_list(rest: httpx.Client, configs: object) -> None:
    """One value is no list of one, and messages are in a list one by one."""
    answer = rest.post(BACKUPS, json={"encryptionInformation": configs})
    at = "backup.encryption_information"

    assert message_of(answer).startswith(f"Invalid value at '{at}' ({TYPES}.EncryptionInfo), ")


def test_a_message_is_no_list(rest: httpx.Client) -> None:
    """A list in the place of one message is refused."""
    answer = rest.post(BACKUPS, json={"encryptionInfo": [{}]})

    expected = (
        f"{PAYLOAD} Unknown name \"encryptionInfo\" at 'backup': "
        "Proto field is not repeating, cannot start list."
    )
    assert expected == message_of(answer)


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
    json = {"content-type": "application/json"}
    answer = rest.patch(f"/{DATABASE}/ddl", content=body, headers=json)

    assert f"{PAYLOAD} {message}" == message_of(answer)


@pytest.mark.parametrize("name", ["foo", "parent.foo", "pageSize.foo", "", ".", "page_size."])
def test_parameters_that_are_no_fields_are_refused(rest: httpx.Client, name: str) -> None:
    """The text is the one that people search the web for."""
    answer = rest.get(BACKUPS, params={name: "1"})

    expected = (
        f'{PAYLOAD} Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    assert expected == message_of(answer)


@pytest.mark.parametrize("value", ["", "many", "1.5", str(2**31)])
def test_parameters_have_types(rest: httpx.Client, value: str) -> None:
    """A number must be one, and fit."""
    answer = rest.get(BACKUPS, params={"pageSize": value})

    assert f"Invalid value at 'page_size' (TYPE_INT32), \"{value}\"" == message_of(answer)


def test_a_body_that_curl_calls_a_form_is_refused(rest: httpx.Client) -> None:
    """A body must be declared as JSON, and the refusal says how; production misunderstands it."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = rest.post(f"/{INSTANCE}/databases", content=b'{"a": "b"}', headers=form)

    error = answer.json()["error"]
    assert (415, "INVALID_ARGUMENT") == (answer.status_code, error["status"])
    assert error["message"].endswith("for curl, -H 'Content-Type: application/json'.")


def test_an_rpc_without_a_body_refuses_one(rest: httpx.Client) -> None:
    """There is no field for it, unless it says nothing."""
    target = f"/{DATABASE}/operations/o1:cancel"

    assert "Cannot find field" in message_of(rest.post(target, json={"name": "x"}))
    assert 404 == rest.post(target, json={}).status_code


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
        ("GET", "/controls"),
    ],
)
def test_what_is_not_there_is_not_found(
    rest_emulator: SpannerAdminEmulator, verb: str, path: str
) -> None:
    """An unknown path and a known one with another verb are one thing to the service."""
    answer = httpx.request(verb, f"{rest_emulator.rest_endpoint}{path}")

    assert 404 == answer.status_code
    assert "NOT_FOUND" == answer.json()["error"]["status"]
    assert 0 == len(rest_emulator.calls)


def test_refused_requests_are_calls_too(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """The log knows what was refused before any RPC saw it."""
    rest.post(BACKUPS, json={"foo": 1})

    call = rest_emulator.calls[0]
    assert ("CreateBackup", Code.INVALID_ARGUMENT) == (call.method, call.code)
