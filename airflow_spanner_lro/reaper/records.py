# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger entries of all tasks in Airflow's database: read by the page, changed one by one.

A task writes its ledger through Airflow, whenever it likes. So a change from here is made only if
the entry is still what was judged, and while no try of its task can begin.

A copy of the database has all entries of the original, with tasks that seem to have ended long ago;
their operations are waited for elsewhere. So the first round leaves a mark in the database that
says where it is, and a database that is somewhere else with that mark is a copy, or has moved.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import (
    AirflowDatabaseError,
    metadata_database,
    state_store,
)
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.execution.store import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow_spanner_lro.airflow_internals.state_store import (
        LockedValue,
        StoredValue,
        ValueMarks,
    )
    from airflow_spanner_lro.core.ledger.reaping import TaskFacts
    from airflow_spanner_lro.core.names import OperationName

COPIED_DATABASE = (
    "Nothing was touched: Airflow's database is not where its ledgers were reaped before. A copy "
    "of it must not be reaped, because the operations in it are the original's. If the database "
    "has moved and the original is gone, say so once: `airflow spanner-lro reap "
    "--claim-deployment`."
)
_PAGE = 500
_LONGEST = 200
"""How many characters are shown of a name, or of why an entry cannot be read."""
_ATTEMPTS = 20
"""How often an entry is tried to be locked whose outcome is known."""
_CLOSED = '"closed": true'
"""How a closed entry reads as JSON; no text within an entry can, because its quotes are escaped."""
_TRY = '"try_number": '
"""What stands before the number of the try that an entry belongs to."""
_ELSEWHERE = "it is kept in a custom state backend, which only the task itself can read"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One ledger entry in the database, and its task as it is now.

    :param entry: None if it cannot be read
    :param trouble: why it cannot be read
    """

    stored: StoredValue
    entry: LedgerEntry | None
    trouble: str = ""

    @property
    def task(self) -> TaskFacts:
        """Its task instance."""
        return self.stored.task

    @property
    def task_name(self) -> str:
        """What to call the task instance, within its run."""
        stored = self.stored
        mapped = f"[{stored.map_index}]" if stored.map_index >= 0 else ""
        return shown(f"{stored.dag_id}.{stored.task_id}{mapped}")

    @property
    def where(self) -> str:
        """What to call the entry in a sentence."""
        task = f"{self.task.state} in try {self.task.try_number}"
        run_id, key = shown(self.stored.run_id), shown(self.stored.key)
        return f"{self.task_name} of {run_id}, {task}, {key}"

    @property
    def subject(self) -> str:
        """What a line is about: the task, and its operation if that is known."""
        return self.where if self.entry is None else self.subject_of(self.entry)

    def subject_of(self, entry: LedgerEntry) -> str:
        """Return the same for an entry that knows more: an intent's, with its operation."""
        waited_for = entry.waited_for
        return f"{self.where}: {waited_for.name if waited_for else entry.target}"

    def is_beside(self, other: LedgerRow) -> bool:
        """Tell whether another entry is of the same task instance."""
        return _instance(self.stored) == _instance(other.stored)


def count_open() -> int:
    """Return how many entries are not closed.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    return state_store.number_of_values(key_prefix=KEY_PREFIX, without=_CLOSED)


def ledger_rows(
    *, dag_ids: Collection[str] = (), closed: bool = False, waited_for: bool = True
) -> Iterator[LedgerRow]:
    """Yield the entries of all tasks, the oldest first; a page of them is one query.

    :param dag_ids: only the entries of these; of all if there are none
    :param closed: the closed ones too, which otherwise never leave the database
    :param waited_for: those too whose tasks are at work in the same try, and which otherwise do not
        leave the database either
    :raises AirflowDatabaseError: if the database cannot be read
    """
    after = 0
    while True:
        page = state_store.stored_values(
            key_prefix=KEY_PREFIX,
            after=after,
            limit=_PAGE,
            dag_ids=dag_ids,
            without=None if closed else _CLOSED,
            try_before=None if waited_for else _TRY,
        )
        yield from map(_row, page)
        if len(page) < _PAGE:
            return
        after = page[-1].row


def ledger_dags() -> frozenset[str]:
    """Return the Dags whose tasks have entries.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    return state_store.dags_of_values(key_prefix=KEY_PREFIX)


def ledger_marks(*, newest: int) -> ValueMarks:
    """Return what tells by itself whether an entry or its task has changed, by number of its row.

    :param newest: how many entries are told of; of those that are not closed all are
    :raises AirflowDatabaseError: if the database cannot be read
    """
    return state_store.value_marks(key_prefix=KEY_PREFIX, newest=newest, without=_CLOSED)


def rows_numbered(numbers: Collection[int]) -> list[LedgerRow]:
    """Return entries by the numbers of their rows, the oldest first; those that are gone not.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    numbers = sorted(numbers)
    pages = (numbers[begin : begin + _PAGE] for begin in range(0, len(numbers), _PAGE))
    stored = (each for page in pages for each in state_store.values_of(page))
    # any other value of the store has a number, too
    return [_row(each) for each in stored if each.key.startswith(KEY_PREFIX)]


def rows_naming(operation: OperationName, *, besides: LedgerRow) -> list[LedgerRow]:
    """Return the other entries, of whichever task, open or closed, that name an operation.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    others = state_store.other_values(
        key_prefix=KEY_PREFIX, containing=str(operation), besides=besides.stored.row
    )
    # a name may be the beginning of another one
    return [_row(stored) for stored in others if f'"{operation}"' in stored.value]


def shown(text: str) -> str:
    """Return a text that somebody may have made up, fit for a line of a terminal."""
    return shorten(escape_unprintable(text), length=_LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRow:
    """An entry that nobody can change, and whose task cannot begin a try, while it is locked."""

    row: LedgerRow
    _value: LockedValue

    def replace(self, entry: LedgerEntry) -> LedgerRow | None:
        """Write another entry; None if what is locked has changed all the same (SQLite)."""
        value = json.dumps(entry.to_record())
        if not self._value.replace(value, for_ever=not entry.closed):
            return None
        return replace(self.row, entry=entry, stored=replace(self.row.stored, value=value))


@contextmanager
def locked(
    row: LedgerRow, *, pause: Callable[[], None] | None = None
) -> Iterator[LockedRow | None]:
    """Lock an entry; None if it is no longer what the row says, or is being changed.

    What was written is there for others when this ends.

    :param pause: called before each other attempt while somebody else holds it; None for no other
    :raises AirflowDatabaseError: if the database cannot be used
    """
    for again in reversed(range(_ATTEMPTS if pause else 1)):
        with state_store.locked_value(row.stored.row) as value:
            if value is not None and value.stored.value == row.stored.value:
                yield LockedRow(row=_row(value.stored), _value=value)
                return
        if value is not None or pause is None or not again:
            break
        pause()
    yield None


def is_ours(*, claim: bool, leave_mark: bool) -> bool:
    """Tell whether the ledgers in this database may be acted on.

    :param claim: somebody says so
    :param leave_mark: write down where the database is, if that is to be
    :raises AirflowDatabaseError: if the database cannot be used
    """
    here = metadata_database.database_digest()
    marked = metadata_database.database_mark()
    if marked == here:
        return True
    if marked is not None and not claim:
        return False
    if leave_mark:
        try:
            metadata_database.mark_database(here, anew=claim)
        except AirflowDatabaseError:
            # another first round may have been faster
            return metadata_database.database_mark() == here
    return True


def _instance(stored: StoredValue) -> tuple[str, str, str, int]:
    return stored.dag_id, stored.run_id, stored.task_id, stored.map_index


def _row(stored: StoredValue) -> LedgerRow:
    try:
        data = json.loads(stored.value)
        if isinstance(data, dict) and state_store.STATE_REFERENCE_KEY in data:
            return LedgerRow(stored=stored, entry=None, trouble=_ELSEWHERE)
        return LedgerRow(stored=stored, entry=LedgerEntry.from_record(data))
    except RecursionError:
        return LedgerRow(stored=stored, entry=None, trouble="it is nested too deeply")
    except ValueError as exc:
        # what LedgerFormatError is, and what is no JSON
        return LedgerRow(stored=stored, entry=None, trouble=shown(str(exc)))
