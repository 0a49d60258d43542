# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One try of a task in one process on a worker: start or adopt, wait, settle, deliver, be killed.

A try that defers goes on in another process, with another run; what must stay the same in both
comes from the ledger. An operator is what a Dag author writes; this is what then happens, the same
for every kind.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import assets, metrics, settings
from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.airflow_internals import runs_tasks_in_process
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.limits import SlotWaitEndedError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY
from airflow_spanner_lro.core.operations.errors import (
    KilledBeforeDeliveryError,
    KilledBeforeStartError,
    NothingStartedError,
    OperationGoneError,
    StartUnansweredError,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome, raise_unless_succeeded
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.worker_wait import PATIENCE, seconds_on_worker
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.execution import pending_deferral
from airflow_spanner_lro.execution.cancel import WorkerCancel
from airflow_spanner_lro.execution.deferral import Deferral
from airflow_spanner_lro.execution.shown_progress import ShownProgress
from airflow_spanner_lro.execution.start import Starter
from airflow_spanner_lro.execution.store import TaskLedger
from airflow_spanner_lro.execution.wait import BlockingWait, RefusalRetry
from airflow_spanner_lro.execution.work import (
    StartOrder,
    deadline_of_try,
    out_of_time,
    place_of,
)

if TYPE_CHECKING:
    from typing import NoReturn

    from airflow.sdk import Context

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationSnapshot
    from airflow_spanner_lro.execution.wait import StartCall
    from airflow_spanner_lro.execution.work import Work
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


log = logging.getLogger(__name__)


def report_lineage(
    work: Work,
    result: Any,
    *,
    snapshot: OperationSnapshot | None,
    context: Context,
    hook: SpannerAdminHook,
) -> None:
    """Tell outlets and the lineage collector what was made; trouble with it fails nothing.

    :param result: what the task returns
    :param snapshot: the operation that made it; None if none was needed
    """
    target = work.target
    # what the operation worked on, by the project that the task knows it under: the target is
    # rendered anew after a deferral, and may be something else by then
    made = replace(snapshot.name.resource, project=target.project) if snapshot else target
    try:
        assets.report_made(
            context,
            outlets=work.outlets,
            hook=hook,
            made=made,
            result=result,
            kind=work.kind,
            sources=work.sources,
        )
    except Exception:
        # the work is done, and a retry would report no better
        log.exception(
            "Lineage is incomplete: what was made could not be reported to outlets and collector."
        )


class OperationRun:
    """What one process does about the operation of its try.

    :param work: what is wanted
    """

    def __init__(self, work: Work, *, context: Context) -> None:
        self._work = work
        self._hook = work.hook
        self._log = work.log
        self.context = context
        self.ledger = TaskLedger(context)
        shown = ShownProgress(write=self.ledger.show, emulated=lambda: self._hook.client.emulated)
        self.wait = BlockingWait(client=self._hook.client, log=self._log.info, shown=shown)
        self.cancel = WorkerCancel(work, task=context["ti"], ledger=self.ledger, wait=self.wait)
        self.begun: OperationName | None = None
        """The operation that this process has started or adopted."""
        self._running: OperationName | None = None
        self._starter: Starter | None = None
        self._deadline = deadline_of_try(
            started=context["ti"].start_date,
            execution_timeout=work.execution_timeout,
            operation_timeout=work.operation_timeout,
        )

    # how a try goes on, from one process to the next

    def start(self, *, pause: float | None = None) -> Any:
        """Start or adopt, as soon as Spanner allows it, and go on from there.

        :param pause: how long the last pause was meant to be, in seconds, if there was one
        :return: what the task returns
        :raises KilledBeforeStartError: if the task was killed before this
        """
        if self.wait.killed:
            raise KilledBeforeStartError(self._work.target)
        begun = self._begin(pause=pause)
        self.ledger.take_written()
        if begun is None:
            return self._deliver(None)
        self._running = self.begun = begun.name
        self.context["ti"].xcom_push(key=OPERATION_NAME_KEY, value=str(begun.name))
        if self.wait.killed:
            # the kill may have come when the name was not known yet
            self.kill(timed_out=False)
            raise self.cancel.killed_error(begun.name)
        if begun.done:
            result = self.conclude(WaitOutcome(name=begun.name, snapshot=begun))
            return result if self._work.wait_for_completion else str(begun.name)
        if self._out_of_time:
            return self.conclude(self._time_out(begun.name, ours=True))
        self._log.info(place_of(self._work, begun.name.resource))
        if not self._work.wait_for_completion:
            self._close(begun.name)
            return str(begun.name)
        return self.conclude(self._wait_for(begun.name, on_worker=self._on_worker))

    def start_after_slot(self, *, timed_out: bool, limit: str, pause: float | None = None) -> Any:
        """Start after a wait for a slot, or after a pause.

        :param timed_out: the deadline passed first
        :param limit: what Spanner allows, in words
        :param pause: how long the pause was meant to be, in seconds, if it was one
        :raises SlotWaitEndedError: if the deadline passed
        """
        self._take_over()
        # it may have passed by now: a task that is resumed waits for a worker first
        if timed_out or self._out_of_time:
            reason = "out of time"
            raise SlotWaitEndedError(reason, target=self._work.target, limit=limit)
        return self.start(pause=pause)

    def complete(self, outcome: WaitOutcome) -> Any:
        """Go on after a wait in the triggerer."""
        self._take_over()
        return self.conclude(outcome)

    def left_running(self) -> FollowUp | None:
        """Return the operation of this try that may still go on after a wait was ended."""
        entry = self._take_over()
        return entry.waited_for if entry and not entry.closed else None

    def give_up(self, left: FollowUp) -> Any:
        """Stop an operation, because Airflow itself has ended the wait for it."""
        return self.conclude(self._time_out(left.name, ours=left.ours))

    def conclude(self, outcome: WaitOutcome) -> Any:
        """Turn the end of a wait into the end of the task, or into the next wait."""
        outcome = self._cancelled_here(outcome)
        if self.ledger.killed_late(outcome, now=self.wait.now()):
            self._log.warning(
                "Starting anew: it was cancelled on behalf of an earlier try. %s", outcome.name
            )
            return self.start()
        try:
            report = self._work.report(outcome.last) if outcome.last else ""
            snapshot = raise_unless_succeeded(
                outcome,
                kind=self._work.kind,
                late=out_of_time(self._work),
                report=report,
                left=self.cancel.why_left(outcome.name),
                cancelled_by=self.ledger.cancelled_by(outcome.snapshot),
            )
        except SpannerLroError:
            self.record_end(outcome)
            raise
        if outcome.timed_out:
            self._log.warning(
                "Finished first: it was done before the cancel took hold, and its result stands. "
                "%s",
                outcome.name,
            )
        waits = self._work.wait_for_completion
        follow_up = self._work.follow_up(snapshot) if waits else None
        if follow_up is not None:
            self._running = follow_up.name if follow_up.ours else None
            self._time(snapshot)
            self.ledger.go_on_with(follow_up)
            self._log.info("The work goes on as another operation. %s", follow_up.name)
            return self.conclude(self._wait_for(follow_up.name, ours=follow_up.ours))
        return self._deliver(snapshot)

    def kill(self, *, timed_out: bool) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly.

        :param timed_out: Airflow's own timeout has struck
        """
        self.cancel.kill(name=self._running, call=self._call, timed_out=timed_out)

    def interrupt(self) -> None:
        """Do the same on Ctrl-C, in a process that plays the task without a supervisor."""
        self.cancel.interrupt(name=self._running, call=self._call)

    def interrupted(self) -> SpannerLroError:
        """Return the error of a try that Airflow's own timeout has interrupted, wherever it was.

        What that leaves running is cancelled, as whenever the time is up.
        """
        self.kill(timed_out=True)
        call = self._call
        name = self._running or (call.answer.name if call and call.answer else None)
        target = self._work.target
        if name is None:
            if call is None:
                return NothingStartedError(target, reason=out_of_time(self._work))
            return StartUnansweredError(target, kind=self._work.kind)
        return self.cancel.timeout_error(name)

    def record_end(self, outcome: WaitOutcome) -> None:
        """Write down what the end of a wait that failed leaves behind."""
        if outcome.settled:
            # a kill has nothing to stop any more
            self._running, self._starter = None, None
            self._time(outcome.last)
        self.cancel.record(outcome)

    # starting

    def _begin(self, *, pause: float | None) -> OperationSnapshot | None:
        # a bad parameter is found before anything is written or asked
        target, _ = self._work.target, self._on_worker
        refusals = RefusalRetry(
            target=target,
            wait=self.wait,
            policy=self._policy,
            deadline=self._deadline,
            defer=(lambda: self._deferral) if self._work.deferrable else None,
            then=self._work.execute_after_slot.__name__,
            wait_for_slot=self._work.wait_for_slot,
            log=self._log.info,
        )

        starter: Starter | None = None

        def begin() -> OperationSnapshot | None:
            nonlocal starter
            # once, so that every attempt asks for the same
            self._starter = starter = starter or self._make_starter(target)
            return starter.begin(durable=self._work.durable)

        try:
            return refusals.until_accepted(begin, pause=pause)
        except StartUnansweredError:
            raise
        except DeadlinePassedError as exc:
            raise NothingStartedError(target, reason=out_of_time(self._work)) from exc
        except WaitStoppedError as exc:
            raise KilledBeforeStartError(target) from exc

    def _make_starter(self, target: ResourceName) -> Starter:
        return Starter(
            order=StartOrder.of(
                self._work,
                target=target,
                task=self.context["ti"],
                run=self.context.get("dag_run"),
                connection_spec=self._hook.connection_spec,
                deadline=self._deadline,
            ),
            client=self._hook.client,
            ledger=self.ledger,
            wait=self.wait,
            log=self._log.info,
        )

    @property
    def _policy(self) -> PollPolicy:
        interval = self._work.poll_interval
        return PollPolicy(maximum=settings.poll_interval() if interval is None else interval)

    # waiting, here or in the triggerer

    def _wait_for(
        self, name: OperationName, *, ours: bool = True, on_worker: float = 0.0
    ) -> WaitOutcome:
        """Wait for an operation, and stop it when the deadline passes.

        :param ours: it was started by the task, so the task may cancel it
        :param on_worker: how many seconds to wait here before the wait is left to the triggerer
        :raises OperationKilledError: if the task is killed meanwhile
        :raises OperationGoneError: if Spanner no longer knows the operation
        """
        defers, progress = self._work.deferrable, ProgressLog()
        if defers and not on_worker:
            self._defer(name, ours=ours, progress=progress)
        brief = self.wait.now() + timedelta(seconds=on_worker)
        until = min(self._deadline or brief, brief) if defers else self._deadline
        patience = PATIENCE if defers else 1.0
        try:
            snapshot = self.wait.wait(
                name=name, policy=self._policy, deadline=until, progress=progress, patience=patience
            )
        except DeadlinePassedError:
            snapshot = None
        except WaitStoppedError as exc:
            raise self.cancel.killed_error(name) from exc
        except Exception as exc:
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            self._close(name)
            raise OperationGoneError(name) from exc
        if snapshot is not None:
            return WaitOutcome(name=name, snapshot=snapshot)
        if defers and not self._out_of_time:
            self._defer(name, ours=ours, progress=progress)
        return self._time_out(name, ours=ours)

    def _defer(self, name: OperationName, *, ours: bool, progress: ProgressLog) -> NoReturn:
        """Leave the rest of a wait to the triggerer, which logs what was not logged here."""
        options, cancellable = self._work, ours and not self.ledger.presumed
        if options.cancel_on_kill and cancellable:
            pending_deferral.remember(name, run=self)
        self._deferral.until_done(
            name,
            then=self._work.execute_complete.__name__,
            presumed=self.ledger.presumed,
            cancel_on_timeout=options.cancel_on_timeout and cancellable,
            # a triggerer that runs beside such a process may take the trigger for its own
            cancel_on_kill=options.cancel_on_kill and cancellable and not runs_tasks_in_process(),
            cleans_up=self.cancel.may_clean_up,
            logged=progress.to_record(),
        )

    @property
    def _on_worker(self) -> float:
        """How many seconds the task waits here before it defers; what it adopted is not quick."""
        seconds = seconds_on_worker(
            self._work.kind,
            given=self._work.worker_wait,
            usual=settings.worker_wait(),
            deferrable=self._work.deferrable,
        )
        return seconds if self._call and self._call.answer else 0.0

    @property
    def _deferral(self) -> Deferral:
        return Deferral(
            defer=self._work.defer,
            connection_spec=self._hook.connection_spec,
            poll_interval=self._policy.maximum,
            deadline=self._deadline,
            now=self.wait.now(),
        )

    def _take_over(self) -> LedgerEntry | None:
        """Go on after a deferral, with the deadline of the process before; return its entry.

        Airflow 3.3.2 has a start of the try here that is seconds earlier than the one it gave
        the process that started.
        """
        entry = self.ledger.refresh()
        if entry:
            self._deadline = entry.deadline
        return entry

    # ending

    def _time_out(self, name: OperationName, *, ours: bool) -> WaitOutcome:
        """Return what became of an operation whose deadline has passed, after cancelling it."""
        return self.cancel.cancel_at_deadline(name, ours=ours)

    def _cancelled_here(self, outcome: WaitOutcome) -> WaitOutcome:
        """Return the outcome of a wait in the triggerer, after doing what it could not know.

        A trigger whose deadline passes, and to which Airflow does not say whose the operation is,
        leaves the cancel to the worker.
        """
        entry = self.ledger.mine
        if not outcome.timed_out or outcome.settlement or entry is None or entry.closed:
            return outcome
        waited_for = entry.waited_for
        if waited_for is None or waited_for.name != outcome.name:
            return outcome
        return self._time_out(outcome.name, ours=waited_for.ours)

    def _deliver(self, snapshot: OperationSnapshot | None) -> Any:
        work = self._work
        # it has succeeded: a kill has nothing to stop any more, and must delete nothing
        self._running, self._starter = None, None
        try:
            result = self.wait.retry_transient(lambda: work.result(snapshot))
        except WaitStoppedError as exc:
            raise KilledBeforeDeliveryError(work.target) from exc
        report_lineage(work, result, snapshot=snapshot, context=self.context, hook=self._hook)
        self._time(snapshot)
        self.ledger.deliver(snapshot)
        return result

    def _close(self, name: OperationName, snapshot: OperationSnapshot | None = None) -> None:
        # a kill has nothing to stop any more
        self._running, self._starter = None, None
        self._time(snapshot)
        self.ledger.close(name, snapshot)

    def _time(self, snapshot: OperationSnapshot | None) -> None:
        """Time the operation that is being concluded, if its end is known."""
        entry = self.ledger.mine
        own = entry and snapshot and entry.operation == snapshot.name and not entry.follow_up
        started = entry.intended if entry and own else None
        metrics.time_operation(snapshot, at=self.wait.now(), started=started)

    @property
    def _call(self) -> StartCall | None:
        """The start call of this process, if it has made one."""
        return self._starter.call if self._starter else None

    @property
    def _out_of_time(self) -> bool:
        return self._deadline is not None and self.wait.now() >= self._deadline
