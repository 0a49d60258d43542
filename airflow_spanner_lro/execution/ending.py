# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a try ends its operation on a worker: a kill, Ctrl-C, the deadline, Airflow's own timeout.

Each of them comes to one settlement, and what that is, log, error, ledger and metric say with the
same word (``Ending``). A try that may not cancel, or is not to, says why instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.core.error_text import said
from airflow_spanner_lro.core.operations.errors import (
    OperationKilledError,
    OperationTimeoutError,
    left_running_presumed,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement, cancel_advice
from airflow_spanner_lro.core.tries.ownership import KillDecision
from airflow_spanner_lro.execution.kill import WorkerKill
from airflow_spanner_lro.execution.liveness import ask

if TYPE_CHECKING:
    import logging

    from airflow.sdk.types import Logger

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.execution.blocking_wait import BlockingWait
    from airflow_spanner_lro.execution.liveness import Liveness
    from airflow_spanner_lro.execution.start_call import StartCall
    from airflow_spanner_lro.execution.store import TaskLedger
    from airflow_spanner_lro.execution.work import RunOptions
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from airflow_spanner_lro.triggers.task_state import TaskKey

_TO_ASK = 2.0
"""Seconds for Airflow to say whose the operation is, when the deadline passes."""
_LAST_WORD = 1.0
"""Seconds for a kill whose budget is spent to say how it ended."""


class TryEnd:
    """The end of one try in one process, as far as it ends the operation.

    :param task: Airflow's task instance
    :param clean_up: what an operation makes in spite of a cancel is to be deleted, if it may be
    """

    def __init__(
        self,
        *,
        task: TaskKey,
        options: RunOptions,
        clean_up: bool,
        hook: SpannerAdminHook,
        ledger: TaskLedger,
        wait: BlockingWait,
        log: Logger,
    ) -> None:
        self._task = task
        self._options = options
        self._clean_up = clean_up
        self._ledger = ledger
        self._wait = wait
        self._log = log
        self._not_ours: Liveness | None = None
        self._reason = "the task was killed"
        self._kill = WorkerKill(
            new_client=hook.new_client,
            clock=wait.clock,
            note=lambda name: ledger.note_stopping(name, now=wait.now()),
            task=task,
            try_number=ledger.try_number,
        )

    @property
    def may_clean_up(self) -> bool:
        """Whether what the operation makes in spite of a cancel is to be deleted, and may be.

        While the start call is under way nothing is written down yet; its answer is the evidence.
        """
        may = self._ledger.may_clean_up
        return self._clean_up if may is None else may

    def kill(
        self, *, name: OperationName | None, call: StartCall | None, timed_out: bool = False
    ) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly.

        :param name: the operation, if it is known
        :param call: its start call, if this process has made one
        :param timed_out: Airflow's own timeout has struck
        """
        wanted = self._options.cancel_on_timeout if timed_out else self._options.cancel_on_kill
        if not wanted or self._ledger.presumed or (name is None and call is None):
            self._kill.end_wait()
            return
        cause = metrics.Cause.DEADLINE if timed_out else metrics.Cause.KILL_ON_WORKER
        self._kill.cancel(name=name, call=call, cleans_up=self.may_clean_up, cause=cause)

    def interrupt(self, *, name: OperationName | None, call: StartCall | None) -> None:
        """Do the same on Ctrl-C, in a process that plays the task without a supervisor.

        Airflow is not asked: this process may be in the midst of asking it, and nobody else has the
        task.
        """
        self._reason = "the task was interrupted (Ctrl-C)"
        if not self._options.cancel_on_kill or self._ledger.presumed or not (name or call):
            self._kill.end_wait()
            return
        self._kill.cancel(
            name=name,
            call=call,
            cleans_up=self.may_clean_up,
            cause=metrics.Cause.INTERRUPT,
            asks_airflow=False,
        )

    def tell_interrupt(self, name: OperationName) -> None:
        """Log what became of a deferred task's operation after Ctrl-C, and write it down."""
        self._log.warning("Deferred no longer: %s. %s", self._reason, name)
        settlement = self._kill.outcome(name, timeout=_LAST_WORD)
        if settlement is not None:
            log_ending(settlement, log=self._log)
            self._write(settlement)

    def killed(self, name: OperationName) -> OperationKilledError:
        """Return the error of a try that was killed, and write down what became of it."""
        settlement = self._settled(name)
        if settlement is None and self._ledger.presumed:
            self._ledger.leave(name)
        left = self.why_left(name)
        return OperationKilledError(self._reason, name=name, settlement=settlement, left=left)

    def interrupted(self, name: OperationName) -> OperationTimeoutError:
        """Return the error of a try that Airflow's own timeout has ended, after its ``kill``."""
        settlement = self._settled(name)
        if settlement is None:
            self.note(WaitOutcome(name=name))
        left = self.why_left(name)
        return OperationTimeoutError(
            self._options.late, name=name, settlement=settlement, left=left
        )

    def out_of_time(self, name: OperationName, *, ours: bool) -> WaitOutcome:
        """Return what became of an operation whose deadline has passed, after cancelling it.

        Airflow is asked first whether the operation is still this try's: this process may have been
        frozen until the next try had taken it up, or delivered it.
        """
        if not (self._options.cancel_on_timeout and ours) or self._ledger.presumed:
            return WaitOutcome(name=name)
        number = self._ledger.try_number
        liveness = ask(self._task, name=name, try_number=number, timeout=_TO_ASK)
        if liveness.decision is KillDecision.UNKNOWN:
            # its end is decided all the same: the ledger says so, and the reaper reads it
            settlement = Settlement(name=name, ending=Ending.NOT_SENT, detail=liveness.reason)
            metrics.count_cancel(settlement, cause=metrics.Cause.DEADLINE)
        elif liveness.decision is not KillDecision.CANCEL:
            self._not_ours = liveness
            self._log.warning(
                "%s was not cancelled: %s. %s %s",
                name.label,
                self._options.late,
                liveness.sentence(name),
                name,
            )
            return WaitOutcome(name=name)
        else:
            self._log.info("Cancelling: %s. %s", self._options.late, name)
            settlement = self._wait.stop(
                name=name,
                cleans_up=self.may_clean_up,
                timeout=settings.settle_timeout(),
                cause=metrics.Cause.DEADLINE,
            )
        log_ending(settlement, log=self._log)
        return WaitOutcome(name=name, settlement=settlement)

    def why_left(self, name: OperationName) -> str:
        """Return why an operation was left running; nothing if that was asked for."""
        if liveness := self._kill.liveness or self._not_ours:
            return liveness.sentence(name)
        return left_running_presumed(name) if self._ledger.presumed else ""

    def note(self, outcome: WaitOutcome) -> None:
        """Write down what the end of a wait that failed leaves behind."""
        if outcome.settlement is not None:
            self._write(outcome.settlement)
        elif outcome.snapshot is not None:
            self._ledger.close(outcome.name, outcome.snapshot)
        elif self._ledger.presumed:
            self._ledger.leave(outcome.name)
        elif not self._options.cancel_on_timeout:
            self._ledger.exempt_from_reaping()

    def _settled(self, name: OperationName) -> Settlement | None:
        """Wait for the outcome of a kill; log it, and write it down."""
        settlement = self._kill.outcome(name, timeout=settings.settle_timeout())
        if settlement is not None:
            log_ending(settlement, log=self._log)
            self._write(settlement)
        return settlement

    def _write(self, settlement: Settlement) -> None:
        try:
            self._ledger.settle(settlement, now=self._wait.now())
        except AirflowRuntimeError as exc:
            # what became of the operation is told all the same
            self._log.warning("Not written to the ledger: %s. %s", said(exc), settlement.name)


def log_ending(settlement: Settlement, *, log: Logger | logging.Logger) -> None:
    """Log how a cancel ended, and what to do if something of the operation goes on."""
    if settlement.settled:
        log.warning("%s %s", settlement.sentence, settlement.name)
    else:
        log.error("%s %s", settlement.sentence, cancel_advice(settlement.name))
