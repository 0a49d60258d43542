# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait in a task's process on a worker: for a start's answer, for an operation, for a free slot.

A kill can end each of these at any moment. ``on_kill`` may run inside a signal handler that has
interrupted this very wait, in the middle of a call, of a log line or of a message to the
supervisor. So a kill touches none of these: it stops a clock and works in a thread of its own
(``cancel.py``), and the interrupted wait finds out.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.core.flows.limits import (
    LimitReachedError,
    SlotWaitEndedError,
    refused_for_now,
    wait_for_slot,
)
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop, wait
from airflow_spanner_lro.core.operations.errors import RefusedForNowError
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.polling.policy import BackOffPolicy, CancelPolicy, PollPolicy
from airflow_spanner_lro.core.status import (
    ErrorClass,
    classify,
)
from airflow_spanner_lro.core.text import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.driver import Observer
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.deferral import Deferral
    from airflow_spanner_lro.execution.shown_progress import ShownProgress


T = TypeVar("T")

ANSWER_BUDGET = 4.0
"""Seconds to wait for the answer of a start call after a kill or the deadline: it has the name
that a cancel needs. Airflow 3.3.2 kills the process five seconds after SIGTERM."""
_SLICE = 0.1
"""Seconds between two checks whether the task is killed while a start call is under way."""
FIRST_PAUSE = 1.0
"""Seconds until the second attempt at what Spanner has refused for now."""
ON_WORKER = 10.0
"""Seconds of pauses for which a worker is held, where the task may be deferred."""

log = logging.getLogger(__name__)


class StartGivenUpError(WaitStoppedError):
    """The wait for the answer of a start call was given up; it may have begun an operation."""


class BlockingWait:
    """One process's waiting.

    :param client: asks while waiting
    :param log: writes a line
    :param shown: shows to others what is seen of an operation
    """

    def __init__(
        self,
        *,
        client: SpannerAdminClient,
        log: Callable[[str], None],
        shown: ShownProgress | None = None,
    ) -> None:
        self._client = client
        self._log = log
        self._shown = shown
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
        self,
        *,
        name: OperationName,
        policy: PollPolicy,
        deadline: datetime | None,
        progress: ProgressLog | None = None,
        patience: float = 1.0,
    ) -> OperationSnapshot:
        """Wait until the operation is done, logging what changes.

        :param progress: decides what is logged, where others go on with it
        :param patience: see :func:`~airflow_spanner_lro.core.flows.operation.wait`
        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        logged = progress or ProgressLog()

        def on_snapshot(polled: OperationSnapshot | Exception) -> None:
            now = self.now()
            lines = logged.lines(polled, now=now)
            for line in lines:
                self._log(line)
            if self._shown:
                self._shown.on_snapshot(polled, now=now, lines=lines)

        snapshot = self.perform(
            wait(name=name, policy=policy, patience=patience),
            deadline=deadline,
            on_snapshot=on_snapshot,
        )
        self._telemetry.detected(snapshot=snapshot, at=self.now())
        return snapshot

    def perform(
        self, flow: Flow[T], *, deadline: datetime | None, on_snapshot: Observer | None = None
    ) -> T:
        """Perform a flow that waits for something.

        :raises DeadlinePassedError: if the deadline passes first
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415  # loads gRPC

        try:
            result = run(
                flow,
                client=self._client,
                clock=self.clock,
                deadline=deadline,
                on_snapshot=on_snapshot,
            )
        except DeadlinePassedError:
            if not self.killed:
                raise
        if self.killed:
            # a poll that was under way has seen the end that the kill itself brought about
            raise WaitStoppedError
        return result

    def retry_transient(
        self,
        ask: Callable[[], T],
        *,
        deadline: datetime | None = None,
        quota_counts: bool = False,
    ) -> T:
        """Ask for something until there is an answer, through transient errors, as a wait does.

        The client library waits out the most usual trouble by itself where a resource is read; this
        waits out the rest, and hears of a kill.

        :param deadline: when trouble that may pass counts all the same, if that is sooner
        :param quota_counts: that too many requests were made is not waited out here
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        from airflow_spanner_lro.admin.driver import retry_transient  # noqa: PLC0415  # with the client

        limit = PollPolicy().transient_error_limit
        if deadline is not None:
            limit = min(limit, (deadline - self.now()).total_seconds())
        return retry_transient(
            ask,
            clock=self.clock,
            limit=limit,
            log=self._log,
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

        After a kill or the deadline the answer is waited for a little longer, because it names
        what to cancel. What comes later than that the call itself writes down.

        :raises StartGivenUpError: if there is none in time
        :raises Exception: what the call raised, Google's errors among it
        """
        try:
            call.begin()
            while not call.wait(_SLICE):
                late = deadline is not None and self.now() >= deadline
                if self.killed or late:
                    call.wait(ANSWER_BUDGET)
                    break
        finally:
            # also when Airflow's own timeout has struck in here, or while the call's thread began
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
    from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415  # loads gRPC

    clock = StoppableClock()
    return run(
        stop(name=name, policy=CancelPolicy(), cleans_up=cleans_up),
        client=client,
        clock=clock,
        deadline=clock.now() + timedelta(seconds=timeout),
    )


class StartCall:
    """A start call that is under way, or has ended.

    :param call: makes it, and returns the operation
    :param on_late_answer: is given the operation, in the call's thread, if it is answered after the
        wait for it was given up
    """

    def __init__(
        self,
        call: Callable[[], OperationSnapshot],
        *,
        on_late_answer: Callable[[OperationSnapshot], None],
    ) -> None:
        self._call = call
        self._on_late_answer = on_late_answer
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._given_up = False
        self._answer: OperationSnapshot | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Make the call."""
        threading.Thread(target=self._work, name="spanner-lro-start", daemon=True).start()

    def wait(self, timeout: float) -> bool:
        """Wait for the call's end; return whether it has ended.

        :param timeout: how long, in seconds
        """
        return self._ended.wait(timeout)

    def give_up(self) -> bool:
        """Wait no longer; return whether it has ended after all.

        If it has not, an answer that comes later goes to ``on_late_answer``.
        """
        with self._lock:
            ended = self._ended.is_set()
            self._given_up = not ended
        return ended

    @property
    def answer(self) -> OperationSnapshot | None:
        """The operation; None while the call is under way, and if it has failed."""
        return self._answer

    def result(self) -> OperationSnapshot:
        """Return the operation of a call that has ended.

        :raises Exception: what the call raised, Google's errors among it
        """
        if self._error is not None:
            raise self._error
        if self._answer is None:
            message = "a call that has not ended has no result"
            raise AssertionError(message)
        return self._answer

    def _work(self) -> None:
        try:
            self._answer = self._call()
        except Exception as exc:  # noqa: BLE001  # it is raised where the result is asked for
            self._error = exc
        with self._lock:
            late = self._given_up
            if not late:
                self._ended.set()
        if late:
            try:
                if self._answer is not None:
                    self._on_late_answer(self._answer)
            finally:
                # whoever waits for the name reads what was written down before
                self._ended.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRetry:
    """Tries again what Spanner refuses for now: for lack of a slot, or of quota, or too early.

    A short wait is made on the worker; a longer one is left to the triggerer, if the task may be
    deferred, and the task then tries again from the beginning.

    :param target: what it acts on
    :param wait: waits on the worker
    :param policy: how often to check for a slot
    :param deadline: when to give up
    :param defer: returns what leaves a wait to the triggerer; None to wait on the worker only
    :param then: the method to go on with after that
    :param wait_for_slot: wait until others have ended; False to fail with the refusal
    :param log: writes a line
    :param verb: what is done to the target, as a participle
    """

    target: ResourceName
    wait: BlockingWait
    policy: PollPolicy
    deadline: datetime | None
    defer: Callable[[], Deferral] | None
    then: str
    wait_for_slot: bool
    log: Callable[[str], None]
    verb: str = "started"

    def until_accepted(self, act: Callable[[], T], *, pause: float | None = None) -> T:
        """Act, as often as it takes until Spanner does it; everything is done anew each time.

        :param act: makes one attempt
        :param pause: the last pause, in seconds, if this goes on after a deferral
        :raises LimitReachedError: if there is no slot, and none is to be waited for
        :raises RefusedForNowError: if Spanner refuses until the deadline
        :raises SlotWaitEndedError: if the deadline passes, or the task is killed, before a slot is
            free
        :raises WaitStoppedError: if the task is killed meanwhile
        """
        resumed, spent = pause is not None, 0.0
        last: Exception | None = None
        back_off = BackOffPolicy(first=FIRST_PAUSE)
        while True:
            try:
                return act()
            except LimitReachedError as taken:
                if not self.wait_for_slot:
                    raise
                self._await_slot(taken)
                continue
            except DeadlinePassedError:
                if last is None:
                    raise
                # that says why it came to this
                raise last from None
            except RefusedForNowError as exc:
                refusal, last = exc, exc
            except Exception as exc:
                # such as a read that comes before the start
                if classify(exc) is not ErrorClass.QUOTA:
                    raise
                refusal, last = _refusal_of(exc, target=self.target, verb=self.verb), exc
            if refusal.until is None:
                pause = back_off.after(pause)
                seconds = back_off.jittered(pause)
            else:
                seconds = (refusal.until - self.wait.now()).total_seconds()
                # a moment that is reckoned anew at each attempt must not be put off for ever
                spent -= seconds if resumed else 0.0
            spent += seconds
            self._pause(refusal, reason=last, seconds=seconds, pause=pause, spent=spent)

    def _pause(
        self,
        refusal: RefusedForNowError,
        *,
        reason: Exception,
        seconds: float,
        pause: float | None,
        spent: float,
    ) -> None:
        self.log(f"Trying again in {format_duration(max(seconds, 1.0))}. {refusal}")
        if self.defer and spent > ON_WORKER:
            self.defer().for_pause(
                seconds=seconds, pause=pause or FIRST_PAUSE, limit=refusal.limit, then=self.then
            )
        try:
            self.wait.pause(seconds, deadline=self.deadline)
        except DeadlinePassedError:
            raise reason from None

    def _await_slot(self, taken: LimitReachedError) -> None:
        """Wait until another attempt is worth it."""
        self.log(f"Waiting for a slot. {taken}")
        if self.defer:
            self.defer().for_slot(taken, then=self.then)
        limit = taken.limit
        try:
            self.wait.perform(
                wait_for_slot(query=limit.query, holders=taken.holders, policy=self.policy),
                deadline=self.deadline,
            )
        except (DeadlinePassedError, WaitStoppedError) as exc:
            killed = isinstance(exc, WaitStoppedError)
            reason = "the task was killed" if killed else "out of time"
            raise SlotWaitEndedError(
                reason, target=self.target, limit=limit.rule, verb=limit.verb
            ) from exc


def _refusal_of(exc: Exception, *, target: ResourceName, verb: str) -> RefusedForNowError:
    refusal = refused_for_now(exc, target=target, verb=verb)
    if refusal is None:
        message = "a quota is always a refusal for now"
        raise AssertionError(message)
    return refusal
