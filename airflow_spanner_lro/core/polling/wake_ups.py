# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wake-ups: what an entry of Google's audit log lets a poller look at sooner. Hints, no outcomes.

For most long-running operations Spanner writes one entry when they start and one when they end
(``operation.first``, ``operation.last``). A log sink delivers them to a Pub/Sub topic, as the JSON
of a ``LogEntry``, and whoever may publish to that topic can forge one. So nothing here is believed:
an entry that seems to be about an operation makes its next poll due, and Spanner's answer counts.

Which form ``operation.id`` has in Spanner's entries is not documented. So an entry is about

============================== ==================================================================
``operation.id`` ends in       the operations it is about
============================== ==================================================================
an operation's full name       the one with that id, on that resource or in that instance
an id as Spanner makes them    the one with that id, on the resource that the entry tells
anything else                  the one with that id, or all of that method on that resource
============================== ==================================================================

More than it is about cost a poll that they share; fewer are noticed at the usual intervals.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.kinds import KINDS, OperationKind
from airflow_spanner_lro.core.names import (
    OPERATION_PARENTS,
    InstanceName,
    OperationName,
    ProjectName,
    ResourceName,
    parse_one_of,
    same_project,
    same_resource,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 1024 * 1024
"""What is longer is not read. Cloud Logging lets an audit entry have 512 KiB, not counting what its
JSON adds to that."""

_AUDIT_LOG = "type.googleapis.com/google.cloud.audit.AuditLog"
_SERVICE = "spanner.googleapis.com"
_SPANNERS_ID = re.compile(r"_auto_op_[0-9a-zA-Z]+", re.ASCII)
_METHOD = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}", re.ASCII)
_BY_METHOD = {kind.method: kind for kind in KINDS if kind.method}
_NAMES = (*OPERATION_PARENTS, ProjectName)


class IgnoredBecause(StrEnum):
    """Why a message wakes nobody."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_AUDIT = "not_audit"
    """JSON, but no entry of an audit log."""
    NOT_SPANNER = "not_spanner"
    """An entry of another service."""
    NOT_OPERATION = "not_operation"
    """An entry about something that is no long-running operation, such as a change of a policy."""
    NAMES_NOTHING = "names_nothing"
    """It tells neither an operation nor a resource."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is about no operation."""

    because: IgnoredBecause


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeUp:
    """What an entry says about an operation, believed by nobody.

    :param operation: the operation, where the entry has its full name
    :param operation_id: its id, where the entry has that alone, or something else in its place
    :param resource: what it works on, or what that is in, as exactly as the entry tells
    :param method: the RPC that started it, such as ``CreateBackup``; empty if that is not told
    :param first: the operation has started
    :param last: it has ended
    :param at: when the entry was written
    """

    operation: OperationName | None = None
    operation_id: str = ""
    resource: ResourceName | None = None
    method: str = ""
    first: bool = False
    last: bool = False
    at: datetime | None = None

    @property
    def kind(self) -> OperationKind | None:
        """The kind of operation that the method starts, if it is known."""
        return _BY_METHOD.get(self.method)

    @property
    def project(self) -> str:
        """The project, by its id or its number; empty if it is not told."""
        named = self.operation.resource if self.operation else self.resource
        return named.project if named else ""

    def is_about(self, name: OperationName, kind: OperationKind | None) -> bool:
        """Tell whether this may be about an operation.

        :param kind: the operation's kind, None if it is not known
        """
        if self.operation:
            return self.operation.operation == name.operation and _may_be_on(
                self.operation.resource, name.resource
            )
        if self.resource is None or not _may_be_on(self.resource, name.resource):
            return False
        return self.operation_id == name.operation or self._may_be_any(name, kind)

    def _may_be_any(self, name: OperationName, kind: OperationKind | None) -> bool:
        """Tell whether an operation with another id may be meant, for this tells none that counts.

        An id of Spanner's own form means that operation alone.
        """
        if _SPANNERS_ID.fullmatch(self.operation_id) or not self.method:
            return False
        if kind and kind.method != self.method:
            return False
        return self.kind is None or type(name.resource) is self.kind.target


def parse_wake_up(data: bytes) -> WakeUp | Ignored:
    """Read a message, whoever has published it. Never raises.

    :param data: what Cloud Logging's sinks publish: the JSON of a ``LogEntry``
    """
    if len(data) > MOST_BYTES:
        return Ignored(IgnoredBecause.TOO_LARGE)
    try:
        entry = json.loads(data.decode())
    except (ValueError, RecursionError):
        return Ignored(IgnoredBecause.NOT_JSON)
    payload, told = _part(entry, "protoPayload"), _part(entry, "operation")
    if payload.get("@type") != _AUDIT_LOG:
        return Ignored(IgnoredBecause.NOT_AUDIT)
    if payload.get("serviceName") != _SERVICE:
        return Ignored(IgnoredBecause.NOT_SPANNER)
    if not told:
        return Ignored(IgnoredBecause.NOT_OPERATION)
    return _of_operation(entry, payload, told) or Ignored(IgnoredBecause.NAMES_NOTHING)


def _of_operation(
    entry: dict[str, Any], payload: dict[str, Any], told: dict[str, Any]
) -> WakeUp | None:
    """Return what an entry tells about an operation, None if it does not tell which."""
    method = _method(payload.get("methodName"))
    resource = _resource(entry, payload, kind=_BY_METHOD.get(method))
    operation, operation_id = _operation(told.get("id"))
    if operation is None and resource is None:
        return None
    return WakeUp(
        operation=operation,
        operation_id=operation_id,
        resource=resource,
        method=method,
        first=told.get("first") is True,
        last=told.get("last") is True,
        at=_moment(entry.get("timestamp")),
    )


def _may_be_on(told: ResourceName, actual: ResourceName) -> bool:
    """Tell whether an operation on a resource may be what an entry tells of another, or the same.

    An entry may name what the operation is in, or its source: then the instance has to be the same.
    """
    if type(told) is type(actual):
        return same_resource(told, actual)
    if not same_project(told.project, actual.project):
        return False
    if isinstance(told, InstanceName) and isinstance(actual, InstanceName):
        return told.instance == actual.instance
    return type(told) is ProjectName


def _operation(told: object) -> tuple[OperationName | None, str]:
    """Return the full name that an id is or ends in; else the id, if it looks like one."""
    if not isinstance(told, str):
        return None, ""
    start = told.rfind("projects/")
    if start == 0 or (start > 0 and told[start - 1] == "/"):
        try:
            return OperationName.parse(told[start:]), ""
        except InvalidNameError:
            pass  # it is of a form that nobody has seen so far
    last = told.rpartition("/")[2]
    return None, last if _ID.fullmatch(last) else ""


def _resource(
    entry: dict[str, Any], payload: dict[str, Any], *, kind: OperationKind | None
) -> ResourceName | None:
    """Return what an operation works on, or else the narrowest of what the entry names."""
    names = list(_resource_names(entry, payload, kind=kind))
    for name in names:
        if kind and type(name) is kind.target:
            return name
    instances = (name for name in names if type(name) is InstanceName)
    projects = (name for name in names if type(name) is ProjectName)
    others = (name for name in names if type(name) is not ProjectName)
    return next(instances, None) or next(others, None) or next(projects, None)


def _resource_names(
    entry: dict[str, Any], payload: dict[str, Any], *, kind: OperationKind | None
) -> Iterator[ResourceName]:
    request, response = _part(payload, "request"), _part(payload, "response")
    told: list[object] = [response.get("name")]
    if kind:
        field = kind.target.__name__.removesuffix("Name")
        field = field[0].lower() + field[1:]
        told += [
            _part(request, field).get("name"),
            f"{request.get('parent')}/{kind.target.collections[-1]}/{request.get(f'{field}Id')}",
            request.get(field),
        ]
    told += [payload.get("resourceName"), request.get("name"), request.get("parent")]
    labels = _part(_part(entry, "resource"), "labels")
    told += [
        f"projects/{labels.get('project_id')}/instances/{labels.get('instance_id')}",
        f"projects/{labels.get('project_id')}",
    ]
    for text in told:
        try:
            yield parse_one_of(_relative(text), _NAMES)
        except InvalidNameError:
            continue  # the entry does not tell it there


def _relative(text: object) -> object:
    """Return a name without the service before it, and without an operation behind it."""
    if not isinstance(text, str):
        return text
    start = text.find("projects/")
    return text[max(start, 0) :].partition("/operations/")[0]


def _method(told: object) -> str:
    """Return a method's name without its service."""
    last = told.rpartition(".")[2] if isinstance(told, str) else ""
    return last if _METHOD.fullmatch(last) else ""


def _moment(told: object) -> datetime | None:
    """Return when an entry was written, if it says so and when that is."""
    if not isinstance(told, str):
        return None
    try:
        moment = datetime.fromisoformat(told)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _part(whole: object, key: str) -> dict[str, Any]:
    """Return an object within an object, empty if there is none."""
    part = whole.get(key) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}
