# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a kill does in a task's process on a worker: find the name, ask whose it is, cancel.

It works in a thread and on a channel of its own, because it may have interrupted anything. It has
four seconds: Airflow 3.3.2 sends SIGKILL five seconds after SIGTERM.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.error_text import error_text
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.tries.ownership import KillDecision
from airflow_spanner_lro.execution.blocking_wait import cancel
from airflow_spanner_lro.execution.liveness import Liveness, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.execution.start_call import StartCall
    from airflow_spanner_lro.triggers.task_state import TaskKey

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
        liveness = ask(self._task, name=name, try_number=self._try_number, timeout=_TO_ASK)
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
