# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One round of the reaper through all ledgers: judge, lock, cancel, settle, write down.

Two rounds may run at the same time, and tasks begin tries meanwhile. So nothing is cancelled before
its entry says so in the database, and that is written only while the entry is what was judged and
no try of its task can begin. A try that begins later finds it, and does not adopt.

An entry is only a claim. Who may ask for it and by which way is decided before any request is sent,
and what its operation is by Spanner's word before anything is done about it. Whatever is wrong with
an entry is said, and keeps no other from its turn.
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
from airflow_spanner_lro.core.ledger.authority import Reason, Refusal
from airflow_spanner_lro.core.ledger.reaping import (
    KILL_OVER,
    ReapDecision,
    ReapStep,
    TaskPhase,
    decide_reap,
    reap_step,
)
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.reaper.authority import CALL_ERRORS, AuthorisedClients
from airflow_spanner_lro.reaper.bulk import CancelRequest, cancel_together
from airflow_spanner_lro.reaper.inspection import (
    inspect,
    named_by,
    not_asked,
    others_deployment,
    unreadable,
)
from airflow_spanner_lro.reaper.records import (
    COPIED_DATABASE,
    count_open,
    is_ours,
    ledger_rows,
    locked,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.reaper.authority import Allowances
    from airflow_spanner_lro.reaper.bulk import RateLimitedClient
    from airflow_spanner_lro.reaper.inspection import Inspection
    from airflow_spanner_lro.reaper.records import LedgerRow

    Orphan = tuple[LedgerRow, LedgerEntry]

log = logging.getLogger(__name__)

_PAUSE = 0.1
"""Seconds between two attempts to write an outcome down that another round is in the way of."""
_AT_ONCE = 100
"""How many operations are cancelled before the first of them is waited for."""
_REQUESTS = 2
"""What one of them takes at most, where its outcome is not waited for: a poll, and a cancel."""
_FEW = 16
"""Unattended it waits for the outcomes of so many; those of more show in a later round."""
_AMPLE = 100
"""It waits for none if it may send fewer requests than that: they are for cancels then."""
_SLOW = CancelPolicy(first=1.0, growth=2.0)
"""How often it polls then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOptions:
    """What the reaper is asked to do.

    :param grace: how long everything has to be over before an entry is judged
    :param settle_timeout: how long to wait for the outcomes of cancels, in seconds
    :param dag_ids: only the entries of these; of all if there are none
    :param dry_run: only say what would be done
    :param claim: the ledgers in this database are ours, although they were reaped elsewhere before
    :param unattended: nobody waits for the round's end, and another one follows in a few seconds
    :param at_most: for how many seconds new cancels may be begun; the next round does the rest
    :param only: the entries in these rows, and no others; None for all
    """

    grace: timedelta
    settle_timeout: float
    dag_ids: tuple[str, ...] = ()
    dry_run: bool = False
    claim: bool = False
    unattended: bool = False
    at_most: float | None = None
    only: frozenset[int] | None = None


@dataclass(slots=True, kw_only=True)
class RoundSummary:
    """What a round has come to, in entries.

    :param kept: not judged, or somebody waits for their operation
    :param reaped: settled now, or those that would be
    :param left: they need attention, by a person or by the next round
    :param interrupted: the round was told to end
    :param elsewhere: this database may be a copy, so nothing was judged
    """

    kept: int = 0
    reaped: int = 0
    left: int = 0
    interrupted: bool = False
    elsewhere: bool = False

    def line(self, *, dry_run: bool) -> str:
        """Return the last line of a round."""
        number = self.kept + self.reaped + self.left
        entries = "1 open entry" if number == 1 else f"{number} open entries"
        would = "would be " if dry_run else ""
        text = (
            f"{entries}: {self.kept} kept (task active), {self.reaped} {would}cancelled or closed, "
            f"{self.left} need attention."
        )
        return f"{text} Interrupted before all were checked." if self.interrupted else text


class ReaperRound:
    """One round.

    :param log_info: says what was done
    :param warn: says what could not be done, and what to do
    :param allowances: what rounds before have sent
    """

    def __init__(
        self,
        *,
        options: RoundOptions,
        clock: StoppableClock,
        log_info: Callable[[str], None],
        warn: Callable[[str], None],
        allowances: Allowances | None = None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._log = log_info
        self._warn = warn
        self._clients = AuthorisedClients(clock=clock, allowances=allowances)
        self._summary = RoundSummary()
        self._of_others: Counter[str] = Counter()

    def run(self) -> RoundSummary:
        """Go through all ledgers.

        :raises AirflowDatabaseError: if the database cannot be used
        """
        if not is_ours(claim=self._options.claim, leave_mark=not self._options.dry_run):
            self._summary.elsewhere = True
            # unattended it comes every few seconds, and must not read them all each time
            self._summary.left = (
                count_open()
                if self._options.unattended
                else sum(1 for _ in ledger_rows(dag_ids=self._options.dag_ids))
            )
            self._warn(COPIED_DATABASE)
            return self._summary
        since = self._clock.now()
        with self._clients:
            try:
                orphans = sorted(self._orphans(), key=_order)
                few = len(orphans) <= _FEW and self._clients.room >= _AMPLE
                while orphans and (number := self._affordable(since)):
                    some, orphans = orphans[:number], orphans[number:]
                    self._cancel(self._begin(some), wait=few or not self._options.unattended)
                self._summary.left += len(orphans)
            except WaitStoppedError:
                self._summary.interrupted = True
            for trouble in self._clients.troubles():
                self._warn(trouble)
        for name, number in self._of_others.items():
            self._warn(others_deployment(number, name=name, ours=self._clients.deployment))
        return self._summary

    def _orphans(self) -> Iterator[Orphan]:
        """Yield what seems to be waited for by nobody, and count the others."""
        options, read = self._options, 0
        for row in ledger_rows(dag_ids=options.dag_ids, waited_for=not options.unattended):
            read += 1
            if self._is_stopped():
                return
            if options.only is not None and row.stored.row not in options.only:
                continue
            entry = None
            with self._isolating(row):
                entry = self._orphaned(row)
            if entry is not None:
                yield row, entry
        if options.unattended:
            # what has not left the database is waited for
            self._summary.kept += max(0, count_open() - read)

    def _affordable(self, since: datetime) -> int:
        """Return how many orphans may have their turn now; none if the rest is the next round's."""
        if not self._options.unattended:
            return _AT_ONCE
        spent = (self._clock.now() - since).total_seconds()
        if self._options.at_most is not None and spent > self._options.at_most:
            return 0
        return min(_AT_ONCE, self._clients.room // _REQUESTS)

    def _orphaned(self, row: LedgerRow) -> LedgerEntry | None:
        """Return the entry of a row if nobody waits for its operation; else count it."""
        entry = row.entry
        if entry is None and row.task.phase is TaskPhase.OVER:
            self._leave(unreadable(row), row.where)
        elif entry is None or self._decide(row) is not ReapDecision.REAP:
            self._summary.kept += 1
        else:
            return entry
        return None

    @contextmanager
    def _isolating(self, row: LedgerRow) -> Iterator[None]:
        """Let trouble with one entry keep no other from its turn."""
        try:
            yield
        except (AirflowDatabaseError, WaitStoppedError):
            raise
        except CALL_ERRORS as exc:
            if row.entry and self._clients.note_unreachable(row, row.entry, exc):
                self._summary.left += 1
            else:
                self._leave(not_asked(exc), row.subject)
        except Exception as exc:
            # a mistake of ours about one entry must not keep all others waiting for ever
            log.exception("This entry was skipped: %s", row.where)
            self._leave(f"Skipped, by a defect of the reaper: {shown(repr(exc))}.", row.where)

    def _begin(self, orphans: list[Orphan]) -> list[CancelRequest]:
        """Inspect operations, and do all that takes no cancel."""
        reachable: list[tuple[LedgerRow, LedgerEntry, RateLimitedClient]] = []
        for row, entry in orphans:
            if self._is_stopped():
                break
            with self._isolating(row):
                if client := self._client_for(row, entry):
                    reachable.append((row, entry, client))
        for client in {id(client): client for _, _, client in reachable}.values():
            client.expect(
                entry.waited_for.name
                for _, entry, its in reachable
                if its is client and entry.waited_for
            )
        requests: list[CancelRequest] = []
        for row, entry, client in reachable:
            if self._is_stopped():
                break
            try:
                with self._isolating(row):
                    request = self._inspect(row, entry, client)
                    requests += [request] if request else []
            except WaitStoppedError:
                # what is decided by now is still asked to end
                self._summary.interrupted = True
                break
        return requests

    def _client_for(self, row: LedgerRow, entry: LedgerEntry) -> RateLimitedClient | None:
        """Return the client for an entry; None if there is none, which is said."""
        client = self._clients.client_for(row, entry)
        if client is None:
            self._summary.left += 1
        elif isinstance(client, Refusal):
            if client.reason is Reason.DEPLOYMENT:
                self._of_others[entry.deployment] += 1
                self._summary.left += 1
            else:
                self._leave(client.sentence, row.subject)
            return None
        return client

    def _inspect(
        self, row: LedgerRow, entry: LedgerEntry, client: RateLimitedClient
    ) -> CancelRequest | None:
        if self._clients.is_unreachable(row, entry):
            self._summary.left += 1
            return None
        inspection = inspect(row, entry=entry, client=client, clock=self._clock)
        return self._act(inspection, client) if self._is_its_own(inspection) else None

    def _is_its_own(self, inspection: Inspection) -> bool:
        """Tell whether what was found is the task's, and nobody else's; say why not."""
        if objection := inspection.objection():
            self._leave(objection, inspection.subject)
            return False
        for other in inspection.others:
            if other.entry is None or not other.is_beside(inspection.row):
                self._leave(named_by(other), inspection.subject)
                return False
            if not other.entry.closed and self._decide(other) is not ReapDecision.REAP:
                # the same task waits for it by another key
                self._summary.kept += 1
                return False
        return True

    def _act(self, inspection: Inspection, client: RateLimitedClient) -> CancelRequest | None:
        subject = inspection.subject
        step = reap_step(inspection.entry, inspection.snapshot)
        if self._options.unattended and inspection.is_ending:
            self._summary.left += 1
            return None
        if self._options.dry_run:
            say = self._leave if step is ReapStep.LEAVE else self._reaped
            say(inspection.to_do(step), subject)
            return None
        entry = self._next(step, inspection)
        written = self._write(inspection.row, entry)
        if written is None:
            self._summary.kept += 1
        elif step is ReapStep.LEAVE:
            self._leave(inspection.done(step), subject)
        elif step is not ReapStep.STOP:
            self._reaped(inspection.done(step), subject, lost=inspection.snapshot is None)
        elif waited_for := inspection.entry.waited_for:
            return CancelRequest(
                row=written, entry=entry, name=waited_for.name, client=client, subject=subject
            )
        return None

    def _next(self, step: ReapStep, inspection: Inspection) -> LedgerEntry:
        entry = inspection.entry
        match step:
            case ReapStep.STOP:
                return entry.stop(self._clock.now())
            case ReapStep.LEAVE:
                return entry.leave()
            case ReapStep.EXEMPT:
                return entry.exempt_from_reaping()
            case ReapStep.CLOSE:
                return entry.close(inspection.snapshot)

    def _write(self, row: LedgerRow, entry: LedgerEntry) -> LedgerRow | None:
        """Write what is about to be done; None if somebody else has got to it first."""
        with locked(row) as fresh:
            if fresh is None or self._decide(fresh.row) is not ReapDecision.REAP:
                return None
            return fresh.replace(entry)

    def _cancel(self, requests: list[CancelRequest], *, wait: bool) -> None:
        """Cancel, settle, and write down what became of each.

        :param wait: for the outcomes; else they show in a later round
        """
        timeout = self._options.settle_timeout if wait else None
        policy = _SLOW if self._options.unattended else None
        for outcome in cancel_together(requests, clock=self._clock, timeout=timeout, policy=policy):
            request, settlement = outcome.request, outcome.settlement
            verdict = settlement.sentence
            with locked(request.row, pause=partial(self._clock.sleep, _PAUSE)) as fresh:
                # a try that found it has closed it by itself, and started anew
                written = fresh and fresh.replace(outcome.entry)
            if not written:
                verdict = f"{verdict} Its task has gone on meanwhile."
            elif not settlement.settled:
                verdict = f"{verdict} The next round tries again."
            if self._options.unattended and settlement.ending is Ending.STILL_RUNNING:
                # it takes its time, which is no trouble
                self._summary.left += 1
                self._log(_line(verdict, request.subject))
            elif not settlement.settled or settlement.left_behind:
                self._leave(verdict, request.subject)
            else:
                self._reaped(verdict, request.subject)

    def _decide(self, row: LedgerRow) -> ReapDecision:
        if row.entry is None:
            return ReapDecision.WAITS
        return decide_reap(
            row.entry,
            task=row.task,
            now=self._clock.now(),
            grace=self._options.grace,
            kill_over=KILL_OVER if self._options.unattended else None,
        )

    def _is_stopped(self) -> bool:
        self._summary.interrupted = self._summary.interrupted or self._clock.stopped
        return self._summary.interrupted

    def _reaped(self, verdict: str, subject: str, *, lost: bool = False) -> None:
        self._summary.reaped += 1
        (self._warn if lost else self._log)(_line(verdict, subject))

    def _leave(self, verdict: str, subject: str) -> None:
        self._summary.left += 1
        self._warn(_line(verdict, subject))


def _line(verdict: str, subject: str) -> str:
    """Return what is said of an entry: the verdict first, the operation's full name last."""
    return f"{verdict} Task {subject}"


def _order(orphan: Orphan) -> tuple[bool, str]:
    """Return where an orphan stands: who was never asked to end goes first, families together."""
    _, entry = orphan
    return entry.stopping is not None, str(entry.target)
