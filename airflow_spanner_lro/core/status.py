# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Status codes as values, and the one place that says which of them pass by themselves.

The numbers are those of ``google.rpc.Code``; they arrive as gRPC status codes, inside exceptions of
google-api-core and inside failed operations. The core may not import gRPC, so it has its own enum.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """A canonical status code (``google/rpc/code.proto``)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


TRANSIENT_CODES = frozenset(
    {
        Code.UNKNOWN,
        Code.DEADLINE_EXCEEDED,
        Code.RESOURCE_EXHAUSTED,
        Code.ABORTED,
        Code.INTERNAL,
        Code.UNAVAILABLE,
    }
)
"""Codes of a *get* or *cancel* that say nothing about the operation, which lives on meanwhile."""


def to_code(number: int) -> Code:
    """Return the code with this number; a number no release knows yet counts as UNKNOWN."""
    try:
        return Code(number)
    except ValueError:
        return Code.UNKNOWN


def code_of(exc: BaseException) -> Code | None:
    """Return the status code an exception carries, or None if it carries none.

    Understands google-api-core's exceptions (``grpc_status_code``, whose value is a pair of number
    and name) without importing them.
    """
    status = getattr(exc, "grpc_status_code", None)
    value = getattr(status, "value", None)
    if isinstance(value, tuple):
        return to_code(value[0])
    return None


def is_transient(exc: BaseException) -> bool:
    """Tell whether asking again later may simply work.

    Also true for google-auth's errors that call themselves retryable, such as a token endpoint
    that could not be reached (``GoogleAuthError.retryable``).
    """
    code = code_of(exc)
    if code is not None:
        return code in TRANSIENT_CODES
    return bool(getattr(exc, "retryable", False))


UNANSWERED_CODES = frozenset(
    {Code.CANCELLED, Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.UNAVAILABLE}
)
"""Codes of a *start* call that leave open whether it has begun anything; any other is a refusal."""


def leaves_unanswered(exc: BaseException) -> bool:
    """Tell whether a start call that ended with this error may have begun something all the same.

    An error without a code is our own, or that of credentials: nothing was sent then.
    """
    return code_of(exc) in UNANSWERED_CODES
