# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Index the ledger in the api-server: decode each entry once, then read only what has changed.

One index serves everybody who looks. It is brought up to date when somebody looks and it is older
than two seconds, by one of those who ask; the others get it as it was. A refresh is six queries
whatever the number of entries: two tell what may have changed of each (when it was written, its
task's state), without their values, one which tasks wait for their turn, and three how reaper and
triggerers are. Then the entries that have changed are read, a page of 500 a query. Moments are
compared for being equal, never for their order, so clocks of other machines may be wrong.

Where the database does not answer, what is known is shown for a minute with a note that says so.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals import (
    AirflowDatabaseError,
    metadata_database,
    task_instances,
)
from airflow_spanner_lro.core.ledger.reaping import ReapDecision
from airflow_spanner_lro.core.text import escape_unprintable, format_duration
from airflow_spanner_lro.reaper.loop import latest_round
from airflow_spanner_lro.reaper.records import ledger_marks, rows_numbered
from airflow_spanner_lro.reaper.standing import ALIVE, grace
from airflow_spanner_lro.web.ledger.listed import (
    KnownEntry,
    Turn,
    list_entry,
    list_waiting,
    turn_of,
)
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from airflow_spanner_lro.airflow_internals.metadata_database import Triggerer
    from airflow_spanner_lro.airflow_internals.task_instances import InstanceKey
    from airflow_spanner_lro.core.ledger.reaping import RoundRecord
    from airflow_spanner_lro.core.polling.seen import SeenOperation
    from airflow_spanner_lro.reaper.records import LedgerRow
    from airflow_spanner_lro.web.ledger.listed import ListedOperation, Seen

log = logging.getLogger(__name__)

FRESH_FOR = 2.0
"""Seconds for which an index is up to date."""
_SHARE = 5.0
"""How many times as long as it takes to refresh it, if that is longer."""
USABLE_FOR = 60.0
"""Seconds for which it is shown although the database does not answer."""
NEWEST = 30_000
"""How many entries are known at most, but for open ones: a third of a gigabyte would be a hundred
thousand."""
_INCOMPLETE = (
    "Shown are the newest {number:,} entries of the ledger, and all that are not closed; older "
    "ones are left out."
)
_AT_ONCE = 500
WAITING = (
    "airflow_spanner_lro.triggers.slot.SpannerSlotTrigger",
    "airflow_spanner_lro.triggers.slot.SpannerPauseTrigger",
)
"""The triggers of tasks that wait for their turn; importing them would load gRPC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """Everything that the index knew at one moment.

    :param dag_ids: all Dags that have a line, to ask who may see which
    :param latest: what is recorded of the reaper's latest round
    :param triggerers: those that live
    :param homeless: how many triggers of ours none of them runs
    :param complete: no entry was left out
    :param problems: what to say besides, as sentences
    """

    read: datetime
    lines: tuple[ListedOperation, ...]
    by_id: Mapping[str, ListedOperation]
    by_task: Mapping[InstanceKey, tuple[ListedOperation, ...]]
    dag_ids: frozenset[str]
    latest: RoundRecord | None
    triggerers: tuple[Triggerer, ...]
    homeless: int
    complete: bool = True
    problems: tuple[str, ...] = ()


class LedgerIndex:
    """The ledger of all tasks, as lines of the list.

    :param seen: returns what a poller saw last of an operation
    :param now: the wall clock
    :param monotonic: a clock that nobody sets
    :param newest: how many entries are known; of those that are not closed all are
    """

    def __init__(
        self,
        *,
        seen: Seen,
        now: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
        monotonic: Callable[[], float] = time.monotonic,
        newest: int = NEWEST,
    ) -> None:
        self._seen = seen
        self._now = now
        self._monotonic = monotonic
        self._refreshing = Lock()
        self._view: LedgerView | None = None
        self._trouble: AirflowDatabaseError | None = None
        self._fresh_until = self._usable_until = 0.0
        self._forgotten = 0
        self._newest = newest
        self._complete = True
        self._marks: dict[int, tuple[Any, ...]] = {}
        self._entries: dict[int, KnownEntry] = {}
        self._lines: dict[int, ListedOperation] = {}
        self._turns: dict[int, Turn] = {}

    def view(self) -> LedgerView:
        """Return the ledger as it is now, or was seconds ago.

        :raises AirflowDatabaseError: if the database cannot be read, and could not for a minute
        """
        view = self._view
        if view is not None and self._monotonic() < self._fresh_until:
            return view
        # who comes second gets what there is, rather than a thread that waits
        held = self._refreshing.acquire(blocking=view is None)
        try:
            return self._refreshed() if held or view is None else view
        finally:
            if held:
                self._refreshing.release()

    def forget(self) -> None:
        """Read the database again for whoever looks next: something was just done."""
        self._forgotten += 1
        self._fresh_until = 0.0

    def _refreshed(self) -> LedgerView:
        began = self._monotonic()
        if began >= self._fresh_until:
            # else somebody was faster
            self._refresh(began)
        if self._view is None:
            raise self._trouble or AirflowDatabaseError
        return self._view

    def _refresh(self, began: float) -> None:
        forgotten = self._forgotten
        try:
            self._view = self._read()
        except AirflowDatabaseError as exc:
            self._view, self._trouble = self._kept(exc, at=began), exc
            self._fresh_until = self._monotonic() + FRESH_FOR
            return
        ended = self._monotonic()
        # what was done while it was read may be missing
        fresh_for = max(FRESH_FOR, _SHARE * (ended - began)) if forgotten == self._forgotten else 0
        self._fresh_until = ended + fresh_for
        self._usable_until = ended + USABLE_FOR

    def _kept(self, exc: AirflowDatabaseError, *, at: float) -> LedgerView | None:
        """Return what was known before the database stopped to answer; None after a minute."""
        view = self._view
        if view is None or at >= self._usable_until:
            return None
        log.debug("The index is not up to date.", exc_info=exc)
        age = format_duration((self._now() - view.read).total_seconds())
        return replace(view, problems=(f"Seen {age} ago: {escape_unprintable(str(exc))}",))

    def _read(self) -> LedgerView:
        found = ledger_marks(newest=self._newest)
        marks, self._complete = found.by_row, found.complete
        changed = [number for number, mark in marks.items() if self._marks.get(number) != mark]
        for number in self._entries.keys() - marks.keys():
            del self._entries[number]
        for begin in range(0, len(changed), _AT_ONCE):
            some = changed[begin : begin + _AT_ONCE]
            self._take(rows_numbered(some))
        self._marks = marks
        return self._listed(self._waiting())

    def _take(self, rows: Collection[LedgerRow]) -> None:
        tried = tried_states(rows)
        for row in rows:
            number = row.stored.row
            self._entries[number] = KnownEntry.of(row, tried=tried.get(number))

    def _waiting(self) -> list[tuple[task_instances.DeferredTask, Turn]]:
        tasks = task_instances.deferred_tasks(WAITING)
        # a trigger's arguments never change
        self._turns = {
            each.trigger: self._turns.get(each.trigger)
            or turn_of(each, task_instances.trigger_arguments(each.trigger))
            for each in tasks
        }
        return [(each, self._turns[each.trigger]) for each in tasks]

    def _listed(self, waiting: list[tuple[task_instances.DeferredTask, Turn]]) -> LedgerView:
        now, patience, deployment = self._now(), grace(), settings.deployment()
        living, homeless = metadata_database.triggerers(now=now, within=ALIVE)
        turns = {task.instance: turn for task, turn in waiting}
        lines = []
        for number, known in self._entries.items():
            instance = _instance(known)
            seen = self._seen(known.operation, instance) if known.operation else None
            turn = turns.get(instance)
            line = self._lines.get(number)
            if line is None or not _is_as_before(line, known=known, seen=seen, turn=turn):
                line = list_entry(
                    known, turn=turn, seen=seen, now=now, grace=patience, deployment=deployment
                )
            lines.append(line)
        self._lines = dict(zip(self._entries, lines, strict=True))
        shown = {each.key for each in lines if each.shown.state is State.WAITING}
        lines += [list_waiting(task, turn) for task, turn in waiting if task.instance not in shown]
        by_task: dict[InstanceKey, list[ListedOperation]] = {}
        for line in lines:
            by_task.setdefault(line.key, []).append(line)
        return LedgerView(
            read=now,
            lines=tuple(lines),
            by_id={each.id: each for each in lines},
            by_task={key: tuple(sorted(some, key=_number)) for key, some in by_task.items()},
            dag_ids=frozenset(each.dag_id for each in lines),
            latest=latest_round(),
            triggerers=tuple(living),
            homeless=homeless,
            complete=self._complete,
            problems=() if self._complete else (_INCOMPLETE.format(number=self._newest),),
        )


@cache
def shared_index() -> LedgerIndex:
    """Return the index of this process, to which pollers tell what they have seen."""
    from airflow_spanner_lro.web.progress import progress  # noqa: PLC0415  # heavy

    return LedgerIndex(seen=lambda name, task: progress().seen(name, instance=task))


def tried_states(rows: Collection[LedgerRow]) -> dict[int, str | None]:
    """Return by number of their rows what the tries have come to that own entries.

    Only of closed entries, whose outcome is told by nothing else.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    closed = {row.stored.row: row for row in rows if row.entry and row.entry.closed}
    past = task_instances.past_tries({_instance_of(row) for row in closed.values()})
    return dict(_tried(closed, past))


def _tried(
    closed: Mapping[int, LedgerRow], past: Mapping[InstanceKey, list[task_instances.PastTry]]
) -> Iterator[tuple[int, str | None]]:
    for number, row in closed.items():
        entry = row.entry
        assert entry is not None  # noqa: S101  # or it would not be closed
        by_try = {each.try_number: each.state for each in past.get(_instance_of(row), ())}
        own = row.task.state if row.task.try_number == entry.try_number else None
        # a clear moves the try to the history, and the task instance keeps its number for a while
        yield number, by_try.get(entry.try_number) or own


def _is_as_before(
    line: ListedOperation, *, known: KnownEntry, seen: SeenOperation | None, turn: Turn | None
) -> bool:
    """Tell whether a line would be the same again: nothing has changed, nor has time."""
    if line.known is not known or line.decision in _PASSING:
        return False
    same_turn = line.turn == turn or (turn is not None and line.shown.state is not State.WAITING)
    return same_turn and (line.seen is seen or line.seen == seen)


_PASSING = frozenset({ReapDecision.NEWER_TRY, ReapDecision.TOO_YOUNG})
"""What the reaper decides only for a while."""


def _instance_of(row: LedgerRow) -> InstanceKey:
    stored = row.stored
    return stored.dag_id, stored.run_id, stored.task_id, stored.map_index


def _instance(known: KnownEntry) -> InstanceKey:
    return _instance_of(known.row)


def _number(listed: ListedOperation) -> tuple[bool, int, str]:
    known = listed.known
    return known is None, known.number if known else 0, listed.id
