# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of older packages than ours: what they do not know is not asked of them.

Airflow's constraints hold googleapis-common-protos 1.75.0, whose ListOperationsRequest has no
``return_partial_success``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator, rpc
from tests.emulator.conftest import DATABASE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.cloud.spanner_admin_database_v1 import DatabaseAdminClient
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.message import Message

NEWER = "return_partial_success"
NAME = "ListOperationsRequest"
PATH = "/google.longrunning.Operations/ListOperations"


def _older_file(file: FileDescriptor) -> descriptor_pb2.FileDescriptorProto:
    """Return what an older package says in this file."""
    copy = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(copy)
    for message in copy.message_type:
        if message.name == NAME:
            kept = [field for field in message.field if field.name != NEWER]
            del message.field[:]
            message.field.extend(kept)
    return copy


def _older() -> type[Message]:
    """Return the class of a ListOperationsRequest without the newer field."""
    pool = descriptor_pool.DescriptorPool()

    def add(file: FileDescriptor) -> None:
        for each in file.dependencies:
            add(each)
        pool.Add(_older_file(file))

    add(operations_pb2.DESCRIPTOR)
    found = pool.FindMessageTypeByName(f"google.longrunning.{NAME}")
    return message_factory.GetMessageClass(found)


@pytest.fixture(params=["older", "installed"])
def request_type(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[Message]]:
    """Let ListOperationsRequest be that of an older package, and as it is installed."""
    # read once a process: not to be read from other tests' emulators, nor by them from here
    rpc._messages_of.cache_clear()
    if request.param == "older":
        monkeypatch.setattr(operations_pb2, NAME, _older())
    type_: type[Message] = getattr(operations_pb2, NAME)
    assert "installed" == request.param or NEWER not in type_.DESCRIPTOR.fields_by_name
    yield type_
    rpc._messages_of.cache_clear()


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


_PACKAGE = "google.longrunning.operations_proto_pb2"
_GENERATED = """
from google.protobuf import descriptor_pool
from google.protobuf.internal import builder
{imports}

DESCRIPTOR = descriptor_pool.Default().AddSerializedFile({data!r})
builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, {package!r}, globals())
"""
_LIST = """
import os, sys
from google.longrunning import operations_pb2
from airflow_spanner_lro.cli import main
from airflow_spanner_lro.emulator import SpannerAdminEmulator

print("fields", *operations_pb2.ListOperationsRequest.DESCRIPTOR.fields_by_name)
instance = "projects/test/instances/main"
with SpannerAdminEmulator() as emulator:
    os.environ["SPANNER_EMULATOR_HOST"] = emulator.endpoint
    emulator.create_database(f"{instance}/databases/orders")
    for name in (instance, f"{instance}/databases/orders"):
        sys.argv = ["spanner-lro", "list", name]
        print("status", main(), [(call.method, call.code.name) for call in emulator.calls])
"""


@pytest.mark.slow
def test_the_command_lists_with_an_older_package(tmp_path: Path) -> None:
    """Emulator and command together, in a process whose package is the older one throughout."""
    folder = tmp_path / "google" / "longrunning"
    folder.mkdir(parents=True)
    file = operations_pb2.DESCRIPTOR
    # the modules of what it needs, which put that into the pool
    modules = (each.name.removesuffix(".proto").replace("/", ".") for each in file.dependencies)
    text = _GENERATED.format(
        imports="\n".join(f"import {module}_pb2" for module in modules),
        data=_older_file(file).SerializeToString(),
        package=_PACKAGE,
    )
    folder.joinpath("operations_proto_pb2.py").write_text(text)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _LIST],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    fields, *answers = (
        line for line in done.stdout.splitlines() if line[:6] in ("fields", "status")
    )

    assert NEWER not in fields.split()
    assert 2 == len(answers)
    assert all(answer.startswith("status 0") for answer in answers)
    assert "'OK'" in answers[1]
    assert done.stdout.count("'OK'") == done.stdout.count("('List")
