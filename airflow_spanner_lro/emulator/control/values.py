# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the emulator tells, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.journal.kind_names import name_of

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.views import OperationView
    from airflow_spanner_lro.emulator.traffic.calls import Call
    from airflow_spanner_lro.emulator.traffic.faults import Fault


def view(operation: OperationView) -> dict[str, Any]:
    """Return an operation."""
    error = operation.error
    return {
        "name": operation.name,
        "kind": name_of(operation.kind),
        "target": operation.target,
        "state": operation.state.name,
        "done": operation.done,
        "percent": operation.percent,
        "started": operation.started.isoformat(),
        "ended": _time(operation.ended),
        "cancel_requested": _time(operation.cancel_requested),
        "error": None
        if error is None
        else {"code": Code(error.code).name, "message": error.message},
    }


def call(call: Call) -> dict[str, Any]:
    """Return a call."""
    return {
        "method": call.method,
        "service": call.service,
        "resource": call.resource,
        "at": call.at.isoformat(),
        "real_time": call.real_time,
        "code": call.code.name,
        "message": call.message,
    }


def fault(fault: Fault) -> dict[str, Any]:
    """Return a fault."""
    return {
        "kind": fault.kind.value,
        "method": fault.method,
        "resource": fault.resource,
        "times": fault.times,
        "code": fault.code.name,
        "message": fault.message,
        "after_work": fault.after_work,
        "seconds": fault.seconds,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
