# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What only the sync client does, through a real channel; and how both are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    UPDATE_DATABASE_DDL,
    Service,
)
from airflow_spanner_lro.core.names import InstanceName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import pagination

from .scripted_client import BACKUP, DATABASE, NOW

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import StartBackup

INSTANCE = InstanceName(project="test", instance="main")
MISSING = OperationName(resource=BACKUP, operation="_auto_op_0")
WHOLE = 1500.0
TABLE = "CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)"


def test_start_answers_the_running_operation(start_backup: StartBackup) -> None:
    """What the start call answers is already a snapshot, of the kind that was started."""
    snapshot = start_backup()

    assert (CREATE_BACKUP, OperationState.RUNNING) == (snapshot.kind, snapshot.state)
    assert BACKUP == snapshot.name.resource
    assert (NOW, 0) == (snapshot.start_time, snapshot.percent)


@pytest.mark.parametrize(
    ("kind", "request_", "resource"),
    [
        pytest.param(
            CREATE_DATABASE,
            database_v1.CreateDatabaseRequest(
                parent=str(INSTANCE), create_statement="CREATE DATABASE more"
            ),
            f"{INSTANCE}/databases/more",
            id="database",
        ),
        pytest.param(
            UPDATE_DATABASE_DDL,
            database_v1.UpdateDatabaseDdlRequest(database=str(DATABASE), statements=[TABLE]),
            str(DATABASE),
            id="schema change",
        ),
        pytest.param(
            CREATE_INSTANCE,
            instance_v1.CreateInstanceRequest(
                parent="projects/test",
                instance_id="second",
                instance={
                    "config": "projects/test/instanceConfigs/regional-europe-west1",
                    "display_name": "second",
                    "node_count": 1,
                },
            ),
            "projects/test/instances/second",
            id="instance",
        ),
    ],
)
def test_start_reaches_the_service_of_the_kind(
    client: SpannerAdminClient, kind: Any, request_: Any, resource: str
) -> None:
    """One method starts operations of both services."""
    snapshot = client.start(kind=kind, request=request_)

    assert (kind, resource) == (snapshot.kind, str(snapshot.name.resource))


def test_start_is_not_repeated(
    emulator: SpannerAdminEmulator, client: SpannerAdminClient, start_backup: StartBackup
) -> None:
    """A lost answer propagates at once; whether to ask again is not the client's decision."""
    emulator.faults.lose_answer(method="CreateBackup")

    with pytest.raises(exceptions.ServiceUnavailable):
        start_backup()

    assert 1 == len(emulator.calls.of("CreateBackup"))
    assert 1 == len(list(client.list(resource=BACKUP)))


@pytest.mark.parametrize(
    ("method", "arguments", "rpc"),
    [
        pytest.param("list", {"resource": DATABASE}, "ListOperations", id="list"),
        pytest.param("delete", {"name": MISSING}, "DeleteOperation", id="delete"),
    ],
)
def test_no_call_of_a_worker_is_repeated(
    emulator: SpannerAdminEmulator,
    client: SpannerAdminClient,
    method: str,
    arguments: Any,
    rpc: str,
) -> None:
    """The same holds for the calls that only the sync client has."""
    emulator.faults.fail(method=rpc)

    with pytest.raises(exceptions.ServiceUnavailable):
        list(getattr(client, method)(**arguments))

    assert [Code.UNAVAILABLE] == [call.code for call in emulator.calls.of(rpc)]


def test_list_reads_all_pages(
    monkeypatch: pytest.MonkeyPatch,
    emulator: SpannerAdminEmulator,
    client: SpannerAdminClient,
    clock: ManualClock,
) -> None:
    """However many operations a resource has, each is listed once, the latest first."""
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 2)
    request = database_v1.UpdateDatabaseDdlRequest(database=str(DATABASE), statements=["ANALYZE"])
    started = []
    for _ in range(5):
        started.append(client.start(kind=UPDATE_DATABASE_DDL, request=request).name)
        clock.advance(WHOLE)

    listed = [each.name for each in client.list(resource=DATABASE)]

    assert started[::-1] == listed
    assert 3 == len(emulator.calls.of("ListOperations"))


def test_list_filters(
    client: SpannerAdminClient, clock: ManualClock, start_backup: StartBackup
) -> None:
    """The filter is the service's own."""
    start_backup()

    assert 1 == len(list(client.list(resource=BACKUP, filter_="done:false")))
    clock.advance(WHOLE)
    assert [] == list(client.list(resource=BACKUP, filter_="done:false"))


def test_delete_forgets_an_instances_operation(
    client: SpannerAdminClient, emulator: SpannerAdminEmulator
) -> None:
    """The record of an operation on an instance can be deleted."""
    request = instance_v1.CreateInstanceRequest(
        parent="projects/test",
        instance_id="second",
        instance={
            "config": "projects/test/instanceConfigs/regional-europe-west1",
            "display_name": "second",
            "node_count": 1,
        },
    )
    name = client.start(kind=CREATE_INSTANCE, request=request).name

    client.delete(name=name)

    assert str(name) not in {each.name for each in emulator.operations()}


@pytest.mark.parametrize(
    ("method", "rpc"),
    [
        pytest.param("get_resource", "GetDatabase", id="resource"),
        pytest.param("get_ddl", "GetDatabaseDdl", id="schema"),
    ],
)
def test_a_last_look_outlives_an_outage(
    emulator: SpannerAdminEmulator, client: SpannerAdminClient, method: str, rpc: str
) -> None:
    """K9: a task whose work is done and that only reads its result does not fail for one 503."""
    emulator.faults.fail(method=rpc)

    getattr(client, method)(name=DATABASE)

    assert [Code.UNAVAILABLE, Code.OK] == [call.code for call in emulator.calls.of(rpc)]


def test_get_resource_is_the_message(client: SpannerAdminClient) -> None:
    """A resource comes as the client library's own type, whichever service has it."""
    database = client.get_resource(name=DATABASE)
    instance = client.get_resource(name=INSTANCE)

    assert isinstance(database, database_v1.Database)
    assert isinstance(instance, instance_v1.Instance)
    assert (str(DATABASE), str(INSTANCE)) == (database.name, instance.name)


def test_get_ddl_is_what_is_committed(client: SpannerAdminClient, clock: ManualClock) -> None:
    """A pending statement is not part of the schema."""
    request = database_v1.UpdateDatabaseDdlRequest(database=str(DATABASE), statements=[TABLE])
    client.start(kind=UPDATE_DATABASE_DDL, request=request)

    pending = client.get_ddl(name=DATABASE)
    clock.advance(WHOLE)

    assert ((), (TABLE,)) == (pending, client.get_ddl(name=DATABASE))


def test_a_closed_client_opens_a_new_channel(client: SpannerAdminClient) -> None:
    """Closing closes what was opened, may be repeated, and the next call connects again."""
    first = client.database_admin
    client.close()
    client.close()

    assert client.get_resource(name=DATABASE).name == str(DATABASE)
    assert client.database_admin is not first
    with pytest.raises(ValueError, match="closed channel"):
        first.get_database(name=str(DATABASE))


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize(
    ("target", "host"),
    [
        pytest.param("", "spanner.googleapis.com:443", id="Google's own"),
        pytest.param("spanner.example:8443", "spanner.example:8443", id="another"),
    ],
)
async def test_an_endpoint_with_credentials_speaks_tls(
    service: Service, target: str, host: str
) -> None:
    """Both clients of both services are made for the endpoint, without connecting yet."""
    credentials = AnonymousCredentials()
    endpoint = Endpoint(target=target, credentials=credentials)

    sync, async_ = endpoint.sync_client(service), endpoint.async_client(service)

    assert [host, host] == [sync.transport.host, async_.transport.host]
    sync.transport.close()
    await async_.transport.close()
