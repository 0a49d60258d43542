# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where a task waits: here on the worker, or in the triggerer. One place decides, for every wait.

A wait on the worker returns; a wait in the triggerer ends this process by raising TaskDeferred, and
the task goes on in another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.turns import SlotTakenError, TurnNotReachedError, await_turn
from airflow_spanner_lro.core.operations.errors import OperationGoneError
from airflow_spanner_lro.core.operations.event import WaitOutcome
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.execution.pending_deferral import leave
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.turn import SpannerTurnTrigger

if TYPE_CHECKING:
    from typing import NoReturn, Protocol

    from airflow.triggers.base import BaseTrigger

    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.execution.attempt import Attempt

    class Defer(Protocol):
        """Airflow's ``BaseOperator.defer``."""

        def __call__(
            self, *, trigger: BaseTrigger, method_name: str, timeout: timedelta | None
        ) -> NoReturn:
            """End this process; go on with the method when the trigger has fired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Waits on behalf of one attempt.

    :param defer: ends this process, to wait in the triggerer
    :param deferrable: whether to do that
    """

    attempt: Attempt
    access: Access
    policy: PollPolicy
    defer: Defer
    deferrable: bool
    cancel_on_timeout: bool
    cancel_on_kill: bool

    def wait(self, name: OperationName, *, then: str, cancellable: bool = True) -> WaitOutcome:
        """Wait for an operation, and stop it when the deadline passes.

        :param then: the method to go on with after a deferral
        :param cancellable: whether it can be stopped
        :raises OperationKilledError: if the task is killed meanwhile
        :raises OperationGoneError: if Spanner no longer knows the operation
        """
        if self.deferrable:
            trigger = SpannerOperationTrigger.watching(
                name,
                access=self.access,
                deadline=self.attempt.deadline,
                poll_interval=self.policy.maximum,
                cancel_on_timeout=self.cancel_on_timeout and cancellable,
                cancel_on_kill=self.cancel_on_kill and cancellable,
                cleans_up=self.attempt.cleans_up,
                settle_timeout=settings.settle_timeout(),
            )
            if self.cancel_on_kill and cancellable:
                leave(name, attempt=self.attempt)
            self.defer(trigger=trigger, method_name=then, timeout=self._backstop())
        try:
            snapshot = self.attempt.watch.wait(
                name=name, policy=self.policy, deadline=self.attempt.deadline
            )
        except DeadlinePassedError:
            return self.time_out(name, cancellable=cancellable)
        except WaitStoppedError as exc:
            raise self.attempt.killed(name) from exc
        except Exception as exc:
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            self.attempt.close(name)
            raise OperationGoneError(name) from exc
        return WaitOutcome(name=name, snapshot=snapshot)

    def time_out(self, name: OperationName, *, cancellable: bool = True) -> WaitOutcome:
        """Return what became of an operation whose deadline has passed."""
        cancels = self.cancel_on_timeout and cancellable
        return self.attempt.time_out(name, cancels=cancels)

    def wait_for_turn(self, taken: SlotTakenError, *, target: ResourceName, then: str) -> None:
        """Wait until a start that was refused for lack of a slot is worth another attempt.

        :param then: the method to go on with after a deferral
        :raises TurnNotReachedError: if the deadline passes, or the task is killed, before that
        """
        self.attempt.tell(f"Waiting for a turn: {taken}")
        if self.deferrable:
            deadline = self.attempt.deadline
            trigger = SpannerTurnTrigger.through(
                self.access,
                query=taken.turn.query.to_record(),
                holders=list(map(str, taken.holders)),
                limit=taken.turn.limit,
                deadline=deadline.isoformat() if deadline else None,
                poll_interval=self.policy.maximum,
            )
            self.defer(trigger=trigger, method_name=then, timeout=self._backstop())
        flow = await_turn(query=taken.turn.query, holders=taken.holders, policy=self.policy)
        try:
            self.attempt.watch.perform(flow, deadline=self.attempt.deadline)
        except DeadlinePassedError as exc:
            reason = "The deadline passed"
            raise TurnNotReachedError(reason, target=target, limit=taken.turn.limit) from exc
        except WaitStoppedError as exc:
            reason = "The task was killed"
            raise TurnNotReachedError(reason, target=target, limit=taken.turn.limit) from exc

    def _backstop(self) -> timedelta | None:
        """Return when Airflow itself ends a deferral, in case no triggerer sees the deadline."""
        if self.attempt.deadline is None:
            return None
        left = max(self.attempt.deadline - self.attempt.watch.now(), timedelta())
        return left + timedelta(seconds=settings.deferral_grace())
