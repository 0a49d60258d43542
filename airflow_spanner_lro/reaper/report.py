# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``airflow spanner-lro ledger`` and ``status``: what is recorded, how things are now.

They change nothing. Spanner is asked by the authority by which the reaper acts; where that refuses,
nobody is asked. ``ledger`` asks for each entry's operation, ``status`` for one of each connection.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.airflow_internals import metadata_database
from airflow_spanner_lro.compatibility import unmet_requirements
from airflow_spanner_lro.core.ledger.authority import Refusal
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.reaping import ReapDecision
from airflow_spanner_lro.core.status import Code, code_of, error_text
from airflow_spanner_lro.core.text import escape_unprintable
from airflow_spanner_lro.reaper.authority import CALL_ERRORS, AuthorisedClients
from airflow_spanner_lro.reaper.inspection import not_asked, state_of
from airflow_spanner_lro.reaper.loop import FAILED, latest_round
from airflow_spanner_lro.reaper.records import ledger_rows, shown
from airflow_spanner_lro.reaper.standing import (
    ALIVE,
    grace,
    reap_decision,
    reaper_trouble,
    waits_for,
)
from airflow_spanner_lro.settings import ReaperHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta

    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.ledger.reaping import RoundRecord
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.reaper.records import LedgerRow

    Say = Callable[[str], object]
    Show = Callable[[Any], None]

_HEADING = ("TASK", "RUN", "TRY", "TASK IS", "ENTRY", "OPERATION IS", "OPERATION")
_STATE = _HEADING.index("OPERATION IS")
_KEYS = ("task", "run_id", "try", "task_state", "entry", "operation_state", "operation")
"""The same for programs."""
_WIDEST = {"TASK": 32, "RUN": 24}
_NOT_ASKED = "?"
_REFUSED = "refused: "
_NONE = "-"
_UNNAMED = "(not known; started for {})"

_SHOWN = 20
"""How many orphans are named; `ledger` lists all."""
_USABLE = "usable"


def list_ledger(
    *, dag_ids: Sequence[str], closed: bool, offline: bool, show: Show | None = None
) -> int:
    """Print a line for each entry, and return the exit code.

    :param closed: also those of which nothing is owed any more
    :param offline: do not ask Spanner
    :param show: is given the entries as plain values, instead
    :raises AirflowDatabaseError: if Airflow's database cannot be used
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """
    warn = partial(print, file=sys.stderr)
    with AuthorisedClients(clock=StoppableClock()) as clients:
        states = _OperationStates(clients=clients, offline=offline, warn=warn)
        lines = [_cells(row, states.of(row)) for row in ledger_rows(dag_ids=dag_ids, closed=closed)]
        troubles = list(clients.troubles())
    if show:
        show([dict(zip(_KEYS, line, strict=True)) for line in lines])
    elif lines:
        sys.stdout.writelines(f"{line}\n" for line in _table(lines))
    else:
        # not to be taken for a mistake, nor for a line of the list
        warn(f"There are no {'' if closed else 'open '}entries.")
    for trouble in troubles:
        warn(trouble)
    states_shown = [cells[_STATE] for cells in lines]
    unknown = [each for each in states_shown if each == _NOT_ASKED or each.startswith(_REFUSED)]
    return FAILED if unknown else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _OperationStates:
    """Asks Spanner for states, or does not.

    :param warn: says what could not be asked
    """

    clients: AuthorisedClients
    offline: bool
    warn: Callable[[str], None]

    def of(self, row: LedgerRow) -> str:
        """Return the state of an entry's operation in a word or two."""
        entry = row.entry
        if entry is None or entry.waited_for is None:
            return _NONE
        if (entry.closed and not entry.left) or self.offline:
            # what became of it was written down, or nobody is to be asked
            return _NONE
        return self._asked(row, entry, entry.waited_for.name)

    def _asked(self, row: LedgerRow, entry: LedgerEntry, name: OperationName) -> str:
        client = self.clients.client_for(row, entry)
        if client is None:
            return _NOT_ASKED
        if isinstance(client, Refusal):
            self.warn(f"{client.sentence} Task {row.subject}")
            return f"{_REFUSED}{client.reason}"
        try:
            return state_of(client.get(name=name))
        except CALL_ERRORS as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return state_of(None)
            if not self.clients.note_unreachable(row, entry, exc):
                self.warn(f"{not_asked(exc)} Task {row.subject}")
            return _NOT_ASKED


def _cells(row: LedgerRow, state: str) -> tuple[str, ...]:
    entry, task = row.entry, row.task
    if entry is None:
        tries, stage, operation = _NONE, "unreadable", row.trouble
    else:
        newer = f"/{task.try_number}" if task.try_number != entry.try_number else ""
        tries = f"{entry.try_number}{newer}"
        stage = _stage(entry)
        waited_for = entry.waited_for
        operation = str(waited_for.name) if waited_for else _UNNAMED.format(entry.target)
    return (row.task_name, shown(row.stored.run_id), tries, task.state, stage, state, operation)


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


def print_status(*, offline: bool, say: Say = print, show: Show | None = None) -> int:
    """Print whether the reaper works, what it has left, and return the exit code.

    :param offline: do not ask Spanner
    :param show: is given the same as plain values, instead
    :returns: 1 if something needs attention
    :raises AirflowDatabaseError: if Airflow's database cannot be used
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """
    settings.check()
    now = datetime.now(tz=UTC)
    rows = [*ledger_rows()]
    if show:
        say = _say_nothing
    packages = unmet_requirements()
    for each in packages:
        say(f"ATTENTION    {each}")
    reaper = _print_reaper(latest_round(), now=now, entries=len(rows), say=say)
    entries = _print_entries(rows, now=now, say=say)
    triggerers = _print_triggerers(now=now, say=say)
    connections, usable = ({}, True) if offline else _print_connections(rows, say=say)
    if show:
        show(reaper | entries | triggerers | connections | {"packages": packages})
    well = usable and not (packages or reaper["attention"] or entries["orphans"])
    return 0 if well else FAILED


def _say_nothing(line: str) -> None:
    """Leave out what is only for people."""


def _print_reaper(
    latest: RoundRecord | None, *, now: datetime, entries: int, say: Say
) -> dict[str, Any]:
    where = settings.reaper()
    interval = None if where is ReaperHost.OFF else settings.reaper_interval()
    if interval is None:
        say("Reaper       does not run by itself ([spanner_lro] reaper = off)")
    else:
        say(f"Reaper       runs in the {where}, every {interval:g} s")
    trouble, last = reaper_trouble(latest, now=now, entries=entries), None
    if latest is not None:
        ago, host = latest.age(now).total_seconds(), escape_unprintable(latest.host)
        say(
            f"Last round   {ago:.0f} s ago on {host}, took "
            f"{latest.seconds:g} s: {latest.kept} kept (task active), "
            f"{latest.reaped} cancelled or closed, {latest.left} need attention"
        )
        last = {
            "seconds_ago": round(ago),
            "host": host,
            "seconds": latest.seconds,
            "kept": latest.kept,
            "reaped": latest.reaped,
            "left": latest.left,
        }
    else:
        say("Last round   none is recorded")
    if trouble:
        say(f"ATTENTION    {trouble}")
    reaper = {"where": str(where.value), "interval_seconds": interval}
    return {"reaper": reaper, "last_round": last, "attention": trouble}


def _print_entries(rows: Iterable[LedgerRow], *, now: datetime, say: Say) -> dict[str, Any]:
    groups: Counter[tuple[str, str]] = Counter()
    orphans: list[str] = []
    patience = grace()
    for row in rows:
        whom = waits_for(row.entry, task=row.task, now=now, grace=patience)
        groups[whom, _kind(row.entry)] += 1
        if row.entry and _is_orphan(row, row.entry, now=now, grace=patience):
            orphans.append(row.subject)
    say(f"Entries      {groups.total()} open")
    for (whom, kind), number in sorted(groups.items()):
        say(f"             {number:>5}  {kind}, waiting for {whom}")
    say(f"Orphans      {len(orphans)}")
    for each in orphans[:_SHOWN]:
        say(f"             {each}")
    if len(orphans) > _SHOWN:
        say(f"             and {len(orphans) - _SHOWN} more: `airflow spanner-lro ledger`")
    entries = [
        {"number": number, "kind": kind, "waits_for": whom}
        for (whom, kind), number in sorted(groups.items())
    ]
    return {"entries": entries, "orphans": orphans}


def _is_orphan(row: LedgerRow, entry: LedgerEntry, *, now: datetime, grace: timedelta) -> bool:
    return reap_decision(entry, task=row.task, now=now, grace=grace) is ReapDecision.REAP


def _kind(entry: LedgerEntry | None) -> str:
    return "unknown" if entry is None else entry.kind.name


def _print_triggerers(*, now: datetime, say: Say) -> dict[str, Any]:
    living, homeless = metadata_database.triggerers(now=now, within=ALIVE)
    budget = settings.max_admin_requests_per_second()
    busy = settings.max_admin_requests_per_second_busy()
    say(
        f"Pollers      one in each triggerer, with a budget of {budget:g}/s for each project; "
        f"while ends would be late, up to {busy:g}/s for all together"
    )
    triggerers = [
        {
            "host": escape_unprintable(each.host),
            "triggers": each.triggers,
            "seconds_ago": round(max(0.0, (now - each.heartbeat).total_seconds())),
        }
        for each in living
    ]
    for one in triggerers:
        say(
            f"             {one['host']}: {one['triggers']} triggers, "
            f"seen {one['seconds_ago']} s ago"
        )
    if not living:
        say("             no triggerer is alive")
    if homeless:
        say(f"             {homeless} triggers wait for a triggerer")
    budgets = {"each_project": budget, "busy_all_together": busy}
    return {
        "requests_per_second": budgets,
        "triggerers": triggerers,
        "triggers_without_triggerer": homeless,
    }


def _print_connections(rows: Iterable[LedgerRow], *, say: Say) -> tuple[dict[str, Any], bool]:
    """Say of each connection whether it can be used; return that, and whether all can be."""
    states: dict[tuple[str, tuple[str, ...]], str] = {}
    with AuthorisedClients(clock=StoppableClock()) as clients:
        for row in rows:
            if (
                row.entry is None
                or (connection := _connection(row.entry.connection_spec)) in states
            ):
                continue
            if (state := _connection_state(row, row.entry, clients=clients)) is not None:
                states[connection] = state
        troubles = [*clients.troubles()]
    say(f"Connections  {len(states)} used by open entries")
    connections = [
        {"connection": escape_unprintable(" as ".join((id_, *chain[-1:]))), "state": state}
        for (id_, chain), state in sorted(states.items())
    ]
    for each in connections:
        say(f"             {each['connection']}: {each['state']}")
    for trouble in troubles:
        say(f"             {trouble}")
    usable = not troubles and all(state == _USABLE for state in states.values())
    return {"connections": connections, "troubles": troubles}, usable


def _connection_state(
    row: LedgerRow, entry: LedgerEntry, *, clients: AuthorisedClients
) -> str | None:
    """Return whether an entry's connection can be used; None if this entry does not tell."""
    if entry.waited_for is None:
        return None
    client = clients.client_for(row, entry)
    if client is None or isinstance(client, Refusal):
        return None
    try:
        client.get(name=entry.waited_for.name)
    except CALL_ERRORS as exc:
        if code_of(exc) is Code.NOT_FOUND:
            return _USABLE
        return None if clients.note_unreachable(row, entry, exc) else f"{error_text(exc)}."
    return _USABLE


def _connection(connection_spec: ConnectionSpec) -> tuple[str, tuple[str, ...]]:
    return connection_spec.gcp_conn_id, connection_spec.impersonation_chain
