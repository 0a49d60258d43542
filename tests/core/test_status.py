# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Status codes: which exception carries which, and which of them pass by themselves."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.rpc import code_pb2

from airflow_spanner_lro.core.status import TRANSIENT_CODES, Code, code_of, is_transient, to_code

TRANSIENT = {
    Code.UNKNOWN,
    Code.DEADLINE_EXCEEDED,
    Code.RESOURCE_EXHAUSTED,
    Code.ABORTED,
    Code.INTERNAL,
    Code.UNAVAILABLE,
}


class StrangeError(Exception):
    """An error whose status is of another form."""

    grpc_status_code = "UNAVAILABLE"


def error_of(code: Code) -> exceptions.GoogleAPICallError:
    """Return the exception that google-api-core makes of a gRPC status."""
    error: exceptions.GoogleAPICallError = exceptions.from_grpc_status(code.value, "text")
    return error


def test_the_codes_are_googles() -> None:
    """Names and numbers are those of google.rpc.Code, all of them."""
    assert dict(code_pb2.Code.items()) == {code.name: code.value for code in Code}


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_a_code_is_read_from_googles_exception(code: Code) -> None:
    """The exception for a code carries that code."""
    assert code is code_of(error_of(code))


@pytest.mark.parametrize(
    "exc",
    [
        pytest.param(ValueError("no status"), id="another exception"),
        pytest.param(exceptions.GoogleAPIError("none"), id="Google's, without a status"),
        pytest.param(exceptions.BadGateway("HTTP only"), id="HTTP only"),
        pytest.param(TransportError("no token"), id="credentials"),
        pytest.param(StrangeError(), id="a status of another form"),
    ],
)
def test_an_exception_without_a_status_has_no_code(exc: Exception) -> None:
    """What is not told is not guessed."""
    assert code_of(exc) is None


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_what_is_transient(code: Code) -> None:
    """K9 lists the codes that pass by themselves; no other does."""
    assert (code in TRANSIENT) == is_transient(error_of(code))
    assert TRANSIENT == TRANSIENT_CODES


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        pytest.param(TransportError("unreachable", retryable=True), True, id="retryable"),
        pytest.param(RefreshError("overloaded", retryable=True), True, id="refresh, retryable"),
        pytest.param(RefreshError("revoked"), False, id="refresh, for good"),
        pytest.param(DefaultCredentialsError("none"), False, id="no credentials"),
        pytest.param(ConnectionError("reset"), False, id="another library's"),
    ],
)
def test_without_a_code_the_exception_says_itself(exc: Exception, expected: bool) -> None:
    """Errors of google-auth know whether they are worth a retry; others are not."""
    assert expected is is_transient(exc)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(0, Code.OK, id="first"),
        pytest.param(16, Code.UNAUTHENTICATED, id="last"),
        pytest.param(17, Code.UNKNOWN, id="later release"),
        pytest.param(-1, Code.UNKNOWN, id="negative"),
    ],
)
def test_a_number_is_always_some_code(number: int, expected: Code) -> None:
    """A code that this release does not know is UNKNOWN, not an error."""
    assert expected is to_code(number)
