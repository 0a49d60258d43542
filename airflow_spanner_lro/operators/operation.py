# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The life of an operation in a task, for every kind: start or adopt, wait or defer, finish, stop.

A concrete operator says what to ask for; everything that happens to the operation afterwards, on
every exit of the task, happens here.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferralTimeout

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.conclusion import conclude
from airflow_spanner_lro.core.console import whereabouts
from airflow_spanner_lro.core.errors import (
    SlotTakenError,
    SpannerLroError,
    TurnNotReachedError,
)
from airflow_spanner_lro.core.event import WaitOutcome
from airflow_spanner_lro.core.ledger import fingerprint
from airflow_spanner_lro.core.policy import PollPolicy
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.operators.attempt import Attempt
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.operators.results import ready_resource
from airflow_spanner_lro.operators.start import Starter, StartOrder
from airflow_spanner_lro.operators.waiting import Waiter
from airflow_spanner_lro.triggers.turn import LIMIT, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.statements import Statement

OPERATION_NAME_KEY = "operation_name"
"""XCom that holds the operation's name from right after its start, whatever happens later."""


class SpannerOperationOperator(SpannerAdminOperator):
    """Start a long-running operation and see it through.

    Returns the resource as a dictionary; without waiting, the operation's name.

    *On kill* (mark failed or success, clear, a failed Dag run, an eviction of the worker) the
    operation is cancelled and its outcome awaited, whether the task waits on a worker or is
    deferred. *On timeout* likewise, also while the task is deferred. A restart of the triggerer
    cancels nothing. A retry takes up the operation that an earlier try started.

    :param wait_for_completion: wait until the operation is done; otherwise succeed when it runs
    :param deferrable: wait in the triggerer instead of on a worker
    :param poll_interval: the longest time between two looks, in seconds; by default
        ``[spanner_lro] poll_interval``
    :param operation_timeout: how long each try may wait, as a duration or in seconds; the earlier
        of this and ``execution_timeout`` counts
    :param cancel_on_kill: cancel the operation when the task is killed
    :param cancel_on_timeout: cancel the operation when the task times out
    :param clean_up: delete what the operation made although it was being cancelled; by default on
        for backups, and off for everything else
    :param durable: let a retry take up an earlier try's operation instead of starting another
    :param wait_for_slot: where Spanner allows only so many such operations at a time, wait for a
        turn, as ``deferrable`` says where; otherwise fail with Spanner's refusal

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    kind: ClassVar[OperationKind]

    _attempt: Attempt | None = None

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        operation_timeout: timedelta | float | None = None,
        cancel_on_kill: bool = True,
        cancel_on_timeout: bool = True,
        clean_up: bool | None = None,
        durable: bool = True,
        wait_for_slot: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.operation_timeout = operation_timeout
        self.cancel_on_kill = cancel_on_kill
        self.cancel_on_timeout = cancel_on_timeout
        self.clean_up = clean_up
        self.durable = durable
        self.wait_for_slot = wait_for_slot

    @property
    @abstractmethod
    def target(self) -> ResourceName:
        """The resource the operation works on, from the rendered parameters."""

    @abstractmethod
    def build_request(self) -> Any:
        """Return the request message, from the rendered parameters."""

    def result(self, snapshot: OperationSnapshot | None) -> Any:  # noqa: ARG002  # for overrides
        """Return what the task returns once the operation has succeeded: the resource.

        :param snapshot: the operation; None if earlier tries had done everything already
        :raises UnexpectedStateError: if the resource is not what the operation should have left
        """
        return ready_resource(self.hook.client, self.target)

    def follow_up(self, snapshot: OperationSnapshot) -> OperationName | None:  # noqa: ARG002
        """Return the operation to wait for after this one has succeeded, if there is one."""
        return None

    def report(self, snapshot: OperationSnapshot) -> str:  # noqa: ARG002  # for overrides
        """Return what to say of the parts of an operation that did not succeed, if it has any."""
        return ""

    def execute(self, context: Context) -> Any:
        """Start or adopt the operation, then wait for it, defer, or return its name."""
        with failing_for_good():
            return self._start(self._begin(context))

    def execute_in_turn(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on when it may be this task's turn to start."""
        with failing_for_good():
            attempt = self._begin(context)
            attempt.take_over()
            if event[TIMED_OUT]:
                reason = "The deadline passed"
                raise TurnNotReachedError(reason, target=self.target, limit=event[LIMIT])
            return self._start(attempt)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on when the trigger has fired."""
        with failing_for_good():
            attempt = self._begin(context)
            attempt.take_over()
            return self._conclude(attempt, WaitOutcome.from_event(event))

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after a deferral, also when Airflow itself ended it.

        Airflow ends a deferral at its own timeout, which lies a grace period behind our deadline:
        that happens when no triggerer was there to see the deadline pass. When the trigger failed
        instead, nothing is cancelled: the next try adopts the operation.
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            with failing_for_good():
                attempt = self._begin(context)
                entry = attempt.take_over()
                if entry is None or entry.operation is None or entry.closed:
                    raise
                return self._conclude(attempt, self._waiter(attempt).time_out(entry.operation))

    def on_kill(self) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly."""
        if (attempt := self._attempt) is None:
            return
        # on its own timeout Airflow calls this while it handles the exception that it raised
        timed_out = isinstance(sys.exception(), AirflowTaskTimeout)
        wanted = self.cancel_on_timeout if timed_out else self.cancel_on_kill
        attempt.watch.kill(name=attempt.running if wanted else None, cleans_up=attempt.cleans_up)
        if timed_out and (settlement := attempt.watch.settlement_of_kill(timeout=0)):
            self.log.warning(settlement.sentence)

    def statements(self, snapshot: OperationSnapshot | None) -> tuple[Statement, ...]:
        """Return the statements of a schema change over all tries, with what is committed."""
        return self._attempt.statements(snapshot) if self._attempt else ()

    def _begin(self, context: Context) -> Attempt:
        self._attempt = Attempt.begin(
            context,
            hook=self.hook,
            execution_timeout=self.execution_timeout,
            operation_timeout=self.operation_timeout,
            cleans_up=self.kind.cleans_up if self.clean_up is None else self.clean_up,
            tell=self.log.info,
        )
        return self._attempt

    def _start(self, attempt: Attempt) -> Any:
        """Start or adopt, as soon as it is this task's turn, and go on from there."""
        begun = self._begin_operation(attempt)
        if begun is None:
            return self._deliver(attempt, None)
        attempt.running = begun.name
        attempt.context["ti"].xcom_push(key=OPERATION_NAME_KEY, value=str(begun.name))
        if attempt.watch.killed:
            self.on_kill()
            raise attempt.killed(begun.name)
        if begun.done:
            return self._conclude(attempt, WaitOutcome(name=begun.name, snapshot=begun))
        self.log.info("%s runs as operation %s", begun.title, begun.name)
        self.log.info(whereabouts(begun.name.resource, access=self.hook.access))
        if not self.wait_for_completion:
            attempt.close()
            return str(begun.name)
        outcome = self._waiter(attempt).wait(begun.name, then=self.execute_complete.__name__)
        return self._conclude(attempt, outcome)

    def _begin_operation(self, attempt: Attempt) -> OperationSnapshot | None:
        order = self._order(attempt)
        starter = Starter(
            order=order,
            client=self.hook.client,
            ledger=attempt.ledger,
            watch=attempt.watch,
            settle_timeout=settings.settle_timeout(),
            tell=self.log.info,
        )
        while True:
            try:
                return starter.begin(durable=self.durable)
            except SlotTakenError as taken:
                if not self.wait_for_slot:
                    raise
                self._waiter(attempt).wait_for_turn(
                    taken, target=order.target, then=self.execute_in_turn.__name__
                )

    def _order(self, attempt: Attempt) -> StartOrder:
        ti = attempt.context["ti"]
        # made here, so that a bad parameter is found before anything is written or asked
        request, _ = self.build_request(), self._policy
        return StartOrder(
            kind=self.kind,
            target=self.target,
            request=request,
            fingerprint=fingerprint(
                {name: getattr(self, name) for name in self.template_fields}
                | {"target": str(self.target)}
            ),
            identity=f"{ti.dag_id}/{ti.task_id}/{ti.run_id}/{ti.map_index}",
            access=self.hook.access,
            deadline=attempt.deadline,
        )

    @property
    def _policy(self) -> PollPolicy:
        interval = self.poll_interval
        return PollPolicy(maximum=settings.poll_interval() if interval is None else interval)

    def _waiter(self, attempt: Attempt) -> Waiter:
        return Waiter(
            attempt=attempt,
            access=self.hook.access,
            policy=self._policy,
            defer=self.defer,
            deferrable=self.deferrable,
            cancel_on_timeout=self.cancel_on_timeout,
            cancel_on_kill=self.cancel_on_kill,
        )

    def _conclude(self, attempt: Attempt, outcome: WaitOutcome) -> Any:
        """Turn the end of a wait into the end of the task, or into the next wait."""
        try:
            report = self.report(outcome.last) if outcome.last else ""
            snapshot = conclude(outcome, deadline=attempt.deadline, report=report)
        except SpannerLroError:
            if outcome.settled:
                attempt.close(outcome.last)
            raise
        if outcome.timed_out:
            self.log.warning("It was done before the cancel took hold; the result stands.")
        if (name := self.follow_up(snapshot)) is not None:
            # one that the service started by itself cannot be cancelled
            cancellable = name != snapshot.follow_up
            attempt.go_on_with(name if cancellable else None)
            self.log.info("The work goes on as operation %s", name)
            outcome = self._waiter(attempt).wait(
                name, then=self.execute_complete.__name__, cancellable=cancellable
            )
            return self._conclude(attempt, outcome)
        return self._deliver(attempt, snapshot)

    def _deliver(self, attempt: Attempt, snapshot: OperationSnapshot | None) -> Any:
        result = self.result(snapshot)
        attempt.close(snapshot)
        return result
