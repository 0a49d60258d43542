# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Status codes: which exception carries which, which are transient, and how errors read."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.rpc import code_pb2

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.status import (
    TRANSIENT_CODES,
    Code,
    ErrorClass,
    classify,
    code_name,
    code_of,
    error_message,
    error_text,
    is_credentials_error,
    is_transient,
    may_have_started,
    to_code,
    was_never_sent,
)

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


PLUGIN = "Getting metadata from plugin failed with error: "
"""How gRPC begins to tell that credentials gave no token."""
IMPERSONATED = "Unable to acquire impersonated credentials"


def answered(code: Code, text: str) -> exceptions.GoogleAPICallError:
    """Return the error of a call that ended with this code and text."""
    error: exceptions.GoogleAPICallError = exceptions.from_grpc_status(code.value, text)
    return error


CLASSES = [
    *(
        (error_of(code), ErrorClass.TRANSIENT)
        for code in (Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.INTERNAL)
    ),
    *(
        (error_of(code), ErrorClass.PERMANENT)
        for code in (
            Code.CANCELLED,
            Code.INVALID_ARGUMENT,
            Code.NOT_FOUND,
            Code.ALREADY_EXISTS,
            Code.PERMISSION_DENIED,
            Code.FAILED_PRECONDITION,
            Code.OUT_OF_RANGE,
            Code.UNIMPLEMENTED,
            Code.DATA_LOSS,
        )
    ),
    # too much, in three ways that have one code
    (
        answered(Code.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Administrative'"),
        ErrorClass.QUOTA,
    ),
    (
        answered(Code.RESOURCE_EXHAUSTED, "CLIENT: Received message larger than max (48 vs. 41)"),
        ErrorClass.PERMANENT,
    ),
    (
        answered(
            Code.RESOURCE_EXHAUSTED, "Stream removed (Sent message larger than max (48 vs. 41))"
        ),
        ErrorClass.PERMANENT,
    ),
    (
        answered(Code.RESOURCE_EXHAUSTED, "Project 1 cannot add 1 nodes in region us-central1"),
        ErrorClass.PERMANENT,
    ),
    (
        answered(
            Code.RESOURCE_EXHAUSTED,
            "Unable to create database 'x' because the instance has already reached the maximum "
            "database limit (100)",
        ),
        ErrorClass.PERMANENT,
    ),
    # credentials, by gRPC
    (answered(Code.UNAVAILABLE, "failed to connect to all addresses"), ErrorClass.TRANSIENT),
    (answered(Code.UNAUTHENTICATED, "Request had invalid"), ErrorClass.CREDENTIALS),
    (
        answered(
            Code.UNAVAILABLE, PLUGIN + "('invalid_grant: Invalid JWT Signature.', {'error': 'x'})"
        ),
        ErrorClass.CREDENTIALS,
    ),
    (
        answered(Code.UNAVAILABLE, PLUGIN + "HTTPSConnectionPool(host='oauth2.googleapis.com'"),
        ErrorClass.TRANSIENT,
    ),
    (
        answered(Code.UNAVAILABLE, f"""{PLUGIN}('{IMPERSONATED}', '{{"code": 403}}')"""),
        ErrorClass.CREDENTIALS,
    ),
    (
        answered(Code.UNAVAILABLE, f"""{PLUGIN}('{IMPERSONATED}', '{{"code": 503}}')"""),
        ErrorClass.TRANSIENT,
    ),
    # credentials, by themselves
    (RefreshError("invalid_grant: expired", {"error": "invalid_grant"}), ErrorClass.CREDENTIALS),
    (RefreshError(IMPERSONATED, '{"error": {"code": 403}}'), ErrorClass.CREDENTIALS),
    (RefreshError(IMPERSONATED, '{"error": {"code": 429}}'), ErrorClass.TRANSIENT),
    (RefreshError("server_error", retryable=True), ErrorClass.TRANSIENT),
    (RefreshError(TransportError("metadata server")), ErrorClass.TRANSIENT),
    (TransportError("no route to host"), ErrorClass.TRANSIENT),
    (
        RefreshError(
            TransportError(
                "Failed to retrieve x from the Google Compute Engine metadata service. Status: 404"
            )
        ),
        ErrorClass.CREDENTIALS,
    ),
    (DefaultCredentialsError("none"), ErrorClass.CREDENTIALS),
    # nobody's
    (ConnectionError("reset"), ErrorClass.PERMANENT),
    (ValueError("a bug"), ErrorClass.PERMANENT),
]


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        pytest.param(exc, expected, id=f"{number} {expected.value} {type(exc).__name__}")
        for number, (exc, expected) in enumerate(CLASSES, start=1)
    ],
)
def test_what_an_error_means_to_whoever_asks_again(
    exc: BaseException, expected: ErrorClass
) -> None:
    """One table says whether the same request, a later one or another client may succeed."""
    assert expected is classify(exc)
    assert expected.retryable == is_transient(exc)
    assert (expected is ErrorClass.CREDENTIALS) == is_credentials_error(exc)


@pytest.mark.parametrize(
    ("exc", "unanswered"),
    [
        pytest.param(answered(Code.UNAVAILABLE, "Socket closed"), True, id="lost"),
        pytest.param(answered(Code.UNAVAILABLE, PLUGIN + "('invalid_grant')"), False, id="grant"),
        pytest.param(answered(Code.UNAVAILABLE, PLUGIN + "no route"), False, id="no token"),
        pytest.param(RefreshError("invalid_grant"), False, id="no token, by itself"),
        pytest.param(answered(Code.RESOURCE_EXHAUSTED, "Quota exceeded"), False, id="quota"),
        pytest.param(
            answered(Code.RESOURCE_EXHAUSTED, "Received message larger than max (5 vs. 4)"),
            True,
            id="an answer that is too long",
        ),
        pytest.param(
            answered(Code.RESOURCE_EXHAUSTED, "SERVER: Received message larger than max (5 vs. 4)"),
            False,
            id="a request that is too long there",
        ),
        pytest.param(
            answered(Code.RESOURCE_EXHAUSTED, "CLIENT: Sent message larger than max (5 vs. 4)"),
            False,
            id="a request that is too long here",
        ),
    ],
)
def test_whether_a_start_call_may_have_begun_something(
    exc: BaseException, unanswered: bool
) -> None:
    """A call that was never sent has begun nothing; one whose answer nobody read may have."""
    assert unanswered is may_have_started(exc)


@pytest.mark.parametrize(
    ("exc", "unsent"),
    [
        pytest.param(RefreshError("invalid_grant"), True, id="refused"),
        pytest.param(TransportError("no route"), True, id="no token endpoint"),
        pytest.param(answered(Code.UNAVAILABLE, PLUGIN + "x"), True, id="told by gRPC"),
        pytest.param(answered(Code.UNAVAILABLE, "Socket closed"), False, id="lost"),
        pytest.param(answered(Code.UNAUTHENTICATED, "no"), False, id="refused by Spanner"),
        pytest.param(ValueError("a bug"), False, id="another error"),
    ],
)
def test_what_was_never_sent(exc: BaseException, unsent: bool) -> None:
    """Without a token there is no call."""
    assert unsent is was_never_sent(exc)


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        pytest.param(
            exceptions.from_grpc_status(Code.UNAVAILABLE.value, "Socket closed."),
            "UNAVAILABLE: Socket closed",
            id="Google's",
        ),
        pytest.param(
            exceptions.from_grpc_status(Code.INTERNAL.value, ""), "INTERNAL: 500", id="no text"
        ),
        pytest.param(TransportError("no route"), "TransportError: no route", id="credentials"),
        pytest.param(
            RefreshError("invalid_grant: expired"),
            "RefreshError: invalid_grant: expired",
            id="credentials, refused",
        ),
        pytest.param(
            UnusableConnectionError("The connection x does not exist."),
            "The connection x does not exist",
            id="of this package",
        ),
        pytest.param(KeyError("name"), "KeyError: 'name'", id="another"),
        pytest.param(TimeoutError(), "TimeoutError", id="nothing said"),
    ],
)
def test_an_error_says_what_kind_it_is_and_what_it_means(exc: Exception, text: str) -> None:
    """The code comes first; no full stop ends it, because a sentence goes on behind it."""
    assert text == error_text(exc)
    assert text.endswith(error_message(exc))


def test_the_name_of_trouble_does_not_vary_with_its_text() -> None:
    """A line about trouble is told once, as long as its name stays the same."""
    one, other = (exceptions.ServiceUnavailable(text) for text in ("one", "other"))

    assert code_name(one) == code_name(other)
    assert "TransportError" == code_name(TransportError("x"))
