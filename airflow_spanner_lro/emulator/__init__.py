# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator of Cloud Spanner's *admin* API, whose operations take time, fail and get cancelled.

Names are loaded when first used: the pytest plugin lives in this package, and every pytest run of
every user imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.addresses import EmulatorStartError
    from airflow_spanner_lro.emulator.audit.entries import OperationIdForm
    from airflow_spanner_lro.emulator.audit.log import AuditCounts, AuditTopic, AuditTopicError
    from airflow_spanner_lro.emulator.clock import Clock, ManualClock, SystemClock
    from airflow_spanner_lro.emulator.controller import NeverDoneError, OperationView, ResourceView
    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.faults import Fault, FaultKind, Faults
    from airflow_spanner_lro.emulator.journal.entries import Snapshot
    from airflow_spanner_lro.emulator.journal.state_file import EmulatorStateError
    from airflow_spanner_lro.emulator.operations.model import OperationMoment
    from airflow_spanner_lro.emulator.pipeline import Call, CallHistory
    from airflow_spanner_lro.emulator.plans import DEFAULT_PLANS, Between, BySize, Plan, Rollback
    from airflow_spanner_lro.emulator.quota import AdminQuota, Limits
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator

__all__ = [
    "DEFAULT_PLANS",
    "AdminQuota",
    "AuditCounts",
    "AuditTopic",
    "AuditTopicError",
    "Between",
    "BySize",
    "Call",
    "CallHistory",
    "Clock",
    "EmulatorStartError",
    "EmulatorStateError",
    "Fault",
    "FaultKind",
    "Faults",
    "Limits",
    "ManualClock",
    "NeverDoneError",
    "OperationIdForm",
    "OperationMoment",
    "OperationView",
    "Plan",
    "ResourceView",
    "Rollback",
    "RpcError",
    "Snapshot",
    "SpannerAdminEmulator",
    "SystemClock",
]

_MODULES = {
    "Snapshot": "airflow_spanner_lro.emulator.journal.entries",
    "NeverDoneError": "airflow_spanner_lro.emulator.controller",
    "FaultKind": "airflow_spanner_lro.emulator.faults",
    "Fault": "airflow_spanner_lro.emulator.faults",
    "EmulatorStateError": "airflow_spanner_lro.emulator.journal.state_file",
    "AdminQuota": "airflow_spanner_lro.emulator.quota",
    "AuditCounts": "airflow_spanner_lro.emulator.audit.log",
    "AuditTopic": "airflow_spanner_lro.emulator.audit.log",
    "AuditTopicError": "airflow_spanner_lro.emulator.audit.log",
    "OperationIdForm": "airflow_spanner_lro.emulator.audit.entries",
    "OperationMoment": "airflow_spanner_lro.emulator.operations.model",
    "DEFAULT_PLANS": "airflow_spanner_lro.emulator.plans",
    "Between": "airflow_spanner_lro.emulator.plans",
    "BySize": "airflow_spanner_lro.emulator.plans",
    "Call": "airflow_spanner_lro.emulator.pipeline",
    "CallHistory": "airflow_spanner_lro.emulator.pipeline",
    "Clock": "airflow_spanner_lro.emulator.clock",
    "EmulatorStartError": "airflow_spanner_lro.emulator.addresses",
    "Faults": "airflow_spanner_lro.emulator.faults",
    "Limits": "airflow_spanner_lro.emulator.quota",
    "ManualClock": "airflow_spanner_lro.emulator.clock",
    "OperationView": "airflow_spanner_lro.emulator.controller",
    "Plan": "airflow_spanner_lro.emulator.plans",
    "ResourceView": "airflow_spanner_lro.emulator.controller",
    "Rollback": "airflow_spanner_lro.emulator.plans",
    "RpcError": "airflow_spanner_lro.emulator.errors",
    "SpannerAdminEmulator": "airflow_spanner_lro.emulator.server",
    "SystemClock": "airflow_spanner_lro.emulator.clock",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)
