# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The strip on top of the page: orphans, the reaper, triggerers, requests against the budget.

The command ``airflow spanner-lro status`` says the same, from the same facts (``reaper/standing``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import settings
from airflow_spanner_lro.reaper.records import shown
from airflow_spanner_lro.reaper.standing import reaper_trouble
from airflow_spanner_lro.web.ledger.rows import iso
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.ledger.reaping import RoundRecord
    from airflow_spanner_lro.web.ledger.index import LedgerView
    from airflow_spanner_lro.web.ledger.listed import ListedOperation
    from airflow_spanner_lro.web.progress import PublishedProgress


def status(
    view: LedgerView,
    *,
    readable: Collection[str],
    progress: PublishedProgress,
    may_reap: bool,
    now: datetime,
) -> dict[str, Any]:
    """Return the strip as JSON values.

    :param readable: the Dags that whoever asks may see; others are not counted
    :param may_reap: whether he may reap
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """
    lines = [each for each in view.lines if each.dag_id in readable]
    is_open = [each for each in lines if each.entry is None or not each.entry.closed]
    return {
        "now": iso(now),
        "orphans": sum(each.orphaned for each in lines),
        "unreadable": sum(each.shown.state is State.UNREADABLE for each in lines),
        "open": sum(each.known is not None for each in is_open),
        "reaper": {
            "where": settings.reaper().value,
            "interval_seconds": settings.reaper_interval(),
            # somebody else's entries need a reaper as well
            "overdue": reaper_trouble(view.latest, now=now, entries=_open(view)),
            "last_round": _round(view.latest),
        },
        "requests": {
            "per_second": progress.requests_per_second,
            "budget": settings.max_admin_requests_per_second(),
            "busy_budget": settings.max_admin_requests_per_second_busy(),
        },
        "triggerers": [
            {"host": shown(each.host), "triggers": each.triggers, "seen": iso(each.heartbeat)}
            for each in view.triggerers
        ],
        "waiting_triggers": view.homeless,
        "emulated": [_emulated(each) for each in progress.emulated],
        "may_reap": may_reap,
        "problems": [*view.problems, *progress.problems, *_problems(view, lines)],
    }


def _emulated(connection: Any) -> dict[str, Any]:
    return {"connection": shown(connection.connection), "time_scale": connection.time_scale}


def _open(view: LedgerView) -> int:
    return sum(
        each.known is not None and (each.entry is None or not each.entry.closed)
        for each in view.lines
    )


def _round(latest: RoundRecord | None) -> dict[str, Any] | None:
    if latest is None:
        return None
    return {
        "ended": iso(latest.ended),
        "host": shown(latest.host),
        "seconds": latest.seconds,
        "kept": latest.kept,
        "reaped": latest.reaped,
        "left": latest.left,
    }


def _problems(view: LedgerView, lines: Iterable[ListedOperation]) -> list[str]:
    waited_for = any(each.task.state == "deferred" for each in lines)
    if view.triggerers or not waited_for:
        return []
    return ["No triggerer is alive: deferred tasks go on only when one runs again."]
