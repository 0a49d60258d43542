# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One round of the reaper because a person asks for it, after they have seen what it would do.

It goes through the entries of the Dags whose task instances the person may change, and no others.
A dry run comes with a digest of what it would touch; a real one needs that digest, touches nothing
but that, and judges it all once more.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.auth_manager import write_audit_log
from airflow_spanner_lro.core.ledger.reaping import ReapDecision, decide_reap
from airflow_spanner_lro.reaper.records import ledger_dags, ledger_rows
from airflow_spanner_lro.reaper.rounds import ReaperRound, RoundOptions
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from typing import Any

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.web.rights import Rights

EVENT = "spanner_lro_reap"
"""What Airflow's audit log calls it; what became of it is ``…_outcome``."""
_SETTLE = 5.0
"""Seconds a round waits for outcomes at most; those that take longer show in the ledger."""
_SHOWN = 100
"""How many subjects the audit log gets by name."""


def require_right(rights: Rights) -> tuple[str, ...]:
    """Return the Dags whose entries a person may have reaped.

    :raises ProblemError: if there is none; the audit log gets that
    """
    dag_ids = tuple(sorted(rights.editable(ledger_dags())))
    if not dag_ids:
        with suppress(AirflowDatabaseError):
            _audit(EVENT, rights, outcome="refused")
        raise ProblemError(
            403, "There is no Dag with operations whose task instances you may change."
        )
    return dag_ids


def reap(
    rights: Rights, clock: StoppableClock, *, dag_ids: tuple[str, ...], plan: str | None
) -> dict[str, Any]:
    """Make a round, and return what it has said; blocks.

    :param dag_ids: what ``require_right`` has returned
    :param plan: what a dry run came with; None for a dry run
    :raises ProblemError: if something else would be done than the dry run has shown
    """
    options = RoundOptions(
        grace=timedelta(seconds=settings.reaper_grace()),
        settle_timeout=min(settings.settle_timeout(), _SETTLE),
        dag_ids=dag_ids,
        dry_run=plan is None,
    )
    found = _orphans(options, clock)
    digest = _digest(found)
    if plan is not None:
        if plan != digest:
            _audit(EVENT, rights, outcome="refused", why="the plan has changed")
            raise ProblemError(
                409,
                "Nothing was done: other operations wait for nobody by now than were shown.",
                what_to_do="Do the dry run again, and look at what it shows.",
            )
        subjects = sorted(found.values())
        _audit(EVENT, rights, outcome="asked", number=len(found), subjects=subjects[:_SHOWN])
    lines: list[str] = []
    summary = ReaperRound(
        options=replace(options, only=frozenset(found)),
        clock=clock,
        log_info=lines.append,
        warn=lines.append,
    ).run()
    line = summary.line(dry_run=options.dry_run)
    if plan is not None:
        with suppress(AirflowDatabaseError):
            _audit(f"{EVENT}_outcome", rights, summary=line)
        return {"lines": lines, "summary": line, "dry_run": False}
    return {"lines": lines, "summary": line, "dry_run": True, "plan": digest}


def _orphans(options: RoundOptions, clock: StoppableClock) -> dict[int, str]:
    """Return the entries that are left to nobody, by row."""
    now = clock.now()
    return {
        row.stored.row: row.subject
        for row in ledger_rows(dag_ids=options.dag_ids)
        if row.entry is not None
        and decide_reap(row.entry, task=row.task, now=now, grace=options.grace) is ReapDecision.REAP
    }


def _digest(found: dict[int, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:16]


def _audit(event: str, rights: Rights, **extra: Any) -> None:
    name = rights.user_name
    write_audit_log(event, user_id=name, user_name=name, about=None, extra=extra)
