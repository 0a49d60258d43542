# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The trigger that waits for one operation, and cancels it when its deadline passes or on a kill.

Airflow 3.3.2 does not enforce ``execution_timeout`` while a task is deferred, so the deadline is
an argument here: an absolute time, which no restart of a triggerer moves. A shutdown, a restart or
a move to another triggerer cancels nothing; only ``on_kill`` does, after it has made sure that the
task really no longer waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop, wait
from airflow_spanner_lro.core.flows.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.event import WaitOutcome
from airflow_spanner_lro.core.operations.narrate import ProgressNarrator
from airflow_spanner_lro.core.tries.ownership import Claim, KillDecision, decide_kill
from airflow_spanner_lro.triggers.base import SpannerTrigger
from airflow_spanner_lro.triggers.shielded import (
    await_keeping_cancel_message,
    finish_despite_cancels,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

KILL_TIMEOUT = 28.0
"""Seconds for all of ``on_kill``; Airflow gives it 30 (``[triggerer] on_kill_timeout``)."""


@dataclass(kw_only=True, eq=False, repr=False)
class SpannerOperationTrigger(SpannerTrigger):
    """Wait for an operation and fire once, with its outcome.

    :param operation: full name of the operation
    :param deadline: when to give up, as ISO 8601 with a time zone; None to wait for ever
    :param cancel_on_timeout: cancel the operation when the deadline passes
    :param cancel_on_kill: cancel the operation when a user ends the task
    :param cleans_up: delete what the operation made in spite of being cancelled
    :param settle_timeout: how long to wait for the outcome of a cancel, in seconds

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    operation: str
    deadline: str | None = None
    cancel_on_timeout: bool = False
    cancel_on_kill: bool = False
    cleans_up: bool = False
    settle_timeout: float = 60.0

    @classmethod
    def watching(
        cls, name: OperationName, *, access: Access, deadline: datetime | None = None, **kwargs: Any
    ) -> Self:
        """Return the trigger for an operation, from values; other fields by keyword."""
        return cls.through(
            access,
            operation=str(name),
            deadline=deadline.isoformat() if deadline else None,
            **kwargs,
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._fired = False

    @property
    def _name(self) -> OperationName:
        return OperationName.parse(self.operation)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: the outcome as primitives.

        Errors that are no outcome, such as a lost permission, propagate: Airflow then resumes the
        task with the traceback, and its retries apply.
        """
        outcome = await await_keeping_cancel_message(self._wait())
        self._fired = True
        # nothing is awaited after this: a kill that arrived then would meet a finished operation
        yield TriggerEvent(outcome.to_event())

    async def _wait(self) -> WaitOutcome:
        narrator = ProgressNarrator()

        def tell(heard: OperationSnapshot | Exception) -> None:
            for line in narrator.lines(heard, now=datetime.now(tz=UTC)):
                self.log.info(line)

        try:
            snapshot = await self._perform(
                wait(name=self._name, policy=PollPolicy(maximum=self.poll_interval)),
                deadline=datetime.fromisoformat(self.deadline) if self.deadline else None,
                observe=tell,
            )
        except DeadlinePassedError:
            settlement = None
            if self.cancel_on_timeout:
                self.log.warning("The deadline %s has passed; cancelling.", self.deadline)
                settlement = await self._stop(timeout=self.settle_timeout)
                self.log.warning(settlement.sentence)
            return WaitOutcome(name=self._name, settlement=settlement)
        return WaitOutcome(name=self._name, snapshot=snapshot)

    async def on_kill(self) -> None:
        """Cancel the operation if the task really no longer waits for it; clean up after it.

        Called on mark failed, mark success and clear; and by mistake when a stalled triggerer
        comes back (Airflow 3.3.2).
        """
        await finish_despite_cancels(self._kill(), timeout=KILL_TIMEOUT)

    async def _kill(self) -> None:
        decision = await self._decide()
        if decision is not KillDecision.CANCEL:
            self.log.info("%s is not cancelled: %s.", self.operation, decision.value)
            return
        self.log.warning("The task was ended by a user; cancelling %s.", self.operation)
        settlement = await self._stop(timeout=KILL_TIMEOUT - 2)
        self.log.warning(settlement.sentence)

    async def _decide(self) -> KillDecision:
        if not self.cancel_on_kill:
            return KillDecision.NOT_WANTED
        if self._fired:
            return KillDecision.DELIVERED
        if self.task_instance is None:
            return KillDecision.UNKNOWN
        from airflow_spanner_lro.triggers.task_state import view_task  # noqa: PLC0415  # heavy

        task = await asyncio.to_thread(view_task, self.task_instance)
        claim = Claim(operation=self._name, try_number=self.task_instance.try_number)
        return decide_kill(claim=claim, deferred=task.deferred, record=task.record)

    async def _stop(self, *, timeout: float) -> Settlement:
        return await self._perform(
            stop(name=self._name, policy=CancelPolicy(), cleans_up=self.cleans_up),
            deadline=datetime.now(tz=UTC) + timedelta(seconds=timeout),
        )
