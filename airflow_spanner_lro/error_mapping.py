# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Map errors that no retry can cure to ``AirflowFailException``, with what to do about each.

Whatever a task fails with, its log also says where that is explained, in a line before the error:
the error itself stays short enough to be read where Airflow cuts it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferralTimeout

from airflow_spanner_lro.core.errors import (
    InvalidArgumentError,
    NoRowsError,
    SettingsError,
    SpannerLroError,
    UnavailableError,
    UnusableConnectionError,
)
from airflow_spanner_lro.core.flows.limits import SlotWaitEndedError
from airflow_spanner_lro.core.ledger.record import LedgerUnreadableError
from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeDeliveryError,
    KilledBeforeStartError,
    NothingStartedError,
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
    RefusedForNowError,
    ResumeConflictError,
)
from airflow_spanner_lro.core.status import Code, code_of, error_message, is_credentials_error

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

TROUBLESHOOTING = (
    "https://github.com/airflow-spanner-lro/airflow-spanner-lro/blob/main/docs/troubleshooting.md"
)
"""The page that has an entry for each error, under its name in lower case."""

_ADVICE = {
    Code.INVALID_ARGUMENT: "Correct the argument.",
    Code.OUT_OF_RANGE: "Correct the argument.",
    Code.NOT_FOUND: "Check project, instance and id; what is named must exist.",
    Code.ALREADY_EXISTS: "Choose another id, or delete the existing one first.",
    Code.PERMISSION_DENIED: (
        "Grant the connection's account the missing permission; docs: Connections and IAM."
    ),
    Code.UNAUTHENTICATED: "Check the credentials of the connection.",
    Code.UNIMPLEMENTED: "The endpoint does not support this.",
}
"""Codes of a refused call that stay however often one asks, with what a person can do."""

_EXPLAINED = frozenset({*_ADVICE, Code.FAILED_PRECONDITION, Code.RESOURCE_EXHAUSTED})
"""Codes of a refused call that the documentation has an entry for."""

_PERMANENT_FAILURES = frozenset({Code.INVALID_ARGUMENT, Code.OUT_OF_RANGE})
"""Codes of an operation that was accepted and then failed, where a new one would fail likewise.

Other codes tell what happened to that one operation: what it met or missed, such as a resource that
another made or deleted meanwhile, may be otherwise for the next.
"""

_OUT_OF_TIME = (
    NothingStartedError,
    OperationTimeoutError,
    RefusedForNowError,
    TaskDeferralTimeout,
    SlotWaitEndedError,
)

_PERMANENT = (
    UnusableConnectionError,
    InvalidArgumentError,
    LedgerUnreadableError,
    ResumeConflictError,
    SettingsError,
    NoRowsError,
)

_NOTHING_TO_DO = (KilledBeforeDeliveryError, KilledBeforeStartError)
"""Somebody has ended the task, and nothing is left of it."""


def troubleshooting_link(exc: BaseException) -> str:
    """Return where the documentation explains an error; empty if there is nothing to explain."""
    if isinstance(exc, SpannerLroError):
        return (
            ""
            if isinstance(exc, _NOTHING_TO_DO)
            else f"{TROUBLESHOOTING}#{type(exc).__name__.lower()}"
        )
    code = Code.UNAUTHENTICATED if is_credentials_error(exc) else code_of(exc)
    return f"{TROUBLESHOOTING}#{code.name.lower()}" if code in _EXPLAINED else ""


@contextmanager
def map_errors() -> Iterator[None]:
    """Turn errors that no retry can cure into ``AirflowFailException``; let others pass.

    An endpoint that does not answer passes too, with a word on what to check.

    An operation that was cancelled is no such error: somebody ended it, and a retry starts anew.
    """
    try:
        with _mapped():
            yield
    except AirflowSkipException:
        # whoever asked for that sees no failure
        raise
    except Exception as exc:
        # of an error that was mapped the cause is what the documentation knows
        explained = exc if isinstance(exc, SpannerLroError) else exc.__cause__ or exc
        if link := troubleshooting_link(explained):
            log.error("What this means, and what to do: %s", link)  # noqa: TRY400  # it is raised
        raise


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except _PERMANENT as exc:
        raise AirflowFailException(str(exc)) from exc
    except OperationFailedError as exc:
        code = exc.snapshot.error.code if exc.snapshot.error else None
        if isinstance(exc, OperationCancelledError) or code not in _PERMANENT_FAILURES:
            raise
        raise AirflowFailException(str(exc.advising(_ADVICE[code]))) from exc
    except Exception as exc:
        code = code_of(exc)
        if code is Code.UNAVAILABLE and not is_credentials_error(exc):
            raise UnavailableError(error_message(exc)) from exc
        if code is None:
            raise
        advice = _ADVICE.get(Code.UNAUTHENTICATED if is_credentials_error(exc) else code)
        if advice is None:
            raise
        message = f"Spanner answered {code.name}: {error_message(exc)}. {advice}"
        raise AirflowFailException(message) from exc


@contextmanager
def skip_when_late(*, soft: bool) -> Iterator[None]:
    """Turn the end of a task's time into ``AirflowSkipException``, as soft sensors do.

    An operation that goes on although it was to be cancelled is a failure all the same.

    :param soft: whether to do that; otherwise this changes nothing
    """
    try:
        yield
    except _OUT_OF_TIME as exc:
        settlement = getattr(exc, "settlement", None)
        if not soft or (settlement and not settlement.settled):
            raise
        raise AirflowSkipException(str(exc)) from exc
