# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operations service: get, list with filters and pages, cancel, delete."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, CREATE_DATABASE
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock
    from tests.emulator.conftest import GetOperation, StartBackup

TYPE = CREATE_BACKUP.metadata_type_url
OPERATIONS = "/google.longrunning.Operations"


def ids(operations: object) -> list[str]:
    """Return the backups or databases that operations work on."""
    return [each.name.split("/")[5] for each in operations]  # type: ignore[attr-defined]


@pytest.fixture
def history(start_backup: StartBackup, clock: ManualClock) -> None:
    """Leave a finished, a cancelled and a running backup behind."""
    start_backup("finished")
    clock.advance(1560)
    start_backup("cancelled").cancel()
    clock.advance(60)
    start_backup("running")


@pytest.mark.parametrize(
    "name", [f"{DATABASE}/operations/none", "projects/p/instances/ii/operations/none"]
)
@pytest.mark.usefixtures("emulator")
def test_a_missing_operation_is_not_found(get_operation: GetOperation, name: str) -> None:
    """The error names the operation, in its text alone: no details of one were ever seen."""
    with pytest.raises(exceptions.NotFound) as caught:
        get_operation(name)

    assert (f"Operation not found: {name}", []) == (caught.value.message, caught.value.details)


@pytest.mark.usefixtures("emulator")
def test_a_malformed_name_is_an_invalid_argument(get_operation: GetOperation) -> None:
    """The error says what a name looks like."""
    with pytest.raises(exceptions.InvalidArgument, match="operations/<operation>"):
        get_operation("_auto_op_1")


def test_cancelling_what_has_ended_changes_nothing(
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    get_operation: GetOperation,
    clock: ManualClock,
) -> None:
    """The answer is OK, and the operation is what it was."""
    name = start_backup().operation.name
    clock.advance(1500)
    before = get_operation(name)
    databases.cancel_operation({"name": name})
    clock.advance(1500)

    assert before == get_operation(name)


@pytest.mark.usefixtures("history")
def test_lists_start_with_the_latest(databases: database_v1.DatabaseAdminClient) -> None:
    """Backup operations come by start time downwards, those of removed backups included."""
    listed = databases.list_backup_operations(parent=INSTANCE)

    assert ["running", "cancelled", "finished"] == ids(listed)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("done:true", ["cancelled", "finished"]),
        ("DONE = False", ["running"]),
        ("error:*", ["cancelled"]),
        ("name:backups/fin", ["finished"]),
        (f"metadata.@type:{TYPE}", ["running", "cancelled", "finished"]),
        (f"(metadata.@type={TYPE}) AND (metadata.name:RUN)", ["running"]),
        (f"(metadata.@type={TYPE}) (metadata.name:run)", ["running"]),
        (
            f'((metadata.@type:{TYPE}) AND metadata.database:"{DATABASE}") AND done:false',
            ["running"],
        ),
        (f"metadata.@type:{CREATE_DATABASE.metadata_type_url}", []),
        ("NOT done:true", ["running"]),
        ("-done:true", ["running"]),
        ("error.code = 1", ["cancelled"]),
        ("name:fin OR name:run", ["running", "finished"]),
        (f'metadata.database:"{DATABASE}"', ["running", "cancelled", "finished"]),
        (
            f"metadata.@type:{TYPE} AND metadata.progress.progress_percent < 100 AND done:true",
            ["cancelled"],
        ),
        (f"metadata.@type:{TYPE} metadata.cancel_time:*", ["cancelled"]),
        (f'metadata.@type:{TYPE} metadata.progress.end_time > "2027-01-01T00:00:00Z"', []),
        ("response.@type:v1.Backup", ["finished"]),
        ("response.state:READY", ["finished"]),
    ],
)
@pytest.mark.usefixtures("history")
def test_lists_can_be_filtered(
    databases: database_v1.DatabaseAdminClient, filter_: str, expected: list[str]
) -> None:
    """Terms can be joined in every way, case does not matter, and all fields can be asked for."""
    request = database_v1.ListBackupOperationsRequest(parent=INSTANCE, filter=filter_)

    assert expected == ids(databases.list_backup_operations(request))


@pytest.mark.parametrize(
    ("filter_", "reason"),
    [
        ("colour:blue", r"the field .*colour"),
        ("metadata.name:x", "metadata.@type must come before metadata.name"),
        (f"metadata.name:x AND metadata.@type:{TYPE}", "must come before"),
        ("(done:true", "a \\) is missing"),
        ("done:true)", "too many"),
        ("done:true AND", "ends with AND"),
    ],
)
@pytest.mark.usefixtures("emulator")
def test_a_filter_that_is_not_understood_is_refused(
    databases: database_v1.DatabaseAdminClient, filter_: str, reason: str
) -> None:
    """The error names the call, as production does, and the part in question."""
    request = database_v1.ListBackupOperationsRequest(parent=INSTANCE, filter=filter_)

    with pytest.raises(exceptions.InvalidArgument, match=reason) as caught:
        databases.list_backup_operations(request)
    assert "Invalid ListBackupOperations request." in caught.value.message


@pytest.mark.usefixtures("history")
def test_pages_do_not_shift_when_something_starts(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A new operation between two pages neither repeats nor hides an old one."""
    request = database_v1.ListBackupOperationsRequest(parent=INSTANCE, page_size=2)
    pages = databases.list_backup_operations(request).pages
    first = ids(next(pages).operations)
    clock.advance(1500)
    start_backup("new")
    second = ids(next(pages).operations)

    assert (["running", "cancelled"], ["finished"]) == (first, second)


@pytest.mark.usefixtures("history")
def test_a_page_token_belongs_to_its_filter(databases: database_v1.DatabaseAdminClient) -> None:
    """A token with another filter, or one that was made up, is an INVALID_ARGUMENT."""
    request = database_v1.ListBackupOperationsRequest(parent=INSTANCE, page_size=1)
    token = next(databases.list_backup_operations(request).pages).next_page_token
    others = [{"filter": "done:true", "page_token": token}, {"page_token": "made up"}]

    for other in others:
        with pytest.raises(exceptions.InvalidArgument, match="page_token"):
            databases.list_backup_operations(
                database_v1.ListBackupOperationsRequest(parent=INSTANCE, **other)
            )


@pytest.mark.usefixtures("history")
def test_what_ended_is_forgotten_after_a_week(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """What ended more than seven days ago is no longer listed, and can no longer be got."""
    first = list(databases.list_backup_operations(parent=INSTANCE))[-1].name
    clock.advance(timedelta(days=7, seconds=-90))
    listed = ids(databases.list_backup_operations(parent=INSTANCE))

    assert ["running", "cancelled"] == listed
    with pytest.raises(exceptions.NotFound, match="Operation not found"):
        get_operation(first)


@pytest.mark.usefixtures("history")
def test_one_resource_can_be_listed(databases: database_v1.DatabaseAdminClient) -> None:
    """The generic list shows the operations of one parent, with or without its suffix."""
    for name in (f"{INSTANCE}/backups/running/operations", f"{INSTANCE}/backups/running"):
        assert ["running"] == ids(databases.list_operations({"name": name}).operations)


@pytest.mark.usefixtures("history")
def test_a_parent_that_is_gone_has_no_list(databases: database_v1.DatabaseAdminClient) -> None:
    """The operations of a removed backup are in the instance-wide list only."""
    with pytest.raises(exceptions.NotFound, match="Backup not found"):
        databases.list_operations({"name": f"{INSTANCE}/backups/cancelled/operations"})


def test_an_instance_operation_can_be_deleted(
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    get_operation: GetOperation,
    clock: ManualClock,
) -> None:
    """Deleting an operation hides it and does not stop it."""
    name = instances.create_instance(
        parent="projects/test",
        instance_id="fresh",
        instance=instance_v1.Instance(
            config="projects/test/instanceConfigs/regional-europe-west1",
            display_name="Fresh",
            node_count=1,
        ),
    ).operation.name
    databases.delete_operation({"name": name})
    clock.advance(20)

    with pytest.raises(exceptions.NotFound):
        get_operation(name)
    state = instances.get_instance(name="projects/test/instances/fresh").state
    assert instance_v1.Instance.State.READY == state


def test_other_operations_cannot_be_deleted(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup
) -> None:
    """Operations of databases and backups answer UNIMPLEMENTED."""
    name = start_backup().operation.name

    with pytest.raises(exceptions.MethodNotImplemented, match="cannot be deleted"):
        databases.delete_operation({"name": name})


@pytest.mark.usefixtures("emulator")
def test_waiting_is_not_implemented(channel: grpc.Channel) -> None:
    """WaitOperation answers UNIMPLEMENTED, as in production."""
    wait = channel.unary_unary(
        f"{OPERATIONS}/WaitOperation",
        request_serializer=operations_pb2.WaitOperationRequest.SerializeToString,
        response_deserializer=operations_pb2.Operation.FromString,
    )

    with pytest.raises(grpc.RpcError, match="not offered by Cloud Spanner"):
        wait(operations_pb2.WaitOperationRequest(name=f"{BACKUP}/operations/x"))


def test_ids_are_made_up_the_same_way_each_time(start_backup: StartBackup) -> None:
    """The ids that the service makes up depend on the seed only, and look like production's."""
    name = start_backup().operation.name

    assert f"{BACKUP}/operations/_auto_op_629f6fbed82c07cd" == name
