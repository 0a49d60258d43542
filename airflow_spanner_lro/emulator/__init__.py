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
    from airflow_spanner_lro.emulator.clock import Clock, ManualClock, SystemClock
    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.journal.entries import Snapshot
    from airflow_spanner_lro.emulator.journal.state_file import EmulatorStateError
    from airflow_spanner_lro.emulator.limits import Limits
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator
    from airflow_spanner_lro.emulator.state.planning import DEFAULT_PLANS
    from airflow_spanner_lro.emulator.state.plans import Between, BySize, Plan, Rollback
    from airflow_spanner_lro.emulator.state.views import OperationView, ResourceView
    from airflow_spanner_lro.emulator.traffic.calls import Call, CallHistory
    from airflow_spanner_lro.emulator.traffic.faults import Fault, FaultKind, Faults
    from airflow_spanner_lro.emulator.traffic.quota import AdminQuota
    from airflow_spanner_lro.emulator.until import NeverDoneError

__all__ = [
    "DEFAULT_PLANS",
    "AdminQuota",
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
    "Snapshot": "journal.entries",
    "NeverDoneError": "until",
    "FaultKind": "traffic.faults",
    "Fault": "traffic.faults",
    "EmulatorStateError": "journal.state_file",
    "AdminQuota": "traffic.quota",
    "DEFAULT_PLANS": "state.planning",
    "Between": "state.plans",
    "BySize": "state.plans",
    "Call": "traffic.calls",
    "CallHistory": "traffic.calls",
    "Clock": "clock",
    "EmulatorStartError": "addresses",
    "Faults": "traffic.faults",
    "Limits": "limits",
    "ManualClock": "clock",
    "OperationView": "state.views",
    "Plan": "state.plans",
    "ResourceView": "state.views",
    "Rollback": "state.plans",
    "RpcError": "errors",
    "SpannerAdminEmulator": "server",
    "SystemClock": "clock",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
