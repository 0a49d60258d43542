# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The deadline of one wait: a time on the wall clock, watched with a timer of the event loop.

A timer and no task: thousands wait with a deadline, and a task would be half of what each costs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.operation import DeadlinePassedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.polling.listeners import UntilDone
    from airflow_spanner_lro.admin.polling.looks import OperationWatcher
    from airflow_spanner_lro.admin.ports import AsyncClock
    from airflow_spanner_lro.core.names import OperationName

_LAST_LOOK = 4.0
"""Seconds for a last look at an operation whose deadline has passed."""
_LONGEST_SLEEP = 3600.0
"""Seconds after which the wall clock is looked at again: it may have been set meanwhile."""


class Deadline:
    """Ends a wait when its time has come, after a last look.

    :param listener: is told to give up
    """

    __slots__ = ("_at", "_clock", "_listener", "_looks", "_name", "_timer")

    def __init__(
        self,
        at: datetime,
        *,
        name: OperationName,
        listener: UntilDone,
        looks: OperationWatcher,
        clock: AsyncClock,
    ) -> None:
        self._at = at
        self._name = name
        self._listener = listener
        self._looks = looks
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._watch()

    def cancel(self) -> None:
        """Forget it: the wait is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self) -> None:
        left = (self._at - self._clock.now()).total_seconds()
        if left > 0:
            self._set(min(left, _LONGEST_SLEEP), self._watch)
            return
        self._listener.give_up_after_next()
        self._looks.hurry(self._name)
        self._set(_LAST_LOOK, self._give_up)

    def _give_up(self) -> None:
        self._listener.fail(DeadlinePassedError())

    def _set(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
