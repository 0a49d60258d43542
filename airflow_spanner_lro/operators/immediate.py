# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What all operators share whose work Spanner does at once: no operation is there to see through.

What Spanner refuses only for now is waited out, as for a start.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.configuration import conf

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.flows.turns import SlotWaitEndedError
from airflow_spanner_lro.core.operations.outcome import decode_event
from airflow_spanner_lro.error_mapping import map_errors
from airflow_spanner_lro.execution.deferral import Deferral
from airflow_spanner_lro.execution.wait import BlockingWait, RefusalWait
from airflow_spanner_lro.execution.work import deadline_of_try
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.triggers.slot import LIMIT, PAUSE, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import ResourceName


class SpannerImmediateOperator(SpannerAdminOperator):
    """Ask Spanner for something that it does at once.

    Spanner takes only so many requests of a project in a while. One too many is made again, a
    second to a minute later, until the deadline.

    :param deferrable: wait for that in the triggerer, after the first seconds, instead of on a
        worker

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    wait_for_slot: bool = True
    verb: ClassVar[str]
    """What is done to the target, as a participle."""

    _wait: BlockingWait | None = None
    _killed: bool = False

    def __init__(
        self,
        *,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable

    @property
    @abstractmethod
    def target(self) -> ResourceName:
        """The resource that this is about, from the rendered parameters."""

    @abstractmethod
    def act(self, context: Context) -> Any:
        """Make one attempt, from the beginning; return what the task returns.

        :raises LimitReachedError: if others have to end first
        """

    def execute(self, context: Context) -> Any:
        """Do it, as soon as Spanner lets."""
        with map_errors():
            return self._insist(context)

    def execute_in_turn(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on when another attempt is worth it."""
        with map_errors():
            with decode_event(event):
                timed_out, limit = event[TIMED_OUT], event[LIMIT]
            if timed_out:
                reason = "out of time"
                raise SlotWaitEndedError(reason, target=self.target, limit=limit, verb=self.verb)
            return self._insist(context, pause=event.get(PAUSE))

    def on_kill(self) -> None:
        """Stop waiting: nothing was begun that goes on by itself."""
        self._killed = True
        if self._wait is not None:
            self._wait.clock.stop()

    def _insist(self, context: Context, *, pause: float | None = None) -> Any:
        ti = context.get("ti")
        deadline = deadline_of_try(
            started=ti.start_date if ti else None,
            execution_timeout=self.execution_timeout,
            operation_timeout=None,
        )
        policy = PollPolicy(maximum=settings.poll_interval())
        self._wait = wait = BlockingWait(client=self.hook.client, log=self.log.info)
        if self._killed:
            wait.clock.stop()

        def deferral() -> Deferral:
            return Deferral(
                defer=self.defer,
                access=self.hook.access,
                poll_interval=policy.maximum,
                deadline=deadline,
                now=wait.now(),
            )

        patience = RefusalWait(
            target=self.target,
            wait=wait,
            policy=policy,
            deadline=deadline,
            defer=deferral if self.deferrable else None,
            then=self.execute_in_turn.__name__,
            wait_for_slot=self.wait_for_slot,
            log=self.log.info,
            verb=self.verb,
        )
        return patience.insist(lambda: self.act(context), pause=pause)
