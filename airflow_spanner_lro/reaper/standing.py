# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How ledgers, reaper and triggerers stand right now, without a question to Spanner.

The command ``airflow spanner-lro status`` prints it and the Operations page shows it, so both must
get it here: whom an entry waits for, and whether the reaper is at work.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.ledger.reaping import (
    KILL_OVER,
    ReapDecision,
    TaskPhase,
    decide_reap,
    overdue,
)
from airflow_spanner_lro.settings import ReaperHost

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.ledger.reaping import RoundRecord, TaskFacts

ALIVE = timedelta(seconds=60)
"""How old the heartbeat of a triggerer may be."""
_WAITS_FOR = {
    ReapDecision.REAP: "the reaper (orphan)",
    ReapDecision.EXEMPT: "a later try, if any (exempt from reaping)",
    ReapDecision.NEWER_TRY: "the newer try of its task",
    ReapDecision.TOO_YOUNG: "the grace to pass (task over)",
    ReapDecision.CLOSED: "nobody (nothing is owed any more)",
}
_UNREADABLE = "a person (the entry cannot be read)"


def grace() -> timedelta:
    """Return how long everything has to be over before the reaper judges an entry.

    :raises SettingsError: if the option cannot be used
    """
    return timedelta(seconds=settings.reaper_grace())


def reap_decision(
    entry: LedgerEntry, *, task: TaskFacts, now: datetime, grace: timedelta
) -> ReapDecision:
    """Return what the reaper that runs by itself decides about an entry."""
    return decide_reap(entry, task=task, now=now, grace=grace, kill_over=KILL_OVER)


def waits_for(
    entry: LedgerEntry | None, *, task: TaskFacts, now: datetime, grace: timedelta
) -> str:
    """Return whom an entry waits for, to stand behind *waiting for*.

    :param entry: None if it cannot be read
    """
    if entry is None:
        return _UNREADABLE
    decision = reap_decision(entry, task=task, now=now, grace=grace)
    if decision is ReapDecision.WAITS:
        coming = "'s next try" if task.phase is TaskPhase.COMING else ""
        return f"its task{coming} ({task.state})"
    return _WAITS_FOR[decision]


def reaper_trouble(latest: RoundRecord | None, *, now: datetime, entries: int) -> str | None:
    """Return that no reaper is at work although there are open entries, and what to do.

    :returns: None if one is, or nothing is owed to anybody
    :raises SettingsError: if the option cannot be used
    """
    late = overdue(latest, now=now)
    if not late or not entries:
        return None
    where = settings.reaper()
    host = ReaperHost.TRIGGERER if where is ReaperHost.OFF else where
    return (
        f"No reaper is at work: {late}. Let a {host} run with [spanner_lro] reaper set to it, or "
        f"run `airflow spanner-lro reap --every 60s`."
    )
