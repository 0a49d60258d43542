# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema changes that take long or fail in the end, and values that come in pieces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud.spanner_v1 import types as spanner_types
from google.longrunning import operations_pb2
from google.protobuf import struct_pb2

from airflow_spanner_lro.emulator.data import calls
from airflow_spanner_lro.emulator.data.calls import Connection, whole_rows
from airflow_spanner_lro.emulator.data.rows import RowsRefusedError, RowsUnavailableError
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATABASE = "projects/test/instances/main/databases/shop"
_OPERATION = f"{_DATABASE}/operations/one"
_STATEMENT = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"


@dataclass(slots=True)
class SlowGoogle(grpc.GenericRpcHandler):
    """Stands where Google's emulator would be: its schema changes take a few looks.

    :param looks: how often an operation is found running
    :param error: what it ends with; empty for success
    """

    looks: int = 2
    error: str = ""
    methods: list[str] = field(default_factory=list)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Answer any method with the operation."""
        self.methods.append(handler_call_details.method.rpartition("/")[2])
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        del data, context
        operation = operations_pb2.Operation(name=_OPERATION)
        operation.done = len(self.methods) > self.looks
        if operation.done and self.error:
            operation.error.code = 9
            operation.error.message = self.error
        return bytes(operation.SerializeToString())


@pytest.fixture
def google() -> SlowGoogle:
    """Return what stands where Google's emulator would be."""
    return SlowGoogle()


@pytest.fixture
def connection(google: SlowGoogle) -> Iterator[Connection]:
    """Return a connection to it."""
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((google,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with open_channel(f"127.0.0.1:{port}") as channel:
            yield Connection(channel, _DATABASE)
        server.stop(None).wait()


def test_a_schema_change_is_waited_for(connection: Connection, google: SlowGoogle) -> None:
    """It is looked at until it is done."""
    connection.change_schema([_STATEMENT])

    assert ["UpdateDatabaseDdl", "GetOperation", "GetOperation"] == google.methods


def test_no_statements_are_no_call(connection: Connection, google: SlowGoogle) -> None:
    """A database without a schema needs no change of it."""
    connection.change_schema([])

    assert [] == google.methods


def test_a_schema_change_that_fails_in_the_end_is_refused(
    connection: Connection, google: SlowGoogle
) -> None:
    """Its own text tells why, with the short name of the database."""
    google.error = "Duplicate name in schema: A."
    with pytest.raises(
        RowsRefusedError, match=r"refused the schema of shop: Duplicate name in schema: A\."
    ):
        connection.change_schema([_STATEMENT])


def test_a_schema_change_that_never_ends_is_given_up(
    connection: Connection, google: SlowGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever; the text has the first statement."""
    monkeypatch.setattr(calls, "LONG_CALL_TIMEOUT", 0.5)
    google.looks = 10**9
    with pytest.raises(RowsUnavailableError, match=r"schema of shop has taken more than .*CREATE"):
        connection.change_schema([_STATEMENT])


def _value(value: object) -> struct_pb2.Value:
    """Return a value of a result: a text or a list of values."""
    if isinstance(value, list):
        return struct_pb2.Value(
            list_value=struct_pb2.ListValue(values=[_value(each) for each in value])
        )
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    return struct_pb2.Value(string_value=str(value))


def _part(*values: object, chunked: bool = False) -> Any:
    """Return a partial result of two columns."""
    part = spanner_types.PartialResultSet.pb()(chunked_value=chunked)
    for name in ("Id", "V"):
        part.metadata.row_type.fields.add(name=name)
    part.values.extend(_value(each) for each in values)
    return part


@pytest.mark.parametrize(
    ("parts", "rows"),
    [
        ([], []),
        ([_part()], []),
        ([_part("1"), _part("a", "2"), _part("b")], [["1", "a"], ["2", "b"]]),
        ([_part("1", "ab", chunked=True), _part("cd")], [["1", "abcd"]]),
        ([_part("1", "ab", chunked=True), _part(), _part("cd")], [["1", "abcd"]]),
        ([_part("1", ["a", "b"], chunked=True), _part(["c", "d"])], [["1", ["a", "bc", "d"]]]),
        ([_part("1", ["a", True], chunked=True), _part([False])], [["1", ["a", True, False]]]),
        ([_part("1", ["a", True], chunked=True), _part(["b"])], [["1", ["a", True, "b"]]]),
        ([_part("1", [], chunked=True), _part(["b"])], [["1", ["b"]]]),
        ([_part("1", ["a"], chunked=True), _part([])], [["1", ["a"]]]),
        ([_part("1", [["a"]], chunked=True), _part([["b"], ["c"]])], [["1", [["ab"], ["c"]]]]),
    ],
)
def test_rows_are_whole_wherever_they_are_cut(parts: list[Any], rows: list[list[object]]) -> None:
    """A text goes on in the next part, a list too, and a value that cannot be cut never does."""
    found = [list(row) for row in whole_rows(parts)]

    assert [[_value(each) for each in row] for row in rows] == found
