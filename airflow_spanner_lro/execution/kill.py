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
from airflow_spanner_lro.core.tries.ownership import KillDecision
from airflow_spanner_lro.execution.blocking_wait import cancel
from airflow_spanner_lro.execution.liveness import Liveness, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
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
        self.settlement: Settlement | None = None
        self.liveness: Liveness | None = None
        """Why it was not cancelled, if that was not this try's to do or could not be told."""

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
    ) -> None:
        """End the wait and cancel the operation, within a budget; safe in a signal handler.

        :param name: the operation; None while only the answer of its start call can tell it
        :param call: the start call
        :param cause: as what it is counted
        """
        thread: threading.Thread | None = None
        if self._thread is None:
            until = time.monotonic() + KILL_BUDGET

            def work() -> None:
                try:
                    self._work(name, call=call, cleans_up=cleans_up, cause=cause, until=until)
                finally:
                    self._over.set()

            thread = threading.Thread(target=work, name="spanner-lro-kill", daemon=True)
            # known before the wait ends, because whoever waits then asks for the settlement
            self._thread = thread
        self._clock.stop()
        if thread is not None:
            thread.start()
            thread.join(KILL_BUDGET)

    def wait(self, timeout: float) -> Settlement | None:
        """Wait until it is over, if there is anything to cancel, and return what became of that.

        :param timeout: how long, in seconds
        """
        if self._thread is not None:
            self._over.wait(timeout)
        return self.settlement

    def _work(
        self,
        name: OperationName | None,
        *,
        call: StartCall | None,
        cleans_up: bool,
        cause: metrics.Cause,
        until: float,
    ) -> None:
        if name is None and call is not None:
            # nobody waits for this thread longer than the budget; while the process lives, an
            # answer that comes later is acted on all the same
            call.wait(CALL_ENDS)
            name = call.answer.name if call.answer else None
        if name is None:
            return
        liveness = ask(self._task, name=name, try_number=self._try_number, timeout=_TO_ASK)
        if liveness.decision is not KillDecision.CANCEL:
            self.liveness = liveness
            return
        # beside the cancel, which waits for nothing
        noting = threading.Thread(target=self._note_stopping, args=(name,), daemon=True)
        noting.start()
        try:
            # the cancel goes out however late it is: nobody else may be there to send it
            left = max(until - time.monotonic(), _TO_CANCEL)
            self.settlement = cancel(
                self._new_client(), name=name, cleans_up=cleans_up, timeout=left
            )
        finally:
            metrics.count_kill(self.settlement, cause=cause, at=self._clock.now())
            noting.join(_TO_NOTE)

    def _note_stopping(self, name: OperationName) -> None:
        try:
            self._note(name)
        except AirflowRuntimeError as exc:
            log.warning("The ledger does not hear of this kill: %s", exc)
