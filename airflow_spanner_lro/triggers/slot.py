# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wait until a task may try again what Spanner has refused for now: for a free slot, or a while.

These triggers own nothing and end nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro.core.flows.limits import wait_for_slot
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.lists.queries import OperationQuery
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.triggers.base import SpannerTrigger, await_keeping_cancel_message, trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TIMED_OUT = "timed_out"
LIMIT = "limit"
PAUSE = "pause"
_LONGEST_NAP = 30.0
"""Seconds of sleep at a time: the clock may be set, or the machine suspended, meanwhile."""


@trigger
class SpannerSlotTrigger(SpannerTrigger):
    """Fire once, when a start that was refused for lack of a slot is worth another attempt.

    :param query: lists the operations that hold a slot; a record of
        :class:`~airflow_spanner_lro.core.lists.queries.OperationQuery`
    :param holders: names of those that held one when the start was refused
    :param limit: what Spanner allows, in words
    :param deadline: when to give up, as ISO 8601 with a time zone; None to wait for ever

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    query: dict[str, Any]
    holders: list[str] = field(default_factory=list)
    limit: str = ""
    deadline: str | None = None

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: whether the deadline passed first."""
        timed_out = await await_keeping_cancel_message(self._after_worker(self._wait()))
        yield TriggerEvent({TIMED_OUT: timed_out, LIMIT: self.limit})

    async def _wait(self) -> bool:
        try:
            await self._perform(
                wait_for_slot(
                    query=OperationQuery.from_record(self.query),
                    holders=map(OperationName.parse, self.holders),
                    policy=PollPolicy(maximum=self.poll_interval),
                ),
                deadline=datetime.fromisoformat(self.deadline) if self.deadline else None,
            )
        except DeadlinePassedError:
            return True
        return False


@trigger
class SpannerPauseTrigger(SpannerTrigger):
    """Fire once, at a moment: nothing is asked meanwhile, because too much was asked before.

    :param until: when to fire, as ISO 8601 with a time zone
    :param pause: how long the pause was meant to be, in seconds: the next one grows from it
    :param limit: what Spanner allows, in words
    :param deadline: when to give up, as ISO 8601 with a time zone; None for never

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    until: str
    pause: float = 0.0
    limit: str = ""
    deadline: str | None = None

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: whether the deadline passed first."""
        timed_out = await self._after_worker(self._wait())
        yield TriggerEvent({TIMED_OUT: timed_out, LIMIT: self.limit, PAUSE: self.pause})

    async def _wait(self) -> bool:
        until = datetime.fromisoformat(self.until)
        deadline = datetime.fromisoformat(self.deadline) if self.deadline else None
        timed_out = deadline is not None and deadline <= until
        end = deadline if deadline is not None and timed_out else until
        while (left := (end - datetime.now(tz=UTC)).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _LONGEST_NAP))
        return timed_out
