# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How long a deferrable task waits on its worker first, and how often it polls meanwhile.

Most operations of some kinds end within seconds. A deferral then costs more than the wait: the task
goes through the triggerer and the scheduler again and needs a second worker, and Airflow 3.3.2 may
fail a task that is resumed while the executor still reports the end of the worker that deferred it.

Requests on a worker are counted by no budget, so they are few: each waits for ten times the delay
that is worth one elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import (
    CREATE_DATABASE,
    UPDATE_DATABASE,
    UPDATE_DATABASE_DDL,
    UPDATE_INSTANCE,
    UPDATE_INSTANCE_CONFIG,
    UPDATE_INSTANCE_PARTITION,
)
from airflow_spanner_lro.core.polling.policy import LONGEST_WORKER_WAIT

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind

USUALLY_QUICK = frozenset(
    {
        CREATE_DATABASE,
        UPDATE_DATABASE,
        UPDATE_DATABASE_DDL,
        UPDATE_INSTANCE,
        UPDATE_INSTANCE_CONFIG,
        UPDATE_INSTANCE_PARTITION,
    }
)
"""Kinds of which most operations take seconds, though a single one may take hours."""
PATIENCE = 10.0
"""How many times the usual expected delay a request has to save: eight requests in 15 seconds."""


def seconds_on_worker(
    kind: OperationKind, *, given: float | None, usual: float, deferrable: bool
) -> float:
    """Return for how long a task waits on its worker before it defers; 0 to defer at once.

    :param given: what the operator's author wants, whatever the kind
    :param usual: what the configuration says of kinds that are usually quick
    :raises InvalidArgumentError: if what is given is no number of seconds within bounds
    """
    if given is not None and not _is_wait(given):
        raise InvalidArgumentError(
            field="worker_wait",
            value=given,
            rule=f"it is a number of seconds, at least 0 and at most {LONGEST_WORKER_WAIT:g}",
        )
    if not deferrable:
        return 0.0
    if given is not None:
        return float(given)
    return usual if kind in USUALLY_QUICK else 0.0


def _is_wait(seconds: object) -> bool:
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return number and 0 <= seconds <= LONGEST_WORKER_WAIT  # type: ignore[operator]  # it is a number
