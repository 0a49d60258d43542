# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Data calls as REST: sessions, and what is done in them, on the port of the admin API.

They are read and written as other calls are, and go to Google's emulator as gRPC. An answer of
several messages is a list of them, as the service's REST has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf import json_format
from google.rpc import status_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.data.passthrough import PREFIX, STREAMING, details_of
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.http.requests import read_request
from airflow_spanner_lro.emulator.http.responses import (
    ResponseStyle,
    check_style,
    write_json,
    write_response,
)
from airflow_spanner_lro.emulator.http.routes import WHOLE_BODY, HttpRule, Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough, Metadata
    from airflow_spanner_lro.emulator.http.routes import RouteMatch

_DATABASE = "projects/*/instances/*/databases/*"
_SESSION = f"{_DATABASE}/sessions/*"
_DETAILS = "grpc-status-details-bin"


def _in_session(name: str, verb: str) -> HttpRule:
    return HttpRule(PREFIX + name, "POST", f"/v1/{{session={_SESSION}}}:{verb}", WHOLE_BODY)


DATA_RULES: tuple[HttpRule, ...] = (
    HttpRule(
        f"{PREFIX}CreateSession", "POST", f"/v1/{{database={_DATABASE}}}/sessions", WHOLE_BODY
    ),
    HttpRule(
        f"{PREFIX}BatchCreateSessions",
        "POST",
        f"/v1/{{database={_DATABASE}}}/sessions:batchCreate",
        WHOLE_BODY,
    ),
    HttpRule(f"{PREFIX}ListSessions", "GET", f"/v1/{{database={_DATABASE}}}/sessions"),
    HttpRule(f"{PREFIX}GetSession", "GET", f"/v1/{{name={_SESSION}}}"),
    HttpRule(f"{PREFIX}DeleteSession", "DELETE", f"/v1/{{name={_SESSION}}}"),
    _in_session("ExecuteSql", "executeSql"),
    _in_session("ExecuteStreamingSql", "executeStreamingSql"),
    _in_session("ExecuteBatchDml", "executeBatchDml"),
    _in_session("Read", "read"),
    _in_session("StreamingRead", "streamingRead"),
    _in_session("BeginTransaction", "beginTransaction"),
    _in_session("Commit", "commit"),
    _in_session("Rollback", "rollback"),
    _in_session("PartitionQuery", "partitionQuery"),
    _in_session("PartitionRead", "partitionRead"),
    _in_session("BatchWrite", "batchWrite"),
)
"""Which data call answers which HTTP request, as the service's own annotations say it."""


class RestDataCalls:
    """Answers data calls that come as HTTP.

    :param passthrough: who passes them on; None if there are no rows
    """

    def __init__(self, passthrough: DataPassthrough | None) -> None:
        self._passthrough = passthrough
        self._router = Router(DATA_RULES)

    def find(self, verb: str, path: str) -> RouteMatch | None:
        """Return the route of a request; None if it is no data call."""
        return self._router.find(verb, path)

    def answer(
        self,
        match: RouteMatch,
        *,
        style: ResponseStyle,
        query: Iterable[tuple[str, str]],
        body: bytes,
        waiting: Callable[[], bool],
    ) -> bytes:
        """Return the body of the answer.

        :param style: how to write it
        :param query: the parameters that are not HTTP's own
        :param body: of the request
        :param waiting: tells whether the client is still there
        :raises RpcError: if the call is refused
        :raises DroppedCallError: if a fault drops it
        """
        method = match.route.rpc.removeprefix(PREFIX)
        if self._passthrough is None:
            raise errors.no_data_calls(method=method)
        request_type, response_type = _messages_of(method)
        check_style(style, response_type)
        request = request_type()
        read_request(request, match=match, query=query, body=body)
        try:
            messages = [
                response_type.FromString(data)
                for data in self._passthrough.messages(
                    method, request.SerializeToString(), _HttpCaller(waiting)
                )
            ]
        except grpc.RpcError as exc:
            raise _RelayedError.of(exc) from exc
        if method not in STREAMING:
            return write_response(messages[0], style)
        parts = [
            json_format.MessageToDict(each, use_integers_for_enums=style.numbers)
            for each in messages
        ]
        return write_json(parts, pretty=style.pretty)


class _HttpCaller:
    """Who makes a data call over HTTP: somebody without a deadline, who may leave."""

    def __init__(self, waiting: Callable[[], bool]) -> None:
        self._waiting = waiting

    def invocation_metadata(self) -> Metadata:
        """Return nothing: headers of HTTP are for HTTP."""
        return ()

    def time_remaining(self) -> float | None:
        """Return that the caller waits for any time."""
        return None

    def is_active(self) -> bool:
        """Tell whether the caller is still there."""
        return self._waiting()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Tell that the caller is there; nobody notices at once when it leaves."""
        del callback
        return True

    def send_initial_metadata(self, metadata: Metadata) -> None:
        """Drop them: nobody of REST knows them."""

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """Drop them, too."""


class _RelayedError(RpcError):
    """An error of Google's emulator, with the details that it has."""

    def __init__(self, code: Code, message: str, status: status_pb2.Status) -> None:
        super().__init__(code, message)
        self._status = status

    @classmethod
    def of(cls, exc: grpc.RpcError) -> _RelayedError:
        """Return an error of gRPC as one of ours."""
        code, message = Code[exc.code().name], exc.details() or ""
        status = status_pb2.Status(code=code, message=message)
        for key, value in details_of(exc):
            if key == _DETAILS and isinstance(value, bytes):
                status = status_pb2.Status.FromString(value)
        return cls(code, message, status)

    def to_status(self) -> status_pb2.Status:
        """Return it as it came."""
        return self._status


def _messages_of(method: str) -> tuple[type[Message], type[Message]]:
    """Return the types of a method's request and response."""
    # the client library takes long to load, and most emulators have no rows
    from google.cloud.spanner_v1 import types  # noqa: PLC0415
    from google.protobuf import empty_pb2  # noqa: PLC0415

    types_of: dict[str, tuple[type[Message], type[Message]]] = {
        "CreateSession": (types.CreateSessionRequest.pb(), types.Session.pb()),
        "BatchCreateSessions": (
            types.BatchCreateSessionsRequest.pb(),
            types.BatchCreateSessionsResponse.pb(),
        ),
        "ListSessions": (types.ListSessionsRequest.pb(), types.ListSessionsResponse.pb()),
        "GetSession": (types.GetSessionRequest.pb(), types.Session.pb()),
        "DeleteSession": (types.DeleteSessionRequest.pb(), empty_pb2.Empty),
        "ExecuteSql": (types.ExecuteSqlRequest.pb(), types.ResultSet.pb()),
        "ExecuteStreamingSql": (types.ExecuteSqlRequest.pb(), types.PartialResultSet.pb()),
        "ExecuteBatchDml": (types.ExecuteBatchDmlRequest.pb(), types.ExecuteBatchDmlResponse.pb()),
        "Read": (types.ReadRequest.pb(), types.ResultSet.pb()),
        "StreamingRead": (types.ReadRequest.pb(), types.PartialResultSet.pb()),
        "BeginTransaction": (types.BeginTransactionRequest.pb(), types.Transaction.pb()),
        "Commit": (types.CommitRequest.pb(), types.CommitResponse.pb()),
        "Rollback": (types.RollbackRequest.pb(), empty_pb2.Empty),
        "PartitionQuery": (types.PartitionQueryRequest.pb(), types.PartitionResponse.pb()),
        "PartitionRead": (types.PartitionReadRequest.pb(), types.PartitionResponse.pb()),
        "BatchWrite": (types.BatchWriteRequest.pb(), types.BatchWriteResponse.pb()),
    }
    return types_of[method]
