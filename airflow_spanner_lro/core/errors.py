# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The errors of this package, and those that are about no operation.

Each has what a person needs: which operation, what happened, what to do now::

    SpannerLroError
    ├── InvalidArgumentError (ValueError)    an argument that breaks a documented rule
    │   └── InvalidNameError                 ... a resource name or id that cannot be parsed
    ├── SettingsError (ValueError)           options of Airflow's configuration that cannot be used
    ├── UnusableConnectionError              no usable connection, project or endpoint
    ├── ConnectionUnreadableError            Airflow cannot read the connection, for now
    ├── UnavailableError                     nobody answers at the endpoint, for now
    ├── NoRowsError                          the endpoint answers no queries
    ├── RestoreDrillFailedError              a restored database is not what it should be
    │
    │   about an operation or what it makes, in operations/errors.py:
    ├── OperationFailedError                 done, with an error; carries the snapshot
    │   └── OperationCancelledError          ... with code CANCELLED
    ├── OperationTimeoutError                our deadline passed; says what became of the operation
    ├── OperationKilledError                 the task was killed; says what became of the operation
    ├── KilledBeforeStartError               the task was killed before anything was started
    ├── KilledBeforeDeliveryError            the task was killed before it delivered its result
    ├── NothingStartedError                  out of time before the start call
    ├── StartUnansweredError                 out of time before the start call was answered
    ├── RefusedForNowError                   Spanner does not do it yet; waited out
    ├── CancelNotSettledError                cancellation asked for, not confirmed
    ├── OperationGoneError                   Spanner does not know the operation any more
    ├── OperationRunningError                its record cannot be deleted yet
    ├── EndedByOthersError                   somebody else has ended this try
    ├── ResumeConflictError                  what is there is not provably this task's work
    │   ├── TargetExistsError                ... it was there before
    │   ├── ResourceDiffersError             ... nor is it what was asked for; says in what
    │   ├── AmbiguousStartError              ... several operations may be this task's
    │   ├── PresumedOperationRunningError    ... the request has changed meanwhile
    │   └── OperationPredatesRunError        ... it began before the Dag run
    ├── StatementsChangedError               a schema change is done; its Dag wants another by now
    ├── UnknownEventError                    a trigger of another release has fired
    ├── UnexpectedStateError                 done without error, but the resource says otherwise
    │
    │   about waiting for a slot, in flows/limits.py:
    ├── LimitReachedError                    as many of these operations run as Spanner allows
    ├── SlotWaitEndedError                   gave up waiting for such a slot; nothing was started
    │
    │   about Spanner Omni, in omni.py:
    └── NotOnOmniError                       an UnusableConnectionError: Omni does not serve this

They are plain exceptions: in Airflow 3 nothing needs to inherit ``AirflowException``, and the core
may not import it. Google's own exceptions propagate as they are unless we add knowledge; then the
original is the cause. Only ``error_mapping.py`` decides which of them no retry can cure.
"""

from __future__ import annotations

_LONGEST = 300
"""How many characters of a value an error shows."""
_HANDSHAKE = ("handshake", "certificate", "ssl_")
"""What gRPC's words have where a connection was made and TLS was not, in small letters."""
_CLOSED = "socket closed"
"""What they are where the server does not say why it does not go on."""


class SpannerLroError(Exception):
    """Any error that this package itself raises."""


class InvalidArgumentError(SpannerLroError, ValueError):
    """An argument breaks a documented rule; nothing was sent."""

    def __init__(self, *, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}={_shown(value)} is not usable: {rule}")
        self.field = field
        self.value = value
        self.rule = rule


def _shown(value: object) -> str:
    # a text of statements, or a hundred labels, would bury the rule
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class InvalidNameError(InvalidArgumentError):
    """A resource name, or one id in it, does not follow Spanner's pattern."""


class SettingsError(SpannerLroError, ValueError):
    """Options of ``[spanner_lro]`` break a rule, or are none; the message names all of them.

    :param problems: what is wrong, a sentence for each option
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class UnusableConnectionError(SpannerLroError):
    """There is no usable way to reach Spanner; the message says what is missing and where."""


class ConnectionUnreadableError(SpannerLroError):
    """Airflow could not read a connection that may well exist; a retry may help."""

    def __init__(self, conn_id: str, *, why: str) -> None:
        super().__init__(
            f"Connection unreadable: gcp_conn_id={conn_id!r} could not be read just now "
            f"({why.rstrip('.')}). Check the secrets backend and the api-server; it is tried again."
        )


class UnavailableError(SpannerLroError):
    """Nobody answers at the endpoint, or says that it cannot just now; a retry may help."""

    def __init__(self, server_text: str) -> None:
        said = server_text.lower()
        check = (
            "Check the network, and where the endpoint comes from: the connection's extra "
            "spanner_endpoint, else SPANNER_EMULATOR_HOST, else Google's own."
        )
        if any(each in said for each in _HANDSHAKE):
            check = (
                "Client and server do not agree on TLS: check whether the endpoint speaks it, and "
                "for Spanner Omni the file spanner_ca_certificate of the connection, by which the "
                "server is known."
            )
        elif _CLOSED in said:
            check += (
                " A server that wants TLS, or a client certificate that it trusts, says no more "
                "than this: for Spanner Omni check the file spanner_client_certificate as well."
            )
        super().__init__(f"Spanner is unavailable: {server_text.rstrip('.')}. {check}")


class NoRowsError(SpannerLroError):
    """The endpoint answers no queries, as an emulator without rows does."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"No rows: {target} answers no queries, so nothing can be counted or compared. An "
            "emulator has rows when it is started with --data; without them a drill can check the "
            "schema (SchemaCheck)."
        )
