# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Stopping an operation on hearsay: whoever does it does not wait for the operation itself.

The task may have seen the operation's end already and succeeded, and all that is known here is
that the task has ended. What it made then is its result and must not be cleaned up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.commands import Get, Sleep
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop, trouble_in_words
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.status import is_transient

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.flows.policy import CancelPolicy
    from airflow_spanner_lro.core.names import OperationName


def stop_unless_done(
    *, name: OperationName, policy: CancelPolicy, cleans_up: bool
) -> Flow[OperationSnapshot | Settlement]:
    """Stop an operation that still runs; one that is done is left as it is, and returned.

    Nothing is cancelled before it was looked at, so trouble that passes is waited out. Where a look
    is not possible at all, the operation is cancelled, but nothing is deleted.
    """
    trouble: Exception | None = None
    try:
        for delay in policy.delays():
            match (yield Get(name)):
                case OperationSnapshot(done=True) as snapshot:
                    return snapshot
                case OperationSnapshot():
                    return (yield from stop(name=name, policy=policy, cleans_up=cleans_up))
                case Exception() as exc if not is_transient(exc):
                    return (yield from stop(name=name, policy=policy, cleans_up=False))
                case Exception() as exc:
                    trouble = exc
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    detail = trouble_in_words(trouble) if trouble else ""
    return Settlement(name=name, ending=Ending.NOT_SENT, detail=detail)
