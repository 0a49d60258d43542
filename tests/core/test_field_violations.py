# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner says is wrong with a request is in the details of its error, and people read it."""

from __future__ import annotations

import grpc
import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from airflow_spanner_lro.core.status import ErrorClass, classify, error_message, error_text

HEADLINE = "Invalid CreateInstance request."
DISPLAY_NAME = "Display name must be between 4-30 characters long. Got: abc"
"""As googleapis/google-cloud-java#6421 shows it."""


def refused(*pairs: tuple[str, str], message: str = HEADLINE) -> exceptions.InvalidArgument:
    """Return a refusal with field violations."""
    details = error_details_pb2.BadRequest()
    for field, description in pairs:
        details.field_violations.add(field=field, description=description)
    return exceptions.InvalidArgument(message, details=[details])


def test_a_refusal_says_what_is_wrong() -> None:
    """Spanner's text names the request only; the field and the reason stand behind it."""
    refusal = refused(("instance.display_name", DISPLAY_NAME))

    expected = f"Invalid CreateInstance request: instance.display_name: {DISPLAY_NAME}"
    assert expected == error_message(refusal)
    assert f"INVALID_ARGUMENT: {expected}" == error_text(refusal)


def test_several_mistakes_are_told_in_one_line() -> None:
    """Descriptions of several lines, and several of them, make one sentence each."""
    refusal = refused(
        ("name", "Expected projects/{project ID}\nGot: p\nError: Invalid uri: `p`."),
        ("", "Too many labels."),
    )

    assert (
        "Invalid CreateInstance request: name: Expected projects/{project ID} Got: p "
        "Error: Invalid uri: `p`; Too many labels"
    ) == error_message(refusal)


def test_nothing_is_said_twice() -> None:
    """The transcoder's errors repeat in their details what their text says."""
    message = "Invalid value at 'backup.expire_time' (type.googleapis.com/x), 86400"

    assert message == error_message(refused(("backup.expire_time", message), message=message))


def test_a_thousand_violations_are_no_page() -> None:
    """The first few are shown, and how many there are; long ones are cut."""
    refusal = refused(*((f"labels[{number}]", "x" * 10_000) for number in range(1_000)))

    text = error_message(refusal)

    assert text.endswith("; and 995 more")
    assert len(text) < 2_500


@pytest.mark.parametrize(
    "details",
    [
        [],
        [error_details_pb2.ResourceInfo(description="Instance does not exist.")],
        [error_details_pb2.BadRequest()],
        [error_details_pb2.BadRequest(field_violations=[{"field": "name"}])],
        ["a text"],
    ],
)
def test_other_details_change_nothing(details: list[object]) -> None:
    """Whatever else is in the details, the text is what it was."""
    refusal = exceptions.InvalidArgument(HEADLINE, details=details)

    assert HEADLINE.rstrip(".") == error_message(refusal)


def test_an_error_of_grpc_itself_is_read_as_before() -> None:
    """There, ``details`` is a method."""

    class Refusal(grpc.RpcError):
        def details(self) -> str:
            return "text"

        def __str__(self) -> str:
            return "Socket closed."

    assert "Socket closed" == error_message(Refusal())


def test_a_refused_request_is_permanent() -> None:
    """However its violations are worded, asking again does not help."""
    refusal = refused(("instance", "UNAVAILABLE: cannot add; invalid_grant"))

    assert ErrorClass.PERMANENT is classify(refusal)
