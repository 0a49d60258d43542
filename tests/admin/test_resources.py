# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of calls and results agree with the client library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue

from airflow_spanner_lro.admin.requests import calls_for, result_of
from airflow_spanner_lro.core.kinds import KINDS, OperationKind, Service
from airflow_spanner_lro.core.names import SsdCacheName, parse_resource
from airflow_spanner_lro.core.operations.snapshot import ResourceState

from .scripted_client import NOW

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import ResourceName

CLIENTS: dict[Service, tuple[Any, Any]] = {
    Service.DATABASE_ADMIN: (database_v1, database_v1.DatabaseAdminClient),
    Service.INSTANCE_ADMIN: (instance_v1, instance_v1.InstanceAdminClient),
}
INSTANCE = "projects/test/instances/main"
RESOURCES = [
    pytest.param(parse_resource(text), id=parse_resource(text).noun)
    for text in [
        INSTANCE,
        f"{INSTANCE}/databases/orders",
        f"{INSTANCE}/backups/nightly",
        f"{INSTANCE}/instancePartitions/europe",
        "projects/test/instanceConfigs/custom-mine",
    ]
]
READY = {"name": "n", "state": "READY", "create_time": NOW}


@pytest.mark.parametrize("name", RESOURCES)
def test_the_calls_of_a_resource_exist(name: ResourceName) -> None:
    """Methods and fields are those of the generated client."""
    calls = calls_for(name)
    module, client = CLIENTS[calls.service]
    request = "".join(part.capitalize() for part in calls.delete.split("_")) + "Request"

    assert callable(getattr(client, calls.get))
    assert callable(getattr(client, calls.delete))
    assert calls.delete_field in getattr(module, request).meta.fields


@pytest.mark.parametrize("name", RESOURCES)
def test_the_ready_states_of_a_resource_exist(name: ResourceName) -> None:
    """Every state that means ready is one of the message's own."""
    calls = calls_for(name)
    module, _ = CLIENTS[calls.service]
    message = "".join(part.capitalize() for part in calls.get.split("_")[1:])

    states = {state.name for state in getattr(module, message).State}
    assert states >= set(calls.ready) >= {"READY"}


def test_every_kind_that_answers_a_resource_has_calls_for_it() -> None:
    """Whatever an operation works on can be looked at afterwards."""
    targets = {type(param.values[0]) for param in RESOURCES}

    assert {kind.target for kind in KINDS} <= targets


def test_an_ssd_cache_has_no_calls() -> None:
    """The client library cannot get or delete one."""
    name = SsdCacheName(project="test", config="custom-mine", ssd_cache="hot")

    with pytest.raises(KeyError):
        calls_for(name)


def finished(kind: OperationKind, response: Any) -> Operation:
    """Return a finished operation of a kind."""
    metadata = kind.metadata_type()
    operation = Operation(done=True)
    operation.metadata.Pack(metadata.pb(metadata()))
    operation.response.Pack(response)
    return operation


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind.response not in {None, "MoveInstanceResponse"}],
    ids=str,
)
def test_the_result_is_unpacked_by_its_kind(kind: OperationKind) -> None:
    """The response of each kind is told by name, state and create time, as far as it has them."""
    type_ = kind.service.message(str(kind.response))
    fields = {key: value for key, value in READY.items() if key in type_.meta.fields}

    result = result_of(finished(kind, type_.pb(type_(fields))))

    expected = ResourceState(name="n", state="READY", create_time=fields.get("create_time"))  # type: ignore[arg-type]
    assert expected == result


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(Operation(), id="nothing known"),
        *(
            pytest.param(finished(kind, Empty()), id=str(kind))
            for kind in KINDS
            if kind.response in {None, "MoveInstanceResponse"}
        ),
    ],
)
def test_an_operation_may_have_no_result(operation: Operation) -> None:
    """Schema changes, optimisations and moves answer no resource."""
    assert result_of(operation) is None


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_failed_operation_has_no_result(kind: OperationKind) -> None:
    """An error is not unpacked as a resource."""
    operation = finished(kind, Empty())
    operation.error.code = 8

    assert result_of(operation) is None


def test_a_result_of_an_unknown_kind_is_none() -> None:
    """What cannot be told apart is not guessed."""
    operation = Operation(done=True)
    operation.metadata.Pack(StringValue(value="compaction"))
    operation.response.Pack(Empty())

    assert result_of(operation) is None
