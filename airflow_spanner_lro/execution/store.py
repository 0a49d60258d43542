# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Keep the ledger in the task's own state store: one key for each operation.

The store survives retries and clears, which XComs do not. It can be read by key only, so the keys
are numbered, and one more key says which number is the newest: closed entries expire, and a hole
must not hide what comes after it. Only code on a worker can reach the store: triggers read the XCom
that ``publish`` writes.

Each read is a request to Airflow, so each has its reason, and what this process has just read or
written is not read again:

- a process that begins reads the number of the newest entry, and that entry: two reads;
- before it writes about an operation that it has waited for, it reads the entry once more
  (``own``): it may have been frozen until the next try had taken the operation up;
- a retry that follows a refused try reads the entry again before it takes its key (``append``).

So a start takes two, and a task that goes on after its deferral, or waits on a worker, three in
all. A follow-up, a kill or that retry takes one more.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # missing in its stub only

from airflow_spanner_lro.core.comparison import differences, resource_facets
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry, Stage
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.reaping import settled_as
from airflow_spanner_lro.core.ledger.record import LedgerFormatError, LedgerUnreadableError
from airflow_spanner_lro.core.ledger.resume import killed_late
from airflow_spanner_lro.core.operations.errors import (
    EndedByOthersError,
    ResourceDiffersError,
    left_running_presumed,
)

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.outcome import WaitOutcome
    from airflow_spanner_lro.core.operations.schema_change import StatementRecord
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationSnapshot

KEY_PREFIX = "spanner_lro:"
NEWEST_KEY = "spanner_lro_newest"
"""Holds the number of the newest entry."""
SEEN_KEY = "spanner_lro_seen"
"""Holds what a wait on a worker has last seen; for people who look on, and for nothing else."""
_SEEN_FOR = timedelta(days=1)
_AHEAD = 3
"""How many missing numbers are passed over, where nothing says which is the newest."""
_AHEAD_OF_FIRST_TRY = 1
"""The same in a first try: numbers go missing as entries expire, weeks after their tries."""

log = logging.getLogger(__name__)


class TaskLedger:
    """The ledger of one task instance, as one process of one try reads and writes it.

    :param context: the template context of the running task
    """

    def __init__(self, context: Context) -> None:
        self._store: TaskStateStoreAccessor = context["task_state_store"]
        self._ti = context["ti"]
        self._known: int | None = None
        self._last: LedgerEntry | None = None
        self._last_is_known = False
        self._answering = Lock()
        self._answered = False
        self.mine: LedgerEntry | None = None
        """The entry of the operation that this process has started, adopted or taken over."""

    @property
    def try_number(self) -> int:
        """The try that is running now."""
        return int(self._ti.try_number)

    def latest(self) -> LedgerEntry | None:
        """Return the newest entry as it is now; None if there is none, or it was deleted.

        :raises LedgerUnreadableError: if another release wrote it, or it is damaged
        """
        if self._known is None:
            # the search has read it
            self._known, record = self._find_newest()
        else:
            record = self._store.get(self._key(self._known)) if self._known else None
        self._last_is_known = False
        try:
            entry = None if record is None else LedgerEntry.from_record(record)
        except LedgerFormatError as exc:
            raise LedgerUnreadableError(self._key(self._known), exc) from exc
        self._last, self._last_is_known = entry, True
        return entry

    def own(self) -> LedgerEntry | None:
        """Return the newest entry if this try owns it.

        A process that was frozen until the next try has taken its operation up owns nothing any
        more. Nor does one whose entry cannot be read; that is logged.
        """
        try:
            entry = self.latest()
        except LedgerUnreadableError as exc:
            log.warning("Ledger entry left alone: it cannot be read. %s", exc)
            return None
        return entry if entry and entry.try_number == self.try_number else None

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry under a key of its own.

        An intent that came to nothing gives its key away: a task may be refused many times before
        a slot is free.
        """
        last = self._last if self._last_is_known else self.latest()
        if last and _came_to_nothing(last) and last.try_number != self.try_number:
            # the process that wrote it may only be frozen, and may have written meanwhile what its
            # call has begun; an intent of this try is closed only when its call was refused
            last = self.latest()
        if last is None or not _came_to_nothing(last):
            self._known = self._newest + 1
            # first, because a number without an entry does no harm, and an entry that is not
            # found again would
            self._store.set(NEWEST_KEY, self._known, retention=NEVER_EXPIRE)
        self.update(entry)

    def update(self, entry: LedgerEntry) -> None:
        """Write the newest entry again, with what is known by now.

        While something is owed it must not expire, however long the operation takes.
        """
        retention = None if entry.closed else NEVER_EXPIRE
        self._store.set(self._key(self._newest), entry.to_record(), retention=retention)
        self._last, self._last_is_known = entry, True

    def given_up(self, intent: LedgerEntry) -> None:
        """Write down that the wait for an answer has ended, unless the answer has come since."""
        with self._answering:
            if not self._answered:
                self.update(intent)

    def answered_late(self, entry: LedgerEntry) -> None:
        """Write down what a start call has begun whose wait was given up, from the call's thread.

        Not if a newer try has taken the entry over by now; and what a newer try has published stays
        as it is.
        """
        with self._answering:
            self._answered = True
            if self.own() is None:
                return
            self.update(entry)
            if self._find_newest()[0] == self._newest:
                self.publish(entry)

    def note_answer(self, name: OperationName) -> None:
        """Write down what a start call has begun, if a timeout struck just before that."""
        entry = self.own()
        if entry and entry.operation is None:
            self.answered_late(entry.started_as(name, evidence=Evidence.ANSWERED))

    def publish(self, entry: LedgerEntry) -> None:
        """Push the entry as an XCom, for those who cannot read the store."""
        self._ti.xcom_push(key=RECORD_KEY, value=entry.to_record())

    def show(self, record: dict[str, Any]) -> None:
        """Write what a wait on a worker has last seen; from any thread."""
        self._store.set(SEEN_KEY, record, retention=_SEEN_FOR)

    # what this try owns, and how it ends

    def refresh(self) -> LedgerEntry | None:
        """Read again which entry this try owns, and return it."""
        self.mine = self.own()
        return self.mine

    def take_written(self) -> None:
        """Own the entry that this process has written last, as the last act of a start."""
        self.mine = self._last

    @property
    def presumed(self) -> bool:
        """Whether the operation of this try is only presumed to be its own."""
        mine = self.mine
        return mine is not None and mine.operation is not None and not mine.may_cancel

    @property
    def may_clean_up(self) -> bool | None:
        """Whether what the operation makes in spite of a cancel may be deleted.

        What is done but for a follow-up must not be undone. None while there is no operation.
        """
        mine = self.mine
        if mine is None or mine.operation is None:
            return None
        return mine.may_clean_up and mine.follow_up is None

    def verify(self, resource: Any) -> None:
        """Make sure that a resource is what this try asked for, before it is called its success.

        :param resource: as a message of the client library
        :raises ResourceDiffersError: if it is something else
        """
        entry = self.mine
        if entry is None:
            return
        facets = resource_facets(entry.kind, resource)
        # what can be changed may have been changed by somebody once it was there; it counts where
        # it is all that speaks for the operation being ours
        proven = entry.evidence in (Evidence.ANSWERED, Evidence.NAMED)
        found = differences(entry.kind, entry.asked, facets)
        differs = [each.sentence for each in found if each.fixed or not proven]
        if differs:
            raise ResourceDiffersError(
                entry.target,
                differences=tuple(differs),
                advice="The operation is done; somebody has replaced or changed this since.",
            )

    def killed_late(self, outcome: WaitOutcome, *, now: datetime) -> bool:
        """Tell whether the operation was ended by a kill of the try before, after its adoption."""
        mine, snapshot = self.mine, outcome.snapshot
        if mine is None or snapshot is None or mine.operation != snapshot.name:
            return False
        return killed_late(entry=mine, snapshot=snapshot, now=now)

    def cancelled_by(self, snapshot: OperationSnapshot | None) -> str:
        """Return the user who has asked for an operation's cancel; empty if nobody has.

        Only of one that was cancelled: it takes a read.
        """
        if snapshot is None or not snapshot.cancelled:
            return ""
        entry = self.own()
        return entry.cancelled_by if entry and snapshot.name in entry.operations else ""

    def statements(self, snapshot: OperationSnapshot | None) -> tuple[StatementRecord, ...]:
        """Return the statements of a schema change over all tries, with what is committed.

        :param snapshot: the operation of this try at its end; None if it needed none
        """
        entry = self.mine or self.own()
        return entry.statements_after(snapshot) if entry else ()

    def go_on_with(self, follow_up: FollowUp) -> None:
        """Write down that all is done but for a follow-up, whose end must not undo what is done.

        :raises EndedByOthersError: if somebody has ended the wait for the operation meanwhile
        """
        if entry := self.own():
            if entry.stage is not Stage.RUNNING:
                raise EndedByOthersError(entry.target, follow_up=follow_up.name)
            self.mine = entry = entry.goes_on_as(follow_up)
            self.update(entry)
            self.publish(entry)

    def deliver(self, snapshot: OperationSnapshot | None) -> None:
        """Write down that everything was done and delivered, and publish it.

        A triggerer that was stalled meanwhile learns by that that there is nothing to cancel.

        :param snapshot: the last operation at its end; None if none was needed
        """
        if entry := self.own():
            own = snapshot if snapshot and snapshot.name == entry.operation else None
            closed = entry.close(own)
            # first: were this to fail with the entry closed, a retry would start anew
            self.publish(closed)
            self.update(closed)

    def close(self, name: OperationName, snapshot: OperationSnapshot | None = None) -> None:
        """Write down that nothing is owed for an operation any more.

        The end of a follow-up alone closes nothing: the next try delivers what was done before it,
        and goes on from there.

        :param snapshot: the operation at its end, if that is known
        """
        if (entry := self.own()) and entry.operation == name:
            self.update(entry.close(snapshot))

    def leave(self, name: OperationName) -> None:
        """Close the entry of an operation that goes on, because it is only presumed to be ours."""
        entry = self.own()
        if entry and entry.operation == name and not entry.closed:
            self.update(entry.leave())
        log.warning("%s was left running. %s", name.label, left_running_presumed(name))

    def leave_another(self, entry: LedgerEntry) -> None:
        """Close the newest entry, which is of something else than the task asks for by now.

        Its operation is left alone: whoever may edit the task instance may have written the entry,
        and the task itself vouches for nothing but what it asks for.
        """
        if entry.closed:
            return
        if entry.operation is None:
            self.update(entry.close())
            return
        self.update(entry.leave())
        log.warning(
            "Left running: %s of an earlier try is not what this task asks for any more, and only "
            "what it asks for is proven its own. To end it: spanner-lro cancel %s",
            entry.kind,
            entry.operation,
        )

    def note_stopping(self, name: OperationName, *, now: datetime) -> None:
        """Write down that the end of an operation is decided, and its outcome not known."""
        entry = self.own()
        if entry and entry.operation == name and not entry.closed:
            self.update(entry.stop(now))

    def settle(self, settlement: Settlement, *, now: datetime) -> None:
        """Write down what became of an operation whose end was decided.

        One whose cancel has not settled is the reaper's, unless the next try comes first.
        """
        entry = self.own()
        if entry and entry.operation == settlement.name and not entry.closed:
            self.update(settled_as(entry, settlement, now=now))

    def exempt_from_reaping(self) -> None:
        """Write down that the operation was left to itself on purpose: no business of a reaper."""
        if (entry := self.own()) and not entry.closed:
            self.update(entry.exempt_from_reaping())

    @property
    def _newest(self) -> int:
        if self._known is None:
            self._known, _ = self._find_newest()
        return self._known

    def _find_newest(self) -> tuple[int, Any]:
        """Return the number of the newest entry, and what is stored under it; None if nothing."""
        noted = self._store.get(NEWEST_KEY)
        if isinstance(noted, int) and not isinstance(noted, bool) and noted > 0:
            # the process may have ended between the two writes of ``append``
            for number in range(noted, max(noted - _AHEAD, 0), -1):
                if (record := self._store.get(self._key(number))) is not None:
                    return number, record
            return noted, None
        # an older release wrote them, or somebody has deleted the key
        newest, found = 0, None
        ahead = _AHEAD if self.try_number > 1 else _AHEAD_OF_FIRST_TRY
        number = 1
        while number <= newest + ahead:
            if (record := self._store.get(self._key(number))) is not None:
                newest, found = number, record
            number += 1
        return newest, found

    @staticmethod
    def _key(number: int) -> str:
        return f"{KEY_PREFIX}{number}"


def _came_to_nothing(entry: LedgerEntry) -> bool:
    return entry.closed and entry.operation is None
