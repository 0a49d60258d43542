# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Requests as the documentation and gcloud show them, down to the text of the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import descriptor_pool

from airflow_spanner_lro.core.kinds import KINDS
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    import httpx

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

TYPES = "type.googleapis.com"
PACKAGE = "google.spanner.admin.database.v1"


def rfc3339(clock: ManualClock, **ahead: float) -> str:
    """Return a time from now, as JSON has it."""
    return f"{clock.now() + timedelta(**ahead):%Y-%m-%dT%H:%M:%SZ}"


def start_backup(rest: httpx.Client, clock: ManualClock, **parameters: str) -> httpx.Response:
    """Start a backup as the documentation shows it."""
    body = {"database": DATABASE, "expireTime": rfc3339(clock, days=1)}
    return rest.post(
        f"/{INSTANCE}/backups", params={"backupId": "nightly", **parameters}, json=body
    )


def test_creating_a_backup(rest: httpx.Client, clock: ManualClock) -> None:
    """The operation has its metadata with a type, and does not say that it is not done."""
    answer = start_backup(rest, clock)
    operation = answer.json()

    assert (200, "application/json; charset=UTF-8") == (
        answer.status_code,
        answer.headers["content-type"],
    )
    assert {"name", "metadata"} == set(operation)
    assert {
        "@type": f"{TYPES}/{PACKAGE}.CreateBackupMetadata",
        "name": BACKUP,
        "database": DATABASE,
        "progress": {"startTime": rfc3339(clock)},
    } == operation["metadata"]


def test_answers_are_printed_for_people(rest: httpx.Client) -> None:
    """Answers have lines and two spaces, unless they are asked for tight."""
    pretty = rest.get(f"/{DATABASE}/ddl").text
    tight = rest.get(f"/{DATABASE}/ddl", params={"prettyPrint": "false"}).text

    assert pretty.startswith('{\n  "statements": [\n    "CREATE TABLE')
    assert tight.startswith('{"statements":["CREATE TABLE')


def test_a_key_of_ones_own_in_the_query(rest: httpx.Client, clock: ManualClock) -> None:
    """Fields within a message are query parameters with a dot, enums are names or numbers."""
    key = "projects/test/locations/nam6/keyRings/r/cryptoKeys/k"
    answer = start_backup(
        rest,
        clock,
        **{
            "encryptionConfig.encryptionType": "CUSTOMER_MANAGED_ENCRYPTION",
            "encryption_config.kms_key_name": key,
            "alt": "json",
        },
    )

    assert 200 == answer.status_code


def test_restoring_and_reading_the_operation(rest: httpx.Client, clock: ManualClock) -> None:
    """A restore is a custom verb of a collection."""
    start_backup(rest, clock)
    clock.advance(timedelta(days=0.9))
    body = {"databaseId": "copy", "backup": BACKUP}
    started = rest.post(f"/{INSTANCE}/databases:restore", json=body).json()

    found = rest.get(f"/{started['name']}").json()

    assert "BACKUP" == found["metadata"]["sourceType"]
    assert DATABASE == found["metadata"]["backupInfo"]["sourceDatabase"]


def test_creating_a_database(rest: httpx.Client, clock: ManualClock) -> None:
    """A done operation carries the database, with its type."""
    body = {
        "createStatement": "CREATE DATABASE `fresh`",
        "extraStatements": ["CREATE TABLE T (Id INT64) PRIMARY KEY (Id)"],
    }
    name = rest.post(f"/{INSTANCE}/databases", json=body).json()["name"]
    clock.advance(timedelta(days=1))

    operation = rest.get(f"/{name}").json()

    assert operation["done"] is True
    assert f"{TYPES}/{PACKAGE}.Database" == operation["response"]["@type"]
    assert "READY" == operation["response"]["state"]


def test_changing_a_schema(rest: httpx.Client, clock: ManualClock) -> None:
    """The result is an Any that holds Empty, as in the documentation."""
    statements = ["CREATE INDEX OrdersById ON Orders (Id)"]
    started = rest.patch(f"/{DATABASE}/ddl", json={"statements": statements}).json()
    clock.advance(timedelta(days=1))

    operation = rest.get(f"/{started['name']}").json()

    assert {"@type": f"{TYPES}/google.protobuf.Empty"} == operation["response"]
    assert statements == operation["metadata"]["statements"]


@pytest.mark.parametrize("mask", ["expire_time", "expireTime"])
def test_a_mask_in_the_query_has_either_spelling(
    rest: httpx.Client, clock: ManualClock, mask: str
) -> None:
    """In a mask gcloud sends snake_case, and JSON's own form is lowerCamel."""
    start_backup(rest, clock)
    clock.advance(timedelta(days=0.5))
    later = rfc3339(clock, days=3)

    answer = rest.patch(
        f"/{BACKUP}", params={"updateMask": mask}, json={"name": BACKUP, "expireTime": later}
    )

    assert later == answer.json()["expireTime"]


def test_filters_and_empty_parameters(rest: httpx.Client, clock: ManualClock) -> None:
    """An empty filter comes from gcloud, and a long one with its own punctuation."""
    start_backup(rest, clock)
    type_ = f"{TYPES}/{PACKAGE}.CreateBackupMetadata"
    several = [
        rest.get(f"/{INSTANCE}/backupOperations", params={"filter": text, "pageSize": "100"})
        for text in ("", f"metadata.@type:{type_}", f"(metadata.@type={type_})")
    ]

    assert [1, 1, 1] == [len(answer.json()["operations"]) for answer in several]
    backups = rest.get(f"/{INSTANCE}/backups", params={"filter": f'database="{DATABASE}"'})
    assert [BACKUP] == [backup["name"] for backup in backups.json()["backups"]]


def test_cancelling_needs_no_body(rest: httpx.Client, clock: ManualClock) -> None:
    """A POST of nothing cancels, and answers an empty object."""
    name = start_backup(rest, clock).json()["name"]

    answer = rest.post(f"/{name}:cancel")

    assert (200, {}) == (answer.status_code, answer.json())
    assert 1 == rest.get(f"/{name}").json()["error"]["code"]


def test_creating_an_instance_in_gclouds_form(rest: httpx.Client, clock: ManualClock) -> None:
    """In a creation gcloud sends the instance's own fields in a message beside its id."""
    body = {
        "instanceId": "second",
        "instance": {
            "config": "projects/test/instanceConfigs/regional-europe-west1",
            "displayName": "Second",
            "nodeCount": 1,
        },
    }
    answer = rest.post("/projects/test/instances", params={"alt": "json"}, json=body)
    clock.advance(timedelta(days=1))
    narrow = rest.get("/projects/test/instances/second", params={"fieldMask": "config"})

    assert 200 == answer.status_code
    assert body["instance"]["config"] == narrow.json()["config"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("parameter", "encoding", "state"),
    [
        ("$alt", "json;enum-encoding=int", 2),
        ("alt", "json;enum-encoding=int", 2),
        ("$alt", "json", "READY"),
    ],
)
def test_enums_are_numbers_on_request(
    rest: httpx.Client, parameter: str, encoding: str, state: object
) -> None:
    """Generated clients ask for numbers, people do not."""
    answer = rest.get(f"/{INSTANCE}", params={parameter: encoding})

    assert state == answer.json()["state"]


def test_parameters_of_http_itself_are_accepted(rest: httpx.Client) -> None:
    """Keys, tokens and the like are no fields of a request."""
    names = ("key", "access_token", "oauth_token", "quotaUser", "$.xgafv", "callback", "uploadType")

    assert 200 == rest.get(f"/{INSTANCE}", params=dict.fromkeys(names, "x")).status_code


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("databases.name", {"databases": [{"name": DATABASE}]}),
        ("databases(name,state)", {"databases": [{"name": DATABASE, "state": "READY"}]}),
        ("databases/database_dialect", {"databases": [{"databaseDialect": "GOOGLE_STANDARD_SQL"}]}),
        ("databases(*),nextPageToken/*", None),
        ("nextPageToken", {}),
    ],
)
def test_partial_answers(rest: httpx.Client, fields: str, expected: dict[str, Any] | None) -> None:
    """A selection of fields is what comes; a star stands for all of them."""
    answer = rest.get(f"/{INSTANCE}/databases", params={"fields": fields})

    if expected is None:
        expected = rest.get(f"/{INSTANCE}/databases").json()
    assert expected == answer.json()


def test_a_partial_operation(rest: httpx.Client, clock: ManualClock) -> None:
    """What metadata has is known when it is there, so that any field of it can be selected."""
    name = start_backup(rest, clock).json()["name"]
    answer = rest.get(f"/{name}", params={"$fields": "metadata(database,nothing)"})

    assert {"metadata": {"database": DATABASE}} == answer.json()


def test_refusals_have_googles_form(rest: httpx.Client) -> None:
    """HTTP's number, the text, the name of the code, and typed details."""
    answer = rest.get(f"/{BACKUP}")

    assert 404 == answer.status_code
    assert {
        "error": {
            "code": 404,
            "message": f"Backup not found: {BACKUP}",
            "status": "NOT_FOUND",
            "details": [
                {
                    "@type": f"{TYPES}/google.rpc.ResourceInfo",
                    "resourceType": f"{TYPES}/{PACKAGE}.Backup",
                    "resourceName": BACKUP,
                    "description": "Backup does not exist.",
                }
            ],
        }
    } == answer.json()


def test_names_are_percent_decoded(rest: httpx.Client, rest_emulator: SpannerAdminEmulator) -> None:
    """Any client may encode what it likes in a path; an encoded slash separates nothing."""
    answer = rest.get("/projects/test/instances/%6Dain/databases/ord%65rs")
    slash = rest.get("/projects/test/instances/main/databases/a%2Fb")

    assert DATABASE == answer.json()["name"]
    assert (400, "GetDatabase") == (slash.status_code, rest_emulator.calls[-1].method)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.metadata)
def test_metadata_of_every_kind_can_be_written(kind: OperationKind) -> None:
    """The type of every kind's metadata is where the writer of Any looks for it."""
    name = kind.metadata_type_url.rpartition("/")[2]

    assert descriptor_pool.Default().FindMessageTypeByName(name).full_name == name
