# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""All that the remote control can do, in one table; each entry is a few lines of Python."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.control import bodies, values
from airflow_spanner_lro.emulator.control.routes import PREFIX, Request, Route
from airflow_spanner_lro.emulator.journal.entries import Snapshot
from airflow_spanner_lro.emulator.journal.kind_names import KINDS_BY_NAME
from airflow_spanner_lro.emulator.limits import Limits
from airflow_spanner_lro.emulator.traffic.quota import AdminQuota

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.traffic.calls import Calls


def _index(request: Request) -> object:
    del request
    routes = (
        {"verb": route.verb, "path": f"{PREFIX}{route.path}", "about": route.about}
        for route in ROUTES
    )
    return {"routes": list(routes)}


def _clock(request: Request) -> dict[str, object]:
    anchor = request.emulator.clock.anchor()
    return {"now": anchor.emulated.isoformat(), "scale": anchor.scale}


def _advance(request: Request) -> object:
    body: bodies.AdvanceBody = request.read(bodies.ADVANCE)
    step = body.duration if body.seconds is None else body.seconds
    if step is not None:
        request.emulator.clock.advance(step)
        return _clock(request)
    names = body.until_done if isinstance(body.until_done, list) else []
    done = request.emulator.run_until_done(*names, limit=body.limit)
    return {**_clock(request), "operations": [values.view(row) for row in done]}


def _plan(request: Request) -> object:
    body: bodies.PlanBody = request.read(bodies.PLAN)
    kind = None if body.kind is None else KINDS_BY_NAME[body.kind]
    request.emulator.plan(body.plan.plan(), kind=kind, target=body.target, times=body.times)
    return {}


def _clear_plans(request: Request) -> object:
    request.emulator.clear_plans()
    return {}


def _faults(request: Request) -> object:
    faults = request.emulator.faults
    return {
        "faults": [values.fault(each) for each in faults.in_store()],
        "outage_seconds": faults.outage_seconds,
    }


def _add_fault(request: Request) -> object:
    body: bodies.FaultBody = request.read(bodies.FAULT)
    if body.outage is not None:
        request.emulator.faults.outage(seconds=body.outage.total_seconds())
    else:
        request.emulator.faults.add(body.fault())
    return _faults(request)


def _clear_faults(request: Request) -> object:
    request.emulator.faults.clear()
    return _faults(request)


def _drop_connections(request: Request) -> object:
    request.emulator.drop_connections()
    return {}


def _calls(request: Request) -> object:
    calls: Calls = request.emulator.calls
    if method := request.query.get("method"):
        calls = calls.of(method)
    if resource := request.query.get("resource"):
        calls = calls.on(resource)
    if since := request.query.get("since"):
        calls = calls.since(_real_time(since))
    return {"calls": [values.call(each) for each in calls]}


def _real_time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        # a plus sign that was not encoded arrives as a space
        return datetime.fromisoformat(text[:19] + text[19:].replace(" ", "+")).timestamp()
    except ValueError as exc:
        message = (
            f"since={text!r} is no time: give seconds as by time.time(), "
            "or a time such as 2026-01-01T12:00:00Z"
        )
        raise ValueError(message) from exc


def _clear_calls(request: Request) -> object:
    request.emulator.clear_calls()
    return {}


def _operations(request: Request) -> object:
    return {"operations": [values.view(row) for row in request.emulator.operations()]}


def _fail(request: Request) -> object:
    body: bodies.FailBody = request.read(bodies.FAIL)
    request.emulator.fail_operation(body.name, code=body.code, message=body.message)
    return {}


def _resources(request: Request) -> object:
    views = request.emulator.resources()
    return {
        "resources": [{"name": row.name, "noun": row.noun, "state": row.state} for row in views]
    }


def _instance(request: Request) -> object:
    body: bodies.InstanceBody = request.read(bodies.INSTANCE)
    request.emulator.create_instance(body.name, config=body.config)
    return {}


def _database(request: Request) -> object:
    body: bodies.DatabaseBody = request.read(bodies.DATABASE)
    request.emulator.create_database(
        body.name, body.statements, drop_protection=body.drop_protection
    )
    return {}


def _backup(request: Request) -> object:
    body: bodies.BackupBody = request.read(bodies.BACKUP)
    request.emulator.create_backup(body.name, body.database, keep=body.keep)
    return {}


def _limits(request: Request) -> object:
    return {"limits": request.emulator.limits.to_json()}


def _change_limits(request: Request) -> object:
    changes: dict[str, int] = request.read(bodies.LIMITS)
    request.emulator.change_limits(**changes)
    return _limits(request)


def _replace_limits(request: Request) -> object:
    changes: dict[str, int] = request.read(bodies.LIMITS)
    request.emulator.set_limits(Limits(**changes))
    return _limits(request)


def _quota(request: Request) -> object:
    quota = request.emulator.quota
    if quota is None:
        return {"on": False}
    return {"on": True, "per_second": quota.per_second, "over": quota.over.total_seconds()}


def _set_quota(request: Request) -> object:
    body: bodies.QuotaBody = request.read(bodies.QUOTA)
    quota = AdminQuota(per_second=body.per_second, over=body.over) if body.on else None
    request.emulator.quota = quota
    return _quota(request)


def _snapshot(request: Request) -> object:
    return request.emulator.snapshot().to_json()


def _restore(request: Request) -> object:
    request.emulator.restore(Snapshot.from_json(request.json()))
    return _clock(request)


def _reset(request: Request) -> object:
    request.emulator.reset()
    return _clock(request)


ROUTES: tuple[Route, ...] = (
    Route(verb="GET", path="/", about="This list.", answer=_index),
    Route(verb="GET", path="/clock", about="The emulated time, and how fast it runs.",
          answer=_clock),
    Route(verb="POST", path="/clock:advance",
          about="Let time jump: by seconds, by a duration, or until operations are done.",
          answer=_advance),
    Route(verb="POST", path="/plans", about="Say what operations are going to do that start later.",
          answer=_plan),
    Route(verb="DELETE", path="/plans", about="Let operations do what is usual again.",
          answer=_clear_plans),
    Route(verb="GET", path="/faults", about="The trouble that is in store.", answer=_faults),
    Route(verb="POST", path="/faults",
          about="Let calls fail, lose answers, drop connections, delay, answer late, "
          "or play an outage.",
          answer=_add_fault),
    Route(verb="DELETE", path="/faults", about="Forget all trouble in store.",
          answer=_clear_faults),
    Route(verb="POST", path="/connections:drop", about="Cut off all gRPC clients at once.",
          answer=_drop_connections),
    Route(verb="GET", path="/calls",
          about="The calls so far, of a method, on a resource, since a real time.",
          answer=_calls, parameters=("method", "resource", "since")),
    Route(verb="DELETE", path="/calls", about="Forget the calls so far.", answer=_clear_calls),
    Route(verb="GET", path="/operations", about="All operations as they are now.",
          answer=_operations),
    Route(verb="POST", path="/operations:fail",
          about="Let an operation that is under way fail at once.", answer=_fail),
    Route(verb="GET", path="/resources", about="All resources as they are now.",
          answer=_resources),
    Route(verb="POST", path="/instances", about="Put an instance there, ready.",
          answer=_instance),
    Route(verb="POST", path="/databases", about="Put a database there, ready, with its instance.",
          answer=_database),
    Route(verb="POST", path="/backups", about="Put a backup there, ready.", answer=_backup),
    Route(verb="GET", path="/limits", about="How many of each thing there may be.",
          answer=_limits),
    Route(verb="PATCH", path="/limits", about="Change some limits.", answer=_change_limits),
    Route(verb="PUT", path="/limits", about="Set limits; those not named are as in production.",
          answer=_replace_limits),
    Route(verb="GET", path="/quota", about="How many requests a project may make.",
          answer=_quota),
    Route(verb="PUT", path="/quota", about="Switch the quota on or off.", answer=_set_quota),
    Route(verb="GET", path="/state", about="A snapshot of the world.", answer=_snapshot),
    Route(verb="PUT", path="/state", about="Make the world that of a snapshot.",
          answer=_restore),
    Route(verb="DELETE", path="/state", about="Empty the world; time goes on.", answer=_reset),
)  # fmt: skip
"""What can be asked, in the order in which ``GET /control/`` tells it."""
