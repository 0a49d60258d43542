# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The routes that change something, and those that say beforehand what they would change.

Who may not is refused before any of the few threads is taken that ask Spanner.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from airflow_spanner_lro.web.actions import cancelling, deleting, reaping
from airflow_spanner_lro.web.actions.bounded import BoundedCalls
from airflow_spanner_lro.web.actions.subject import Subject, find
from airflow_spanner_lro.web.ledger.index import shared_index
from airflow_spanner_lro.web.problems import ProblemError
from airflow_spanner_lro.web.rights import RightsDep  # noqa: TC001  # FastAPI reads it

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.clock import StoppableClock

T = TypeVar("T")

router = APIRouter()
calls = BoundedCalls()

_Digest = Annotated[str, Field(max_length=64)]


class Confirmation(BaseModel):
    """What a person types, and the digest of what they were told."""

    confirm: Annotated[str, Field(max_length=700)]
    plan: _Digest


class ReapRequest(BaseModel):
    """Whether only to say what would be done; if not, the digest of what was said."""

    dry_run: bool
    plan: _Digest | None = None


def seen(number: str, rights: RightsDep) -> Subject:
    """Return the entry of a row that the user may see."""
    return find(number, rights)


def cancellable(subject: Annotated[Subject, Depends(seen)]) -> Subject:
    """Return it if the user may cancel."""
    cancelling.require_right(subject)
    return subject


def deletable(subject: Annotated[Subject, Depends(seen)]) -> Subject:
    """Return it if the user may delete."""
    deleting.require_right(subject)
    return subject


def reapable(rights: RightsDep) -> tuple[str, ...]:
    """Return the Dags whose entries the user may have reaped."""
    return reaping.require_right(rights)


async def _performed(key: str, work: Callable[[StoppableClock], T]) -> T:
    """Do something within the bounds; whoever looks next sees what became of it."""
    try:
        return await calls.run(key, work)
    finally:
        shared_index().forget()


@router.get("/operations/{number}/cancel")
def before_cancel(subject: Annotated[Subject, Depends(seen)]) -> dict[str, Any]:
    """Say what a cancel would do."""
    return cancelling.describe(subject)


@router.post("/operations/{number}/cancel")
async def cancel(
    subject: Annotated[Subject, Depends(cancellable)], body: Confirmation
) -> dict[str, str]:
    """Cancel an operation."""
    work = partial(cancelling.cancel, subject, confirm=body.confirm, plan=body.plan)
    return await _performed(f"operation {subject.row.stored.row}", work)


@router.get("/operations/{number}/delete")
def before_delete(subject: Annotated[Subject, Depends(seen)]) -> dict[str, Any]:
    """Say what a deletion would do."""
    return deleting.describe(subject)


@router.post("/operations/{number}/delete")
async def delete(
    subject: Annotated[Subject, Depends(deletable)], body: Confirmation
) -> dict[str, str]:
    """Delete the record of a finished operation of an instance."""
    work = partial(deleting.delete, subject, confirm=body.confirm, plan=body.plan)
    return await _performed(f"operation {subject.row.stored.row}", work)


@router.post("/reap")
async def reap(
    rights: RightsDep, dag_ids: Annotated[tuple[str, ...], Depends(reapable)], body: ReapRequest
) -> dict[str, Any]:
    """Say what nobody waits for; cancel what was said."""
    if not body.dry_run and body.plan is None:
        raise ProblemError(
            400,
            "A dry run comes first: what it answers as plan has to come with the real one.",
        )
    plan = None if body.dry_run else body.plan
    # two at once would be safe, and would only tell each other's work as their own
    return await _performed("reap", partial(reaping.reap, rights, dag_ids=dag_ids, plan=plan))
