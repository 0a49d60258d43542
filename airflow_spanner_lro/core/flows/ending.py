# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Stopping an operation on hearsay: whoever does it does not wait for the operation itself.

The task may have seen the operation's end already and succeeded, and all that is known here is
that the task has ended. What it made then is its result and must not be cleaned up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.commands import Get
from airflow_spanner_lro.core.flows.operation import stop
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.flows.policy import CancelPolicy
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement


def stop_unless_done(
    *, name: OperationName, policy: CancelPolicy, cleans_up: bool
) -> Flow[OperationSnapshot | Settlement]:
    """Stop an operation that still runs; one that is done is left as it is, and returned.

    One look only: when it fails, the operation is cancelled, but nothing is deleted.
    """
    seen = yield Get(name)
    if not isinstance(seen, OperationSnapshot):
        return (yield from stop(name=name, policy=policy, cleans_up=False))
    if seen.done:
        return seen
    return (yield from stop(name=name, policy=policy, cleans_up=cleans_up))
