# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A line of the list as the page gets it: JSON values; pure.

Everything that an entry says may have been made up by whoever may edit its task instance. So each
text has an end and shows control characters escaped, and each moment is one that every clock knows.
The names of Dag, run and task are Airflow's own, and stay as they are: links are made of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.ledger.reaping import ReapDecision, TaskPhase
from airflow_spanner_lro.core.links import console_url
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.reaper.records import shown
from airflow_spanner_lro.web.actions.allowed import may_cancel
from airflow_spanner_lro.web.ledger.listed import turn_text
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.web.ledger.listed import ListedOperation

EVIDENCE = {
    "answered": "Its start call answered with its name.",
    "named": "The task chose its id.",
    "signed": "What it makes bears a mark that only the task's request can have put there.",
    "presumed": (
        "Its start call was never answered, so it is only presumed to be the task's: it is not "
        "cancelled for it."
    ),
}
_ENDINGS = {
    Ending.CANCELLED: "It was cancelled.",
    Ending.FINISHED_FIRST: "It had finished before its cancel took hold.",
    Ending.STILL_RUNNING: "Its cancel was sent, and its end was not seen in time.",
    Ending.NOT_SENT: "Its cancel could not be sent; it may go on until the reaper ends it.",
    Ending.REFUSED: "Spanner refused to cancel it; it goes on.",
    Ending.GONE: "Spanner did not know it any more when it was to be cancelled.",
}
_LONGEST_ERROR = 2000


def row(listed: ListedOperation, *, actionable: Collection[str]) -> dict[str, Any]:
    """Return a line as JSON values.

    :param actionable: the Dags whose operations whoever asks may cancel
    """
    entry, seen = listed.entry, listed.seen
    evidence = entry.evidence.value if entry and entry.evidence else None
    spec = listed.connection_spec
    emulated = spec is not None and spec.emulated
    scale = seen.emulated.time_scale if seen and seen.emulated else None
    return {
        "id": listed.id,
        "state": listed.shown.state.value,
        "state_text": state_text(listed),
        "kind": listed.kind.name if listed.kind else None,
        "kind_title": listed.kind.title if listed.kind else None,
        "resource": listed.target,
        "resource_id": listed.resource_id,
        "instance": listed.instance,
        "operation": listed.operation,
        "percent": listed.percent,
        "rate_percent_per_hour": seen.rate if seen and listed.ended is None else None,
        "started": iso(listed.started),
        "expected_end": iso(listed.expected_end),
        "deadline": iso(listed.deadline),
        "ended": iso(listed.ended),
        "dag_id": listed.dag_id,
        "run_id": listed.run_id,
        "task_id": listed.task_id,
        "map_index": listed.map_index,
        "try_number": listed.try_number,
        "task_state": listed.task.state,
        "current_try": listed.task.try_number,
        "evidence": evidence,
        "evidence_text": EVIDENCE.get(evidence or ""),
        "orphaned": listed.orphaned,
        "exempt": bool(entry and entry.exempt),
        "ending": ending_text(listed),
        "error": _error(listed),
        "seen": iso(seen.seen) if seen else None,
        "seen_by": shown(seen.seen_by) if seen and seen.seen_by else None,
        "emulated": {"time_scale": scale} if emulated or (seen and seen.emulated) else None,
        "console_url": _console(listed),
        "may_cancel": listed.dag_id in actionable and _may_cancel(listed),
    }


def state_text(listed: ListedOperation) -> str:
    """Return what the state of a line means, and who waits for it, in a sentence or two."""
    known = listed.known
    if known is not None and known.row.entry is None:
        return f"{listed.shown.text[:-1]}: {known.row.trouble.rstrip('.')}."
    if listed.shown.state is State.WAITING:
        return turn_text(listed.turn)
    parts = [listed.shown.text]
    if listed.seen and listed.seen.throttled and not listed.seen.done:
        parts.append("Spanner holds it back for lack of resources.")
    if listed.ended is None and not listed.shown.ended:
        parts.append(_waited_for(listed))
    return " ".join(filter(None, parts))


def _waited_for(listed: ListedOperation) -> str:
    """Return who waits for an operation that may go on; empty where that goes without saying."""
    match listed.decision:
        case ReapDecision.REAP:
            return f"Nobody waits for it any more: {_orphaned(listed)}."
        case ReapDecision.NEWER_TRY:
            return "A newer try of its task may take it up."
        case ReapDecision.TOO_YOUNG:
            return "Its task is over; the reaper looks after it in a moment."
        case ReapDecision.WAITS if listed.task.phase is TaskPhase.COMING:
            return "Its task will be run again."
    return ""


def _orphaned(listed: ListedOperation) -> str:
    """Return what the reaper makes of an orphan, as a clause; see ``reap_step``."""
    entry = listed.entry
    waited_for = entry.waited_for if entry else None
    if listed.foreign:
        return "the reaper of the deployment that wrote its entry is to see to it"
    if entry is None or waited_for is None:
        return "the reaper finds out what its start call has begun"
    if not waited_for.ours:
        return "it goes on with what the task has finished, and the reaper leaves it"
    if not entry.may_cancel:
        return "it is only presumed to be the task's, so the reaper leaves it running"
    return "the reaper ends it"


def ending_text(listed: ListedOperation) -> str | None:
    """Return how the cancel of an operation has ended; None if it was not cancelled."""
    entry = listed.entry
    if entry is None or not (entry.ending or entry.stopping or entry.cancelled_by):
        return None
    text = _ENDINGS[entry.ending] if entry.ending else "Its cancel was asked for."
    return f"{text} ({shown(entry.cancelled_by)} asked for it.)" if entry.cancelled_by else text


def iso(moment: datetime | None) -> str | None:
    """Return a moment in UTC; None for one that the calendar ends before."""
    try:
        return moment.astimezone(UTC).isoformat() if moment else None
    except (OverflowError, ValueError):
        return None


def plain(text: str, *, longest: int = _LONGEST_ERROR) -> str:
    """Return a text that somebody may have made up, fit to be shown."""
    return shorten(escape_unprintable(text), length=longest)


def _may_cancel(listed: ListedOperation) -> bool:
    entry = listed.entry
    return entry is not None and not listed.shown.ended and may_cancel(entry)


def _error(listed: ListedOperation) -> str | None:
    if listed.seen and listed.seen.error:
        return plain(listed.seen.error)
    if listed.entry:
        # what pollers have seen is published for minutes, and wanted for a day
        return plain(listed.entry.failure) or None
    return plain(listed.known.row.trouble) if listed.known else None


def _console(listed: ListedOperation) -> str | None:
    """Return the console's page of what an operation works on; it shows Google Cloud only."""
    entry, spec = listed.entry, listed.connection_spec
    resource: ResourceName | None = entry.target if entry else None
    elsewhere = (spec and not spec.in_google_cloud) or (listed.seen and listed.seen.emulated)
    return None if resource is None or elsewhere else console_url(resource)
