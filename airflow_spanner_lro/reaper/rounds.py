# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One round of the reaper through all ledgers: judge, hold, cancel, settle, write down.

Two rounds may run at the same time, and tasks begin tries meanwhile. So nothing is cancelled before
its entry says so in the database, and that is written only while the entry is what was judged and
no try of its task can begin. A try that begins later finds it, and does not adopt.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.tries.reaping import (
    ReapDecision,
    ReapStep,
    TaskPhase,
    decide_reap,
    reap_step,
)
from airflow_spanner_lro.reaper import sentences
from airflow_spanner_lro.reaper.clients import CALL_ERRORS, Clients
from airflow_spanner_lro.reaper.looking import look
from airflow_spanner_lro.reaper.records import held, records
from airflow_spanner_lro.reaper.stopping import Stop, stop_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.looking import Sight
    from airflow_spanner_lro.reaper.records import Record, Written

log = logging.getLogger(__name__)

_AT_ONCE = 16
"""How many operations are cancelled before the first of them is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the reaper is asked to do.

    :param grace: how long everything has to be over before an entry is judged
    :param settle_timeout: how long to wait for the outcomes of cancels, in seconds
    :param dag_ids: only the entries of these; of all if there are none
    :param dry_run: only say what would be done
    """

    grace: timedelta
    settle_timeout: float
    dag_ids: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a round has come to, in entries.

    :param kept: not judged, or not left to nobody
    :param reaped: settled now, or those that would be
    :param left: to be seen to, by a person or by the next round
    :param interrupted: the round was told to end
    """

    kept: int = 0
    reaped: int = 0
    left: int = 0
    interrupted: bool = False


class Round:
    """One round.

    :param tell: says what was done
    :param warn: says what could not be done, and what to do
    """

    def __init__(
        self,
        *,
        orders: Orders,
        clock: StoppableClock,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        connect: Callable[[Access], SpannerAdminClient] | None = None,
    ) -> None:
        self._orders = orders
        self._clock = clock
        self._tell = tell
        self._warn = warn
        self._clients = Clients(connect)
        self._tally = Tally()

    def go(self) -> Tally:
        """Go through all ledgers.

        :raises AirflowDatabaseError: if the database cannot be used
        """
        orphans = self._orphans()
        with self._clients:
            try:
                while some := list(islice(orphans, _AT_ONCE)):
                    self._stop(self._begin(some))
            except WaitStoppedError:
                self._tally.interrupted = True
            for trouble in self._clients.troubles():
                self._warn(trouble)
        return self._tally

    def _orphans(self) -> Iterator[tuple[Record, LedgerEntry]]:
        """Yield what seems to be left to nobody, and count the others."""
        for record in records(dag_ids=self._orders.dag_ids):
            if self._told_to_end():
                return
            if record.entry is None:
                if record.task.phase is TaskPhase.OVER:
                    self._leave(f"{sentences.subject(record)}: {sentences.unreadable(record)}")
                else:
                    self._tally.kept += 1
            elif self._decide(record) is ReapDecision.REAP:
                yield record, record.entry
            else:
                self._tally.kept += 1

    def _begin(self, some: list[tuple[Record, LedgerEntry]]) -> list[Stop]:
        """Look at operations, and do all that takes no cancel."""
        stops = []
        for record, entry in some:
            if self._told_to_end():
                break
            about = sentences.subject(record)
            try:
                stop = self._see_to(record, entry)
            except CALL_ERRORS as exc:
                if self._clients.bar(entry.access, exc, what=about):
                    self._tally.left += 1
                else:
                    self._leave(f"{about}: {sentences.not_asked(exc)}")
            except WaitStoppedError:
                # what is decided by now is still asked to end
                self._tally.interrupted = True
                break
            except AirflowDatabaseError:
                raise
            except Exception as exc:
                # a mistake of ours about one entry must not keep all others waiting for ever
                log.exception("Could not be seen to: %s", about)
                self._leave(f"{about}: this is a defect of the reaper: {exc!r}")
            else:
                stops += [stop] if stop else []
        return stops

    def _see_to(self, record: Record, entry: LedgerEntry) -> Stop | None:
        client = self._clients.get(entry.access, what=sentences.subject(record))
        if client is None:
            self._tally.left += 1
            return None
        sight = look(record, entry=entry, client=client, clock=self._clock)
        about = sentences.subject(record, sight)
        if sight.unsure:
            self._leave(f"{about}: {sentences.unsure(sight.unsure)}")
            return None
        step = reap_step(sight.entry, sight.snapshot)
        if self._orders.dry_run:
            self._reaped(f"{about}: {sentences.to_do(step, sight)}")
            return None
        written = self._write(record, self._next(step, sight))
        if written is None:
            self._tally.kept += 1
        elif step is not ReapStep.STOP:
            self._reaped(f"{about}: {sentences.done(step, sight)}", lost=sight.snapshot is None)
        elif waited_for := sight.entry.waited_for:
            return Stop(
                record=written.record,
                entry=written.entry,
                name=waited_for.name,
                client=client,
                about=about,
            )
        return None

    def _next(self, step: ReapStep, sight: Sight) -> LedgerEntry:
        match step:
            case ReapStep.STOP:
                return sight.entry.stop(self._clock.now())
            case ReapStep.SPARE:
                return sight.entry.spare()
            case ReapStep.CLOSE:
                return sight.entry.close(sight.snapshot)

    def _write(self, record: Record, entry: LedgerEntry) -> Written | None:
        """Write what is about to be done; None if somebody else has got to it first."""
        with held(record) as fresh:
            if fresh is None or self._decide(fresh.record) is not ReapDecision.REAP:
                return None
            return fresh.replace(entry)

    def _stop(self, stops: list[Stop]) -> None:
        """Cancel, settle, and write down what became of each."""
        timeout = self._orders.settle_timeout
        for stopped in stop_together(stops, clock=self._clock, timeout=timeout):
            line = f"{stopped.stop.about}: {stopped.settlement.sentence}"
            if stopped.entry is None:
                self._leave(f"{line} The next round tries again.")
                continue
            with held(stopped.stop.record) as fresh:
                # a try that found it has closed it by itself, and started anew
                written = fresh and fresh.replace(stopped.entry)
            line = line if written else f"{line} Its task has gone on meanwhile."
            if stopped.settlement.left_behind:
                self._leave(line)
            else:
                self._reaped(line)

    def _decide(self, record: Record) -> ReapDecision:
        if record.entry is None:
            return ReapDecision.WAITS
        return decide_reap(
            record.entry, task=record.task, now=self._clock.now(), grace=self._orders.grace
        )

    def _told_to_end(self) -> bool:
        self._tally.interrupted = self._tally.interrupted or self._clock.stopped
        return self._tally.interrupted

    def _reaped(self, line: str, *, lost: bool = False) -> None:
        self._tally.reaped += 1
        (self._warn if lost else self._tell)(line)

    def _leave(self, line: str) -> None:
        self._tally.left += 1
        self._warn(line)
