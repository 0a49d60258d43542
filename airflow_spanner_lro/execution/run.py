# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The life of an operation in one process of a task: start or adopt, wait, finish, stop.

An operator is what a Dag author writes; this is what then happens, the same for every kind. A task
that defers goes on in another process, with another life that takes over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import lineage, settings
from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.console import whereabouts
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.flows.turns import SlotTakenError, TurnNotReachedError
from airflow_spanner_lro.core.operations.conclusion import conclude
from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeDeliveryError,
    KilledBeforeStartError,
)
from airflow_spanner_lro.core.operations.event import WaitOutcome
from airflow_spanner_lro.core.tries.fingerprint import fingerprint
from airflow_spanner_lro.core.tries.ledger import OPERATION_NAME_KEY
from airflow_spanner_lro.metrics import Cause
from airflow_spanner_lro.execution.attempt import Attempt
from airflow_spanner_lro.execution.start import Starter, StartOrder
from airflow_spanner_lro.execution.wait import Waiter

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.follow_up import FollowUp
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.operators.operation import SpannerOperationOperator


class OperationLife:
    """What one process does about the operation of its task.

    :param operator: with its parameters rendered
    """

    def __init__(self, operator: SpannerOperationOperator, context: Context) -> None:
        self._operator = operator
        self._access = operator.hook.access
        self._log = operator.log
        self.attempt = Attempt.begin(
            context,
            hook=operator.hook,
            execution_timeout=operator.execution_timeout,
            operation_timeout=operator.operation_timeout,
            cleans_up=(operator.kind.cleans_up if operator.clean_up is None else operator.clean_up),
            tell=self._log.info,
        )

    def start(self) -> Any:
        """Start or adopt, as soon as it is this task's turn, and go on from there.

        :return: what the task returns
        :raises KilledBeforeStartError: if the task was killed before this
        """
        if self.attempt.watch.killed:
            raise KilledBeforeStartError(self._operator.target)
        begun = self._begin()
        if begun is None:
            return self._deliver(None)
        attempt = self.attempt
        attempt.running = begun.name
        attempt.context["ti"].xcom_push(key=OPERATION_NAME_KEY, value=str(begun.name))
        if attempt.watch.killed:
            self._operator.on_kill()
            raise attempt.killed(begun.name)
        if begun.done:
            result = self.conclude(WaitOutcome(name=begun.name, snapshot=begun))
            return result if self._operator.wait_for_completion else str(begun.name)
        self._log.info("%s runs as operation %s", begun.title, begun.name)
        self._log.info(whereabouts(begun.name.resource, access=self._access))
        if not self._operator.wait_for_completion:
            attempt.close(begun.name)
            return str(begun.name)
        return self.conclude(self._wait(begun.name))

    def start_in_turn(self, *, timed_out: bool, limit: str) -> Any:
        """Start after a wait for a turn.

        :param timed_out: the deadline passed first
        :param limit: what Spanner allows, in words
        :raises TurnNotReachedError: if the deadline passed
        """
        self.attempt.take_over()
        # it may have passed by now: a task that is resumed waits for a worker first
        if timed_out or self.attempt.too_late:
            reason = "The deadline passed"
            raise TurnNotReachedError(reason, target=self._operator.target, limit=limit)
        return self.start()

    def complete(self, outcome: WaitOutcome) -> Any:
        """Go on after a wait in the triggerer."""
        self.attempt.take_over()
        return self.conclude(outcome)

    def left_running(self) -> FollowUp | None:
        """Return the operation of this try that may still go on after a wait was ended."""
        entry = self.attempt.take_over()
        return entry.waited_for if entry and not entry.closed else None

    def give_up(self, left: FollowUp) -> Any:
        """Stop an operation, because Airflow itself has ended the wait for it."""
        return self.conclude(self._waiter.time_out(left.name, cancellable=left.ours))

    def conclude(self, outcome: WaitOutcome) -> Any:
        """Turn the end of a wait into the end of the task, or into the next wait."""
        operator, attempt = self._operator, self.attempt
        if attempt.killed_late(outcome):
            self._log.warning("It was cancelled on behalf of an earlier try; starting anew.")
            return self.start()
        try:
            report = operator.report(outcome.last) if outcome.last else ""
            snapshot = conclude(outcome, deadline=attempt.deadline, report=report)
        except SpannerLroError:
            attempt.note_end(outcome)
            raise
        if outcome.timed_out:
            self._log.warning("It was done before the cancel took hold; the result stands.")
        follow_up = operator.follow_up(snapshot) if operator.wait_for_completion else None
        if follow_up is not None:
            attempt.go_on_with(follow_up, after=snapshot)
            self._log.info("The work goes on as operation %s", follow_up.name)
            return self.conclude(self._wait(follow_up.name, cancellable=follow_up.ours))
        return self._deliver(snapshot)

    def kill(self, *, timed_out: bool) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly.

        :param timed_out: Airflow's own timeout has struck
        """
        operator, attempt = self._operator, self.attempt
        wanted = operator.cancel_on_timeout if timed_out else operator.cancel_on_kill
        attempt.watch.kill(
            name=attempt.running if wanted else None,
            cleans_up=attempt.cleans_up,
            cause=Cause.DEADLINE if timed_out else Cause.KILL_ON_WORKER,
        )
        if timed_out and (settlement := attempt.watch.settlement_of_kill(timeout=0)):
            self._log.warning(settlement.sentence)

    def _begin(self) -> OperationSnapshot | None:
        operator, order = self._operator, self._order()
        starter = Starter(
            order=order,
            client=operator.hook.client,
            ledger=self.attempt.ledger,
            watch=self.attempt.watch,
            settle_timeout=settings.settle_timeout(),
            tell=self._log.info,
        )
        while True:
            try:
                return starter.begin(durable=operator.durable)
            except WaitStoppedError as exc:
                raise KilledBeforeStartError(order.target) from exc
            except SlotTakenError as taken:
                if not operator.wait_for_slot:
                    raise
                self._waiter.wait_for_turn(
                    taken, target=order.target, then=operator.execute_in_turn.__name__
                )

    def _order(self) -> StartOrder:
        operator, ti = self._operator, self.attempt.context["ti"]
        # made here, so that a bad parameter is found before anything is written or asked
        request, _ = operator.build_request(), self._policy
        parameters = {name: getattr(operator, name) for name in operator.template_fields}
        if descriptors := getattr(request, "proto_descriptors", b""):
            # their file may have changed under its name
            parameters["proto_descriptors"] = descriptors
        return StartOrder(
            kind=operator.kind,
            target=operator.target,
            request=request,
            fingerprint=fingerprint(parameters | {"target": str(operator.target)}),
            identity=f"{ti.dag_id}/{ti.task_id}/{ti.run_id}/{ti.map_index}",
            access=self._access,
            deadline=self.attempt.deadline,
            cleans_up=self.attempt.cleans_up,
            spared=not operator.cancel_on_kill,
        )

    @property
    def _policy(self) -> PollPolicy:
        interval = self._operator.poll_interval
        return PollPolicy(maximum=settings.poll_interval() if interval is None else interval)

    @property
    def _waiter(self) -> Waiter:
        operator = self._operator
        return Waiter(
            attempt=self.attempt,
            access=self._access,
            policy=self._policy,
            defer=operator.defer,
            deferrable=operator.deferrable,
            cancel_on_timeout=operator.cancel_on_timeout,
            cancel_on_kill=operator.cancel_on_kill,
        )

    def _wait(self, name: OperationName, *, cancellable: bool = True) -> WaitOutcome:
        then = self._operator.execute_complete.__name__
        return self._waiter.wait(name, then=then, cancellable=cancellable)

    def _deliver(self, snapshot: OperationSnapshot | None) -> Any:
        operator = self._operator
        # it has succeeded: a kill has nothing to stop any more, and must delete nothing
        self.attempt.running = None
        try:
            result = self.attempt.watch.patiently(lambda: operator.result(snapshot))
        except WaitStoppedError as exc:
            raise KilledBeforeDeliveryError(operator.target) from exc
        self._tell_lineage(result, made=_made(operator.target, snapshot))
        self.attempt.deliver(snapshot)
        return result

    def _tell_lineage(self, result: Any, *, made: ResourceName) -> None:
        operator = self._operator
        try:
            lineage.report(
                self.attempt.context,
                outlets=operator.outlets,
                hook=operator.hook,
                made=made,
                result=result,
                kind=operator.kind,
                sources=operator.sources,
            )
        except Exception:  # noqa: BLE001  # the work is done, and a retry would not tell better
            self._log.exception("What was made could not be told to outlets and lineage.")


def _made(target: ResourceName, snapshot: OperationSnapshot | None) -> ResourceName:
    """Return what an operation worked on, by the project that the task knows it under.

    The target is rendered anew after a deferral, and may be something else by then.
    """
    if snapshot is None:
        return target
    return replace(snapshot.name.resource, project=target.project)
