# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Google's generated clients over REST, beside those over gRPC."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
    DatabaseAdminRestTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminRestTransport,
)
from google.protobuf import field_mask_pb2

from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

INDEX = "CREATE INDEX OrdersById ON Orders (Id)"


@pytest.fixture
def rest_databases(
    rest_emulator: SpannerAdminEmulator,
) -> Iterator[database_v1.DatabaseAdminClient]:
    """Return the generated client of DatabaseAdmin that speaks REST."""
    transport = DatabaseAdminRestTransport(
        host=f"127.0.0.1:{rest_emulator.rest_port}",
        url_scheme="http",
        credentials=AnonymousCredentials(),
    )
    with database_v1.DatabaseAdminClient(transport=transport) as client:
        yield client


@pytest.fixture
def rest_instances(
    rest_emulator: SpannerAdminEmulator,
) -> Iterator[instance_v1.InstanceAdminClient]:
    """Return the generated client of InstanceAdmin that speaks REST."""
    transport = InstanceAdminRestTransport(
        host=f"127.0.0.1:{rest_emulator.rest_port}",
        url_scheme="http",
        credentials=AnonymousCredentials(),
    )
    with instance_v1.InstanceAdminClient(transport=transport) as client:
        yield client


def start_backup(client: database_v1.DatabaseAdminClient, clock: ManualClock) -> Operation:
    """Start a backup of the one database."""
    backup = database_v1.Backup(database=DATABASE, expire_time=clock.now() + timedelta(days=1))
    return client.create_backup(parent=INSTANCE, backup_id="nightly", backup=backup)


def test_the_life_of_a_backup(
    rest_databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A backup is started, watched, changed, listed and deleted."""
    operation = start_backup(rest_databases, clock)
    assert not operation.done()
    assert DATABASE == operation.metadata.database
    clock.advance(timedelta(days=0.5))
    assert database_v1.Backup.State.READY == operation.result(timeout=5).state
    expire_time = clock.now() + timedelta(days=2)
    changed = rest_databases.update_backup(
        backup=database_v1.Backup(name=BACKUP, expire_time=expire_time),
        update_mask=field_mask_pb2.FieldMask(paths=["expire_time"]),
    )
    listed = [*rest_databases.list_backups(parent=INSTANCE)]
    rest_databases.delete_backup(name=BACKUP)

    assert expire_time == changed.expire_time
    assert [BACKUP] == [backup.name for backup in listed]
    with pytest.raises(exceptions.NotFound):
        rest_databases.get_backup(name=BACKUP)


def test_cancelling_a_backup(
    rest_databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A cancelled backup ends so, with the cancel time, and is gone."""
    operation = start_backup(rest_databases, clock)
    # Operation.cancel of this client fails by itself over REST: it misses a body in its own route
    rest_databases.cancel_operation({"name": operation.operation.name})

    with pytest.raises(exceptions.Cancelled):
        operation.result(timeout=5)
    assert clock.now() == operation.metadata.cancel_time
    assert [] == [*rest_databases.list_backups(parent=INSTANCE)]


def test_a_schema_change(
    rest_databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Statements are applied, and the operation's result is empty."""
    request = {"database": DATABASE, "statements": [INDEX], "operation_id": "index"}
    operation = rest_databases.update_database_ddl(request)
    clock.advance(timedelta(days=1))
    operation.result(timeout=5)

    ddl = rest_databases.get_database_ddl(database=DATABASE)

    assert f"{DATABASE}/operations/index" == operation.operation.name
    assert [*SCHEMA, INDEX] == list(ddl.statements)


def test_an_instance_from_creation_to_deletion(
    rest_instances: instance_v1.InstanceAdminClient, clock: ManualClock
) -> None:
    """Enums, messages and maps survive JSON both ways."""
    instance = instance_v1.Instance(
        config="projects/test/instanceConfigs/regional-europe-west1",
        display_name="Größe < 3",
        node_count=2,
        labels={"team": "a"},
    )
    operation = rest_instances.create_instance(
        parent="projects/test", instance_id="second", instance=instance
    )
    clock.advance(timedelta(days=1))
    made = operation.result(timeout=5)
    rest_instances.delete_instance(name=made.name)

    assert ("Größe < 3", 2, {"team": "a"}) == (
        made.display_name,
        made.node_count,
        dict(made.labels),
    )
    assert instance_v1.Instance.State.READY == made.state
    listed = rest_instances.list_instances(parent="projects/test")
    assert [INSTANCE] == [each.name for each in listed]


def test_operations_are_listed_by_the_mixin(
    rest_databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The client's own calls for operations know the routes, too."""
    name = start_backup(rest_databases, clock).operation.name
    listed = rest_databases.list_operations({"name": f"{BACKUP}/operations"})
    rest_databases.cancel_operation({"name": name})
    after = rest_databases.get_operation({"name": name})

    assert [name] == [operation.name for operation in listed.operations]
    assert after.error.code == grpc.StatusCode.CANCELLED.value[0]


def test_errors_are_the_classes_of_the_client(
    rest_databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A refusal has the class that the client makes of HTTP's number, and its details."""
    start_backup(rest_databases, clock)

    with pytest.raises(exceptions.Conflict) as caught:
        start_backup(rest_databases, clock)
    assert BACKUP == caught.value.details[0]["resourceName"]


def test_pages_follow_each_other(
    rest_emulator: SpannerAdminEmulator, rest_databases: database_v1.DatabaseAdminClient
) -> None:
    """A pager of the client goes through pages of one."""
    rest_emulator.create_database(f"{INSTANCE}/databases/more")
    request = {"parent": INSTANCE, "page_size": 1}

    listed = [each.name for each in rest_databases.list_databases(request)]

    assert [f"{INSTANCE}/databases/more", DATABASE] == listed


def test_both_faces_show_one_state(
    rest_emulator: SpannerAdminEmulator,
    rest_databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """What starts over REST is cancelled over gRPC, and the log knows both calls."""
    name = start_backup(rest_databases, clock).operation.name
    with open_channel(rest_emulator.endpoint) as channel:
        transport = DatabaseAdminGrpcTransport(channel=channel)
        database_v1.DatabaseAdminClient(transport=transport).cancel_operation({"name": name})

    assert rest_databases.get_operation({"name": name}).done
    assert ["CreateBackup", "CancelOperation", "GetOperation"] == [
        call.method for call in rest_emulator.calls
    ]
