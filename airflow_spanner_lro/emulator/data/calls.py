# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Call Google's emulator for rows and schemas: each call has a deadline, each refusal is typed.

Nothing here waits for a process to come back: one that has died answers at once, with UNAVAILABLE.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.cloud.spanner_admin_database_v1 import types as admin_types
from google.cloud.spanner_v1 import types as spanner_types
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator.data.rows import RowsRefusedError, RowsUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from google.protobuf.message import Message
    from google.protobuf.struct_pb2 import Value

    _Answer = TypeVar("_Answer", bound=Message)

CALL_TIMEOUT = 60.0
"""How many seconds a call may take."""
LONG_CALL_TIMEOUT = 300.0
"""How many seconds a table may stream, and a change of the schema take, which fills indexes."""

_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
_SPANNER = "/google.spanner.v1.Spanner/"
_ADMIN = "/google.spanner.admin.database.v1.DatabaseAdmin/"
_POLL_SECONDS = 0.01


def message(plus: Any, /, **fields: Any) -> Any:
    """Return a plain protobuf message of a proto-plus class."""
    return plus.pb()(**fields)


class Connection:
    """A database of Google's emulator, and one session on it.

    :param channel: to the emulator
    :param database: its full name
    """

    def __init__(self, channel: grpc.Channel, database: str) -> None:
        self._channel = channel
        self.database = database
        self.short_name = DatabaseName.parse(database).database
        self.session = ""

    @contextmanager
    def in_session(self) -> Iterator[None]:
        """Hold a session."""
        created = self.call(
            _SPANNER + "CreateSession",
            message(spanner_types.CreateSessionRequest, database=self.database),
            spanner_types.Session.pb(),
        )
        self.session = created.name
        try:
            yield
        finally:
            request = message(spanner_types.DeleteSessionRequest, name=self.session)
            self.session = ""
            delete = self._channel.unary_unary(
                _SPANNER + "DeleteSession",
                request_serializer=_serialized,
                response_deserializer=empty_pb2.Empty.FromString,
            )
            # nobody waits for it: the process may be gone by now, or the channel closed
            with suppress(ValueError):
                delete.future(request, timeout=CALL_TIMEOUT)

    def call(
        self,
        path: str,
        request: Message | bytes,
        answer: type[_Answer],
        *,
        timeout: float | None = None,
    ) -> _Answer:
        """Make one call.

        :param request: also serialized already
        :param answer: the class of its answer
        :param timeout: how many seconds it may take, if not :data:`CALL_TIMEOUT`
        """
        method = self._channel.unary_unary(
            path, request_serializer=_serialized, response_deserializer=answer.FromString
        )
        with self._typed_errors():
            response: _Answer = method(request, timeout=timeout or CALL_TIMEOUT)
        return response

    def stream(self, path: str, request: Message) -> Iterator[Any]:
        """Yield the partial results of a read or a query."""
        method = self._channel.unary_stream(
            path,
            request_serializer=_serialized,
            response_deserializer=spanner_types.PartialResultSet.pb().FromString,
        )
        with self._typed_errors():
            yield from method(request, timeout=LONG_CALL_TIMEOUT)

    def begin_reading(self, at: datetime | None) -> tuple[bytes, datetime]:
        """Begin a read-only transaction; return its id, and the moment that it shows.

        :param at: the moment; None for now
        """
        options = message(spanner_types.TransactionOptions)
        options.read_only.return_read_timestamp = True
        if at is None:
            options.read_only.strong = True
        else:
            options.read_only.read_timestamp.FromDatetime(at)
        request = message(
            spanner_types.BeginTransactionRequest, session=self.session, options=options
        )
        answer = self.call(_SPANNER + "BeginTransaction", request, spanner_types.Transaction.pb())
        return bytes(answer.id), answer.read_timestamp.ToDatetime(UTC)

    def read(self, *, table: str, columns: Sequence[str], transaction: bytes) -> Iterator[Any]:
        """Read a whole table; yield the partial results."""
        request = message(
            spanner_types.ReadRequest,
            session=self.session,
            transaction=message(spanner_types.TransactionSelector, id=transaction),
            table=table,
            columns=columns,
            key_set=message(spanner_types.KeySet, all_=True),
        )
        return self.stream(_SPANNER + "StreamingRead", request)

    def query(self, sql: str, *, transaction: bytes | None = None) -> list[list[Value]]:
        """Return the rows of a query."""
        request = message(spanner_types.ExecuteSqlRequest, session=self.session, sql=sql)
        if transaction is not None:
            request.transaction.id = transaction
        return list(whole_rows(self.stream(_SPANNER + "ExecuteStreamingSql", request)))

    def insert(self, write: bytes) -> None:
        """Insert rows in a transaction of their own.

        :param write: a ``Mutation.Write``, serialized
        """
        options = message(spanner_types.TransactionOptions)
        options.read_write.SetInParent()
        request = message(
            spanner_types.CommitRequest, session=self.session, single_use_transaction=options
        )
        # fields that are put behind a message belong to it: so rows go out as they came in
        insert = _field(_MUTATIONS, _field(_INSERT, write))
        body = request.SerializeToString() + insert
        self.call(_SPANNER + "Commit", body, spanner_types.CommitResponse.pb())

    def schema(self) -> tuple[tuple[str, ...], bytes]:
        """Return the statements of the schema as it is now, and its proto descriptors."""
        request = message(admin_types.GetDatabaseDdlRequest, database=self.database)
        answer = self.call(
            _ADMIN + "GetDatabaseDdl", request, admin_types.GetDatabaseDdlResponse.pb()
        )
        return tuple(answer.statements), bytes(answer.proto_descriptors)

    def change_schema(self, statements: Sequence[str], *, proto_descriptors: bytes = b"") -> None:
        """Execute statements of DDL, and wait until they have been."""
        if not statements:
            return
        request = message(
            admin_types.UpdateDatabaseDdlRequest,
            database=self.database,
            statements=statements,
            proto_descriptors=proto_descriptors,
        )
        operation = self.call(
            _ADMIN + "UpdateDatabaseDdl",
            request,
            operations_pb2.Operation,
            timeout=LONG_CALL_TIMEOUT,
        )
        deadline = time.monotonic() + LONG_CALL_TIMEOUT
        while not operation.done:
            if time.monotonic() > deadline:
                text = (
                    f"A change of the schema of {self.short_name} has taken more than "
                    f"{LONG_CALL_TIMEOUT:.0f} s: {statements[0]!r}"
                )
                raise RowsUnavailableError(text)
            time.sleep(_POLL_SECONDS)
            operation = self.call(
                "/google.longrunning.Operations/GetOperation",
                operations_pb2.GetOperationRequest(name=operation.name),
                operations_pb2.Operation,
            )
        if operation.HasField("error"):
            text = (
                f"Google's emulator refused the schema of {self.short_name}: "
                f"{operation.error.message}"
            )
            raise RowsRefusedError(text)

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as exc:
            reason = f"{exc.code().name}: {exc.details()}"
            if exc.code() in _GONE:
                text = f"Google's emulator does not answer for {self.short_name} ({reason})"
                raise RowsUnavailableError(text) from exc
            text = f"Google's emulator refused a call for {self.short_name} ({reason})"
            raise RowsRefusedError(text) from exc
        except ValueError as exc:
            # that is what a channel says once it is closed
            text = f"Google's emulator does not answer for {self.short_name} ({exc})"
            raise RowsUnavailableError(text) from exc


def whole_rows(results: Iterable[Any]) -> Iterator[list[Value]]:
    """Yield the rows of partial results, whose values may be cut anywhere."""
    row: list[Value] = []
    width = 0
    pending: Value | None = None
    for result in results:
        width = width or len(result.metadata.row_type.fields)
        values = list(result.values)
        if pending is not None and values:
            values[0] = merged(pending, values[0])
            pending = None
        if result.chunked_value:
            pending = values.pop()
        row += values
        whole = len(row) // width * width if width else 0
        for start in range(0, whole, width or 1):
            yield row[start : start + width]
        del row[:whole]


def merged(left: Value, right: Value) -> Value:
    """Return a value that came in two pieces, as ``PartialResultSet.chunked_value`` says."""
    kind = left.WhichOneof("kind")
    if kind == "string_value":
        return type(left)(string_value=left.string_value + right.string_value)
    values = list(left.list_value.values)
    more = list(right.list_value.values)
    if values and more:
        last, first = values[-1], more[0]
        kinds = {last.WhichOneof("kind"), first.WhichOneof("kind")}
        if kinds in ({"string_value"}, {"list_value"}):
            values[-1:] = [merged(last, first)]
            del more[0]
    whole = type(left)()
    whole.list_value.values.extend([*values, *more])
    return whole


_MUTATIONS = 4
"""The number of ``mutations`` in a CommitRequest."""
_INSERT = 1
"""The number of ``insert`` in a Mutation."""


def _serialized(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a message that holds bytes, on the wire."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >> 7:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
