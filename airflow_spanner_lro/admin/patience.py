# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Asking once more: for single calls beside the flows, which have a patience of their own.

For calls that change nothing. A start call is never simply made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.core.error_text import error_text
from airflow_spanner_lro.core.flows.policy import CancelPolicy, counts
from airflow_spanner_lro.core.status import ErrorClass, classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.ports import Clock

T = TypeVar("T")


def patiently(
    call: Callable[[], T],
    *,
    clock: Clock,
    patience: float,
    tell: Callable[[str], None] | None = None,
    quota_counts: bool = False,
) -> T:
    """Make a call until it is answered, and return the answer; errors that pass are waited out.

    Any other error propagates.

    :param patience: seconds after which an error that may pass counts all the same
    :param tell: says once that the answer is being waited for
    :param quota_counts: that too many requests were made propagates, for who waits it out better
    :raises WaitStoppedError: if the clock is stopped meanwhile
    """
    waited = 0.0
    for delay in CancelPolicy().delays():
        try:
            return call()
        except Exception as exc:
            if counts(exc, silence=waited, patience=patience):
                raise
            if quota_counts and classify(exc) is ErrorClass.QUOTA:
                raise
            if tell and not waited:
                tell(f"Spanner is not answering ({error_text(exc)}); asking again.")
        clock.sleep(delay)
        waited += delay
    message = "a policy's delays have no end"
    raise AssertionError(message)
