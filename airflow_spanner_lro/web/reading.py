# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The routes that only read: status, operations, one of them, a task's panel, other operations.

None of them asks Spanner: the ledger comes from Airflow's database, and progress from what pollers
have published. They block, so FastAPI gives each a thread. What somebody may not see is as if it
were not there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request  # FastAPI reads the annotations

from airflow_spanner_lro.airflow_internals import task_instances
from airflow_spanner_lro.web.ledger.detail import detail
from airflow_spanner_lro.web.ledger.filters import BadFilterError, ListQuery, filtered
from airflow_spanner_lro.web.ledger.index import shared_index
from airflow_spanner_lro.web.ledger.listed import KIND_TITLES
from airflow_spanner_lro.web.ledger.panel import panel
from airflow_spanner_lro.web.ledger.rows import iso, row
from airflow_spanner_lro.web.ledger.states import State
from airflow_spanner_lro.web.ledger.status import status
from airflow_spanner_lro.web.problems import ProblemError
from airflow_spanner_lro.web.progress import progress
from airflow_spanner_lro.web.refresh import LookupRefusedError, refresh
from airflow_spanner_lro.web.rights import RightsDep  # noqa: TC001  # FastAPI reads it

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spanner_lro.airflow_internals.task_instances import InstanceKey
    from airflow_spanner_lro.web.ledger.listed import ListedOperation

router = APIRouter()

_LONGEST_ID = 250
_NOT_THERE = "There is no such operation, or you may not see it."
_NO_TASK = "There is no such task instance, or you may not see it."
_MAP_INDEX = range(-1, 1_000_000)


@router.get("/status")
def get_status(rights: RightsDep) -> dict[str, Any]:
    """Return the strip on top of the page."""
    view = shared_index().view()
    return status(
        view,
        readable=rights.readable(view.dag_ids),
        progress=progress(),
        may_reap=bool(rights.editable(view.dag_ids)),
        now=_now(),
    )


@router.get("/operations")
def list_operations(request: Request, rights: RightsDep) -> dict[str, Any]:
    """Return a page of the list."""
    try:
        query = ListQuery.parse(request.query_params)
    except BadFilterError as exc:
        raise ProblemError(400, str(exc), what_to_do=exc.what_to_do) from None
    view, now = shared_index().view(), _now()
    found = filtered(view.lines, query=query, readable=rights.readable(view.dag_ids), now=now)
    _refresh(found.page)
    editable = rights.editable({each.dag_id for each in found.page})
    return {
        "now": iso(now),
        "total": found.total,
        "offset": query.offset,
        "limit": query.limit,
        "rows": [row(each, actionable=editable) for each in found.page],
        "counts": {show.value: number for show, number in found.counts.items()},
        "facets": {
            "dag_ids": found.dag_ids,
            "instances": found.instances,
            "kinds": [{"name": name, "title": KIND_TITLES[name]} for name in found.kinds],
        },
        "problems": [*view.problems, *progress().problems],
    }


@router.get("/operations/{operation_id}")
def get_operation(operation_id: str, rights: RightsDep) -> dict[str, Any]:
    """Return all that is known of one operation."""
    view = shared_index().view()
    listed = view.by_id.get(operation_id)
    if listed is None or not rights.readable({listed.dag_id}):
        raise ProblemError(404, _NOT_THERE)
    _refresh([listed])
    dag_ids = {listed.dag_id}
    found = detail(
        listed,
        of_task=view.by_task[listed.key],
        tries=_tries(listed.key),
        actionable=rights.editable(dag_ids),
        deletable=rights.deletable(dag_ids),
    )
    return {"now": iso(_now()), **found, "problems": [*found["problems"], *view.problems]}


@router.get("/tasks")
def get_task(request: Request, rights: RightsDep) -> dict[str, Any]:
    """Return the panel of a task instance."""
    key = _key(request)
    view, now = shared_index().view(), _now()
    dag_ids = {key[0]}
    of_task = view.by_task.get(key, ())
    known = bool(of_task) or task_instances.current_try(key) is not None
    if not known or not rights.readable(dag_ids):
        raise ProblemError(404, _NO_TASK)
    _refresh(of_task)
    found = panel(
        of_task,
        by_operation={each.operation: each for each in view.lines if each.operation},
        readable=rights.readable(view.dag_ids),
        actionable=rights.editable(dag_ids),
        now=now,
        complete=view.complete,
    )
    return {"now": iso(now), **found, "problems": [*found["problems"], *view.problems]}


@router.get("/instances")
def list_instances(rights: RightsDep) -> dict[str, Any]:
    """Return the instances whose other operations can be looked at."""
    return refresh().instances(lambda dag_id: bool(rights.readable({dag_id})))


@router.get("/instances/operations")
def list_others(request: Request, rights: RightsDep) -> dict[str, Any]:
    """Return the operations of an instance, also those that no task has started."""
    instance = request.query_params.get("instance", "")
    try:
        return refresh().operations(instance, lambda dag_id: bool(rights.readable({dag_id})))
    except LookupRefusedError as exc:
        raise ProblemError(403, exc.title, what_to_do=exc.what_to_do) from None


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _refresh(lines: Iterable[ListedOperation]) -> None:
    """Have somebody look how far they are that run, if that may be asked from here."""
    running = [
        each.known.row
        for each in lines
        if each.known is not None and each.shown.state in (State.RUNNING, State.CANCELLING)
    ]
    if running:
        refresh().want(running)


def _tries(key: InstanceKey) -> Sequence[task_instances.PastTry]:
    past = task_instances.past_tries({key}).get(key, [])
    current = task_instances.current_try(key)
    if current is None:
        return past
    # a clear leaves the number as it is until the next try is made ready
    return [*(each for each in past if each.try_number != current.try_number), current]


def _key(request: Request) -> InstanceKey:
    given = request.query_params
    names = [given.get(name, "") for name in ("dag_id", "run_id", "task_id")]
    index = given.get("map_index", "") or "-1"
    if not all(names) or any(len(each) > _LONGEST_ID for each in names):
        raise ProblemError(
            400,
            "Which task instance is meant is not said.",
            what_to_do=f"Give dag_id, run_id and task_id, of at most {_LONGEST_ID} characters.",
        )
    digits = index.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(_MAP_INDEX[-1]))
    if not plain or int(index) not in _MAP_INDEX:
        raise ProblemError(
            400, "map_index is no number of a mapped task.", what_to_do="Give -1 for no mapped one."
        )
    dag_id, run_id, task_id = names
    return dag_id, run_id, task_id, int(index)
