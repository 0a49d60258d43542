# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a trigger that is told to kill may cancel: one pure decision.

Airflow 3.3.2 calls ``on_kill`` not only when a user acts on a deferred task, but also when a
stalled triggerer comes back after its triggers were given to another one, and for a cleared task
only after its next try may have adopted the operation. The state of the task and the record of who
owns the operation tell these apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry


class KillDecision(StrEnum):
    """Cancel, or why not."""

    CANCEL = "the task no longer waits for it"
    NOT_WANTED = "cancel_on_kill is off"
    DELIVERED = "its outcome was delivered already"
    MOVED = "the task is still deferred and waits in another triggerer"
    ADOPTED = "a newer try of the task has adopted it"
    UNKNOWN = "it cannot be told whether the task still waits for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a trigger knows about itself: which operation, on behalf of which try."""

    operation: OperationName
    try_number: int


def decide_kill(*, claim: Claim, deferred: bool, record: LedgerEntry | None) -> KillDecision:
    """Decide what an ``on_kill`` does.

    :param claim: the operation and the try this trigger stands for
    :param deferred: the task instance is in the state ``deferred`` now
    :param record: the entry that the task's latest try published, None if there is none (it is
        deleted when a new try begins, and with its Dag)
    """
    ours = record is not None and claim.operation in record.operations
    if record and ours and record.try_number > claim.try_number:
        return KillDecision.ADOPTED
    if deferred and ours:
        return KillDecision.MOVED
    if deferred and record is None:
        # every try publishes its record before it defers, so something is amiss; do no harm
        return KillDecision.UNKNOWN
    return KillDecision.CANCEL
