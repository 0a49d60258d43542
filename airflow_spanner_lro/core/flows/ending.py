# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel an operation we did not watch: look first where that is quick, never delete a result.

The task may have seen the operation's end already and succeeded, and all that is known here is that
the task has ended. A cancel of an operation that is done does no harm, so it does not wait long for
a look; but what the operation made may be the task's result. It is deleted only if a look that was
answered after the decision to cancel has seen the operation run: then nobody can have delivered
it before. No moments are compared for that, since clocks may be minutes apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.core.flows.commands import Cancel, Get, Sleep
from airflow_spanner_lro.core.flows.operation import (
    DeadlinePassedError,
    cancel_and_settle,
    clean_up,
)
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.flows.policy import CancelPolicy
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement

T = TypeVar("T")

LOOK_WITHIN = 4.0
"""Seconds for the look on which a cancel waits."""
LOOK_AGAIN_WITHIN = 2.0
"""Seconds for it where the operation was seen to run shortly before: only a clean-up needs it."""
_LOOKS = 2
"""Looks that may fail before the cancel goes out all the same."""
UNSEEN = (
    "nobody saw it run after the decision to cancel it, so it may be a result that was delivered; "
    "delete it if nobody uses it"
)


def cancel_if_running(
    *,
    name: OperationName,
    policy: CancelPolicy,
    cleans_up: bool,
    seen_running: bool = False,
    sent: Callable[[], None] = lambda: None,
) -> Flow[OperationSnapshot | Settlement]:
    """Stop an operation that still runs; one that is done is left as it is, and returned.

    Without an answer to the look it is cancelled all the same, and what it made then stays.

    :param seen_running: it was seen to run shortly before; without a clean-up that is enough
    :param sent: is called once the cancel has got through
    """
    runs = seen_running and not cleans_up
    seen = _Seen()
    if not runs:
        looking = _look(
            name, policy=policy, within=LOOK_AGAIN_WITHIN if seen_running else LOOK_WITHIN
        )
        snapshot = yield from seen.noting(looking, sent=sent)
        if snapshot is not None and snapshot.done:
            return snapshot
    settlement = yield from seen.noting(cancel_and_settle(name=name, policy=policy), sent=sent)
    if not cleans_up:
        return settlement
    if seen.running:
        return (yield from clean_up(settlement, policy=policy))
    kind = settlement.snapshot.kind if settlement.snapshot else None
    made = settlement.succeeded_first and kind is not None and kind.creates
    return settlement.with_leftover(UNSEEN) if made else settlement


def _look(
    name: OperationName, *, policy: CancelPolicy, within: float
) -> Flow[OperationSnapshot | None]:
    """Look until there is an answer, within seconds; None if there is none."""
    try:
        for _, delay in zip(range(_LOOKS), policy.delays(), strict=False):
            match (yield Get(name, within)):
                case OperationSnapshot() as snapshot:
                    return snapshot
                case Exception() as exc if (
                    not is_transient(exc) or code_of(exc) is Code.DEADLINE_EXCEEDED
                ):
                    break
            yield Sleep(delay)
    except DeadlinePassedError:
        pass
    return None


class _Seen:
    """What was seen of an operation by the flows that end it."""

    def __init__(self) -> None:
        self.running = False

    def noting(self, flow: Flow[T], *, sent: Callable[[], None]) -> Flow[T]:
        """Perform a flow, and note whether a look saw the operation run.

        :param sent: is called when a cancel was taken
        """
        try:
            command = next(flow)
            while True:
                try:
                    answer = yield command
                except DeadlinePassedError as passed:
                    command = flow.throw(passed)
                    continue
                if isinstance(answer, OperationSnapshot) and not answer.done:
                    self.running = True
                if isinstance(command, Cancel) and answer is None:
                    sent()
                command = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
