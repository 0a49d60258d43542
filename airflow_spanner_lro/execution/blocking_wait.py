# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting in a task's process on a worker, in a way that a kill can end at any moment.

``on_kill`` may run inside a signal handler that has interrupted this very wait, in the middle of a
call, of a log line or of a message to the supervisor. So a kill touches none of these: it stops a
clock and works in a thread of its own (``kill.py``), and the interrupted wait finds out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop, wait
from airflow_spanner_lro.core.flows.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.operations.progress import ProgressLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.drive import Observer
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.start_call import StartCall

T = TypeVar("T")

ANSWER_BUDGET = 4.0
"""Seconds to wait for the answer of a start call after a kill or the deadline: it tells the name
that a cancel needs. Airflow 3.3.2 kills the process five seconds after SIGTERM."""
_SLICE = 0.1
"""Seconds between two looks whether the task is killed while a start call is under way."""


class StartGivenUpError(WaitStoppedError):
    """The wait for the answer of a start call was given up; it may have begun an operation."""


class BlockingWait:
    """One process's waiting.

    :param client: asks while waiting
    :param log: writes a line
    """

    def __init__(self, *, client: SpannerAdminClient, log: Callable[[str], None]) -> None:
        self._client = client
        self._log = log
        self.clock = StoppableClock()
        self._telemetry = metrics.AirflowTelemetry()

    @property
    def killed(self) -> bool:
        """Whether the task was told to end."""
        return self.clock.stopped

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self.clock.now()

    def wait(
        self, *, name: OperationName, policy: PollPolicy, deadline: datetime | None
    ) -> OperationSnapshot:
        """Wait until the operation is done, logging what changes.

        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        narrator = ProgressLog()

        def observe(polled: OperationSnapshot | Exception) -> None:
            for line in narrator.lines(polled, now=self.now()):
                self._log(line)

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
            flow, client=self._client, clock=self.clock, deadline=deadline, observe=observe
        )
        if self.killed:
            # a poll that was under way has seen the end that the kill itself brought about
            raise WaitStoppedError
        return result

    def patiently(
        self,
        ask: Callable[[], T],
        *,
        deadline: datetime | None = None,
        quota_counts: bool = False,
    ) -> T:
        """Ask for something until there is an answer, as patiently as a wait does.

        The client library waits out the most usual trouble by itself where a resource is read; this
        waits out the rest, and hears of a kill.

        :param deadline: when trouble that may pass counts all the same, if that is sooner
        :param quota_counts: that too many requests were made is not waited out here
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        from airflow_spanner_lro.admin.patience import patiently  # noqa: PLC0415  # with the client

        patience = PollPolicy().patience
        if deadline is not None:
            patience = min(patience, (deadline - self.now()).total_seconds())
        return patiently(
            ask,
            clock=self.clock,
            patience=patience,
            tell=self._log,
            quota_counts=quota_counts,
        )

    def pause(self, seconds: float, *, deadline: datetime | None) -> None:
        """Pause.

        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        left = None if deadline is None else (deadline - self.now()).total_seconds()
        if left is not None and left <= seconds:
            self.clock.sleep(max(left, 0))
            raise DeadlinePassedError
        self.clock.sleep(seconds)

    def answer(self, call: StartCall, *, deadline: datetime | None) -> OperationSnapshot:
        """Make a start call and wait for its answer.

        After a kill or the deadline the answer is waited for a little longer, because it tells what
        to cancel. What comes later than that the call itself writes down.

        :raises StartGivenUpError: if there is none in time
        :raises Exception: what the call raised, Google's errors among it
        """
        call.begin()
        try:
            while not call.wait(_SLICE):
                late = deadline is not None and self.now() >= deadline
                if self.killed or late:
                    call.wait(ANSWER_BUDGET)
                    break
        finally:
            # also when Airflow's own timeout has struck in here
            ended = call.give_up()
        if not ended:
            raise StartGivenUpError
        return call.result()

    def stop(
        self, *, name: OperationName, cleans_up: bool, timeout: float, cause: metrics.Cause
    ) -> Settlement:
        """Cancel the operation, wait for what becomes of it, and clean up if asked to.

        :param timeout: how long to wait for the outcome, in seconds
        :param cause: as what it is counted
        """
        settlement = cancel(self._client, name=name, cleans_up=cleans_up, timeout=timeout)
        metrics.count_cancel(settlement, cause=cause)
        return settlement


def cancel(
    client: SpannerAdminClient, *, name: OperationName, cleans_up: bool, timeout: float
) -> Settlement:
    """Cancel an operation whatever happens meanwhile, and return what became of it.

    :param timeout: how long to wait for the outcome, in seconds
    """
    from airflow_spanner_lro.admin.drive import run  # noqa: PLC0415  # loads gRPC

    clock = StoppableClock()
    return run(
        stop(name=name, policy=CancelPolicy(), cleans_up=cleans_up),
        client=client,
        clock=clock,
        deadline=clock.now() + timedelta(seconds=timeout),
    )
