# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Leave a wait to the triggerer: which trigger waits, with what, and until when.

A deferral ends this process by raising TaskDeferred, and the task goes on in another one. What it
leaves running nobody watches but triggerer and reaper, so the log warns if no reaper is at work.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.airflow_internals import (
    AirflowDatabaseError,
    runs_tasks_in_process,
    variable_for_task,
)
from airflow_spanner_lro.core.ledger.reaping import ROUND_KEY, RoundRecord, overdue
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.slot import SpannerPauseTrigger, SpannerSlotTrigger

if TYPE_CHECKING:
    from typing import NoReturn, Protocol

    from airflow.triggers.base import BaseTrigger

    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.flows.limits import LimitReachedError
    from airflow_spanner_lro.core.names import OperationName

    class Defer(Protocol):
        """Airflow's ``BaseOperator.defer``."""

        def __call__(
            self, *, trigger: BaseTrigger, method_name: str, timeout: timedelta | None
        ) -> NoReturn:
            """End this process; go on with the method when the trigger has fired."""


log = logging.getLogger(__name__)

WARNING = (
    "No reaper is at work: {why}. If Airflow loses this task without a word, nobody ends its "
    "operation. Let a triggerer run, or set [spanner_lro] reaper; `airflow spanner-lro status` "
    "tells more."
)


def warn_if_no_reaper(*, now: datetime) -> None:
    """Warn if no round was made for ten minutes; nothing if Airflow cannot be asked."""
    if runs_tasks_in_process():
        # whoever tries a Dag out on a laptop has no triggerer, and sees its end
        return
    try:
        text = variable_for_task(ROUND_KEY)
    except AirflowDatabaseError as exc:
        log.debug("Not known whether a reaper is at work: %s", exc)
        return
    record = RoundRecord.from_json(text)
    if why := overdue(record, now=now):
        if record is not None:
            metrics.show_round_age(record.age(now))
        log.warning(WARNING.format(why=why))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """Defers the waits of one try.

    :param defer: ends this process
    :param connection_spec: how the trigger reaches Spanner
    :param poll_interval: the longest time between two polls, in seconds
    :param deadline: when the try gives up
    :param now: the current time
    """

    defer: Defer
    connection_spec: ConnectionSpec
    poll_interval: float
    deadline: datetime | None
    now: datetime

    def until_done(
        self,
        name: OperationName,
        *,
        then: str,
        presumed: bool,
        cancel_on_timeout: bool,
        cancel_on_kill: bool,
        cleans_up: bool,
        logged: dict[str, Any],
    ) -> NoReturn:
        """Wait for an operation.

        :param then: the method to go on with
        :param presumed: it is only presumed to be the task's
        :param logged: what of its progress the worker has logged, as a record
        """
        warn_if_no_reaper(now=self.now)
        trigger = SpannerOperationTrigger.for_operation(
            name,
            connection_spec=self.connection_spec,
            deadline=self.deadline,
            poll_interval=self.poll_interval,
            cancel_on_timeout=cancel_on_timeout,
            cancel_on_kill=cancel_on_kill,
            cleans_up=cleans_up,
            presumed=presumed,
            settle_timeout=settings.settle_timeout(),
            logged=logged,
        )
        self.defer(trigger=trigger, method_name=then, timeout=self._backstop)

    def for_slot(self, taken: LimitReachedError, *, then: str) -> NoReturn:
        """Wait until a start that was refused for lack of a slot is worth another attempt.

        :param then: the method to go on with
        """
        trigger = SpannerSlotTrigger.from_connection(
            self.connection_spec,
            query=taken.limit.query.to_record(),
            holders=list(map(str, taken.holders)),
            limit=taken.limit.rule,
            deadline=self.deadline.isoformat() if self.deadline else None,
            poll_interval=self.poll_interval,
        )
        self.defer(trigger=trigger, method_name=then, timeout=self._backstop)

    def for_pause(self, *, seconds: float, pause: float, limit: str, then: str) -> NoReturn:
        """Wait for a while, because Spanner has refused only for now.

        :param pause: the pause by which the next one is reckoned, in seconds
        :param limit: what Spanner allows, in words
        :param then: the method to go on with
        """
        trigger = SpannerPauseTrigger.from_connection(
            self.connection_spec,
            until=(self.now + timedelta(seconds=seconds)).isoformat(),
            pause=pause,
            limit=limit,
            deadline=self.deadline.isoformat() if self.deadline else None,
        )
        self.defer(trigger=trigger, method_name=then, timeout=self._backstop)

    @property
    def _backstop(self) -> timedelta | None:
        """When Airflow itself ends a deferral, in case no triggerer sees the deadline."""
        if self.deadline is None:
            return None
        left = max(self.deadline - self.now, timedelta())
        return left + timedelta(seconds=settings.deferral_grace())
