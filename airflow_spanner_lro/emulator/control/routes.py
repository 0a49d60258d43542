# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The control interface over HTTP: what a controller can do in Python, for other processes.

One table of routes below ``/control``; each is a few lines of Python. It knows no HTTP server:
whoever mounts it hands in verb, path, query and body, and gets a status and a body back. It loads
pydantic, so it is imported when the first request comes.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.control import bodies
from airflow_spanner_lro.emulator.controller import NeverDoneError
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.http.responses import HTTP_STATUS
from airflow_spanner_lro.emulator.journal.codec import decode
from airflow_spanner_lro.emulator.journal.entries import Snapshot
from airflow_spanner_lro.emulator.operations.registry import KINDS_BY_NAME
from airflow_spanner_lro.emulator.quota import AdminQuota, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

    from airflow_spanner_lro.emulator.controller import Controller
    from airflow_spanner_lro.emulator.pipeline import CallHistory

log = logging.getLogger(__name__)

PREFIX = "/control"

_METHOD_NOT_ALLOWED = 405


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReply:
    """What to answer.

    :param status: the HTTP status
    :param body: what ``json`` can write
    """

    status: int = HTTP_STATUS[Code.OK]
    body: object = field(default_factory=dict)

    @classmethod
    def refusal(cls, code: Code, message: str, *, status: int | None = None) -> ControlReply:
        """Return an error in the form that Google's APIs give to theirs."""
        status = HTTP_STATUS[code] if status is None else status
        return cls(
            status=status,
            body={"error": {"code": status, "message": message, "status": code.name}},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequest:
    """One request to the control interface.

    :param controller: of the emulator that is controlled
    :param drop_connections: cuts off all gRPC clients
    :param verb: the HTTP verb
    :param path: decoded, beginning with :data:`PREFIX`
    :param query: the parameters, decoded
    :param body: as it came
    """

    controller: Controller
    drop_connections: Callable[[], None]
    verb: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def read(self, adapter: TypeAdapter[Any]) -> Any:
        """Return the body as what an adapter makes of it.

        :raises ValueError: saying what is wrong.
        """
        return decode(adapter, self.json())

    def json(self) -> object:
        """Return the body as JSON; an empty one is an empty object.

        :raises ValueError: if it is none.
        """
        try:
            found: object = json.loads(self.body or b"{}")
        except ValueError as exc:
            message = f"the body is no JSON: {exc}"
            raise ValueError(message) from exc
        except RecursionError as exc:
            message = "the body is nested too deeply"
            raise ValueError(message) from exc
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Something that can be asked.

    :param path: without the prefix
    :param about: one line for ``GET /control/``
    :param parameters: of the query, those that it knows
    """

    verb: str
    path: str
    about: str
    answer: Callable[[ControlRequest], object]
    parameters: tuple[str, ...] = ()

    def check(self, query: Mapping[str, str]) -> None:
        """Make sure that parameters are known.

        :raises ValueError: if one is not.
        """
        unknown = sorted(set(query) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            message = f"unknown parameters: {', '.join(unknown)}; known: {known}"
            raise ValueError(message)


def answer(request: ControlRequest) -> ControlReply:
    """Answer a request to the control interface; mistakes are answers too.

    Safe to call from several threads at once.
    """
    verb, path = request.verb, request.path
    bare = path.removeprefix(PREFIX).rstrip("/") or "/"
    routes = {route.verb: route for route in ROUTES if route.path == bare}
    route = routes.get("GET" if verb == "HEAD" else verb)
    if not routes:
        known = dict.fromkeys(f"{PREFIX}{route.path}" for route in ROUTES)
        return ControlReply.refusal(Code.NOT_FOUND, f"There is no {path}, only {', '.join(known)}.")
    if route is None:
        message = f"{path} does not take {verb}, only {', '.join(routes)}."
        return ControlReply.refusal(Code.UNIMPLEMENTED, message, status=_METHOD_NOT_ALLOWED)
    try:
        route.check(request.query)
        return ControlReply(body=route.answer(request))
    except RpcError as exc:
        code, message = exc.code, exc.message
    except NeverDoneError as exc:
        code, message = Code.FAILED_PRECONDITION, str(exc)
    except (ValueError, OverflowError) as exc:
        code, message = Code.INVALID_ARGUMENT, f"{verb} {path}: {exc}"
    except Exception as exc:
        # as in the call pipeline: a bug must not look like an outage
        log.exception("The emulator failed in %s %s", verb, path)
        code = Code.INTERNAL
        message = f"The emulator failed: {exc!r}. Its log has the traceback."
    return ControlReply.refusal(code, message)


def _index(request: ControlRequest) -> object:
    del request
    routes = (
        {"verb": route.verb, "path": f"{PREFIX}{route.path}", "about": route.about}
        for route in ROUTES
    )
    return {"routes": list(routes)}


def _clock(request: ControlRequest) -> dict[str, object]:
    anchor = request.controller.clock.anchor()
    return {"now": anchor.emulated.isoformat(), "scale": anchor.scale}


def _advance(request: ControlRequest) -> object:
    body: bodies.AdvanceBody = request.read(bodies.ADVANCE)
    step = body.duration if body.seconds is None else body.seconds
    if step is not None:
        request.controller.clock.advance(step)
        return _clock(request)
    names = body.until_done if isinstance(body.until_done, list) else []
    done = request.controller.run_until_done(*names, limit=body.limit)
    return {**_clock(request), "operations": [bodies.operation_json(row) for row in done]}


def _plan(request: ControlRequest) -> object:
    body: bodies.PlanBody = request.read(bodies.PLAN)
    kind = None if body.kind is None else KINDS_BY_NAME[body.kind]
    request.controller.plan(body.plan.plan(), kind=kind, target=body.target, times=body.times)
    return {}


def _clear_plans(request: ControlRequest) -> object:
    request.controller.clear_plans()
    return {}


def _faults(request: ControlRequest) -> object:
    faults = request.controller.faults
    return {
        "faults": [bodies.fault_json(each) for each in faults.pending()],
        "outage_seconds": faults.outage_seconds,
    }


def _add_fault(request: ControlRequest) -> object:
    body: bodies.FaultBody = request.read(bodies.FAULT)
    if body.outage is not None:
        request.controller.faults.outage(seconds=body.outage.total_seconds())
    else:
        request.controller.faults.add(body.fault())
    return _faults(request)


def _clear_faults(request: ControlRequest) -> object:
    request.controller.faults.clear()
    return _faults(request)


def _drop_connections(request: ControlRequest) -> object:
    request.drop_connections()
    return {}


def _calls(request: ControlRequest) -> object:
    calls: CallHistory = request.controller.calls
    if method := request.query.get("method"):
        calls = calls.of(method)
    if resource := request.query.get("resource"):
        calls = calls.on(resource)
    if since := request.query.get("since"):
        calls = calls.since(_real_time(since))
    return {"calls": [bodies.call_json(each) for each in calls]}


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


def _clear_calls(request: ControlRequest) -> object:
    request.controller.clear_calls()
    return {}


def _operations(request: ControlRequest) -> object:
    return {"operations": [bodies.operation_json(row) for row in request.controller.operations()]}


def _fail(request: ControlRequest) -> object:
    body: bodies.FailBody = request.read(bodies.FAIL)
    request.controller.fail_operation(body.name, code=body.code, message=body.message)
    return {}


def _resources(request: ControlRequest) -> object:
    views = request.controller.resources()
    return {
        "resources": [{"name": row.name, "noun": row.noun, "state": row.state} for row in views]
    }


def _instance(request: ControlRequest) -> object:
    body: bodies.InstanceBody = request.read(bodies.INSTANCE)
    request.controller.create_instance(body.name, config=body.config)
    return {}


def _database(request: ControlRequest) -> object:
    body: bodies.DatabaseBody = request.read(bodies.DATABASE)
    request.controller.create_database(
        body.name, body.statements, drop_protection=body.drop_protection
    )
    return {}


def _backup(request: ControlRequest) -> object:
    body: bodies.BackupBody = request.read(bodies.BACKUP)
    request.controller.create_backup(body.name, body.database, keep=body.keep)
    return {}


def _limits(request: ControlRequest) -> object:
    return {"limits": request.controller.limits.to_json()}


def _change_limits(request: ControlRequest) -> object:
    changes: dict[str, int] = request.read(bodies.LIMITS)
    request.controller.change_limits(**changes)
    return _limits(request)


def _replace_limits(request: ControlRequest) -> object:
    changes: dict[str, int] = request.read(bodies.LIMITS)
    request.controller.set_limits(Limits(**changes))
    return _limits(request)


def _quota(request: ControlRequest) -> object:
    quota = request.controller.quota
    if quota is None:
        return {"on": False}
    return {"on": True, "per_second": quota.per_second, "over": quota.over.total_seconds()}


def _set_quota(request: ControlRequest) -> object:
    body: bodies.QuotaBody = request.read(bodies.QUOTA)
    quota = AdminQuota(per_second=body.per_second, over=body.over) if body.on else None
    request.controller.quota = quota
    return _quota(request)


def _audit(request: ControlRequest) -> object:
    counts = request.controller.audit
    return {"on": False} if counts is None else {"on": True, **asdict(counts)}


def _snapshot(request: ControlRequest) -> object:
    return request.controller.snapshot().to_json()


def _restore(request: ControlRequest) -> object:
    request.controller.restore(Snapshot.from_json(request.json()))
    return _clock(request)


def _reset(request: ControlRequest) -> object:
    request.controller.reset()
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
    Route(verb="GET", path="/faults", about="The faults that are pending.", answer=_faults),
    Route(verb="POST", path="/faults",
          about="Let calls fail, lose answers, drop connections, delay, answer late, "
          "play an outage, or lose, double and delay audit-log entries.",
          answer=_add_fault),
    Route(verb="DELETE", path="/faults", about="Forget all pending faults.",
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
    Route(verb="GET", path="/audit", about="What became of the audit-log entries so far.",
          answer=_audit),
    Route(verb="GET", path="/state", about="A snapshot of the world.", answer=_snapshot),
    Route(verb="PUT", path="/state", about="Make the world that of a snapshot.",
          answer=_restore),
    Route(verb="DELETE", path="/state", about="Empty the world; time goes on.", answer=_reset),
)  # fmt: skip
"""What can be asked, in the order in which ``GET /control/`` tells it."""
