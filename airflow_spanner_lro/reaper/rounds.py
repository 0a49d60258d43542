# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One round of the reaper through all ledgers: judge, hold, cancel, settle, write down.

Two rounds may run at the same time, and tasks begin tries meanwhile. So nothing is cancelled before
its entry says so in the database, and that is written only while the entry is what was judged and
no try of its task can begin. A try that begins later finds it, and does not adopt.

An entry is only a claim. Who may ask for it and by which way is decided before any request is sent,
and what its operation is by Spanner's word before anything is done about it. Whatever is wrong with
an entry is told, and keeps no other from being seen to.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.flows.policy import CancelPolicy
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.tries.authority import Refusal
from airflow_spanner_lro.core.tries.reaping import (
    KILL_OVER,
    ReapDecision,
    ReapStep,
    TaskPhase,
    decide_reap,
    reap_step,
)
from airflow_spanner_lro.reaper import home, sentences
from airflow_spanner_lro.reaper.authority import Authority, of_another_deployment
from airflow_spanner_lro.reaper.clients import CALL_ERRORS, Clients
from airflow_spanner_lro.reaper.looking import look
from airflow_spanner_lro.reaper.records import held, number_open, records, shown
from airflow_spanner_lro.reaper.stopping import Stop, stop_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.clients import Allowances
    from airflow_spanner_lro.reaper.looking import Sight
    from airflow_spanner_lro.reaper.pacing import PacedClient
    from airflow_spanner_lro.reaper.records import Record, Written

log = logging.getLogger(__name__)

_PAUSE = 0.1
"""Seconds between two attempts to write an outcome down that another round is in the way of."""
_AT_ONCE = 100
"""How many operations are cancelled before the first of them is waited for."""
_REQUESTS = 2
"""What one of them takes at most, where its outcome is not waited for: a look, and a cancel."""
_FEW = 16
"""By itself the reaper waits for the outcomes of so many; those of more show in a later round."""
_AMPLE = 100
"""It waits for none if it may send fewer requests than that: they are for cancels then."""
_CALM = CancelPolicy(first=1.0, growth=2.0)
"""How often it polls then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the reaper is asked to do.

    :param grace: how long everything has to be over before an entry is judged
    :param settle_timeout: how long to wait for the outcomes of cancels, in seconds
    :param dag_ids: only the entries of these; of all if there are none
    :param dry_run: only say what would be done
    :param claim: the ledgers in this database are ours, although they were reaped elsewhere before
    :param by_itself: nobody waits for the round's end, and another one follows in a few seconds
    :param at_most: for how many seconds new cancels may be begun; the next round does the rest
    """

    grace: timedelta
    settle_timeout: float
    dag_ids: tuple[str, ...] = ()
    dry_run: bool = False
    claim: bool = False
    by_itself: bool = False
    at_most: float | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a round has come to, in entries.

    :param kept: not judged, or not left to nobody
    :param reaped: settled now, or those that would be
    :param left: to be seen to, by a person or by the next round
    :param interrupted: the round was told to end
    :param elsewhere: this database may be a copy, so nothing was judged
    """

    kept: int = 0
    reaped: int = 0
    left: int = 0
    interrupted: bool = False
    elsewhere: bool = False


class Round:
    """One round.

    :param tell: says what was done
    :param warn: says what could not be done, and what to do
    :param allowances: what rounds before have sent
    """

    def __init__(
        self,
        *,
        orders: Orders,
        clock: StoppableClock,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        allowances: Allowances | None = None,
    ) -> None:
        self._orders = orders
        self._clock = clock
        self._tell = tell
        self._warn = warn
        self._authority = Authority()
        self._clients = Clients(clock=clock, allowances=allowances)
        self._tally = Tally()
        self._of_others: Counter[str] = Counter()

    def go(self) -> Tally:
        """Go through all ledgers.

        :raises AirflowDatabaseError: if the database cannot be used
        """
        if not home.is_ours(claim=self._orders.claim, leave_mark=not self._orders.dry_run):
            self._tally.elsewhere = True
            # by itself it comes every few seconds, and must not read them all each time
            self._tally.left = (
                number_open()
                if self._orders.by_itself
                else sum(1 for _ in records(dag_ids=self._orders.dag_ids))
            )
            self._warn(home.COPY)
            return self._tally
        since = self._clock.now()
        with self._clients:
            try:
                orphans = sorted(self._orphans(), key=_order)
                few = len(orphans) <= _FEW and self._clients.room >= _AMPLE
                while orphans and (number := self._affordable(since)):
                    some, orphans = orphans[:number], orphans[number:]
                    self._stop(self._begin(some), wait=few or not self._orders.by_itself)
                self._tally.left += len(orphans)
            except WaitStoppedError:
                self._tally.interrupted = True
            for trouble in self._clients.troubles():
                self._warn(trouble)
        for name, number in self._of_others.items():
            self._warn(
                sentences.others_deployment(number, name=name, ours=self._authority.deployment)
            )
        return self._tally

    def _orphans(self) -> Iterator[tuple[Record, LedgerEntry]]:
        """Yield what seems to be left to nobody, and count the others."""
        orders, seen = self._orders, 0
        for record in records(dag_ids=orders.dag_ids, waited_for=not orders.by_itself):
            seen += 1
            if self._told_to_end():
                return
            entry = None
            with self._keeping_on(record):
                entry = self._orphaned(record)
            if entry is not None:
                yield record, entry
        if orders.by_itself:
            # what has not left the database is waited for
            self._tally.kept += max(0, number_open() - seen)

    def _affordable(self, since: datetime) -> int:
        """Return how many orphans may be seen to now; none if the rest is the next round's."""
        if not self._orders.by_itself:
            return _AT_ONCE
        spent = (self._clock.now() - since).total_seconds()
        if self._orders.at_most is not None and spent > self._orders.at_most:
            return 0
        return min(_AT_ONCE, self._clients.room // _REQUESTS)

    def _orphaned(self, record: Record) -> LedgerEntry | None:
        """Return the entry of a record if it is left to nobody; else count it."""
        entry = record.entry
        if entry is None and record.task.phase is TaskPhase.OVER:
            self._leave(f"{record.where}: {sentences.unreadable(record)}")
        elif entry is None or self._decide(record) is not ReapDecision.REAP:
            self._tally.kept += 1
        else:
            return entry
        return None

    @contextmanager
    def _keeping_on(self, record: Record) -> Iterator[None]:
        """Let trouble with one entry keep no other from being seen to."""
        try:
            yield
        except (AirflowDatabaseError, WaitStoppedError):
            raise
        except CALL_ERRORS as exc:
            about, entry = sentences.subject(record), record.entry
            if entry and self._clients.bar(entry.access, exc, what=about):
                self._tally.left += 1
            else:
                self._leave(f"{about}: {sentences.not_asked(exc)}")
        except Exception as exc:
            # a mistake of ours about one entry must not keep all others waiting for ever
            log.exception("Could not be seen to: %s", record.where)
            self._leave(f"{record.where}: this is a defect of the reaper: {shown(repr(exc))}")

    def _begin(self, some: list[tuple[Record, LedgerEntry]]) -> list[Stop]:
        """Look at operations, and do all that takes no cancel."""
        ways: list[tuple[Record, LedgerEntry, PacedClient]] = []
        for record, entry in some:
            if self._told_to_end():
                break
            with self._keeping_on(record):
                if client := self._way_to(record, entry):
                    ways.append((record, entry, client))
        for client in {id(client): client for _, _, client in ways}.values():
            client.expect(
                entry.waited_for.name
                for _, entry, way in ways
                if way is client and entry.waited_for
            )
        stops: list[Stop] = []
        for record, entry, client in ways:
            if self._told_to_end():
                break
            try:
                with self._keeping_on(record):
                    stop = self._see_to(record, entry, client)
                    stops += [stop] if stop else []
            except WaitStoppedError:
                # what is decided by now is still asked to end
                self._tally.interrupted = True
                break
        return stops

    def _way_to(self, record: Record, entry: LedgerEntry) -> PacedClient | None:
        """Return the client for an entry; None if there is none, which is told."""
        about = sentences.subject(record)
        permit = self._authority.permit(record, entry)
        if isinstance(permit, Refusal):
            if of_another_deployment(permit):
                self._of_others[entry.deployment] += 1
                self._tally.left += 1
            else:
                self._leave(f"{about}: {permit.sentence}")
            return None
        client = self._clients.get(permit, entry=entry, what=about)
        if client is None:
            self._tally.left += 1
            return None
        if isinstance(client, Refusal):
            self._leave(f"{about}: {client.sentence}")
            return None
        return client

    def _see_to(self, record: Record, entry: LedgerEntry, client: PacedClient) -> Stop | None:
        if self._clients.is_barred(entry.access, what=sentences.subject(record)):
            self._tally.left += 1
            return None
        sight = look(record, entry=entry, client=client, clock=self._clock)
        return self._act(record, sight, client) if self._is_its_own(record, sight) else None

    def _is_its_own(self, record: Record, sight: Sight) -> bool:
        """Tell whether what was seen is the task's, and nobody else's; tell why not."""
        about = sentences.subject(record, sight)
        if sight.ambiguous:
            self._leave(f"{about}: {sentences.ambiguous(sight.ambiguous)}")
            return False
        if sight.disproof:
            self._leave(f"{about}: {sentences.unproven(sight)}")
            return False
        for other in sight.others:
            if other.entry is None or not other.is_beside(record):
                self._leave(f"{about}: {sentences.named_by(other)}")
                return False
            if not other.entry.closed and self._decide(other) is not ReapDecision.REAP:
                # the same task waits for it by another key
                self._tally.kept += 1
                return False
        return True

    def _act(self, record: Record, sight: Sight, client: PacedClient) -> Stop | None:
        about = sentences.subject(record, sight)
        step = reap_step(sight.entry, sight.snapshot)
        if self._orders.by_itself and _is_ending(sight):
            self._tally.left += 1
            return None
        if self._orders.dry_run:
            say = self._leave if step is ReapStep.LEAVE else self._reaped
            say(f"{about}: {sentences.to_do(step, sight)}")
            return None
        written = self._write(record, self._next(step, sight))
        if written is None:
            self._tally.kept += 1
        elif step is ReapStep.LEAVE:
            self._leave(f"{about}: {sentences.done(step, sight)}")
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
            case ReapStep.LEAVE:
                return sight.entry.leave()
            case ReapStep.EXEMPT:
                return sight.entry.exempt_from_reaping()
            case ReapStep.CLOSE:
                return sight.entry.close(sight.snapshot)

    def _write(self, record: Record, entry: LedgerEntry) -> Written | None:
        """Write what is about to be done; None if somebody else has got to it first."""
        with held(record) as fresh:
            if fresh is None or self._decide(fresh.record) is not ReapDecision.REAP:
                return None
            return fresh.replace(entry)

    def _stop(self, stops: list[Stop], *, wait: bool) -> None:
        """Cancel, settle, and write down what became of each.

        :param wait: for the outcomes; else they show in a later round
        """
        timeout = self._orders.settle_timeout if wait else None
        policy = _CALM if self._orders.by_itself else None
        for stopped in stop_together(stops, clock=self._clock, timeout=timeout, policy=policy):
            line = f"{stopped.stop.about}: {stopped.settlement.sentence}"
            with held(stopped.stop.record, pause=partial(self._clock.sleep, _PAUSE)) as fresh:
                # a try that found it has closed it by itself, and started anew
                written = fresh and fresh.replace(stopped.entry)
            if not written:
                line = f"{line} Its task has gone on meanwhile."
            elif not stopped.settlement.settled:
                line = f"{line} The next round tries again."
            if self._orders.by_itself and stopped.settlement.ending is Ending.STILL_RUNNING:
                # it takes its time, which is no trouble
                self._tally.left += 1
                self._tell(line)
            elif not stopped.settlement.settled or stopped.settlement.left_behind:
                self._leave(line)
            else:
                self._reaped(line)

    def _decide(self, record: Record) -> ReapDecision:
        if record.entry is None:
            return ReapDecision.WAITS
        return decide_reap(
            record.entry,
            task=record.task,
            now=self._clock.now(),
            grace=self._orders.grace,
            kill_over=KILL_OVER if self._orders.by_itself else None,
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


def _order(orphan: tuple[Record, LedgerEntry]) -> tuple[bool, str]:
    """Return where an orphan stands: who was never asked to end goes first, families together."""
    _, entry = orphan
    return entry.stopping is not None, str(entry.target)


def _is_ending(sight: Sight) -> bool:
    """Tell whether a cancel has taken hold already, and only its outcome is not there yet."""
    snapshot = sight.snapshot
    if snapshot is None or snapshot.done:
        return False
    return sight.entry.stopping is not None and snapshot.cancel_time is not None
