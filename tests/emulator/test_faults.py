# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Trouble on demand: which calls it meets, and what their clients see."""

from __future__ import annotations

import http.client
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import (
    FaultKind,
    ManualClock,
    Plan,
    RpcError,
    SpannerAdminEmulator,
)
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from tests.emulator.conftest import StartBackup

GET_DATABASE = "/google.spanner.admin.database.v1.DatabaseAdmin/GetDatabase"


def test_a_fault_can_be_about_resources_of_a_pattern(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Stars and question marks match as in file names."""
    emulator.create_database(f"{INSTANCE}/databases/other")
    emulator.faults.fail(resource="*/databases/ord?rs", code=Code.ABORTED, times=None)
    databases.get_database(name=f"{INSTANCE}/databases/other")

    with pytest.raises(exceptions.Aborted):
        databases.get_database(name=DATABASE)


def test_a_fault_can_be_about_lists_with_a_filter(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Others are answered: so a service is played that does not understand a kind of filter."""
    emulator.faults.fail(
        method="ListDatabaseOperations",
        filter_="*end_time*",
        code=Code.INVALID_ARGUMENT,
        times=None,
    )
    type_ = "type.googleapis.com/google.spanner.admin.database.v1.RestoreDatabaseMetadata"
    ended = f'(metadata.@type:{type_}) AND (metadata.progress.end_time>"2026-01-01")'
    request = {"parent": INSTANCE, "filter": f"(NOT done:true) OR ({ended})"}

    with pytest.raises(exceptions.InvalidArgument, match="was told to refuse"):
        list(databases.list_database_operations(request))
    assert [] == list(databases.list_database_operations({**request, "filter": "done:false"}))
    assert [] == list(databases.list_database_operations({"parent": INSTANCE}))


def test_a_dropped_connection_is_no_answer(
    emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """The client sees what gRPC makes of it, without details, and nothing was done."""
    emulator.faults.drop_connection(method="CreateBackup")
    with pytest.raises(exceptions.ServiceUnavailable, match="Socket closed") as caught:
        start_backup()

    assert [] == caught.value.details
    assert () == emulator.operations()
    assert [Code.UNAVAILABLE] == [call.code for call in emulator.calls.of("CreateBackup")]


def test_a_connection_can_be_dropped_after_the_work(
    emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """The work is done, and the client does not know."""
    emulator.faults.drop_connection(method="CreateBackup", after_work=True)
    with pytest.raises(exceptions.ServiceUnavailable):
        start_backup()

    assert 1 == len(emulator.operations())


def test_a_dropped_connection_breaks_rest_as_well() -> None:
    """The connection ends without a byte of an answer."""
    with SpannerAdminEmulator(rest_port=0) as emulator:
        emulator.faults.drop_connection()
        assert emulator.rest_port is not None
        connection = http.client.HTTPConnection(emulator.host, emulator.rest_port, timeout=10)
        connection.request("GET", f"/v1/{DATABASE}")

        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()


def test_all_connections_can_be_cut(
    emulator: SpannerAdminEmulator,
    channel: grpc.Channel,
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """A call under way fails with UNAVAILABLE, and a client that tries again is answered."""
    emulator.faults.delay(60, times=1)
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        GET_DATABASE, request_serializer=bytes
    )
    held = call.future(b"")
    while emulator.faults.pending():
        # until the call has arrived
        with suppress(grpc.FutureTimeoutError):
            held.exception(timeout=0.01)
    emulator.drop_connections()

    assert grpc.StatusCode.UNAVAILABLE is held.code()
    assert DATABASE == databases.get_database(name=DATABASE).name


def test_an_emulator_that_does_not_run_has_no_connections() -> None:
    """That is a mistake of the caller."""
    with pytest.raises(RuntimeError, match="does not run"):
        SpannerAdminEmulator().drop_connections()


def test_an_outage_ends_by_itself(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """It lasts as long as clients feel it."""
    emulator.faults.outage(seconds=30)
    clock.advance(29)
    with pytest.raises(exceptions.ServiceUnavailable):
        databases.get_database(name=DATABASE, retry=None)
    clock.advance(1)

    assert DATABASE == databases.get_database(name=DATABASE, retry=None).name


def test_an_outage_that_ends_by_itself_can_be_cleared(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A clear ends it at once."""
    emulator.faults.outage(seconds=30)
    assert 30 == emulator.faults.outage_seconds
    emulator.faults.clear()

    assert 0 == emulator.faults.outage_seconds
    assert DATABASE == databases.get_database(name=DATABASE, retry=None).name


def test_pending_faults_can_be_seen(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A fault counts down, and goes when it is used up."""
    emulator.faults.fail(times=2)
    with pytest.raises(exceptions.ServiceUnavailable):
        databases.get_database(name=DATABASE, retry=None)
    (left,) = emulator.faults.pending()
    with pytest.raises(exceptions.ServiceUnavailable):
        databases.get_database(name=DATABASE, retry=None)

    assert (FaultKind.FAIL, 1) == (left.kind, left.times)
    assert () == emulator.faults.pending()


def test_an_operation_under_way_can_fail_at_once(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """It ends now with the error, and its target is gone."""
    operation = start_backup()
    clock.advance(60)
    emulator.fail_operation(
        operation.operation.name, code=Code.RESOURCE_EXHAUSTED, message="no room"
    )
    (view,) = emulator.operations()

    assert view.error is not None
    assert (OperationState.FAILED, clock.now()) == (view.state, view.ended)
    assert (Code.RESOURCE_EXHAUSTED, "no room") == (view.error.code, view.error.message)
    assert BACKUP not in {row.name for row in emulator.resources()}


def test_an_operation_that_waits_can_fail(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """A schema change that has not begun fails as well, and leaves the first one alone."""
    for name in ("A", "B"):
        databases.update_database_ddl(
            database=DATABASE, statements=[f"CREATE TABLE {name} (Id INT64) PRIMARY KEY (Id)"]
        )
    first, second = emulator.operations()
    emulator.fail_operation(second.name)

    assert [OperationState.RUNNING, OperationState.FAILED] == [
        view.state for view in emulator.operations()
    ]
    assert first.name == emulator.run_until_done()[0].name


def test_nothing_fails_with_ok(emulator: SpannerAdminEmulator) -> None:
    """That is a mistake of the caller."""
    with pytest.raises(ValueError, match="nothing fails"):
        emulator.fail_operation(f"{DATABASE}/operations/_x", code=Code.OK)


def test_what_has_ended_cannot_fail(
    emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """The result of an operation is final."""
    emulator.plan(Plan(), kind=CREATE_BACKUP)
    name = start_backup().operation.name
    emulator.run_until_done()

    with pytest.raises(RpcError, match="has ended"):
        emulator.fail_operation(name)


def test_a_guaranteed_undo_cannot_fail(
    emulator: SpannerAdminEmulator, instances: instance_v1.InstanceAdminClient
) -> None:
    """An instance whose creation was cancelled goes away in any case."""
    emulator.plan(Plan(cancel_delay=timedelta(minutes=1)))
    instance = instance_v1.Instance(
        config="projects/test/instanceConfigs/regional-europe-west1",
        display_name="Fresh",
        node_count=1,
    )
    operation = instances.create_instance(
        parent="projects/test", instance_id="fresh", instance=instance
    )
    operation.cancel()

    with pytest.raises(RpcError, match="being undone"):
        emulator.fail_operation(operation.operation.name)


@pytest.mark.parametrize("times", [0, -1])
def test_a_fault_happens_at_least_once(emulator: SpannerAdminEmulator, times: int) -> None:
    """Counted down from less, it would never end."""
    with pytest.raises(ValueError, match="or None for all calls"):
        emulator.faults.fail(times=times)


def test_no_answer_is_refused_with_ok(emulator: SpannerAdminEmulator) -> None:
    """A client could make nothing of it."""
    with pytest.raises(ValueError, match="nothing fails with it"):
        emulator.faults.fail(code=Code.OK)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_trouble_lasts_for_a_number_of_seconds(
    emulator: SpannerAdminEmulator, seconds: float
) -> None:
    """Others could not be waited for."""
    with pytest.raises(ValueError, match="from 0 on"):
        emulator.faults.delay(seconds)
    with pytest.raises(ValueError, match="from 0 on"):
        emulator.faults.outage(seconds=seconds)


def test_clients_that_gave_up_hold_nobody_back(
    emulator: SpannerAdminEmulator, channel: grpc.Channel
) -> None:
    """However many calls were held back, others are answered once their clients have gone."""
    emulator.faults.delay(60, method="GetDatabase")
    slow: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(GET_DATABASE)
    given_up = [slow.future(b"", timeout=0.2) for _ in range(200)]
    codes = {call.code() for call in given_up}
    emulator.faults.clear()

    assert {grpc.StatusCode.DEADLINE_EXCEEDED} == codes
    with pytest.raises(grpc.RpcError) as caught:
        slow(b"", timeout=5)
    assert grpc.StatusCode.INVALID_ARGUMENT == caught.value.code()
