# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``airflow spanner-lro ledger``: what is recorded, and how things are now.

Spanner is asked by the authority by which the reaper acts; where that refuses, nobody is asked.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.tries.authority import Refusal
from airflow_spanner_lro.core.tries.evidence import Evidence
from airflow_spanner_lro.reaper import sentences
from airflow_spanner_lro.reaper.authority import Authority
from airflow_spanner_lro.reaper.clients import CALL_ERRORS, Clients
from airflow_spanner_lro.reaper.records import records, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.records import Record

FAILED = 1

_HEADING = ("TASK", "RUN", "TRY", "TASK IS", "ENTRY", "OPERATION IS", "OPERATION")
_STATE = _HEADING.index("OPERATION IS")
_WIDEST = {"TASK": 32, "RUN": 24}
_NOT_ASKED = "?"
_REFUSED = "refused: "
_NONE = "-"
_UNNAMED = "(not known; started for {})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Asks Spanner for states, or does not.

    :param warn: says what could not be asked
    """

    authority: Authority
    clients: Clients
    offline: bool
    warn: Callable[[str], None]

    def state(self, record: Record) -> str:
        """Return the state of an entry's operation in a word or two."""
        entry = record.entry
        waited_for = entry.waited_for if entry else None
        if entry is None or waited_for is None:
            return _NONE
        if (entry.closed and not entry.left) or self.offline:
            # what became of it was written down, or nobody is to be asked
            return _NONE
        return self._asked(record, entry, waited_for.name)

    def _asked(self, record: Record, entry: LedgerEntry, name: OperationName) -> str:
        about = sentences.subject(record)
        permit = self.authority.permit(record, entry)
        if isinstance(permit, Refusal):
            return self._refused(about, permit)
        client = self.clients.get(permit, entry=entry, what=about)
        if isinstance(client, Refusal):
            return self._refused(about, client)
        if client is None:
            return _NOT_ASKED
        try:
            return sentences.state_of(client.get(name=name))
        except CALL_ERRORS as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return sentences.state_of(None)
            if not self.clients.bar(entry.access, exc, what=about):
                self.warn(f"{about}: {sentences.not_asked(exc)}")
            return _NOT_ASKED

    def _refused(self, about: str, refusal: Refusal) -> str:
        self.warn(f"{about}: {refusal.sentence}")
        return f"{_REFUSED}{refusal.reason}"


def list_ledger(*, dag_ids: Sequence[str], closed: bool, offline: bool) -> int:
    """Print a line for each entry, and return the exit code.

    :param closed: also those of which nothing is owed any more
    :param offline: do not ask Spanner
    :raises AirflowDatabaseError: if Airflow's database cannot be used
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """
    warn = partial(print, file=sys.stderr)
    with Clients(clock=StoppableClock()) as clients:
        asking = _Asking(authority=Authority(), clients=clients, offline=offline, warn=warn)
        rows = [
            _row(record, asking.state(record)) for record in records(dag_ids=dag_ids, closed=closed)
        ]
        troubles = list(clients.troubles())
    if rows:
        sys.stdout.writelines(f"{line}\n" for line in _table(rows))
    else:
        # not to be taken for a mistake, nor for a line of the list
        warn(f"There are no {'' if closed else 'open '}entries.")
    for trouble in troubles:
        warn(trouble)
    unknown = [row for row in rows if row[_STATE] == _NOT_ASKED or row[_STATE].startswith(_REFUSED)]
    return FAILED if unknown else 0


def _row(record: Record, state: str) -> tuple[str, ...]:
    entry, task = record.entry, record.task
    if entry is None:
        tries, stage, operation = _NONE, "unreadable", record.trouble
    else:
        newer = f"/{task.try_number}" if task.try_number != entry.try_number else ""
        tries = f"{entry.try_number}{newer}"
        stage = _stage(entry)
        waited_for = entry.waited_for
        operation = str(waited_for.name) if waited_for else _UNNAMED.format(entry.target)
    return (
        record.task_name,
        shown(record.stored.run_id),
        tries,
        task.state,
        stage,
        state,
        operation,
    )


def _stage(entry: LedgerEntry) -> str:
    if entry.left:
        return "left"
    ended = [entry.ending] if entry.ending else []
    if entry.closed:
        return ", ".join([entry.stage, *ended])
    presumed = ["presumed"] if entry.evidence is Evidence.PRESUMED else []
    exempt = ["exempt"] if entry.exempt else []
    return ", ".join([entry.stage, *presumed, *exempt, *ended])


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return lines that fit the terminal; whole ones if nobody looks at a terminal."""
    lines = [_HEADING, *rows]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if room:
        lines = [
            tuple(
                _shortened(cell, _WIDEST.get(name, len(cell)))
                for name, cell in zip(_HEADING, line, strict=True)
            )
            for line in lines
        ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if room:
        widths[-1] = max(room - sum(widths[:-1]) - 2 * (len(widths) - 1), len(_HEADING[-1]))
    return [
        "  ".join(
            _shortened(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]


def _shortened(text: str, length: int) -> str:
    """Cut the beginning of a text: names differ at their ends."""
    return text if len(text) <= length else f"…{text[len(text) - length + 1 :]}"
