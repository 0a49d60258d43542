# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The trigger that waits for one operation, and cancels it when its deadline passes or on a kill.

Airflow 3.3.2 does not enforce ``execution_timeout`` while a task is deferred, so the deadline is
an argument here: an absolute time, which no restart of a triggerer moves. A shutdown, a restart or
a move to another triggerer cancels nothing; only a user's action does, once it is sure that the
task really no longer waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, Self
from weakref import WeakSet

from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro import metrics
from airflow_spanner_lro.airflow_internals import USER_ACTION
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, cancel_if_running, stop
from airflow_spanner_lro.core.ledger.ownership import (
    Claim,
    KillDecision,
    UnreadableRecord,
    decide_deadline,
    decide_kill,
)
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import OperationGoneError
from airflow_spanner_lro.core.operations.outcome import WaitOutcome
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.operations.settlement import Settlement, cancel_advice
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.status import Code, code_of, error_text
from airflow_spanner_lro.triggers.base import SpannerTrigger, finish_despite_cancels, trigger
from airflow_spanner_lro.triggers.progress_publisher import note_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.ledger.ownership import Published, TaskLiveness
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    class Decide(Protocol):
        """One of the decisions of ``core/ledger/ownership.py``."""

        def __call__(
            self, *, claim: Claim, liveness: TaskLiveness, record: Published
        ) -> KillDecision:
            """Decide."""


KILL_TIMEOUT = 28.0
"""Seconds for all of ``on_kill``; Airflow gives it 30 (``[triggerer] on_kill_timeout``)."""
ASK_TIMEOUT = 15.0
"""Seconds of these for asking Airflow; the rest is the cancel's."""
_ASK_AT_DEADLINE = 10.0
"""Seconds for asking Airflow when the deadline passes; without an answer a worker does the rest."""
_TO_SPARE = 2.0
"""Seconds of these to log how it ended."""
_READING = 0.02
"""Seconds for Airflow to read what one kill has logged; it reads all logs in turn (3.3.2)."""
_LONGEST_READING = 15.0

_kills: WeakSet[SpannerOperationTrigger] = WeakSet()
"""Those whose logs are still open."""


@trigger
class SpannerOperationTrigger(SpannerTrigger):
    """Wait for an operation and fire once, with its outcome.

    :param operation: full name of the operation
    :param deadline: when to give up, as ISO 8601 with a time zone; None to wait for ever
    :param cancel_on_timeout: cancel the operation when the deadline passes
    :param cancel_on_kill: cancel the operation when a user ends the task
    :param cleans_up: delete what the operation made in spite of being cancelled
    :param presumed: it is only presumed to be the task's, so it is never cancelled here
    :param settle_timeout: how long to wait for the outcome of a cancel, in seconds
    :param logged: what of the progress a worker has logged, as
        :class:`~airflow_spanner_lro.core.operations.progress.ProgressLog` records it

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    operation: str
    deadline: str | None = None
    cancel_on_timeout: bool = False
    cancel_on_kill: bool = False
    cleans_up: bool = False
    presumed: bool = False
    settle_timeout: float = 60.0
    logged: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def for_operation(
        cls,
        name: OperationName,
        *,
        connection_spec: ConnectionSpec,
        deadline: datetime | None = None,
        **kwargs: Any,
    ) -> Self:
        """Return the trigger for an operation, from values; other fields by keyword."""
        return cls.from_connection(
            connection_spec,
            operation=str(name),
            deadline=deadline.isoformat() if deadline else None,
            **kwargs,
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._fired = False
        self._ended_by_user = False
        self._killing: asyncio.Task[bool] | None = None
        self._progress = ProgressLog(self.logged)
        self._parsed: OperationName | None = None

    @property
    def _name(self) -> OperationName:
        # a cached property would give each of thousands of triggers a dictionary
        if self._parsed is None:
            self._parsed = OperationName.parse(self.operation)
        return self._parsed

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: the outcome as primitives.

        Errors that are no outcome, such as a lost permission, propagate: Airflow then resumes the
        task with the traceback, and its retries apply.
        """
        try:
            outcome = await self._after_worker(self._wait())
        except asyncio.CancelledError as exc:
            # Airflow calls ``on_kill`` next, or fails to: see ``cleanup``
            self._ended_by_user = exc.args == (USER_ACTION,)
            raise
        self._fired = True
        # nothing is awaited after this: a kill that arrived then would meet a finished operation
        yield TriggerEvent(outcome.to_event())

    async def _wait(self) -> WaitOutcome:
        policy = _policy(self.poll_interval)
        deadline = datetime.fromisoformat(self.deadline) if self.deadline else None
        try:
            poller = await self._poller(deadline=deadline)
            snapshot = await poller.wait(
                name=self._name, policy=policy, deadline=deadline, on_snapshot=self._log_progress
            )
        except DeadlinePassedError:
            settlement = None
            if self.cancel_on_timeout and await self._cancels_at_deadline():
                self.log.warning("Cancelling: out of time. %s", self._name)
                settlement = await self._cancel_out_of_time(timeout=self.settle_timeout)
                metrics.count_cancel(settlement, cause=metrics.Cause.DEADLINE)
                self.log.warning("%s %s", settlement.sentence, self._name)
            return WaitOutcome(name=self._name, settlement=settlement)
        except Exception as exc:
            if code_of(exc) is not Code.NOT_FOUND:
                raise
            raise OperationGoneError(self._name) from exc
        return WaitOutcome(name=self._name, snapshot=snapshot)

    def _log_progress(self, polled: OperationSnapshot | Exception) -> None:
        # a method, since a function with its cells would be four objects more in each wait
        now = datetime.now(tz=UTC)
        for line in self._progress.lines(polled, now=now):
            self.log.info(line)
            note_line(self.operation, line, at=now)

    async def on_kill(self) -> None:
        """Cancel the operation if the task really no longer waits for it; clean up after it.

        Called on mark failed, mark success and clear; and by mistake when a stalled triggerer
        comes back (Airflow 3.3.2). Whatever keeps it from cancelling is said in the log and raises
        nothing: the ledger still has the operation, and the reaper reads that.
        """
        _kills.add(self)
        self._killing = asyncio.create_task(self._kill())
        if not await finish_despite_cancels(self._killing, timeout=KILL_TIMEOUT):
            self.log.error(
                "%s may go on: the kill was not finished within %g s. %s",
                self._name.label,
                KILL_TIMEOUT,
                cancel_advice(self.operation),
            )

    async def cleanup(self) -> None:
        """Wait until a kill is over and its log is read; begin it, if Airflow failed to call it.

        Before Airflow 3.3.2 calls ``on_kill`` it waits for a thread that writes a log line, and it
        repeats the cancel every second: where threads are scarce, as with many kills, the second
        one ends that wait, and ``on_kill`` is not called. A user's action is known by its message,
        so a shutdown begins nothing here; and neither does a kill after the deadline, which Airflow
        means to skip.

        On Python 3.11 it leaves a kill alone when it cancels it for the second time. Its main
        process closes the task's log soon after this method has returned, whatever it has not read
        of it by then.
        """
        if self._ended_by_user and self._killing is None and not self._out_of_time:
            await self.on_kill()
        if self._killing is not None:
            timeout = KILL_TIMEOUT + _LONGEST_READING
            await finish_despite_cancels(self._until_logged(self._killing), timeout=timeout)
            _kills.discard(self)

    @property
    def _out_of_time(self) -> bool:
        return self.deadline is not None and datetime.fromisoformat(self.deadline) <= datetime.now(
            tz=UTC
        )

    @staticmethod
    async def _until_logged(killing: asyncio.Task[bool]) -> None:
        # a little longer than whoever logs that it took too long
        await asyncio.wait({killing}, timeout=KILL_TIMEOUT + _TO_SPARE / 2)
        await asyncio.sleep(min(len(_kills) * _READING, _LONGEST_READING))

    async def _kill(self) -> bool:
        """Decide and cancel; return that it is over."""
        until = datetime.now(tz=UTC) + timedelta(seconds=KILL_TIMEOUT - _TO_SPARE)
        try:
            decision = await self._decide()
        except Exception as exc:  # noqa: BLE001  # it is logged
            reason = "no answer in time" if isinstance(exc, TimeoutError) else _reason(exc)
            self.log.error(  # noqa: TRY400  # one line that says it all
                "%s is not cancelled, the cancel was not sent: Airflow could not be asked whether "
                "the task still waits for it (%s). %s",
                self._name.label,
                reason,
                cancel_advice(self.operation),
            )
            return True
        if decision is KillDecision.PRESUMED:
            self.log.warning(
                "%s is not cancelled: %s. Nothing ends it by itself; if it is this task's, end it "
                "by hand: spanner-lro cancel %s",
                self._name.label,
                decision.value,
                self.operation,
            )
        elif decision is KillDecision.UNKNOWN:
            self.log.warning(
                "%s is not cancelled: %s. %s",
                self._name.label,
                decision.value,
                cancel_advice(self.operation),
            )
        elif decision is not KillDecision.CANCEL:
            self.log.info(
                "%s is not cancelled: %s. %s", self._name.label, decision.value, self.operation
            )
        else:
            await self._cancel(until=until)
        return True

    async def _decide(self) -> KillDecision:
        if self.presumed:
            return KillDecision.PRESUMED
        if not self.cancel_on_kill:
            return KillDecision.NOT_WANTED
        if self._fired:
            return KillDecision.DELIVERED
        return await self._ask(decide_kill, timeout=ASK_TIMEOUT)

    async def _cancels_at_deadline(self) -> bool:
        """Tell whether the operation is to be cancelled here, now that the deadline has passed.

        A triggerer that was stalled sees the deadline when another one has long delivered, or a
        newer try has adopted. What cannot be known here is left to a worker: the event goes to
        whatever the task is by then, and is nothing to a task that no longer waits for it.
        """
        if self.task_instance is None:
            # ``dag.test()`` plays the trigger in the process of its task
            return True
        try:
            decision = await self._ask(decide_deadline, timeout=_ASK_AT_DEADLINE)
        except Exception as exc:  # noqa: BLE001  # it is logged
            reason = "no answer in time" if isinstance(exc, TimeoutError) else _reason(exc)
            self.log.warning(
                "Out of time, and left to a worker: Airflow could not be asked (%s). %s",
                reason,
                self._name,
            )
            return False
        if decision is not KillDecision.CANCEL:
            self.log.warning("Out of time, but not cancelled here: %s. %s", decision, self._name)
        return decision is KillDecision.CANCEL

    async def _ask(self, decide: Decide, *, timeout: float) -> KillDecision:
        """Ask Airflow who waits for the operation; every trigger asks through one process."""
        if self.task_instance is None:
            return KillDecision.UNKNOWN
        from airflow_spanner_lro.triggers.task_state import view_task_soon  # noqa: PLC0415  # heavy

        task = await view_task_soon(self.task_instance, timeout=timeout)
        if isinstance(task.record, UnreadableRecord):
            self.log.warning("The task's record cannot be read: %s", task.record.why)
        claim = Claim(operation=self._name, try_number=self.task_instance.try_number)
        return decide(claim=claim, liveness=task.liveness, record=task.record)

    async def _cancel(self, *, until: datetime) -> None:
        """Cancel the operation, and log what became of it."""

        def sent() -> None:
            self.log.warning(
                "Cancel sent: the task was ended by a user; waiting for what becomes of the "
                "operation. %s",
                self.operation,
            )

        try:
            poller = await self._poller(deadline=until)
            flow = cancel_if_running(
                name=self._name,
                policy=CancelPolicy(),
                cleans_up=self.cleans_up,
                seen_running=poller.seen_running(self._name),
                sent=sent,
            )
            # by then a later try may have taken the operation up, and Airflow has given up on this
            ended = await poller.perform(
                flow, deadline=until, urgency=Urgency.DECIDING, cancel_by=until
            )
        except Exception as exc:  # noqa: BLE001  # it is logged
            self.log.error(  # noqa: TRY400  # one line that says it all
                "%s could not be cancelled, the cancel was not sent: %s. %s",
                self._name.label,
                _reason(exc),
                cancel_advice(self.operation),
            )
            metrics.count_cancel(None, cause=metrics.Cause.KILL_DEFERRED)
            return
        if not isinstance(ended, Settlement):
            self.log.warning(
                "%s finished first: it was done already, and nothing was cancelled. %s",
                self._name.label,
                self.operation,
            )
            return
        metrics.count_kill(ended, cause=metrics.Cause.KILL_DEFERRED, at=datetime.now(tz=UTC))
        if ended.settled:
            self.log.warning("%s %s", ended.sentence, self.operation)
        else:
            # its last word is the name
            self.log.error("%s %s", ended.sentence, cancel_advice(self.operation))

    async def _cancel_out_of_time(self, *, timeout: float) -> Settlement:
        until = datetime.now(tz=UTC) + timedelta(seconds=timeout)
        poller = await self._poller(deadline=until)
        flow = stop(name=self._name, policy=CancelPolicy(), cleans_up=self.cleans_up)
        return await poller.perform(flow, deadline=until, urgency=Urgency.DECIDING)


@cache
def _policy(poll_interval: float) -> PollPolicy:
    # thousands of triggers have the same
    return PollPolicy(maximum=poll_interval)


def _reason(exc: Exception) -> str:
    if isinstance(exc, DeadlinePassedError):
        return "there was no connection in time"
    return error_text(exc)
