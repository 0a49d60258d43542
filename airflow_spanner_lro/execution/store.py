# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where ledger entries are kept: in the task's own state store, one key for each operation.

The store survives retries and clears, which XComs do not. It can be read by key only, so the keys
are numbered, and one more key says which number is the newest: closed entries expire, and a hole
must not hide what comes after it. Only code on a worker can reach the store: triggers read the XCom
that ``publish`` writes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # missing in its stub only

from airflow_spanner_lro.core.tries.ledger import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.tries.record import LedgerFormatError, LedgerUnreadableError

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

KEY_PREFIX = "spanner_lro:"
NEWEST_KEY = "spanner_lro_newest"
"""Holds the number of the newest entry."""
_AHEAD = 3
"""How many missing numbers are passed over, where nothing says which is the newest."""

log = logging.getLogger(__name__)


class TaskLedger:
    """The ledger of one task instance, as one process of one try reads and writes it.

    :param context: the template context of the running task
    """

    def __init__(self, context: Context) -> None:
        self._store: TaskStateStoreAccessor = context["task_state_store"]
        self._ti = context["ti"]
        self._known: int | None = None

    @property
    def try_number(self) -> int:
        """The try that is running now."""
        return int(self._ti.try_number)

    def latest(self) -> LedgerEntry | None:
        """Return the newest entry; None if there is none.

        :raises LedgerUnreadableError: if another release wrote it, or it is damaged
        """
        if not self._newest:
            return None
        record = self._store.get(self._key(self._newest))
        if record is None:
            # deleted by somebody meanwhile
            return None
        try:
            return LedgerEntry.from_record(record)
        except LedgerFormatError as exc:
            raise LedgerUnreadableError(self._key(self._newest), exc) from exc

    def own(self) -> LedgerEntry | None:
        """Return the newest entry if this try owns it.

        A process that was frozen until the next try has taken its operation up owns nothing any
        more. Nor does one whose entry cannot be read; that is told.
        """
        try:
            entry = self.latest()
        except LedgerUnreadableError as exc:
            log.warning("The task's ledger entry cannot be read and is left alone: %s", exc)
            return None
        return entry if entry and entry.try_number == self.try_number else None

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry under a key of its own.

        An intent that came to nothing gives its key away: a task may be refused many times before
        it is its turn.
        """
        latest = self.latest()
        if latest is None or latest.operation or not latest.closed:
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

    def publish(self, entry: LedgerEntry) -> None:
        """Push the entry as an XCom, for those who cannot read the store."""
        self._ti.xcom_push(key=RECORD_KEY, value=entry.to_record())

    def close(self, name: OperationName, snapshot: OperationSnapshot | None = None) -> None:
        """Write down that nothing is owed for an operation any more.

        The end of a follow-up alone closes nothing: the next try delivers what was done before it,
        and goes on from there.

        :param snapshot: the operation at its end, if that is known
        """
        entry = self.own()
        if entry and entry.operation == name:
            self.update(entry.close(snapshot))

    def note_stopping(self, name: OperationName, *, now: datetime) -> None:
        """Write down that the end of an operation is decided, and its outcome not known."""
        entry = self.own()
        if entry and entry.operation == name and not entry.closed:
            self.update(entry.stop(now))

    @property
    def _newest(self) -> int:
        if self._known is None:
            self._known = self._find_newest()
        return self._known

    def _find_newest(self) -> int:
        told = self._store.get(NEWEST_KEY)
        if isinstance(told, int) and not isinstance(told, bool) and told > 0:
            # the process may have ended between the two writes of ``append``
            numbers = range(told, max(told - _AHEAD, 0), -1)
            return next((each for each in numbers if self._has(each)), told)
        # an older release wrote them, or somebody has deleted the key
        newest = 0
        while found := [n for n in range(newest + 1, newest + 1 + _AHEAD) if self._has(n)]:
            newest = found[-1]
        return newest

    def _has(self, number: int) -> bool:
        return self._store.get(self._key(number)) is not None

    @staticmethod
    def _key(number: int) -> str:
        return f"{KEY_PREFIX}{number}"
