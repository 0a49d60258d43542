# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``airflow spanner-lro status``: whether the promise is kept here, at a glance.

It looks at what is recorded and changes nothing. Of Spanner it asks for one operation for each
connection, by the authority by which the reaper acts.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import airflow_database, settings
from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.core.tries.authority import Refusal
from airflow_spanner_lro.core.tries.reaping import (
    KILL_OVER,
    ReapDecision,
    TaskPhase,
    decide_reap,
)
from airflow_spanner_lro.core.tries.round_record import overdue
from airflow_spanner_lro.core.words import escaped
from airflow_spanner_lro.reaper import sentences
from airflow_spanner_lro.reaper.authority import Authority
from airflow_spanner_lro.reaper.clients import CALL_ERRORS, Clients, told
from airflow_spanner_lro.reaper.patrol import latest_round
from airflow_spanner_lro.reaper.records import records
from airflow_spanner_lro.settings import ReaperHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.core.tries.round_record import RoundRecord
    from airflow_spanner_lro.reaper.records import Record

TROUBLE = 1
_ALIVE = timedelta(seconds=60)
"""How old the heartbeat of a triggerer may be."""
_SHOWN = 20
"""How many orphans are named; `ledger` lists all."""
_WAITS_FOR = {
    ReapDecision.REAP: "the reaper (orphan)",
    ReapDecision.EXEMPT: "a later try, if any (exempt from reaping)",
    ReapDecision.NEWER_TRY: "the newer try of its task",
    ReapDecision.TOO_YOUNG: "the grace to pass (task over)",
}
_UNREADABLE = "a person (the entry cannot be read)"


def status(*, offline: bool, say: Callable[[str], object] = print) -> int:
    """Print the state of things, and return the exit code: 1 if something needs attention.

    :param offline: do not ask Spanner
    :raises AirflowDatabaseError: if Airflow's database cannot be used
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """
    settings.check()
    now = datetime.now(tz=UTC)
    entries = [*records()]
    trouble = _tell_reaper(latest_round(), now=now, entries=len(entries), say=say)
    orphans = _tell_entries(entries, now=now, say=say)
    _tell_triggerers(now=now, say=say)
    unusable = not offline and _tell_connections(entries, say=say)
    return TROUBLE if trouble or orphans or unusable else 0


def _tell_reaper(
    latest: RoundRecord | None, *, now: datetime, entries: int, say: Callable[[str], object]
) -> bool:
    where = settings.reaper()
    if where is ReaperHost.OFF:
        say("Reaper       does not run by itself ([spanner_lro] reaper = off)")
    else:
        say(f"Reaper       runs in the {where}, every {settings.reaper_interval():g} s")
    late = overdue(latest, now=now)
    if latest is not None:
        ago = latest.age(now).total_seconds()
        say(
            f"Last round   {ago:.0f} s ago on {escaped(latest.host)}, took {latest.seconds:g} s: "
            f"{latest.kept} kept (task active), {latest.reaped} cancelled or closed, "
            f"{latest.left} need attention"
        )
    else:
        say("Last round   none is recorded")
    if late and entries:
        say(
            f"ATTENTION    No reaper is at work: {late}. Let a "
            f"{ReaperHost.TRIGGERER if where is ReaperHost.OFF else where} run with [spanner_lro] "
            f"reaper set to it, or run `airflow spanner-lro reap --every 60s`."
        )
    return bool(late and entries)


def _tell_entries(
    entries: Iterable[Record], *, now: datetime, say: Callable[[str], object]
) -> list[str]:
    groups: Counter[tuple[str, str]] = Counter()
    orphans: list[str] = []
    for record in entries:
        waits_for = _waits_for(record, now=now)
        groups[waits_for, _kind(record.entry)] += 1
        if waits_for == _WAITS_FOR[ReapDecision.REAP]:
            orphans.append(sentences.subject(record))
    say(f"Entries      {groups.total()} open")
    for (waits_for, kind), number in sorted(groups.items()):
        say(f"             {number:>5}  {kind}, waiting for {waits_for}")
    say(f"Orphans      {len(orphans)}")
    for each in orphans[:_SHOWN]:
        say(f"             {each}")
    if len(orphans) > _SHOWN:
        say(f"             and {len(orphans) - _SHOWN} more: `airflow spanner-lro ledger`")
    return orphans


def _waits_for(record: Record, *, now: datetime) -> str:
    if record.entry is None:
        return _UNREADABLE
    decision = decide_reap(
        record.entry,
        task=record.task,
        now=now,
        grace=timedelta(seconds=settings.reaper_grace()),
        kill_over=KILL_OVER,
    )
    if decision is ReapDecision.WAITS:
        coming = record.task.phase is TaskPhase.COMING
        return (
            f"its task's next try ({record.task.state})"
            if coming
            else (f"its task ({record.task.state})")
        )
    return _WAITS_FOR[decision]


def _kind(entry: LedgerEntry | None) -> str:
    return "unknown" if entry is None else entry.kind.metadata.removesuffix("Metadata")


def _tell_triggerers(*, now: datetime, say: Callable[[str], object]) -> None:
    living, homeless = airflow_database.triggerers(now=now, within=_ALIVE)
    budget = settings.max_admin_requests_per_second()
    say(
        f"Pollers      one in each triggerer, with a budget of {budget:g}/s for each project and "
        "identity"
    )
    for each in living:
        ago = max(0.0, (now - each.heartbeat).total_seconds())
        say(f"             {escaped(each.host)}: {each.triggers} triggers, seen {ago:.0f} s ago")
    if not living:
        say("             no triggerer is alive")
    if homeless:
        say(f"             {homeless} triggers wait for a triggerer")


def _tell_connections(entries: Iterable[Record], *, say: Callable[[str], object]) -> bool:
    """Say of each connection whether it can be used; return whether one cannot."""
    authority = Authority()
    states: dict[tuple[str, tuple[str, ...]], str] = {}
    with Clients(clock=StoppableClock()) as clients:
        for record in entries:
            entry = record.entry
            if entry is None or _way(entry.access) in states:
                continue
            if (state := _state(record, entry, authority=authority, clients=clients)) is not None:
                states[_way(entry.access)] = state
        troubles = [*clients.troubles()]
    say(f"Connections  {len(states)} used by open entries")
    for (connection, chain), state in sorted(states.items()):
        name = " as ".join((connection, *chain[-1:]))
        say(f"             {escaped(name)}: {state}")
    for trouble in troubles:
        say(f"             {trouble}")
    return bool(troubles) or any(state != _USABLE for state in states.values())


_USABLE = "usable"


def _state(
    record: Record, entry: LedgerEntry, *, authority: Authority, clients: Clients
) -> str | None:
    """Return whether the way of an entry can be used; None if this entry does not tell."""
    if entry.waited_for is None:
        return None
    about = sentences.subject(record)
    permit = authority.permit(record, entry)
    if isinstance(permit, Refusal):
        return None
    client = clients.get(permit, entry=entry, what=about)
    if client is None or isinstance(client, Refusal):
        return None
    try:
        client.get(name=entry.waited_for.name)
    except CALL_ERRORS as exc:
        if code_of(exc) is Code.NOT_FOUND:
            return _USABLE
        return None if clients.bar(entry.access, exc, what=about) else told(exc)
    return _USABLE


def _way(access: Access) -> tuple[str, tuple[str, ...]]:
    return access.gcp_conn_id, access.impersonation_chain
