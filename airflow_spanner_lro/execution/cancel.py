# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel a try's operation on a worker: on a kill, Ctrl-C, the deadline, Airflow's own timeout.

Each of them comes to one settlement, and what that is, log, error, ledger and metric say with the
same word (``LifecycleEnd``). A try that may not cancel, or is not to, says why instead.

A kill works in a thread and on a channel of its own, because it may have interrupted anything. It
has four seconds: Airflow 3.3.2 sends SIGKILL five seconds after SIGTERM.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from threading import Thread
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
from airflow_spanner_lro.triggers.task_state import view_task

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from airflow.sdk.types import Logger

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.execution.store import TaskLedger
    from airflow_spanner_lro.execution.wait import BlockingWait, StartCall
    from airflow_spanner_lro.execution.work import RunOptions
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from airflow_spanner_lro.triggers.task_state import TaskKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Whether this try may still cancel its operation.

    :param trouble: why that could not be found out; empty if it could
    """

    decision: KillDecision
    trouble: str = ""

    @property
    def reason(self) -> str:
        """Why it is not cancelled, in words."""
        return f"{self.decision}: {self.trouble}" if self.trouble else self.decision.value

    def sentence(self, name: OperationName) -> str:
        """Return why an operation is not cancelled, and what ends it if it should be."""
        told = f"It was not cancelled: {self.reason}."
        return f"{told} {cancel_advice(name)}" if self.decision is KillDecision.UNKNOWN else told


def ask_airflow(task: TaskKey, *, name: OperationName, try_number: int, timeout: float) -> Liveness:
    """Ask Airflow, and decide.

    :param timeout: how long to wait for its answer, in seconds
    """
    found: list[Liveness] = []

    def work() -> None:
        claim = Claim(operation=name, try_number=try_number)
        try:
            view = view_task(task)
        except Exception as exc:  # noqa: BLE001  # it is told
            trouble = f"Airflow could not be asked ({type(exc).__name__}: {exc})"
            found.append(Liveness(decision=KillDecision.UNKNOWN, trouble=trouble))
            return
        decision = decide_on_worker(claim=claim, liveness=view.liveness, record=view.record)
        found.append(Liveness(decision=decision))

    thread = Thread(target=work, name="spanner-lro-liveness", daemon=True)
    thread.start()
    thread.join(timeout)
    if found:
        return found[0]
    trouble = f"Airflow has not answered within {timeout:g} s"
    return Liveness(decision=KillDecision.UNKNOWN, trouble=trouble)


KILL_BUDGET = 4.0
"""Seconds for all of a kill on a worker."""
_TO_CANCEL = 1.0
"""Seconds for the outcome of a cancel that is sent when the budget is spent."""
CALL_ENDS = 90.0
"""Seconds within which every start call has ended, one way or another."""
_TO_ASK = 1.5
"""Seconds for Airflow to say whose the operation is."""
_TO_NOTE = 2.0
"""Seconds for the ledger to take a note, once the outcome is known."""

log = logging.getLogger(__name__)


class WorkerKill:
    """The kill of one process's operation; it happens once, however often it is asked for.

    :param new_client: makes a client with channels of its own
    :param clock: that of the wait which is to end
    :param note: writes down that the end of the operation is decided: SIGKILL may come before its
        outcome is known, and then the reaper has to know
    """

    def __init__(
        self,
        *,
        new_client: Callable[[], SpannerAdminClient],
        clock: StoppableClock,
        note: Callable[[OperationName], None],
        task: TaskKey,
        try_number: int,
    ) -> None:
        self._new_client = new_client
        self._clock = clock
        self._note = note
        self._task = task
        self._try_number = try_number
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._settlement: Settlement | None = None
        self.liveness: Liveness | None = None
        """Why it was not cancelled, if that was not this try's to do."""

    def end_wait(self) -> None:
        """End the wait, and cancel nothing."""
        self._clock.stop()

    def cancel(
        self,
        *,
        name: OperationName | None,
        call: StartCall | None,
        cleans_up: bool,
        cause: metrics.Cause,
        asks_airflow: bool = True,
    ) -> None:
        """End the wait and cancel the operation, within a budget; safe in a signal handler.

        :param name: the operation; None while only the answer of its start call can tell it
        :param call: the start call
        :param cause: as what it is counted
        :param asks_airflow: find out first whether the operation is still this try's, and write
            down that its end is decided
        """
        thread: threading.Thread | None = None
        if self._thread is None:
            until = time.monotonic() + KILL_BUDGET

            def work() -> None:
                try:
                    found = name or _name_told_by(call)
                    if found is not None and (not asks_airflow or self._is_ours(found)):
                        noted = self._begin_to_note(found) if asks_airflow else None
                        self._cancel(found, cleans_up=cleans_up, until=until)
                        if noted:
                            noted.join(_TO_NOTE)
                    if self._settlement is not None:
                        metrics.count_kill(self._settlement, cause=cause, at=self._clock.now())
                finally:
                    self._over.set()

            thread = threading.Thread(target=work, name="spanner-lro-kill", daemon=True)
            # known before the wait ends, because whoever waits then asks for the settlement
            self._thread = thread
        self._clock.stop()
        if thread is not None:
            thread.start()
            thread.join(KILL_BUDGET)

    def outcome(self, name: OperationName, *, timeout: float) -> Settlement | None:
        """Wait until it is over, and return what became of it.

        None if there was nothing to cancel, or that was not this try's to do.

        :param timeout: how long, in seconds
        """
        if self._thread is not None and not self._over.wait(timeout):
            return _not_sent(name, why=f"the cancel was not over within {timeout:g} s")
        return self._settlement

    def _is_ours(self, name: OperationName) -> bool:
        liveness = ask_airflow(self._task, name=name, try_number=self._try_number, timeout=_TO_ASK)
        if liveness.decision is KillDecision.UNKNOWN:
            # the ledger tells, and the reaper reads it
            self._settlement = _not_sent(name, why=liveness.reason)
        elif liveness.decision is not KillDecision.CANCEL:
            self.liveness = liveness
        return liveness.decision is KillDecision.CANCEL

    def _cancel(self, name: OperationName, *, cleans_up: bool, until: float) -> None:
        # the cancel goes out however late it is: nobody else may be there to send it
        left = max(until - time.monotonic(), _TO_CANCEL)
        try:
            client = self._new_client()
            self._settlement = cancel(client, name=name, cleans_up=cleans_up, timeout=left)
        except Exception as exc:  # noqa: BLE001  # it is told, whatever it was
            self._settlement = _not_sent(name, why=error_text(exc))

    def _begin_to_note(self, name: OperationName) -> threading.Thread:
        """Write down that the end is decided, beside the cancel, which waits for nothing."""
        thread = threading.Thread(target=self._note_stopping, args=(name,), daemon=True)
        thread.start()
        return thread

    def _note_stopping(self, name: OperationName) -> None:
        try:
            self._note(name)
        except AirflowRuntimeError as exc:
            log.warning("The ledger does not hear of this kill: %s", exc)


def _name_told_by(call: StartCall | None) -> OperationName | None:
    """Return the name of what a start call begins, when it has told.

    Nobody waits for a kill longer than its budget; while the process lives, an answer that comes
    later is acted on all the same.
    """
    if call is None:
        return None
    call.wait(CALL_ENDS)
    return call.answer.name if call.answer else None


def _not_sent(name: OperationName, *, why: str) -> Settlement:
    return Settlement(name=name, ending=Ending.NOT_SENT, detail=why)


_TO_ASK_AT_DEADLINE = 2.0
"""Seconds for Airflow to say whose the operation is, when the deadline passes."""
_LAST_WORD = 1.0
"""Seconds for a kill whose budget is spent to say how it ended."""


class TryCancel:
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
        liveness = ask_airflow(
            self._task, name=name, try_number=number, timeout=_TO_ASK_AT_DEADLINE
        )
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
            self._log.warning(
                "Not written to the ledger: %s. %s", error_message(exc), settlement.name
            )


def log_ending(settlement: Settlement, *, log: Logger | logging.Logger) -> None:
    """Log how a cancel ended, and what to do if something of the operation goes on."""
    if settlement.settled:
        log.warning("%s %s", settlement.sentence, settlement.name)
    else:
        log.error("%s %s", settlement.sentence, cancel_advice(settlement.name))
