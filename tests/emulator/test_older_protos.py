# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of older packages than ours: what they do not know is not asked of them.

Airflow's constraints hold googleapis-common-protos 1.75.0, whose ListOperationsRequest has no
``return_partial_success``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.conftest import DATABASE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.spanner_admin_database_v1 import DatabaseAdminClient
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.message import Message

NEWER = "return_partial_success"
NAME = "ListOperationsRequest"
PATH = "/google.longrunning.Operations/ListOperations"


def _older() -> type[Message]:
    """Return the class of a ListOperationsRequest without the newer field."""
    pool = descriptor_pool.DescriptorPool()

    def add(file: FileDescriptor) -> None:
        for each in file.dependencies:
            add(each)
        copy = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(copy)
        for message in copy.message_type:
            if message.name == NAME:
                kept = [field for field in message.field if field.name != NEWER]
                del message.field[:]
                message.field.extend(kept)
        pool.Add(copy)

    add(operations_pb2.DESCRIPTOR)
    found = pool.FindMessageTypeByName(f"google.longrunning.{NAME}")
    return message_factory.GetMessageClass(found)


@pytest.fixture(params=["older", "installed"])
def request_type(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Message]:
    """Let ListOperationsRequest be that of an older package, and as it is installed."""
    if request.param == "older":
        monkeypatch.setattr(operations_pb2, NAME, _older())
    type_: type[Message] = getattr(operations_pb2, NAME)
    assert "installed" == request.param or NEWER not in type_.DESCRIPTOR.fields_by_name
    return type_


@pytest.fixture
def empty_emulator(
    request_type: type[Message], clock: ManualClock
) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator that was made with these messages."""
    assert request_type is operations_pb2.ListOperationsRequest
    with SpannerAdminEmulator(clock=clock, rest_port=0) as running:
        yield running


def test_operations_are_listed(
    emulator: SpannerAdminEmulator, request_type: type[Message], databases: DatabaseAdminClient
) -> None:
    """Over gRPC and REST a list is answered, whether or not its request knows the newer field."""
    databases.update_database_ddl(database=DATABASE, statements=["ANALYZE"])
    wanted = [view.name for view in emulator.operations()]
    asked = request_type(name=f"{DATABASE}/operations")
    listed = databases.list_operations(asked)
    answer = httpx.get(f"{emulator.rest_endpoint}/v1/{DATABASE}/operations", timeout=10)

    assert 1 == len(wanted)
    assert wanted == [each.name for each in listed.operations]
    assert 200 == answer.status_code
    assert wanted == [each["name"] for each in answer.json()["operations"]]


def test_a_newer_request_is_read_by_an_older_server(
    emulator: SpannerAdminEmulator, request_type: type[Message]
) -> None:
    """Who knows the field refuses it over gRPC, who does not takes no notice, as protobuf does."""
    knows = NEWER in request_type.DESCRIPTOR.fields_by_name
    # field 4 is the name, and field 5 set to true the newer one, as a newer client sends it
    name = f"{DATABASE}/operations".encode()
    data = bytes([4 << 3 | 2, len(name)]) + name + bytes([5 << 3, 1])
    with open_channel(emulator.endpoint) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(PATH)
        answered = call.future(data, timeout=10)
        code = answered.code()

    assert (grpc.StatusCode.UNIMPLEMENTED if knows else grpc.StatusCode.OK) == code


def test_rest_refuses_a_parameter_that_it_does_not_know(
    emulator: SpannerAdminEmulator, request_type: type[Message]
) -> None:
    """REST tells in words that there is no such field, or that it is not supported."""
    knows = NEWER in request_type.DESCRIPTOR.fields_by_name
    url = f"{emulator.rest_endpoint}/v1/{DATABASE}/operations?returnPartialSuccess=true"
    answer = httpx.get(url, timeout=10)

    assert (501 if knows else 400) == answer.status_code
    assert "artial" in answer.json()["error"]["message"]
