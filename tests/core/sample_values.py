# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sample snapshots, ledger entries and operations, with only what matters to a test left to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core import exceptions
from google.longrunning.operations_pb2 import Operation

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.snapshot import (
    OperationError,
    OperationSnapshot,
    OperationState,
)
from airflow_spanner_lro.core.status import Code

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BACKUP = BackupName(project="test", instance="main", backup="nightly")
NAME = OperationName(resource=BACKUP, operation="_auto_op_1")
OTHER = OperationName(resource=BACKUP, operation="_auto_op_2")
FINGERPRINT = "as rendered"
CONNECTION = ConnectionSpec(gcp_conn_id="google_cloud_default")

UNAVAILABLE = exceptions.ServiceUnavailable("try later")
DENIED = exceptions.PermissionDenied("spanner.backups.cancel is missing")
GONE = exceptions.NotFound("no such operation")


def after(seconds: float) -> datetime:
    """Return a moment some seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def snapshot(state: OperationState = OperationState.RUNNING, **fields: Any) -> OperationSnapshot:
    """Return a snapshot of the backup operation."""
    usual: dict[str, Any] = {"name": NAME, "state": state, "kind": CREATE_BACKUP}
    return OperationSnapshot(**usual | fields)


def running(**fields: Any) -> OperationSnapshot:
    """Return a snapshot of it while it runs."""
    return snapshot(OperationState.RUNNING, **fields)


def succeeded(**fields: Any) -> OperationSnapshot:
    """Return a snapshot of it after it succeeded."""
    return snapshot(OperationState.SUCCEEDED, **fields)


def failed(**fields: Any) -> OperationSnapshot:
    """Return a snapshot of it after it failed."""
    error = OperationError(code=Code.RESOURCE_EXHAUSTED, message="no room")
    return snapshot(OperationState.FAILED, **{"error": error} | fields)


def cancelled(**fields: Any) -> OperationSnapshot:
    """Return a snapshot of it after it was cancelled."""
    error = OperationError(code=Code.CANCELLED, message="was cancelled")
    return snapshot(OperationState.CANCELLED, **{"error": error} | fields)


def entry(**fields: Any) -> LedgerEntry:
    """Return the entry of the first try, whose start call was answered with the operation."""
    usual: dict[str, Any] = {
        "kind": CREATE_BACKUP,
        "target": BACKUP,
        "fingerprint": FINGERPRINT,
        "intended": NOW,
        "try_number": 1,
        "connection_spec": CONNECTION,
        "operation": NAME,
        "evidence": Evidence.ANSWERED if fields.get("operation", NAME) else None,
    }
    return LedgerEntry(**usual | fields)


def operation(metadata: Any = None, **fields: Any) -> Operation:
    """Return the backup operation as it travels."""
    message = Operation(**{"name": str(NAME)} | fields)
    if metadata is not None:
        message.metadata.Pack(type(metadata).pb(metadata))
    return message
