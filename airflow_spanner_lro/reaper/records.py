# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledgers of all tasks, as Airflow's database has them: read by the page, changed one by one.

A task writes its ledger through Airflow, whenever it likes. So a change from here is made only if
the entry is still what was judged, and while no try of its task can begin.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spanner_lro import airflow_internals
from airflow_spanner_lro.core.tries.ledger import LedgerEntry
from airflow_spanner_lro.core.words import escaped, shortened
from airflow_spanner_lro.execution.store import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow_spanner_lro.airflow_internals import HeldValue, StoredValue
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.tries.reaping import TaskFacts

_PAGE = 500
_TOLD = 200
"""How many characters are shown of a name, or of why an entry cannot be read."""
_ATTEMPTS = 20
"""How often an entry is tried to be held whose outcome is known."""
_CLOSED = '"closed": true'
"""How a closed entry reads as JSON; no text within an entry can, because its quotes are escaped."""
_TRY = '"try_number": '
"""What stands before the number of the try that an entry belongs to."""
_ELSEWHERE = "it is kept in a custom state backend, which only the task itself can read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
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

    def is_beside(self, other: Record) -> bool:
        """Tell whether another entry is of the same task instance."""
        return _instance(self.stored) == _instance(other.stored)


def number_open() -> int:
    """Return how many entries are not closed.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    return airflow_internals.number_of_values(key_prefix=KEY_PREFIX, without=_CLOSED)


def records(
    *, dag_ids: Collection[str] = (), closed: bool = False, waited_for: bool = True
) -> Iterator[Record]:
    """Yield the entries of all tasks, the oldest first; a page of them is one query.

    :param dag_ids: only the entries of these; of all if there are none
    :param closed: the closed ones too, which otherwise never leave the database
    :param waited_for: those too whose tasks are at work in the same try, and which otherwise do not
        leave the database either
    :raises AirflowDatabaseError: if the database cannot be read
    """
    after = 0
    while True:
        page = airflow_internals.stored_values(
            key_prefix=KEY_PREFIX,
            after=after,
            limit=_PAGE,
            dag_ids=dag_ids,
            without=None if closed else _CLOSED,
            try_before=None if waited_for else _TRY,
        )
        yield from map(_record, page)
        if len(page) < _PAGE:
            return
        after = page[-1].row


def naming(operation: OperationName, *, besides: Record) -> list[Record]:
    """Return the other entries, of whichever task, open or closed, that name an operation.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    others = airflow_internals.other_values(
        key_prefix=KEY_PREFIX, containing=str(operation), besides=besides.stored.row
    )
    # a name may be the beginning of another one
    return [_record(stored) for stored in others if f'"{operation}"' in stored.value]


def shown(text: str) -> str:
    """Return a text that somebody may have made up, fit for a line of a terminal."""
    return shortened(escaped(text), length=_TOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: the entry, and its record, whose text a later change is compared to."""

    record: Record
    entry: LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecord:
    """An entry that nobody can change, and whose task cannot begin a try, while it is held."""

    record: Record
    _value: HeldValue

    def replace(self, entry: LedgerEntry) -> Written | None:
        """Write another entry; None if what is held has changed all the same (SQLite)."""
        value = json.dumps(entry.to_record())
        if not self._value.replace(value, for_ever=not entry.closed):
            return None
        stored = replace(self.record.stored, value=value)
        return Written(record=replace(self.record, entry=entry, stored=stored), entry=entry)


@contextmanager
def held(record: Record, *, pause: Callable[[], None] | None = None) -> Iterator[HeldRecord | None]:
    """Hold an entry; None if it is no longer what the record says, or is being changed.

    What was written is there for others when this ends.

    :param pause: called before each other attempt while somebody else holds it; None for no other
    :raises AirflowDatabaseError: if the database cannot be used
    """
    for again in reversed(range(_ATTEMPTS if pause else 1)):
        with airflow_internals.held_value(record.stored.row) as value:
            if value is not None and value.stored.value == record.stored.value:
                yield HeldRecord(record=_record(value.stored), _value=value)
                return
        if value is not None or pause is None or not again:
            break
        pause()
    yield None


def _instance(stored: StoredValue) -> tuple[str, str, str, int]:
    return stored.dag_id, stored.run_id, stored.task_id, stored.map_index


def _record(stored: StoredValue) -> Record:
    try:
        data = json.loads(stored.value)
        if isinstance(data, dict) and airflow_internals.STATE_REFERENCE_KEY in data:
            return Record(stored=stored, entry=None, trouble=_ELSEWHERE)
        return Record(stored=stored, entry=LedgerEntry.from_record(data))
    except RecursionError:
        return Record(stored=stored, entry=None, trouble="it is nested too deeply")
    except ValueError as exc:
        # what LedgerFormatError is, and what is no JSON
        return Record(stored=stored, entry=None, trouble=shown(str(exc)))
