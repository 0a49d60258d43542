# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Admin Activity entries about operations, as a Logging sink hands them to Pub/Sub.

Spanner writes one when an operation starts and one when it ends, save for the optimization after a
restore. Sources: the JSON forms of LogEntry and AuditLog, Spanner's page on audit logging (which
methods, and that the ends of backups and restores have no authentication information), and one
entry of the start of CreateInstance that was published (names, resource, operation id). What they
do not tell is left out: request, response, authorization.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
)
from airflow_spanner_lro.emulator.operations.model import OperationMoment

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.operations.model import Operation

SERVICE_NAME = "spanner.googleapis.com"
PRINCIPAL = "somebody@example.com"
"""Who starts operations: the emulator knows no credentials."""

_LOG = "cloudaudit.googleapis.com%2Factivity"
_AUDIT_LOG = "type.googleapis.com/google.cloud.audit.AuditLog"
_NOT_WRITTEN = frozenset({OPTIMIZE_RESTORED_DATABASE})
_NOBODY_AT_THE_END = frozenset({CREATE_BACKUP, RESTORE_DATABASE})


class OperationIdForm(StrEnum):
    """What ``operation.id`` of an entry is; Google does not document it.

    The one entry that was found has the full name.
    """

    FULL = "full"
    """The full name of the operation."""
    SHORT = "short"
    """Its last segment."""
    OPAQUE = "opaque"
    """Something that does not tell the name, the same at start and end."""

    def of(self, operation: Operation) -> str:
        """Return the id of an operation."""
        match self:
            case OperationIdForm.FULL:
                return operation.full_name
            case OperationIdForm.SHORT:
                return operation.name.operation
            case OperationIdForm.OPAQUE:
                return _digest(operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What an entry tells of.

    :param operation: as it was at that moment
    :param at: when that was, in emulated time
    """

    operation: Operation
    moment: OperationMoment
    at: datetime

    @property
    def written(self) -> bool:
        """Whether Spanner writes an entry about it."""
        return self.operation.kind not in _NOT_WRITTEN

    @property
    def method(self) -> str:
        """The RPC that started the operation, such as ``CreateBackup``."""
        return self.operation.kind.method

    @property
    def names(self) -> tuple[str, str]:
        """The full names of the operation, and of what it works on."""
        return self.operation.full_name, str(self.operation.target)

    def entry(self, *, received: datetime, id_form: OperationIdForm) -> dict[str, Any]:
        """Return the entry, as JSON has it.

        :param received: when Logging gets it, in emulated time
        """
        operation = self.operation
        ended = operation.lifecycle.ended(self.at)
        error = ended.error if self.moment is OperationMoment.END and ended is not None else None
        payload: dict[str, Any] = {
            "@type": _AUDIT_LOG,
            "serviceName": SERVICE_NAME,
            "methodName": f"{operation.kind.service}.{self.method}",
            "resourceName": str(operation.target),
        }
        if self.moment is OperationMoment.START or operation.kind not in _NOBODY_AT_THE_END:
            payload["authenticationInfo"] = {"principalEmail": PRINCIPAL}
        if error is not None:
            payload["status"] = {"code": int(error.code), "message": error.message}
        first_or_last = "first" if self.moment is OperationMoment.START else "last"
        return {
            "logName": f"projects/{operation.target.project}/logs/{_LOG}",
            "insertId": _digest(operation, self.moment)[:14],
            "timestamp": timestamp(self.at),
            "receiveTimestamp": timestamp(max(received, self.at)),
            "severity": "NOTICE" if error is None else "ERROR",
            "resource": _resource(self),
            "protoPayload": payload,
            "operation": {
                "id": id_form.of(operation),
                "producer": SERVICE_NAME,
                first_or_last: True,
            },
        }


def timestamp(at: datetime) -> str:
    """Return a time as JSON of Google's APIs has it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _resource(event: AuditEvent) -> dict[str, Any]:
    target = event.operation.target
    instance = getattr(target, "instance", "")
    if not instance:
        # what is in no instance, such as a configuration: the type of what has none of its own
        labels = {
            "project_id": target.project,
            "service": SERVICE_NAME,
            "method": f"{event.operation.kind.service}.{event.method}",
        }
        return {"type": "audited_resource", "labels": labels}
    labels = {
        "project_id": target.project,
        "instance_id": instance,
        # as in the entry that was found
        "instance_config": "",
        "location": "",
    }
    return {"type": "spanner_instance", "labels": labels}


def _digest(operation: Operation, *more: str) -> str:
    """Return a text that is the same whenever the same is told, also after a restart."""
    parts = (operation.full_name, operation.started.isoformat(), *more)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
