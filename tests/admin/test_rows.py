# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Reading rows: as of one moment, nothing else than reading, and never without end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.api_core.exceptions import DeadlineExceeded, InvalidArgument, ServiceUnavailable
from google.cloud.spanner_v1 import RequestOptions, Session
from google.cloud.spanner_v1.services.spanner import SpannerClient
from google.cloud.spanner_v1.services.spanner.transports import SpannerGrpcTransport
from google.cloud.spanner_v1.types import CommitRequest, Mutation, TransactionOptions

from airflow_spanner_lro.admin import rows
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.admin.rows import ReadStoppedError, RowReader, TooManyRowsError
from airflow_spanner_lro.core.drill.tables import LIST_TABLES, TableName
from airflow_spanner_lro.core.errors import NoRowsError
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import SpannerAdminEmulator
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDERS = DatabaseName(project="test", instance="main", database="orders")
SCHEMA = (
    "CREATE TABLE Orders (Id INT64) PRIMARY KEY (Id)",
    "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)",
    "CREATE VIEW Latest SQL SECURITY INVOKER AS SELECT Orders.Id FROM Orders",
)


@pytest.fixture(scope="module")
def rows_endpoint() -> Iterator[Endpoint]:
    """Run an emulator with rows: one database with five orders."""
    require_google_emulator()
    with SpannerAdminEmulator(data=True) as emulator:
        emulator.create_database(str(ORDERS), SCHEMA)
        endpoint = Endpoint(target=emulator.endpoint, plain_text=True)
        insert(endpoint, range(5))
        yield endpoint


@contextmanager
def writing(endpoint: Endpoint) -> Iterator[tuple[SpannerClient, str]]:
    """Return a client that may write, and a session."""
    with grpc.insecure_channel(endpoint.target) as channel:
        client = SpannerClient(transport=SpannerGrpcTransport(channel=channel))
        yield client, client.create_session(database=str(ORDERS)).name


def insert(endpoint: Endpoint, ids: range) -> None:
    """Insert orders."""
    values = [[str(id_)] for id_ in ids]
    orders = Mutation(insert=Mutation.Write(table="Orders", columns=["Id"], values=values))
    with writing(endpoint) as (client, session):
        client.commit(
            CommitRequest(
                session=session,
                mutations=[orders],
                single_use_transaction=TransactionOptions(
                    read_write=TransactionOptions.ReadWrite()
                ),
            )
        )


@pytest.fixture
def reader(rows_endpoint: Endpoint) -> Iterator[RowReader]:
    """Return a reader of the orders."""
    with RowReader(endpoint=rows_endpoint, database=ORDERS) as reader:
        yield reader


def test_rows_have_the_values_of_python(reader: RowReader) -> None:
    """A query returns rows as tuples, with NULL as None."""
    assert [(1, None, "a", [1, 2])] == reader.query("SELECT 1, NULL, 'a', [1, 2]")
    # another test adds some, with larger numbers
    assert 5 == reader.value("SELECT COUNT(*) FROM Orders WHERE Id < 100")


def test_a_query_reads_as_of_a_moment(rows_endpoint: Endpoint, reader: RowReader) -> None:
    """What was inserted since then is not seen."""
    moment = reader.now()
    before = reader.value("SELECT COUNT(*) FROM Orders")
    insert(rows_endpoint, range(100, 103))

    with RowReader(endpoint=rows_endpoint, database=ORDERS, moment=moment) as stale:
        assert before == stale.value("SELECT COUNT(*) FROM Orders")
    assert before + 3 == reader.value("SELECT COUNT(*) FROM Orders")


def test_the_tables_of_the_database_are_listed(reader: RowReader) -> None:
    """Views, and the tables about tables, are none of them."""
    tables = [TableName(*row).label for row in reader.query(LIST_TABLES)]

    assert ["Items", "Orders"] == tables


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM Orders WHERE TRUE",
        "INSERT INTO Orders (Id) VALUES (7)",
        "SELECT 1; DELETE FROM Orders WHERE TRUE",
        "DROP TABLE Orders",
    ],
)
def test_nothing_can_be_written(reader: RowReader, sql: str) -> None:
    """Whatever the text is, the database stays as it is."""
    before = reader.value("SELECT COUNT(*) FROM Orders")

    with pytest.raises(InvalidArgument):
        reader.query(sql)

    assert before == reader.value("SELECT COUNT(*) FROM Orders")


def test_what_was_not_there_yet_cannot_be_read(rows_endpoint: Endpoint, reader: RowReader) -> None:
    """As of a moment before the table was made there is none."""
    moment = reader.now()
    long_ago = moment.replace(year=moment.year - 1)

    with (
        RowReader(endpoint=rows_endpoint, database=ORDERS, moment=long_ago) as stale,
        pytest.raises(InvalidArgument, match="Table not found"),
    ):
        stale.query("SELECT COUNT(*) FROM Orders")


def test_more_rows_than_fit_are_refused(reader: RowReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check is no export: it stops before the worker's memory is full."""
    monkeypatch.setattr(rows, "MOST_ROWS", 3)

    assert 3 == len(reader.query("SELECT Id FROM Orders LIMIT 3"))
    with pytest.raises(TooManyRowsError):
        reader.query("SELECT Id FROM Orders")


def test_an_emulator_without_rows_says_so() -> None:
    """Where there are no rows, the error says how to have some."""
    with SpannerAdminEmulator() as emulator:
        emulator.create_database(str(ORDERS))
        endpoint = Endpoint(target=emulator.endpoint, plain_text=True)
        with (
            RowReader(endpoint=endpoint, database=ORDERS) as reader,
            pytest.raises(NoRowsError, match="--data"),
        ):
            reader.query("SELECT 1")


class FakeSpanner(grpc.GenericRpcHandler):
    """Answers CreateSession, and to a query whatever a test wants.

    :param answer: is called with the request of a query
    """

    def __init__(self, answer: Callable[[Any, grpc.ServicerContext], Any]) -> None:
        self.requests: list[Any] = []
        self._answer = answer

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return what answers a method."""
        method = handler_call_details.method.rpartition("/")[2]
        if method == "ExecuteStreamingSql":
            return grpc.unary_stream_rpc_method_handler(self._query)
        return grpc.unary_unary_rpc_method_handler(
            lambda *_: Session.serialize(Session(name=f"{ORDERS}/sessions/1"))
        )

    def _query(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self.requests.append(request)
        yield from self._answer(request, context)


@contextmanager
def serving(answer: Callable[[Any, grpc.ServicerContext], Any]) -> Iterator[Any]:
    """Run a server whose queries a test answers; yield it, and a reader of it."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    fake = FakeSpanner(answer)
    server.add_generic_rpc_handlers((fake,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    endpoint = Endpoint(target=f"127.0.0.1:{port}", plain_text=True)
    try:
        with RowReader(endpoint=endpoint, database=ORDERS, query_timeout=30.0) as reader:
            yield fake, reader
    finally:
        server.stop(grace=None)


def test_a_kill_ends_a_query_that_is_not_answered() -> None:
    """Whoever stops a reader does not wait for Spanner, and the query is cancelled there."""
    begun, left = threading.Event(), threading.Event()

    def never(_: Any, context: grpc.ServicerContext) -> Any:
        context.add_callback(left.set)
        begun.set()
        left.wait(timeout=30)
        return ()

    with serving(never) as (_, reader):
        threading.Thread(target=lambda: (begun.wait(timeout=30), reader.stop())).start()
        with pytest.raises(ReadStoppedError):
            reader.query("SELECT 1")
        reader.close()
        assert left.wait(timeout=30)


def test_a_query_has_a_time_of_its_own() -> None:
    """A query that takes longer than it may is given up."""

    def never(_: Any, context: grpc.ServicerContext) -> Any:
        left = threading.Event()
        context.add_callback(left.set)
        left.wait(timeout=30)
        return ()

    with serving(never) as (_, reader):
        reader._query_timeout = 0.1
        with pytest.raises(DeadlineExceeded):
            reader.query("SELECT 1")


def test_a_stopped_reader_has_no_answer() -> None:
    """What is answered after the kill is nobody's any more."""
    with serving(lambda *_: ()) as (_, reader):
        reader.stop()
        with pytest.raises(ReadStoppedError):
            reader.query("SELECT 1")


def test_a_lost_connection_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is changed by a query, so it is made again, a few times."""
    monkeypatch.setattr(rows, "_PAUSE", 0.01)

    def lost(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.UNAVAILABLE, "the connection is lost")

    with serving(lost) as (fake, reader):
        with pytest.raises(ServiceUnavailable):
            reader.query("SELECT 1")
        assert rows._ATTEMPTS == len(fake.requests)


def test_a_query_gives_way_to_the_application() -> None:
    """It has low priority, and reads only."""
    from google.cloud.spanner_v1.types import ExecuteSqlRequest  # noqa: PLC0415  # beside its use

    def refuse(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")

    with serving(refuse) as (fake, reader):
        with pytest.raises(InvalidArgument):
            reader.query("SELECT 1")
        request = ExecuteSqlRequest.deserialize(fake.requests[0])

    assert RequestOptions.Priority.PRIORITY_LOW == request.request_options.priority
    assert "read_only" in request.transaction.single_use
