# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulator has every RPC that the installed client library knows, with the same messages."""

from __future__ import annotations

import inspect
import re
from operator import attrgetter
from types import ModuleType

import pytest
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    grpc as database_transport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    grpc as instance_transport,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.protos import plain_type

METHODS = Engine(clock=ManualClock()).methods
OPERATIONS = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
# how a generated transport says what an RPC is called, and how its messages are written and read
STUB = re.compile(
    r'"(?P<path>/[\w.]+/\w+)",\s*request_serializer=(?P<request>[\w.]+)\.\w+,'
    r"\s*response_deserializer=(?P<response>[\w.]+)\.\w+"
)


def stubs() -> dict[str, tuple[type[object], type[object] | None]]:
    """Return the messages of every RPC that the client library can call, by path."""
    found: dict[str, tuple[type[object], type[object] | None]] = {}
    for module in (database_transport, instance_transport):
        assert isinstance(module, ModuleType)
        for stub in STUB.finditer(inspect.getsource(module)):
            request = attrgetter(stub["request"])(module)
            response = attrgetter(stub["response"])(module) if stub["response"] != "None" else None
            found[stub["path"]] = request, response
    return found


STUBS = stubs()


def test_the_client_library_was_understood() -> None:
    """The stubs of both services were found, so that the tests below test something."""
    assert len(STUBS) >= 48


@pytest.mark.parametrize("path", sorted(STUBS))
def test_every_rpc_of_the_client_library_has_a_handler(path: str) -> None:
    """Each RPC that a client can call is there, and reads and writes the client's messages."""
    request, response = STUBS[path]
    method = METHODS[path]

    assert (
        plain_type(request).DESCRIPTOR.full_name == plain_type(method.request).DESCRIPTOR.full_name
    )
    if response is not None:
        expected = plain_type(response).DESCRIPTOR.full_name
        assert expected == plain_type(method.response).DESCRIPTOR.full_name


@pytest.mark.parametrize("name", sorted(OPERATIONS.methods_by_name))
def test_every_rpc_on_operations_has_a_handler(name: str) -> None:
    """The general interface is there as well, with what the service does not offer."""
    described = OPERATIONS.methods_by_name[name]
    method = METHODS[f"/{OPERATIONS.full_name}/{name}"]

    assert described.input_type.full_name == plain_type(method.request).DESCRIPTOR.full_name
    assert described.output_type.full_name == plain_type(method.response).DESCRIPTOR.full_name
