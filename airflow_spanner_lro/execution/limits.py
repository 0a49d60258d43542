# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Acting in spite of limits: what Spanner refuses for now is waited out, and is no failure.

There are three: so many operations of a kind at a time, so many requests of a project in a while,
and a moment that has not passed yet. A short wait is made on the worker; a longer one is left to
the triggerer, if the task may be deferred, and the task then tries again from the beginning.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.error_text import error_text, said
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.policy import BackOffPolicy
from airflow_spanner_lro.core.flows.refusals import refused_for_now
from airflow_spanner_lro.core.flows.turns import (
    LimitReachedError,
    SlotWaitEndedError,
    wait_for_slot,
)
from airflow_spanner_lro.core.operations.errors import RefusedForNowError
from airflow_spanner_lro.core.status import Code, ErrorClass, classify, code_of
from airflow_spanner_lro.core.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.flows.turns import Turn
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.execution.blocking_wait import BlockingWait
    from airflow_spanner_lro.execution.deferral import Deferral

T = TypeVar("T")

FIRST_PAUSE = 1.0
"""Seconds until the second attempt."""
ON_WORKER = 10.0
"""Seconds of pauses for which a worker is held, where the task may be deferred."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a task waits out what Spanner refuses for now.

    :param target: what it acts on
    :param wait: waits on the worker
    :param policy: how often to look for a slot
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

    def insist(self, act: Callable[[], T], *, pause: float | None = None) -> T:
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
                # such as a look that comes before the start
                if classify(exc) is not ErrorClass.QUOTA:
                    raise
                refusal, last = _looked(exc, target=self.target, verb=self.verb), exc
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
        self.log(f"{refusal} Trying again in {duration(max(seconds, 1.0))}.")
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
        turn = taken.turn
        try:
            self.wait.perform(
                wait_for_slot(query=turn.query, holders=taken.holders, policy=self.policy),
                deadline=self.deadline,
            )
        except (DeadlinePassedError, WaitStoppedError) as exc:
            killed = isinstance(exc, WaitStoppedError)
            reason = "the task was killed" if killed else "out of time"
            raise SlotWaitEndedError(
                reason, target=self.target, limit=turn.limit, verb=turn.verb
            ) from exc


def _looked(exc: Exception, *, target: ResourceName, verb: str) -> RefusedForNowError:
    refusal = refused_for_now(exc, target=target, verb=verb)
    if refusal is None:
        message = "a quota is always a refusal for now"
        raise AssertionError(message)
    return refusal


def slot_taken(
    client: SpannerAdminClient,
    turn: Turn | None,
    refusal: Exception,
    *,
    target: ResourceName,
    again: bool,
) -> LimitReachedError | None:
    """Tell a refusal that passes when others have ended from all others.

    :param turn: what may have to be waited for; None if nothing limits this
    :param again: it was refused before for reasons that nobody has seen
    :return: the error that says what to wait for; None if it is another refusal
    """
    if turn is None or not turn.explains(refusal):
        return None
    try:
        pending = client.query_operations(query=turn.query)
    except Exception as exc:
        if code_of(exc) is None or classify(exc) is ErrorClass.QUOTA:
            raise
        if code_of(exc) is not Code.NOT_FOUND:
            log.info("Whether this is only a matter of waiting cannot be seen: %s", error_text(exc))
            return None
        pending = ()
    holders = tuple(each.name for each in pending)
    if not holders and again:
        return None
    return LimitReachedError(turn, target=target, holders=holders, told=said(refusal))
