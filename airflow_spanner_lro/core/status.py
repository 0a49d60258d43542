# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Status codes, what an error means to whoever asks again, and how it reads inside a sentence.

The numbers are those of ``google.rpc.Code``; they arrive as gRPC status codes, inside exceptions of
google-api-core and inside failed operations. The core may not import gRPC, so it has its own enum.
Every log line and every error that quotes another one quotes it by the functions here, so the same
trouble looks the same wherever it is met.
"""

from __future__ import annotations

import re
from enum import Enum, IntEnum

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.text import shorten


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
"""Codes that may pass by themselves. What an error means its text decides too: ``classify``."""


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


class ErrorClass(Enum):
    """What an error means to whoever asks again: the one decision that everything else follows.

    === ================= ============================================= ==========================
        class             for example                                   the same request again
    === ================= ============================================= ==========================
    1   ``TRANSIENT``     UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, a   soon
                          token endpoint that cannot be reached
    2   ``QUOTA``         RESOURCE_EXHAUSTED: too many requests         after a pause that grows
    3   ``CREDENTIALS``   UNAUTHENTICATED, ``invalid_grant``            with another client only
    4   ``PERMANENT``     NOT_FOUND, a message larger than a limit, as  never helps by itself
                          many nodes or databases as there may be
    === ================= ============================================= ==========================
    """

    TRANSIENT = "transient"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    PERMANENT = "permanent"

    @property
    def retryable(self) -> bool:
        """Whether asking again later, in the same way, may simply work."""
        return self in {ErrorClass.TRANSIENT, ErrorClass.QUOTA}


_OVERSIZED = "larger than max"
"""gRPC's own limit of a message's length; it has the status code of a quota (grpc 1.x)."""
_BY_SERVER = "server:"
_NO_ROOM = ("cannot add", "has already reached the maximum", "has reached its limit")
"""Limits of what there may be, such as nodes, which Spanner tells with the code of a quota too."""
_FROM_PLUGIN = "from plugin failed"
"""How gRPC tells that credentials gave no token: the code is UNAVAILABLE, whatever the reason."""
_REFUSED_GRANT = re.compile(
    r"invalid_grant|invalid_client|unauthorized_client|access_denied|invalid_scope"
    r"|deleted_client|disabled_client|unable to acquire impersonated credentials|reauthentication"
    r"|metadata service\. status: 40[0-7]"
)
"""Answers of a token endpoint that stay: OAuth's codes, and what google-auth says itself."""
_OVERLOADED = re.compile(r"""\\*["']code\\*["']:\s*(429|5\d\d)""")
"""An answer of the service that impersonates, quoted in an error, that says: later."""


def classify(exc: BaseException) -> ErrorClass:
    """Tell what an error means to whoever asks again.

    Understands google-api-core's errors by their code, and google-auth's, which have none, by
    ``retryable``. A client library that is not loaded cannot have raised anything, so the core
    knows both by what they carry and imports neither.
    """
    code, text = code_of(exc), str(exc).lower()
    if code is None:
        return _of_credentials(exc, text)
    if code is Code.UNAUTHENTICATED or (_FROM_PLUGIN in text and _is_refused(text)):
        return ErrorClass.CREDENTIALS
    if code is Code.RESOURCE_EXHAUSTED:
        permanent = _OVERSIZED in text or any(each in text for each in _NO_ROOM)
        return ErrorClass.PERMANENT if permanent else ErrorClass.QUOTA
    return ErrorClass.TRANSIENT if code in TRANSIENT_CODES else ErrorClass.PERMANENT


def _of_credentials(exc: BaseException, text: str) -> ErrorClass:
    retryable = getattr(exc, "retryable", None)
    if not isinstance(retryable, bool):
        return ErrorClass.PERMANENT
    # google-auth does not call it retryable when the network fails below it
    unreachable = any(
        base.__name__ == "TransportError"
        for each in (exc, *exc.args)
        for base in type(each).__mro__
    )
    if retryable or ((unreachable or _OVERLOADED.search(text)) and not _is_refused(text)):
        return ErrorClass.TRANSIENT
    return ErrorClass.CREDENTIALS


def _is_refused(text: str) -> bool:
    """Tell whether a token was refused for good, from what an error says in lower case."""
    return bool(_REFUSED_GRANT.search(text)) and not _OVERLOADED.search(text)


def is_transient(exc: BaseException) -> bool:
    """Tell whether asking again later may simply work."""
    return classify(exc).retryable


def is_credentials_error(exc: BaseException) -> bool:
    """Tell whether whoever asks is refused, so that only a client with other credentials helps."""
    return classify(exc) is ErrorClass.CREDENTIALS


def was_never_sent(exc: BaseException) -> bool:
    """Tell whether a call ended before it was sent, because credentials gave no token for it."""
    if code_of(exc) is None:
        return isinstance(getattr(exc, "retryable", None), bool)
    return _FROM_PLUGIN in str(exc).lower()


MAY_HAVE_STARTED_CODES = frozenset(
    {Code.CANCELLED, Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.UNAVAILABLE}
)
"""Codes of a *start* call that leave open whether it has begun anything; any other is a refusal."""


def may_have_started(exc: BaseException) -> bool:
    """Tell whether a start call that ended with this error may have begun something all the same.

    An error without a code is our own, or that of credentials: nothing was sent then. An answer
    that was too long for this client is one that nobody has read.
    """
    code, text = code_of(exc), str(exc).lower()
    if code is Code.RESOURCE_EXHAUSTED and _OVERSIZED in text:
        return "received" in text and _BY_SERVER not in text
    return code in MAY_HAVE_STARTED_CODES and not was_never_sent(exc)


_LAST_LINK = "; last error: "
_ADDRESS_FAMILY = re.compile(r"^UNKNOWN: (?:ipv[46]:)?")
"""How gRPC begins what it says of an address: ``UNKNOWN: ipv4:127.0.0.1:9: Failed …``."""


def error_message(exc: BaseException) -> str:
    """Return what an error says, without its code and without a full stop at the end.

    Google's errors begin their own text with a number of HTTP, which nobody here knows, and gRPC's
    are chains of which only the last link says what happened. Spanner refuses a request without a
    word on what is wrong with it, ``Invalid CreateInstance request.``: that is in the details.
    """
    text = str(getattr(exc, "message", "") or exc).rpartition(_LAST_LINK)[2]
    text = _ADDRESS_FAMILY.sub("", text).rstrip(_END)
    found = "; ".join(field_violations(exc, unless_in=text))
    return f"{text}: {found}" if found else text or type(exc).__name__


_END = ". \n"
_LONGEST_VIOLATION = 400
_MOST_VIOLATIONS = 5


def field_violations(exc: BaseException, *, unless_in: str = "") -> list[str]:
    """Return what an error says is wrong with a request: ``backup_id: must be 2-60 characters``.

    :param exc: the error; ``google.rpc.BadRequest`` among its details is known by what it carries
    :param unless_in: a text that need not be repeated
    """
    details = getattr(exc, "details", ())
    # gRPC's own errors have a method of this name
    if not isinstance(details, list | tuple):
        return []
    violations = [each for detail in details for each in getattr(detail, "field_violations", ())]
    told = []
    for each in violations[:_MOST_VIOLATIONS]:
        # Spanner's go over several lines: what was expected, what came, and why
        description = shorten(each.description, length=_LONGEST_VIOLATION).rstrip(_END)
        if description and description not in " ".join(unless_in.split()):
            told.append(f"{each.field}: {description}" if each.field else description)
    if len(violations) > _MOST_VIOLATIONS:
        told.append(f"and {len(violations) - _MOST_VIOLATIONS} more")
    return told


def code_name(exc: BaseException) -> str:
    """Return the name of an error's code; where it has none, the name of its class.

    The same trouble has the same name, however its text varies: *UNAVAILABLE*, *RefreshError*.
    """
    code = code_of(exc)
    return code.name if code else type(exc).__name__


def error_text(exc: BaseException) -> str:
    """Return what kind of error it is and what it says: ``UNAVAILABLE: Socket closed``.

    Errors of this package are sentences already, and say no class.
    """
    text, name = error_message(exc), code_name(exc)
    if text == name or isinstance(exc, SpannerLroError):
        return text
    return f"{name}: {text}"
