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
from airflow_spanner_lro.core.words import shortened
from airflow_spanner_lro.execution.store import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_spanner_lro.airflow_internals import HeldValue, StoredValue
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.tries.reaping import TaskFacts

_PAGE = 500
_TOLD = 200
"""How many characters are shown of why an entry cannot be read."""
_CLOSED = '"closed": true'
"""How a closed entry reads as JSON; no text within an entry can, because its quotes are escaped."""
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
        return f"{stored.dag_id}.{stored.task_id}{mapped}"

    @property
    def where(self) -> str:
        """What to call the entry in a sentence."""
        task = f"{self.task.state} in try {self.task.try_number}"
        return f"{self.task_name} of {self.stored.run_id}, {task}, {self.stored.key}"


def records(*, dag_ids: Collection[str] = (), closed: bool = False) -> Iterator[Record]:
    """Yield the entries of all tasks, the oldest first; a page of them is one query.

    :param dag_ids: only the entries of these; of all if there are none
    :param closed: the closed ones too, which otherwise never leave the database
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
        )
        yield from map(_record, page)
        if len(page) < _PAGE:
            return
        after = page[-1].row


def named_elsewhere(operation: OperationName, *, besides: Record) -> bool:
    """Tell whether another entry, of whichever task, names an operation.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    others = airflow_internals.other_values(
        key_prefix=KEY_PREFIX, containing=str(operation), besides=besides.stored.row
    )
    # a name may be the beginning of another one
    return any(f'"{operation}"' in value for value in others)


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
def held(record: Record) -> Iterator[HeldRecord | None]:
    """Hold an entry; None if it is no longer what the record says, or is being changed.

    What was written is there for others when this ends.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    with airflow_internals.held_value(record.stored.row) as value:
        if value is None or value.stored.value != record.stored.value:
            yield None
        else:
            yield HeldRecord(record=_record(value.stored), _value=value)


def _record(stored: StoredValue) -> Record:
    try:
        data = json.loads(stored.value)
        if isinstance(data, dict) and airflow_internals.STATE_REFERENCE_KEY in data:
            return Record(stored=stored, entry=None, trouble=_ELSEWHERE)
        return Record(stored=stored, entry=LedgerEntry.from_record(data))
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        return Record(
            stored=stored,
            entry=None,
            trouble=shortened(f"{type(exc).__name__}: {exc}", length=_TOLD),
        )
