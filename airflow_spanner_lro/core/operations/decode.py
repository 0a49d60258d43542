# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From a ``google.longrunning.Operation`` to a snapshot: the four shapes of progress, in one place.

Metadata of a type that the installed client library does not know (compaction, quorum changes) is
no error: such an operation can still be watched and cancelled, only its progress stays unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import OperationKind, ProgressShape, kind_of_metadata
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.snapshot import (
    OperationError,
    OperationSnapshot,
    OperationState,
    StatementProgress,
)
from airflow_spanner_lro.core.protobuf import datetime_field, timestamp_to_datetime
from airflow_spanner_lro.core.status import Code, to_code
from airflow_spanner_lro.core.words import shortened

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation


def snapshot_of(operation: Operation) -> OperationSnapshot:
    """Decode an operation as the API returned it.

    The state comes from ``done`` and ``error`` alone, as the API defines it; never from metadata.

    :raises InvalidNameError: if the operation has no usable name
    """
    kind = kind_of_metadata(operation.metadata.type_url)
    told = _progress(kind, metadata_of(operation)) if kind else {}
    return OperationSnapshot(
        name=OperationName.parse(operation.name),
        state=_state(operation),
        kind=kind,
        error=_error(operation),
        **told,
    )


def metadata_of(operation: Operation) -> Any:
    """Return the metadata message of an operation; None if this release does not know its type.

    It is the message beneath that of proto-plus, whose conveniences take most of the time.
    """
    kind = kind_of_metadata(operation.metadata.type_url)
    return kind.metadata_type().pb().FromString(operation.metadata.value) if kind else None


def _state(operation: Operation) -> OperationState:
    if not operation.done:
        return OperationState.RUNNING
    if not operation.HasField("error"):
        return OperationState.SUCCEEDED
    if operation.error.code == Code.CANCELLED:
        return OperationState.CANCELLED
    return OperationState.FAILED


def _error(operation: Operation) -> OperationError | None:
    if not (operation.done and operation.HasField("error")):
        return None
    return OperationError(code=to_code(operation.error.code), message=operation.error.message)


def _progress(kind: OperationKind, metadata: Any) -> dict[str, Any]:
    match kind.progress:
        case ProgressShape.SINGLE:
            return {
                "percent": metadata.progress.progress_percent,
                "start_time": datetime_field(metadata.progress, "start_time"),
                "end_time": datetime_field(metadata.progress, "end_time"),
                "cancel_time": _cancel_time(metadata),
                "follow_up": _follow_up(metadata),
            }
        case ProgressShape.PER_STATEMENT:
            return _statements(metadata)
        case ProgressShape.TIMES_ONLY:
            return {
                "start_time": datetime_field(metadata, "start_time"),
                "end_time": datetime_field(metadata, "end_time"),
                "cancel_time": _cancel_time(metadata),
            }
        case ProgressShape.NONE:
            return {}


def _cancel_time(metadata: Any) -> datetime | None:
    has_one = "cancel_time" in metadata.DESCRIPTOR.fields_by_name
    return datetime_field(metadata, "cancel_time") if has_one else None


def _follow_up(metadata: Any) -> OperationName | None:
    name = getattr(metadata, "optimize_database_operation_name", "")
    return OperationName.parse(name) if name else None


def _statements(metadata: Any) -> dict[str, Any]:
    """Line up the three parallel lists of UpdateDatabaseDdlMetadata, each of which may be short."""
    progress, commits = list(metadata.progress), list(metadata.commit_timestamps)
    actions = list(metadata.actions)
    statements = []
    for index, text in enumerate(metadata.statements):
        committed = timestamp_to_datetime(commits[index]) if index < len(commits) else None
        percent = progress[index].progress_percent if index < len(progress) else 0
        statements.append(
            StatementProgress(
                label=_label(text, actions[index] if index < len(actions) else None),
                percent=100 if committed else percent,
                committed=committed,
            )
        )
    return {
        "percent": sum(s.percent for s in statements) // len(statements) if statements else None,
        "start_time": datetime_field(progress[0], "start_time") if progress else None,
        "end_time": datetime_field(progress[-1], "end_time") if progress else None,
        "statements": tuple(statements),
        "throttled": metadata.throttled,
    }


def _label(statement: str, action: Any) -> str:
    """Say what a statement does, in the service's words if it gave any, else by its first ones."""
    if action and action.action:
        return " ".join([action.action, action.entity_type, ", ".join(action.entity_names)]).strip()
    return shortened(statement)
