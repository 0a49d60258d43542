# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for an operation on a worker, and stopping it when the task is killed meanwhile.

``on_kill`` may run inside a signal handler that has interrupted this very wait, in the middle of a
call, of a log line or of a message to the supervisor. So a kill touches none of these: it works in
a thread and on a channel of its own, and the interrupted wait finds out by its clock.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.core.flows.operation import stop, wait
from airflow_spanner_lro.core.flows.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.operations.narrate import ProgressNarrator

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.drive import Observer
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

T = TypeVar("T")

KILL_BUDGET = 4.0
"""Seconds for a kill on a worker: Airflow 3.3.2 sends SIGKILL five seconds after SIGTERM."""


class WorkerWatch:
    """One task's waiting on a worker.

    :param client: asks while waiting
    :param new_client: makes a client with channels of its own
    :param tell: logs a line
    """

    def __init__(
        self,
        *,
        client: SpannerAdminClient,
        new_client: Callable[[], SpannerAdminClient],
        tell: Callable[[str], None],
    ) -> None:
        self._client = client
        self._new_client = new_client
        self._tell = tell
        self._clock = StoppableClock()
        self._kill_thread: threading.Thread | None = None
        self._kill_over = threading.Event()
        self._settlement: Settlement | None = None
        self._telemetry = metrics.AirflowTelemetry()

    @property
    def killed(self) -> bool:
        """Whether ``kill`` was called."""
        return self._clock.stopped

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._clock.now()

    def wait(
        self, *, name: OperationName, policy: PollPolicy, deadline: datetime | None
    ) -> OperationSnapshot:
        """Wait until the operation is done, logging what changes.

        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        narrator = ProgressNarrator()

        def observe(heard: OperationSnapshot | Exception) -> None:
            for line in narrator.lines(heard, now=self.now()):
                self._tell(line)

        snapshot = self.perform(wait(name=name, policy=policy), deadline=deadline, observe=observe)
        self._telemetry.detected(snapshot=snapshot, at=self.now())
        return snapshot

    def perform(
        self, flow: Flow[T], *, deadline: datetime | None, observe: Observer | None = None
    ) -> T:
        """Perform a flow that waits for something.

        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415  # loads gRPC

        result = run(
            flow, client=self._client, clock=self._clock, deadline=deadline, observe=observe
        )
        if self.killed:
            # a look that was under way has seen the end that the kill itself brought about
            raise WaitStoppedError
        return result

    def patiently(self, ask: Callable[[], T], *, deadline: datetime | None = None) -> T:
        """Ask for something until there is an answer, as patiently as a wait does.

        The client library waits out the most usual trouble by itself where a resource is read; this
        waits out the rest, and hears of a kill.

        :param deadline: when trouble that may pass counts all the same, if that is sooner
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        from airflow_spanner_lro.admin.patience import patiently  # noqa: PLC0415  # with the client

        patience = PollPolicy().patience
        if deadline is not None:
            patience = min(patience, (deadline - self.now()).total_seconds())
        return patiently(ask, clock=self._clock, patience=patience, tell=self._tell)

    def stop(
        self, *, name: OperationName, cleans_up: bool, timeout: float, cause: metrics.Cause
    ) -> Settlement:
        """Cancel the operation, wait for what becomes of it, and clean up if asked to.

        :param timeout: how long to wait for the outcome, in seconds
        :param cause: as what it is counted
        """
        settlement = _stop(self._client, name=name, cleans_up=cleans_up, timeout=timeout)
        metrics.count_cancel(settlement, cause=cause)
        return settlement

    def kill(self, *, name: OperationName | None, cleans_up: bool, cause: metrics.Cause) -> None:
        """End the wait and stop the operation, within a budget; safe in a signal handler.

        :param name: the operation to stop; None if it is to go on, or there is none
        :param cause: as what it is counted
        """
        thread: threading.Thread | None = None
        if name is not None and self._kill_thread is None:

            def work() -> None:
                try:
                    self._settlement = _stop(
                        self._new_client(), name=name, cleans_up=cleans_up, timeout=KILL_BUDGET
                    )
                finally:
                    self._kill_over.set()
                    metrics.count_kill(self._settlement, cause=cause, at=self.now())

            thread = threading.Thread(target=work, name="spanner-lro-kill", daemon=True)
            # known before the wait ends, because whoever waits then asks for the settlement
            self._kill_thread = thread
        self._clock.stop()
        if thread is not None:
            thread.start()
            thread.join(KILL_BUDGET)

    def settlement_of_kill(self, *, timeout: float) -> Settlement | None:
        """Return what became of the operation that was killed; None if it was left running."""
        if self._kill_thread is not None:
            self._kill_over.wait(timeout)
        return self._settlement


def _stop(
    client: SpannerAdminClient, *, name: OperationName, cleans_up: bool, timeout: float
) -> Settlement:
    from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415  # loads gRPC

    clock = StoppableClock()
    return run(
        stop(name=name, policy=CancelPolicy(), cleans_up=cleans_up),
        client=client,
        clock=clock,
        deadline=clock.now() + timedelta(seconds=timeout),
    )
