# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel a try's operation on a worker: on a kill, Ctrl-C, the deadline, Airflow's own timeout.

Each of them comes to one settlement, and what that is, log, error, ledger and metric say with the
same word (``Ending``). A try that may not cancel, or is not to, says why instead.

A kill works in a thread and on a channel of its own, because it may have interrupted anything. It
has four seconds: Airflow 3.3.2 sends SIGKILL five seconds after SIGTERM.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.core.ledger.ownership import Claim, KillDecision, decide_on_worker
from airflow_spanner_lro.core.operations.errors import (
    OperationKilledError,
    OperationTimeoutError,
    left_running_presumed,
)
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement, cancel_advice
from airflow_spanner_lro.core.status import error_message, error_text
from airflow_spanner_lro.execution.wait import cancel
from airflow_spanner_lro.execution.work import out_of_time, wants_clean_up
from airflow_spanner_lro.triggers.task_state import view_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk.types import Logger

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.execution.store import TaskLedger
    from airflow_spanner_lro.execution.wait import BlockingWait, StartCall
    from airflow_spanner_lro.execution.work import Work
    from airflow_spanner_lro.triggers.task_state import TaskKey

KILL_BUDGET = 4.0
"""Seconds for all of a kill on a worker."""
_TO_ASK = 1.5
"""Seconds of these for Airflow to say whose the operation is."""
_TO_CANCEL = 1.0
"""Seconds for the outcome of a cancel that is sent when the budget is spent."""
_TO_NOTE = 2.0
"""Seconds for the ledger to take a note, once the outcome is known."""
_LAST_WORD = 1.0
"""Seconds for a kill whose budget is spent to say how it ended."""
_TO_ASK_AT_DEADLINE = 2.0
"""Seconds for Airflow to say whose the operation is, when the deadline passes."""
CALL_ENDS = 90.0
"""Seconds within which every start call has ended, one way or another."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDecision:
    """Whether this try may still cancel its operation, by Airflow's answer.

    :param trouble: why there was no answer; empty if there was
    """

    decision: KillDecision
    trouble: str = ""

    @property
    def reason(self) -> str:
        """Why it is not cancelled, in words."""
        return f"{self.decision}: {self.trouble}" if self.trouble else self.decision.value

    def sentence(self, name: OperationName) -> str:
        """Return why an operation is not cancelled, and what ends it if it should be."""
        sentence = f"It was not cancelled: {self.reason}."
        unknown = self.decision is KillDecision.UNKNOWN
        return f"{sentence} {cancel_advice(name)}" if unknown else sentence


class WorkerCancel:
    """The cancel of one try's operation in one process, whatever it is that ends the try.

    :param task: Airflow's task instance
    """

    def __init__(
        self, work: Work, *, task: TaskKey, ledger: TaskLedger, wait: BlockingWait
    ) -> None:
        self._work = work
        self._task = task
        self._hook = work.hook
        self._ledger = ledger
        self._wait = wait
        self._log = work.log
        self._reason = "the task was killed"
        self._not_ours: CancelDecision | None = None
        self._kill: threading.Thread | None = None
        self._kill_over = threading.Event()
        self._settlement: Settlement | None = None

    @property
    def may_clean_up(self) -> bool:
        """Whether what the operation makes in spite of a cancel is to be deleted, and may be.

        While the start call is under way nothing is written down yet; its answer is the evidence.
        """
        may = self._ledger.may_clean_up
        return wants_clean_up(self._work) if may is None else may

    # a kill, in a thread of its own

    def kill(
        self, *, name: OperationName | None, call: StartCall | None, timed_out: bool = False
    ) -> None:
        """Stop waiting, and cancel the operation if that is wanted; may be called repeatedly.

        :param name: the operation, if it is known
        :param call: its start call, if this process has made one
        :param timed_out: Airflow's own timeout has struck
        """
        wanted = self._work.cancel_on_timeout if timed_out else self._work.cancel_on_kill
        cause = metrics.Cause.DEADLINE if timed_out else metrics.Cause.KILL_ON_WORKER
        self._end_wait(name=name, call=call, cancels=wanted, cause=cause)

    def interrupt(self, *, name: OperationName | None, call: StartCall | None) -> None:
        """Do the same on Ctrl-C, in a process that plays the task without a supervisor."""
        self._reason = "the task was interrupted (Ctrl-C)"
        wanted = self._work.cancel_on_kill
        self._end_wait(name=name, call=call, cancels=wanted, cause=metrics.Cause.INTERRUPT)

    def _end_wait(
        self,
        *,
        name: OperationName | None,
        call: StartCall | None,
        cancels: bool,
        cause: metrics.Cause,
    ) -> None:
        """End the wait and cancel the operation, once, within a budget; safe in a signal handler.

        :param name: the operation; None while only the answer of its start call has it
        """
        thread: threading.Thread | None = None
        cancels = cancels and not self._ledger.presumed and (name or call) is not None
        if cancels and self._kill is None:
            thread = threading.Thread(
                target=self._perform_kill,
                kwargs={
                    "name": name,
                    "call": call,
                    "cleans_up": self.may_clean_up,
                    "cause": cause,
                    "until": time.monotonic() + KILL_BUDGET,
                },
                name="spanner-lro-kill",
                daemon=True,
            )
            # known before the wait ends, because whoever waits then asks for the settlement
            self._kill = thread
        self._wait.clock.stop()
        if thread is not None:
            thread.start()
            thread.join(KILL_BUDGET)

    def _perform_kill(
        self,
        *,
        name: OperationName | None,
        call: StartCall | None,
        cleans_up: bool,
        cause: metrics.Cause,
        until: float,
    ) -> None:
        """Find the name, ask whose the operation is, and cancel it.

        On Ctrl-C Airflow is not asked, and nothing noted: this process may be in the midst of
        asking it, and nobody else has the task.
        """
        asks_airflow = cause is not metrics.Cause.INTERRUPT
        try:
            if name is None and call is not None:
                # nobody waits for a kill longer than its budget; while the process lives, an
                # answer that comes later is acted on all the same
                call.wait(CALL_ENDS)
                name = call.answer.name if call.answer else None
            if name is not None and (not asks_airflow or self._is_ours(name)):
                # beside the cancel, which waits for nothing
                note = threading.Thread(target=self._note_stopping, args=(name,), daemon=True)
                if asks_airflow:
                    note.start()
                # the cancel goes out however late it is: nobody else may be there to send it
                self._settlement = self._cancel_by_itself(
                    name, cleans_up=cleans_up, timeout=max(until - time.monotonic(), _TO_CANCEL)
                )
                if asks_airflow:
                    note.join(_TO_NOTE)
            if self._settlement is not None:
                metrics.count_kill(self._settlement, cause=cause, at=self._wait.now())
        finally:
            self._kill_over.set()

    def _is_ours(self, name: OperationName) -> bool:
        answer = self._ask_airflow(name, timeout=_TO_ASK)
        if answer.decision is KillDecision.UNKNOWN:
            # the ledger tells, and the reaper reads it
            self._settlement = _not_sent(name, why=answer.reason)
        elif answer.decision is not KillDecision.CANCEL:
            self._not_ours = answer
        return answer.decision is KillDecision.CANCEL

    def _cancel_by_itself(
        self, name: OperationName, *, cleans_up: bool, timeout: float
    ) -> Settlement:
        try:
            client = self._hook.new_client()
            return cancel(client, name=name, cleans_up=cleans_up, timeout=timeout)
        except Exception as exc:  # noqa: BLE001  # it is logged, whatever it was
            return _not_sent(name, why=error_text(exc))

    def _note_stopping(self, name: OperationName) -> None:
        """Write down that the end is decided.

        SIGKILL may come before its outcome is known, and then the reaper has to know.
        """
        self._write_down(name, lambda: self._ledger.note_stopping(name, now=self._wait.now()))

    def kill_outcome(self, name: OperationName, *, timeout: float) -> Settlement | None:
        """Wait until a kill is over; log and write down what became of the operation.

        None if there was nothing to cancel, or that was not this try's to do.

        :param timeout: how long, in seconds
        """
        settlement: Settlement | None
        if self._kill is not None and not self._kill_over.wait(timeout):
            settlement = _not_sent(name, why=f"the cancel was not over within {timeout:g} s")
        else:
            settlement = self._settlement
        if settlement is not None:
            log_ending(settlement, log=self._log)
            self._write(settlement)
        return settlement

    def log_interrupt(self, name: OperationName) -> None:
        """Log what became of a deferred task's operation after Ctrl-C, and write it down."""
        self._log.warning("Not waiting any more: %s. %s", self._reason, name)
        self.kill_outcome(name, timeout=_LAST_WORD)

    # what the try ends with

    def killed_error(self, name: OperationName) -> OperationKilledError:
        """Return the error of a try that was killed, and write down what became of it."""
        settlement = self.kill_outcome(name, timeout=settings.settle_timeout())
        if settlement is None and self._ledger.presumed:
            self._ledger.leave(name)
        left = self.why_left(name)
        return OperationKilledError(self._reason, name=name, settlement=settlement, left=left)

    def timeout_error(self, name: OperationName) -> OperationTimeoutError:
        """Return the error of a try that Airflow's own timeout has ended, after its ``kill``."""
        self._write_down(name, lambda: self._ledger.note_answer(name))
        settlement = self.kill_outcome(name, timeout=settings.settle_timeout())
        if settlement is None:
            self.record(WaitOutcome(name=name))
        left = self.why_left(name)
        return OperationTimeoutError(
            out_of_time(self._work), name=name, settlement=settlement, left=left
        )

    def cancel_at_deadline(self, name: OperationName, *, ours: bool) -> WaitOutcome:
        """Return what became of an operation whose deadline has passed, after cancelling it.

        Airflow is asked first whether the operation is still this try's: this process may have been
        frozen until the next try had taken it up, or delivered it.
        """
        if not (self._work.cancel_on_timeout and ours) or self._ledger.presumed:
            return WaitOutcome(name=name)
        answer = self._ask_airflow(name, timeout=_TO_ASK_AT_DEADLINE)
        if answer.decision is KillDecision.UNKNOWN:
            # its end is decided all the same: the ledger says so, and the reaper reads it
            settlement = _not_sent(name, why=answer.reason)
            metrics.count_cancel(settlement, cause=metrics.Cause.DEADLINE)
        elif answer.decision is not KillDecision.CANCEL:
            self._not_ours = answer
            self._log.warning(
                "%s was not cancelled: %s. %s %s",
                name.label,
                out_of_time(self._work),
                answer.sentence(name),
                name,
            )
            return WaitOutcome(name=name)
        else:
            self._log.info("Cancelling: %s. %s", out_of_time(self._work), name)
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
        if self._not_ours is not None:
            return self._not_ours.sentence(name)
        return left_running_presumed(name) if self._ledger.presumed else ""

    def record(self, outcome: WaitOutcome) -> None:
        """Write down what the end of a wait that failed leaves behind."""
        if outcome.settlement is not None:
            self._write(outcome.settlement)
        elif outcome.snapshot is not None:
            self._ledger.close(outcome.name, outcome.snapshot)
        elif self._ledger.presumed:
            self._ledger.leave(outcome.name)
        elif not self._work.cancel_on_timeout:
            self._ledger.exempt_from_reaping()

    def _write(self, settlement: Settlement) -> None:
        self._write_down(
            settlement.name, lambda: self._ledger.settle(settlement, now=self._wait.now())
        )

    def _write_down(self, name: OperationName, write: Callable[[], None]) -> None:
        """Write to the ledger; what Airflow does not take is logged, and stops no cancel."""
        try:
            write()
        except AirflowRuntimeError as exc:
            log.warning("Not written to the ledger: %s. %s", error_message(exc), name)

    def _ask_airflow(self, name: OperationName, *, timeout: float) -> CancelDecision:
        """Ask Airflow whose the operation is by now, within a time that holds whatever it does.

        A question to Airflow has no timeout, and may have to wait for a lock that this very process
        holds. So it is asked in a thread that is given up when the time is over: who cannot know
        leaves it to who can.

        :param timeout: how long to wait for its answer, in seconds
        """
        found: list[CancelDecision] = []
        claim = Claim(operation=name, try_number=self._ledger.try_number)

        def work() -> None:
            try:
                view = view_task(self._task)
            except Exception as exc:  # noqa: BLE001  # it is logged
                trouble = f"Airflow could not be asked ({type(exc).__name__}: {exc})"
                found.append(CancelDecision(decision=KillDecision.UNKNOWN, trouble=trouble))
                return
            decision = decide_on_worker(claim=claim, liveness=view.liveness, record=view.record)
            found.append(CancelDecision(decision=decision))

        thread = threading.Thread(target=work, name="spanner-lro-liveness", daemon=True)
        thread.start()
        thread.join(timeout)
        if found:
            return found[0]
        trouble = f"Airflow has not answered within {timeout:g} s"
        return CancelDecision(decision=KillDecision.UNKNOWN, trouble=trouble)


def log_ending(settlement: Settlement, *, log: Logger | logging.Logger) -> None:
    """Log how a cancel ended, and what to do if something of the operation goes on."""
    if settlement.settled:
        log.warning("%s %s", settlement.sentence, settlement.name)
    else:
        log.error("%s %s", settlement.sentence, cancel_advice(settlement.name))


def _not_sent(name: OperationName, *, why: str) -> Settlement:
    return Settlement(name=name, ending=Ending.NOT_SENT, detail=why)
