# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Starting in spite of limits: a start that Spanner refuses for now is waited out, no failure.

There are two: so many operations of a kind at a time, and so many requests of a caller in a while.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.turns import (
    SlotTakenError,
    TurnNotReachedError,
    await_turn,
    turn_of,
)
from airflow_spanner_lro.core.operations.errors import StartRefusedForNowError
from airflow_spanner_lro.core.status import code_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.blocking_wait import BlockingWait
    from airflow_spanner_lro.execution.work import StartOrder

FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
"""Seconds between two start calls that Spanner refuses because it takes no more requests."""

log = logging.getLogger(__name__)


def start_within_limits(
    begin: Callable[[], OperationSnapshot | None],
    *,
    wait: BlockingWait,
    deadline: datetime | None,
    wait_for_slot: Callable[[SlotTakenError], None] | None,
    log: Callable[[str], None],
) -> OperationSnapshot | None:
    """Start, as often as it takes until Spanner takes it.

    :param begin: makes one attempt
    :param wait_for_slot: waits until another one is worth it; None to fail with the refusal
    :raises SlotTakenError: if there is no slot, and none is to be waited for
    :raises StartRefusedForNowError: if Spanner takes no more requests until the deadline
    :raises WaitStoppedError: if the task is killed meanwhile
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return begin()
        except SlotTakenError as taken:
            if wait_for_slot is None:
                raise
            wait_for_slot(taken)
        except StartRefusedForNowError as refused:
            log(f"{refused} Trying again in {pause:g} s.")
            try:
                wait.pause(pause, deadline=deadline)
            except DeadlinePassedError:
                raise refused from None
            pause = min(2 * pause, _LONGEST_PAUSE)


def slot_taken(
    client: SpannerAdminClient, order: StartOrder, refusal: Exception, *, again: bool
) -> SlotTakenError | None:
    """Tell a refusal that passes when others have ended from all others.

    :param again: it was refused before for reasons that nobody has seen
    :return: the error that says what to wait for; None if it is another refusal
    """
    turn = turn_of(order.kind, order.request)
    if turn is None or not turn.explains(refusal):
        return None
    try:
        pending = client.query_operations(query=turn.query)
    except Exception as exc:
        if code_of(exc) is None:
            raise
        log.info("Whether this is only a matter of waiting cannot be seen: %s", exc)
        return None
    holders = tuple(each.name for each in pending)
    if not holders and again:
        return None
    told = str(getattr(refusal, "message", "") or refusal)
    return SlotTakenError(turn, target=order.target, holders=holders, told=told)


def await_slot(
    taken: SlotTakenError,
    *,
    target: ResourceName,
    wait: BlockingWait,
    policy: PollPolicy,
    deadline: datetime | None,
) -> None:
    """Wait on the worker until another attempt is worth it.

    :raises TurnNotReachedError: if the deadline passes, or the task is killed, before that
    """
    limit = taken.turn.limit
    try:
        wait.perform(
            await_turn(query=taken.turn.query, holders=taken.holders, policy=policy),
            deadline=deadline,
        )
    except DeadlinePassedError as exc:
        reason = "The deadline passed"
        raise TurnNotReachedError(reason, target=target, limit=limit) from exc
    except WaitStoppedError as exc:
        reason = "The task was killed"
        raise TurnNotReachedError(reason, target=target, limit=limit) from exc
