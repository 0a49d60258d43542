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
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_spanner_lro.core.access import Access
from airflow_spanner_lro.core.event import WaitOutcome
from airflow_spanner_lro.core.flows import DeadlinePassedError, stop, wait
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.narrate import ProgressNarrator
from airflow_spanner_lro.core.ownership import Claim, KillDecision, decide_kill
from airflow_spanner_lro.core.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.triggers.clients import shared_client
from airflow_spanner_lro.triggers.shielded import (
    await_keeping_cancel_message,
    finish_despite_cancels,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spanner_lro.core.settlement import Settlement
    from airflow_spanner_lro.core.snapshot import OperationSnapshot

KILL_TIMEOUT = 28.0
"""Seconds for all of ``on_kill``; Airflow gives it 30 (``[triggerer] on_kill_timeout``)."""


@dataclass(kw_only=True, eq=False, repr=False)
class SpannerOperationTrigger(BaseTrigger):
    """Wait for an operation and fire once, with its outcome.

    Arguments lie unencrypted in Airflow's database: names and ids only, and primitives only.

    :param operation: full name of the operation
    :param gcp_conn_id: connection to ask through
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: as in :class:`~airflow_spanner_lro.core.access.Access`
    :param poll_interval: the longest time between two looks, in seconds
    :param deadline: when to give up, as ISO 8601 with a time zone; None to wait for ever
    :param cancel_on_timeout: cancel the operation when the deadline passes
    :param cancel_on_kill: cancel the operation when a user ends the task
    :param cleans_up: delete what the operation made in spite of being cancelled
    :param settle_timeout: how long to wait for the outcome of a cancel, in seconds
    """

    operation: str
    gcp_conn_id: str
    impersonation_chain: list[str] = field(default_factory=list)
    endpoint: str = ""
    poll_interval: float = 30.0
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
        return cls(
            operation=str(name),
            gcp_conn_id=access.gcp_conn_id,
            impersonation_chain=list(access.impersonation_chain),
            endpoint=access.endpoint,
            deadline=deadline.isoformat() if deadline else None,
            **kwargs,
        )

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._fired = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and this trigger's own fields."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def _name(self) -> OperationName:
        return OperationName.parse(self.operation)

    @property
    def _access(self) -> Access:
        return Access(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=tuple(self.impersonation_chain),
            endpoint=self.endpoint,
        )

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
        client = await shared_client(self._access)
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415  # with the client
        from airflow_spanner_lro.admin.drive import arun  # noqa: PLC0415

        narrator, clock = ProgressNarrator(), LoopClock()

        def tell(heard: OperationSnapshot | Exception) -> None:
            for line in narrator.lines(heard, now=clock.now()):
                self.log.info(line)

        try:
            snapshot = await arun(
                wait(PollPolicy(maximum=self.poll_interval)),
                client=client,
                name=self._name,
                clock=clock,
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
        client = await shared_client(self._access)
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
        from airflow_spanner_lro.admin.drive import arun  # noqa: PLC0415

        clock = LoopClock()
        return await arun(
            stop(name=self._name, policy=CancelPolicy(), cleans_up=self.cleans_up),
            client=client,
            name=self._name,
            clock=clock,
            deadline=clock.now() + timedelta(seconds=timeout),
        )
