# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The life of an operation in a task, for every kind: start or adopt, wait or defer, finish, stop.

A concrete operator says what to ask for; everything that happens to the operation afterwards, on
every exit of the task, happens here.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferralTimeout

from airflow_spanner_lro import settings
from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.conclusion import conclude
from airflow_spanner_lro.core.console import whereabouts
from airflow_spanner_lro.core.errors import SpannerLroError, UnexpectedStateError
from airflow_spanner_lro.core.event import WaitOutcome
from airflow_spanner_lro.core.flows import DeadlinePassedError
from airflow_spanner_lro.core.ledger import fingerprint
from airflow_spanner_lro.core.policy import PollPolicy
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.operators.attempt import Attempt
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.operators.start import Starter, StartOrder
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.snapshot import OperationSnapshot

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

    @property
    @abstractmethod
    def target(self) -> ResourceName:
        """The resource the operation works on, from the rendered parameters."""

    @abstractmethod
    def build_request(self) -> Any:
        """Return the request message, from the rendered parameters."""

    def result(self, snapshot: OperationSnapshot) -> Any:  # noqa: ARG002  # for overrides
        """Return what the task returns once the operation has succeeded: the resource.

        :raises UnexpectedStateError: if the resource is not what the operation should have left
        """
        from airflow_spanner_lro.admin.resources import calls_for  # noqa: PLC0415  # loads gRPC

        resource = self.hook.client.get_resource(name=self.target)
        expected = calls_for(self.target).ready
        if resource.state.name not in expected:
            raise UnexpectedStateError(
                target=self.target, state=resource.state.name, expected=expected
            )
        return type(resource).to_dict(resource, use_integers_for_enums=False)

    def follow_up(self, snapshot: OperationSnapshot) -> OperationName | None:  # noqa: ARG002
        """Return the operation to wait for after this one has succeeded, if there is one."""
        return None

    def execute(self, context: Context) -> Any:
        """Start or adopt the operation, then wait for it, defer, or return its name."""
        with failing_for_good():
            attempt = self._begin(context)
            begun = Starter(
                order=self._order(context, attempt),
                client=self.hook.client,
                ledger=attempt.ledger,
                watch=attempt.watch,
                settle_timeout=settings.settle_timeout(),
                tell=self.log.info,
            ).begin(durable=self.durable)
            attempt.running = begun.name
            context["ti"].xcom_push(key=OPERATION_NAME_KEY, value=str(begun.name))
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
            return self._await(attempt, begun.name)

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
                return self._conclude(attempt, self._timed_out(attempt, entry.operation))

    def on_kill(self) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly."""
        if (attempt := self._attempt) is None:
            return
        # on its own timeout Airflow calls this while it handles the exception that it raised
        timed_out = isinstance(sys.exception(), AirflowTaskTimeout)
        wanted = self.cancel_on_timeout if timed_out else self.cancel_on_kill
        attempt.watch.kill(name=attempt.running if wanted else None, cleans_up=self._cleans_up)
        if timed_out and (settlement := attempt.watch.settlement_of_kill(timeout=0)):
            self.log.warning(settlement.sentence)

    def _begin(self, context: Context) -> Attempt:
        self._attempt = Attempt.begin(
            context,
            hook=self.hook,
            execution_timeout=self.execution_timeout,
            operation_timeout=self.operation_timeout,
            tell=self.log.info,
        )
        return self._attempt

    def _order(self, context: Context, attempt: Attempt) -> StartOrder:
        ti = context["ti"]
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
    def _cleans_up(self) -> bool:
        return self.kind.cleans_up if self.clean_up is None else self.clean_up

    @property
    def _policy(self) -> PollPolicy:
        interval = self.poll_interval
        return PollPolicy(maximum=settings.poll_interval() if interval is None else interval)

    def _await(self, attempt: Attempt, name: OperationName, *, cancellable: bool = True) -> Any:
        if self.deferrable:
            self._defer(attempt, name, cancellable=cancellable)
        try:
            snapshot = attempt.watch.wait(name=name, policy=self._policy, deadline=attempt.deadline)
        except DeadlinePassedError:
            outcome = self._timed_out(attempt, name, cancellable=cancellable)
        except WaitStoppedError as exc:
            raise attempt.killed(name) from exc
        else:
            outcome = WaitOutcome(name=name, snapshot=snapshot)
        return self._conclude(attempt, outcome)

    def _defer(self, attempt: Attempt, name: OperationName, *, cancellable: bool) -> None:
        backstop = None
        if attempt.deadline:
            left = max(attempt.deadline - attempt.watch.now(), timedelta())
            backstop = left + timedelta(seconds=settings.deferral_grace())
        self.defer(
            trigger=SpannerOperationTrigger.watching(
                name,
                access=self.hook.access,
                deadline=attempt.deadline,
                poll_interval=self._policy.maximum,
                cancel_on_timeout=self.cancel_on_timeout and cancellable,
                cancel_on_kill=self.cancel_on_kill and cancellable,
                cleans_up=self._cleans_up,
                settle_timeout=settings.settle_timeout(),
            ),
            method_name="execute_complete",
            timeout=backstop,
        )

    def _timed_out(
        self, attempt: Attempt, name: OperationName, *, cancellable: bool = True
    ) -> WaitOutcome:
        cancels = self.cancel_on_timeout and cancellable
        return attempt.time_out(name, cancels=cancels, cleans_up=self._cleans_up)

    def _conclude(self, attempt: Attempt, outcome: WaitOutcome) -> Any:
        """Turn the end of a wait into the end of the task, or into the next wait."""
        try:
            snapshot = conclude(outcome, deadline=attempt.deadline)
        except SpannerLroError:
            if outcome.settled:
                attempt.close()
            raise
        if outcome.timed_out:
            self.log.warning("It was done before the cancel took hold; the result stands.")
        if (name := self.follow_up(snapshot)) is not None:
            attempt.running = None
            self.log.info("The work goes on as operation %s, which cannot be cancelled", name)
            return self._await(attempt, name, cancellable=False)
        result = self.result(snapshot)
        attempt.close()
        return result
