# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Bodies of refusals over REST: whatever the details are, they are JSON, and nothing is lost."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.http.responses import write_error
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    import httpx
    from google.protobuf.message import Message

TYPES = "type.googleapis.com"


def details_of(*details: Message) -> list[dict[str, Any]]:
    """Return the details of a refusal as a client gets them."""
    error = RpcError(Code.INVALID_ARGUMENT, "It is wrong.", *details)
    body = json.loads(write_error(error, status=400))
    found: list[dict[str, Any]] = body["error"].get("details", [])
    return found


def test_a_refused_request_has_its_violation(rest: httpx.Client) -> None:
    """Field and description are those of gRPC, line breaks included."""
    answer = rest.get("/projects/p/instances/Main/databases")

    error = answer.json()["error"]
    assert (400, "Invalid ListDatabases request.") == (answer.status_code, error["message"])
    (detail,) = error["details"]
    (violation,) = detail["fieldViolations"]
    assert (f"{TYPES}/google.rpc.BadRequest", "parent") == (detail["@type"], violation["field"])
    assert [
        "Expected projects/{project ID}/instances/{instance ID}",
        "Got: projects/p/instances/Main",
    ] == violation["description"].split("\n")[:2]


def test_a_refusal_without_details_has_none(rest: httpx.Client) -> None:
    """An empty list is left out, as everything empty is."""
    answer = rest.get(f"/{DATABASE}/operations/none")

    assert {"code", "message", "status"} == set(answer.json()["error"])
    assert [] == details_of()


def test_a_detail_of_an_unknown_type_is_shown_as_its_bytes() -> None:
    """What another server has packed may be of any type, and the rest is told all the same."""
    unknown = any_pb2.Any(type_url=f"{TYPES}/no.such.Detail", value=b"\x00\xff")
    known = error_details_pb2.ResourceInfo(description="Instance does not exist.")

    assert [
        {"@type": unknown.type_url, "value": base64.b64encode(unknown.value).decode()},
        {"@type": f"{TYPES}/google.rpc.ResourceInfo", "description": known.description},
    ] == details_of(unknown, known)


@pytest.mark.parametrize("type_url", ["", "x", f"{TYPES}/", f"{TYPES}/google.rpc.BadRequest"])
def test_a_detail_that_cannot_be_read_is_shown_as_its_bytes(type_url: str) -> None:
    """Neither a type without a name nor broken bytes make a bug of a refusal."""
    (shown,) = details_of(any_pb2.Any(type_url=type_url, value=b"\x0a\xff"))

    assert {"@type": type_url, "value": "Cv8="} == shown


@pytest.mark.parametrize(
    "path",
    [f"/{DATABASE}/", f"/{INSTANCE}/databases/", f"//{DATABASE}", "/projects/test/instances/"],
)
def test_a_path_with_a_slash_too_many_leads_nowhere(rest: httpx.Client, path: str) -> None:
    """No segment of a path is empty, as with Google's own servers."""
    answer = rest.get(path)

    assert (404, "NOT_FOUND") == (answer.status_code, answer.json()["error"]["status"])
