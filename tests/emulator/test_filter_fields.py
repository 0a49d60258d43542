# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What filters are told of an operation is what its metadata says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.operations.registry import HANDLERS, metadata_of
from airflow_spanner_lro.emulator.operations.service import fields_of, read_field
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.instances import start_instance
from tests.emulator.support.operation_starts import STARTS, OperationStart

if TYPE_CHECKING:
    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from tests.emulator.conftest import StartBackup

WITH_SHORTCUTS = [start for start in STARTS if HANDLERS[start.kind].shortcuts]
MOMENTS = [timedelta(), timedelta(seconds=1), timedelta(minutes=7), timedelta(days=2)]


def test_there_are_shortcuts() -> None:
    """Most kinds have one progress, so that the test below tests something."""
    assert len(WITH_SHORTCUTS) >= 5


@pytest.mark.parametrize("cancelled", [False, True], ids=["untouched", "cancelled"])
@pytest.mark.parametrize("start", WITH_SHORTCUTS, ids=str)
def test_a_shortcut_tells_what_the_metadata_tells(
    start: OperationStart, *, cancelled: bool
) -> None:
    """At any time of its life, also after a cancel."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = SpannerAdminEmulator(clock=clock)
    engine = emulator._engine
    methods = {method.name: method for method in engine.methods.values()}
    start.prepare(
        emulator,
        lambda kind, request: engine.call(methods[kind.method], kind.request_type()(request)),
    )
    request = start.kind.request_type()(start.request_at(clock.now()))
    name = engine.call(methods[start.kind.method], request).name
    for moment in MOMENTS:
        clock.advance(moment)
        with engine.locked() as (world, now):
            (operation,) = (row for row in world.operations if row.full_name == name)
            if cancelled and moment:
                world.cancel(operation, now=now)
                operation = world.operations.row(operation.name)
            value_of = fields_of(operation, now)
            metadata = metadata_of(operation, now=now)

            for path in HANDLERS[start.kind].shortcuts:
                assert read_field(metadata, path) == value_of(f"metadata.{path}")


INSTANCE_TYPE = "type.googleapis.com/google.spanner.admin.instance.v1.CreateInstanceMetadata"
DDL_TYPE = "type.googleapis.com/google.spanner.admin.database.v1.UpdateDatabaseDdlMetadata"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("metadata.instance.labels.env:prod", 1),
        ("metadata.instance.labels.env:test", 0),
        ("metadata.instance.labels.team:*", 0),
        ("metadata.instance.labels.start_time:soon", 1),
        ("metadata.instance:*", 1),
        ("metadata.instance.autoscaling_config:*", 0),
        ("metadata.instance.autoscaling_config.autoscaling_limits:*", 0),
        ("metadata.instance.node_count=1", 1),
        ("metadata.end_time:*", 0),
        ("response.node_count=1", 0),
        ("error.message:*", 0),
    ],
)
def test_parts_of_metadata_can_be_asked_for(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, field: str, found: int
) -> None:
    """A filter reads fields of messages and entries of maps; what is not set is not there."""
    operation = start_instance(
        instances, labels={"env": "prod", "start_time": "soon"}
    ).operation.name
    clock.advance(1)
    parent = operation.rpartition("/")[0]
    filter_ = f"(metadata.@type={INSTANCE_TYPE}) AND ({field})"

    assert found == len(instances.list_operations({"name": parent, "filter": filter_}).operations)


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("error:*", 1),
        ("error.code:1", 1),
        ("error.message:cancelled", 1),
        ("error.details:*", 0),
        ("response:*", 0),
        ("done:true", 1),
    ],
)
def test_parts_of_an_error_can_be_asked_for(
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
    filter_: str,
    found: int,
) -> None:
    """An operation that was cancelled has a code and a message, and no details."""
    databases.cancel_operation({"name": start_backup().operation.name})
    clock.advance(60)
    request = database_v1.ListBackupOperationsRequest(parent=INSTANCE, filter=filter_)

    assert found == len(list(databases.list_backup_operations(request)))


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("metadata.statements:Items", 1),
        ("metadata.statements:Nothing", 0),
        ("metadata.progress:*", 1),
        ("metadata.commit_timestamps:*", 0),
    ],
)
def test_lists_in_metadata_can_be_asked_for(
    databases: database_v1.DatabaseAdminClient, field: str, found: int
) -> None:
    """A filter looks into each entry of a list; an empty one is not there."""
    statement = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"
    databases.update_database_ddl(database=DATABASE, statements=[statement])
    filter_ = f"(metadata.@type={DDL_TYPE}) AND ({field})"
    request = {"name": f"{DATABASE}/operations", "filter": filter_}

    assert found == len(databases.list_operations(request).operations)
