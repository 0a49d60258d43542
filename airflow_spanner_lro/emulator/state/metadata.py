# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation as clients see it at one moment: its metadata by kind, and its result if it ended.

It only reads, so that two clients who ask at the same emulated time get the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.snapshot import OperationState
from airflow_spanner_lro.emulator.state import messages
from airflow_spanner_lro.emulator.state.operations import (
    BackupDetails,
    DdlDetails,
    InstanceDetails,
    RestoreDetails,
)

if TYPE_CHECKING:
    from datetime import datetime

    import proto

    from airflow_spanner_lro.emulator.state.ddl import Statement
    from airflow_spanner_lro.emulator.state.operations import Operation


def operation_message(operation: Operation, *, now: datetime) -> operations_pb2.Operation:
    """Return an operation as clients see it."""
    message = operations_pb2.Operation(name=str(operation.name))
    metadata = metadata_of(operation, now=now)
    message.metadata.Pack(type(metadata).pb(metadata))
    ended = operation.lifecycle.ended(now)
    if ended is None:
        return message
    message.done = True
    if ended.error is not None:
        message.error.code = ended.error.code
        message.error.message = ended.error.message
    elif operation.response is not None:
        message.response.Pack(operation.response)
    return message


def metadata_of(operation: Operation, *, now: datetime) -> proto.Message:
    """Return what an operation tells about itself; which fields there are depends on its kind."""
    match operation.details:
        case InstanceDetails() as details:
            return _create_instance(operation, details, now)
        case BackupDetails() as details:
            return database_v1.CreateBackupMetadata(
                name=str(operation.target),
                database=str(details.database),
                progress=_progress(operation, now),
                cancel_time=_cancel_time(operation, now),
            )
        case RestoreDetails() as details:
            return database_v1.RestoreDatabaseMetadata(
                name=str(operation.target),
                source_type=database_v1.RestoreSourceType.BACKUP,
                backup_info=messages.origin_message(details.origin),
                progress=_progress(operation, now),
                cancel_time=_cancel_time(operation, now),
                optimize_database_operation_name=str(details.optimize),
            )
        case DdlDetails() if operation.kind.creates:
            return database_v1.CreateDatabaseMetadata(database=str(operation.target))
        case DdlDetails() as details:
            return _schema_change(operation, details, now)
        case _:
            return database_v1.OptimizeRestoredDatabaseMetadata(
                name=str(operation.target), progress=_progress(operation, now)
            )


def _create_instance(
    operation: Operation, details: InstanceDetails, now: datetime
) -> instance_v1.CreateInstanceMetadata:
    ended = operation.lifecycle.ended(now)
    return instance_v1.CreateInstanceMetadata(
        instance=details.instance,
        start_time=operation.started,
        cancel_time=_cancel_time(operation, now),
        end_time=ended.at if ended else None,
        expected_fulfillment_period=instance_v1.FulfillmentPeriod.FULFILLMENT_PERIOD_NORMAL,
    )


def _progress(operation: Operation, now: datetime) -> database_v1.OperationProgress:
    ended = operation.lifecycle.ended(now)
    return database_v1.OperationProgress(
        progress_percent=operation.lifecycle.percent(now),
        start_time=operation.started,
        end_time=ended.at if ended else None,
    )


def _cancel_time(operation: Operation, now: datetime) -> datetime | None:
    """Return when the cancel was received; an operation that ignores it tells nothing.

    An operation that finished before the cancel took hold was not cancelled.
    """
    lifecycle = operation.lifecycle
    if lifecycle.plan.cancel_delay is None:
        return None
    unaffected = {OperationState.SUCCEEDED, OperationState.FAILED}
    return None if lifecycle.state(now) in unaffected else lifecycle.cancel_requested


def _schema_change(
    operation: Operation, details: DdlDetails, now: datetime
) -> database_v1.UpdateDatabaseDdlMetadata:
    lifecycle = operation.lifecycle
    commits = [lifecycle.step_begins(step + 1) for step in range(lifecycle.steps_done(now))]
    return database_v1.UpdateDatabaseDdlMetadata(
        database=str(operation.target),
        statements=[statement.text for statement in details.statements],
        commit_timestamps=[at for at in commits if at is not None],
        throttled=lifecycle.throttled(now),
        progress=[
            _statement_progress(operation, step, now) for step in range(len(details.statements))
        ],
        actions=[_action(statement) for statement in details.statements],
    )


def _statement_progress(
    operation: Operation, step: int, now: datetime
) -> database_v1.OperationProgress:
    """Tell how far one statement is: nothing at all until those before it are committed."""
    lifecycle = operation.lifecycle
    begins = lifecycle.step_begins(step)
    done = lifecycle.steps_done(now)
    ended = lifecycle.ended(now)
    if begins is None or begins > now or step > done or (ended and begins > ended.at):
        return database_v1.OperationProgress()
    committed = lifecycle.step_begins(step + 1) if step < done else None
    stopped = ended.at if ended else None
    return database_v1.OperationProgress(
        progress_percent=lifecycle.step_percent(step, now),
        start_time=begins,
        end_time=committed or stopped,
    )


def _action(statement: Statement) -> database_v1.DdlStatementActionInfo:
    return database_v1.DdlStatementActionInfo(
        action=statement.action,
        entity_type=statement.entity_type,
        entity_names=list(statement.names),
    )
