# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Delete the record of a finished operation of an instance; what it made stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.errors import OperationRunningError
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.reaper.authority import CALL_ERRORS
from airflow_spanner_lro.web.actions import allowed
from airflow_spanner_lro.web.actions.subject import inspected, spanner_problem
from airflow_spanner_lro.web.problems import ProblemError

if TYPE_CHECKING:
    from typing import Any

    from airflow_spanner_lro.admin.clock import StoppableClock
    from airflow_spanner_lro.web.actions.subject import Subject

EVENT = "spanner_lro_delete"
"""What Airflow's audit log calls it."""
_NO_RIGHT = "You may see this operation, and not delete it: it takes the right to delete task "


def describe(subject: Subject) -> dict[str, Any]:
    """Return what a person is told before; asks nobody but Airflow's database."""
    why_not = allowed.why_not_delete(subject.entry)
    if not subject.rights.deletable({subject.dag_id}):
        why_not = f"{_NO_RIGHT}instances of {subject.dag_id}."
    return {
        "allowed": not why_not,
        "why_not": why_not,
        "whose": subject.whose,
        "task_will": "Nothing: only the record goes, and what the operation has made stays.",
        "confirm": subject.entry.target.resource_id,
        "plan": subject.plan,
    }


def require_right(subject: Subject) -> None:
    """Make sure that a person may delete; a refusal is written to the audit log.

    :raises ProblemError: if they may not
    """
    with subject.auditing(EVENT):
        if not subject.rights.deletable({subject.dag_id}):
            raise ProblemError(403, f"{_NO_RIGHT}instances of {subject.dag_id}.")


def delete(subject: Subject, clock: StoppableClock, *, confirm: str, plan: str) -> dict[str, str]:
    """Delete the record, and return what became of it; blocks.

    :raises ProblemError: if it was not deleted
    """
    with subject.auditing(EVENT):
        subject.require(confirm=confirm, plan=plan)
        if why_not := allowed.why_not_delete(subject.entry):
            raise ProblemError(409, why_not)
        with inspected(subject, clock=clock) as (client, inspection):
            snapshot = inspection.snapshot
            if snapshot is None:
                return {"outcome": "gone", "text": "Spanner does not know it any more."}
            if not snapshot.done:
                raise ProblemError(409, str(OperationRunningError(snapshot.name)))
            subject.audit(EVENT, outcome="asked")
            try:
                client.delete(name=snapshot.name)
            except CALL_ERRORS as exc:
                if code_of(exc) is not Code.NOT_FOUND:
                    raise spanner_problem(exc) from exc
    return {"outcome": "deleted", "text": f"The record of {snapshot.label} was deleted."}
