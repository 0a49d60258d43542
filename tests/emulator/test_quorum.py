# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Changes of quorum, by hand: the generated Python client does not know them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import grpc
import pytest
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.names import DatabaseName, InstanceName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import RpcError, protos as quorum_pb2
from airflow_spanner_lro.emulator.databases.service import DatabaseService
from airflow_spanner_lro.emulator.journal import actions
from airflow_spanner_lro.emulator.operations.registry import new_world
from airflow_spanner_lro.emulator.plans import Planner
from tests.emulator.conftest import DATABASE

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import GetOperation

DUAL = "projects/test/instances/dual"
TWIN = f"{DUAL}/databases/twin"
METHOD = "/google.spanner.admin.database.v1.DatabaseAdmin/ChangeQuorum"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class ChangeQuorum(Protocol):
    """Changes the quorum of a database."""

    def __call__(
        self, location: str | None = None, *, name: str = TWIN, etag: str = ""
    ) -> operations_pb2.Operation:
        """Change it, to that of one region or of both."""
        ...


def request_for(
    location: str | None, *, name: str = TWIN, etag: str = ""
) -> quorum_pb2.ChangeQuorumRequest:
    """Return a request for a quorum of one region, or of both."""
    request = quorum_pb2.ChangeQuorumRequest(name=name, etag=etag)
    if location is None:
        request.quorum_type.dual_region.SetInParent()
    else:
        request.quorum_type.single_region.serving_location = location
    return request


@pytest.fixture
def change_quorum(emulator: SpannerAdminEmulator, channel: grpc.Channel) -> ChangeQuorum:
    """Put a database with a dual-region configuration there; return how to change its quorum."""
    emulator.create_instance(DUAL, config="dual-region-japan1")
    emulator.create_database(TWIN)
    call = channel.unary_unary(
        METHOD,
        request_serializer=quorum_pb2.ChangeQuorumRequest.SerializeToString,
        response_deserializer=operations_pb2.Operation.FromString,
    )

    def change(
        location: str | None = None, *, name: str = TWIN, etag: str = ""
    ) -> operations_pb2.Operation:
        operation: operations_pb2.Operation = call(request_for(location, name=name, etag=etag))
        return operation

    return change


def refused(change_quorum: ChangeQuorum, location: str | None = None, **rest: str) -> grpc.Call:
    """Return how a change of quorum is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        change_quorum(location, **rest)
    assert isinstance(caught.value, grpc.Call)
    return caught.value


def metadata_of(operation: operations_pb2.Operation) -> quorum_pb2.ChangeQuorumMetadata:
    """Unpack the metadata."""
    metadata = quorum_pb2.ChangeQuorumMetadata()
    assert operation.metadata.Unpack(metadata)
    return metadata


def test_a_quorum_changes_in_the_background(
    change_quorum: ChangeQuorum, get_operation: GetOperation, clock: ManualClock
) -> None:
    """The operation belongs to the database, tells its times, and answers nothing."""
    started = clock.now()
    name = change_quorum("asia-northeast1").name
    pending = get_operation(name)
    clock.advance(120)
    ended = get_operation(name)

    assert name.startswith(f"{TWIN}/operations/_auto_op_")
    assert not pending.done
    assert not metadata_of(pending).HasField("end_time")
    assert metadata_of(ended).request.quorum_type.single_region.serving_location
    assert started == metadata_of(ended).start_time.ToDatetime(tzinfo=UTC)
    assert clock.now() == metadata_of(ended).end_time.ToDatetime(tzinfo=UTC)
    assert "type.googleapis.com/google.protobuf.Empty" == ended.response.type_url


def test_its_type_url_is_the_one_that_gcloud_filters_by(change_quorum: ChangeQuorum) -> None:
    """A filter of gcloud lists these operations by the type of their metadata."""
    operation = change_quorum("asia-northeast1")

    expected = "type.googleapis.com/google.spanner.admin.database.v1.ChangeQuorumMetadata"
    assert expected == operation.metadata.type_url


def test_it_is_listed_among_the_operations_of_databases(
    change_quorum: ChangeQuorum, databases: database_v1.DatabaseAdminClient
) -> None:
    """Lists show it like any other operation of a database."""
    name = change_quorum("asia-northeast1").name
    wanted = (
        "metadata.@type:type.googleapis.com/google.spanner.admin.database.v1.ChangeQuorumMetadata"
    )

    listed = databases.list_database_operations({"parent": DUAL, "filter": wanted})
    assert [name] == [operation.name for operation in listed]


def test_it_goes_there_and_back(change_quorum: ChangeQuorum, clock: ManualClock) -> None:
    """What a quorum is already is refused; the other is not."""
    already = refused(change_quorum)
    change_quorum("asia-northeast2")
    clock.advance(120)
    twice = refused(change_quorum, "asia-northeast2")
    change_quorum()

    assert already.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert twice.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_one_change_at_a_time(change_quorum: ChangeQuorum) -> None:
    """A second change while one is pending is refused."""
    change_quorum("asia-northeast2")

    call = refused(change_quorum, "asia-northeast1")
    assert call.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "still in progress" in str(call.details())


def test_only_dual_regions_have_a_quorum_to_change(change_quorum: ChangeQuorum) -> None:
    """In any other configuration it is a FAILED_PRECONDITION."""
    call = refused(change_quorum, "europe-west1", name=DATABASE)

    assert call.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "dual-region" in str(call.details())


@pytest.mark.parametrize("location", ["", "europe-west1"])
def test_the_region_is_one_of_the_two(change_quorum: ChangeQuorum, location: str) -> None:
    """Another serving_location is an INVALID_ARGUMENT."""
    assert refused(change_quorum, location).code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_wrong_etag_aborts(change_quorum: ChangeQuorum) -> None:
    """An etag that is not that of the quorum is ABORTED."""
    assert refused(change_quorum, "asia-northeast1", etag="x").code() is grpc.StatusCode.ABORTED


def test_a_missing_database_has_no_quorum(change_quorum: ChangeQuorum) -> None:
    """A database that is not there is NOT_FOUND."""
    call = refused(change_quorum, "asia-northeast1", name=f"{DUAL}/databases/nowhere")

    assert call.code() is grpc.StatusCode.NOT_FOUND


def test_a_cancelled_change_changes_nothing(
    change_quorum: ChangeQuorum,
    databases: database_v1.DatabaseAdminClient,
    get_operation: GetOperation,
) -> None:
    """After a cancel the quorum is what it was, so that it can be asked for again."""
    name = change_quorum("asia-northeast1").name
    databases.cancel_operation({"name": name})

    assert Code.CANCELLED == get_operation(name).error.code
    assert not change_quorum("asia-northeast1").done


def test_the_etag_changes_with_the_quorum() -> None:
    """The etag that fits is accepted once: the change makes another one."""
    world = new_world(plans=Planner())
    actions.seed_instance(world, InstanceName.parse(DUAL), config="dual-region-japan1", now=NOW)
    name = DatabaseName.parse(TWIN)
    actions.seed_database(world, name, statements=(), drop_protection=False, now=NOW)
    quorums = DatabaseService(world)
    etag = world.resources.databases.get(name).quorum_etag
    quorums.ChangeQuorum(request_for("asia-northeast1", etag=etag), NOW)
    later = NOW + timedelta(minutes=2)
    world.catch_up(later)

    with pytest.raises(RpcError) as caught:
        quorums.ChangeQuorum(request_for(None, etag=etag), later)
    assert caught.value.code is Code.ABORTED
    changed = world.resources.databases.get(name).quorum_etag
    assert not quorums.ChangeQuorum(request_for(None, etag=changed), later).done
