# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel the operation of an entry because a person asks for it.

What its task has is its task's. A try that waits for the operation sees its end by itself, so its
entry only gets a note of who has asked, and stays its own; it says so in its error. Where no try
waits, the entry gets the decision to cancel, as from the reaper, before anything is sent, and what
became of it afterwards. Nothing that the operation made is deleted: a person has asked to cancel.

The audit log has it first: what it does not get is not done.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro import metrics
from airflow_spanner_lro.admin.driver import run
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, state_store
from airflow_spanner_lro.core.flows.operation import cancel_and_settle
from airflow_spanner_lro.core.ledger.reaping import settled_as
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.text import escape_unprintable, shorten
from airflow_spanner_lro.reaper.inspection import state_of
from airflow_spanner_lro.reaper.records import locked
from airflow_spanner_lro.web.actions import allowed
from airflow_spanner_lro.web.actions.subject import inspected
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from typing import Any

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.reaper.records import LedgerRow
    from airflow_spanner_lro.web.actions.subject import Subject

EVENT = "spanner_lro_cancel"
"""What Airflow's audit log calls it; what became of it is ``…_outcome``."""
_SETTLE = 8.0
"""Seconds to see what becomes of the cancel; what takes longer is seen on the page."""
_PAUSE = 0.1
_LONGEST = 200
_NO_RIGHT = "You may see this operation, and not cancel it: it takes the right to change task "
_OUTCOMES = {
    Ending.CANCELLED: "cancelled",
    Ending.FINISHED_FIRST: "finished_first",
    Ending.GONE: "finished_first",
    Ending.STILL_RUNNING: "still_running",
    Ending.NOT_SENT: "not_sent",
    Ending.REFUSED: "refused",
}

log = logging.getLogger(__name__)


def describe(subject: Subject) -> dict[str, Any]:
    """Return what a person is told before; asks nobody but Airflow's database."""
    entry, task = subject.entry, subject.row.task
    why_not = allowed.why_not_cancel(entry)
    if not subject.rights.editable({subject.dag_id}):
        why_not = f"{_NO_RIGHT}instances of {subject.dag_id}."
    retries = state_store.retries_left(subject.row.stored)
    return {
        "allowed": not why_not,
        "why_not": why_not,
        "whose": subject.whose,
        "task_will": allowed.task_will(entry, task, retries=retries),
        "confirm": entry.target.resource_id,
        "plan": subject.plan,
    }


def require_right(subject: Subject) -> None:
    """Make sure that a person may cancel; a refusal is written to the audit log.

    :raises ProblemError: if they may not
    """
    with subject.auditing(EVENT):
        if not subject.rights.editable({subject.dag_id}):
            raise ProblemError(403, f"{_NO_RIGHT}instances of {subject.dag_id}.")


def cancel(subject: Subject, clock: StoppableClock, *, confirm: str, plan: str) -> dict[str, str]:
    """Cancel, and return what became of it; blocks.

    :raises ProblemError: if nothing was asked of Spanner
    """
    with subject.auditing(EVENT):
        subject.require(confirm=confirm, plan=plan)
        if why_not := allowed.why_not_cancel(subject.entry):
            raise ProblemError(409, why_not)
        with inspected(subject, clock=clock) as (client, inspection):
            snapshot = inspection.snapshot
            if snapshot is None or snapshot.done:
                text = f"Nothing was cancelled: it had ended before ({state_of(snapshot)})."
                subject.audit_safely(EVENT, outcome="finished_first")
                return {"outcome": "finished_first", "text": text}
            subject.audit(EVENT, outcome="asked")
            marked = _mark(subject, clock)
            settlement = run(
                cancel_and_settle(name=subject.name, policy=CancelPolicy()),
                client=client,
                clock=clock,
                deadline=clock.now() + timedelta(seconds=_SETTLE),
            )
    metrics.count_cancel(settlement, cause=metrics.Cause.PAGE)
    _write_down(marked, settlement, clock=clock)
    outcome = _OUTCOMES[settlement.ending]
    subject.audit_safely(f"{EVENT}_outcome", outcome=outcome, text=settlement.sentence)
    return {"outcome": outcome, "text": settlement.sentence}


def _mark(subject: Subject, clock: StoppableClock) -> LedgerRow:
    """Write into the entry what is about to be asked for.

    :raises ProblemError: if it is not what was judged any more
    """
    who = shorten(escape_unprintable(subject.rights.user_name), length=_LONGEST)
    with locked(subject.row, pause=partial(clock.sleep, _PAUSE)) as held:
        if held is not None and held.row.entry is not None:
            entry = held.row.entry.noting_cancel_by(who)
            if not allowed.is_waited_for(entry, held.row.task):
                entry = entry.stop(clock.now())
            if written := held.replace(entry):
                return written
    raise ProblemError(409, "Nothing was done: its task has gone on at this very moment.")


def _write_down(marked: LedgerRow, settlement: Settlement, *, clock: StoppableClock) -> None:
    """Write what became of a cancel, unless the task has gone on meanwhile."""
    entry = marked.entry
    assert entry is not None  # noqa: S101  # it was written just before
    after = _after(entry, settlement, clock=clock)
    if after is entry:
        return
    try:
        with locked(marked, pause=partial(clock.sleep, _PAUSE)) as held:
            if held is not None:
                held.replace(after)
    except AirflowDatabaseError:
        # the entry still says that its end was decided: the reaper sees what became of it
        log.exception("What became of a cancel could not be written down. %s", settlement.name)


def _after(entry: LedgerEntry, settlement: Settlement, *, clock: StoppableClock) -> LedgerEntry:
    if settlement.ending in {Ending.FINISHED_FIRST, Ending.NOT_SENT, Ending.REFUSED}:
        # whatever becomes of it now, it was not this person
        entry = entry.noting_cancel_by("")
    if entry.stopping is None:
        return entry
    return settled_as(entry, settlement, now=clock.now())
