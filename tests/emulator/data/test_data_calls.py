# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The unmodified client library on one endpoint: admin calls are ours, data calls Google's."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import spanner
from google.cloud.spanner_v1 import types as spanner_types
from google.rpc import error_details_pb2, status_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.data.conftest import SCHEMA, count_of, insert
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from google.cloud.spanner_v1.transaction import Transaction

    from tests.emulator.data.conftest import RowsEmulator

_SPANNER = "/google.spanner.v1.Spanner/"
_STREAMS = 100


def test_a_life_on_one_endpoint(rows_emulator: RowsEmulator) -> None:
    """The client creates an instance and a database, inserts and queries, on one endpoint."""
    client = spanner.Client(project="test-project", credentials=rows_emulator.credentials)
    instance = client.instance(
        "fresh",
        configuration_name="projects/test-project/instanceConfigs/regional-europe-west1",
        display_name="Fresh one",
        node_count=1,
    )
    creating = instance.create()
    rows_emulator.clock.advance(timedelta(hours=1))
    creating.result()
    database = instance.database("orders", ddl_statements=SCHEMA)
    creating = database.create()
    rows_emulator.clock.advance(timedelta(hours=1))
    creating.result()

    insert(database, 3)

    with database.snapshot() as snapshot:
        rows = list(snapshot.execute_sql("SELECT Id, Name FROM Orders ORDER BY Id"))
    assert [[0, "order 0"], [1, "order 1"], [2, "order 2"]] == rows


def test_a_transaction(rows_emulator: RowsEmulator) -> None:
    """A read-write transaction reads what it has written, and commits."""
    database = rows_emulator.make()

    def work(transaction: Transaction) -> int:
        transaction.execute_update("INSERT INTO Orders (Id, Name) VALUES (1, 'one')")
        ((found,),) = transaction.execute_sql("SELECT COUNT(*) FROM Orders")
        return int(found)

    assert 1 == database.run_in_transaction(work)
    assert 1 == count_of(database)


def test_many_partial_results(rows_emulator: RowsEmulator) -> None:
    """A result of several MB comes as a stream of parts, and is whole."""
    database = rows_emulator.make()
    text = "x" * 200_000
    with database.batch() as batch:
        batch.insert("Orders", ["Id", "Name"], [[number, text] for number in range(30)])

    with database.snapshot() as snapshot:
        rows = list(snapshot.read("Orders", ["Id", "Name"], spanner.KeySet(all_=True)))

    assert [[number, text] for number in range(30)] == rows


def test_a_statement_is_mirrored_when_it_is_committed(rows_emulator: RowsEmulator) -> None:
    """A column is there for data calls as soon as, and not before, its statement is committed."""
    database = rows_emulator.make()
    rows_emulator.admin.plan(Plan(duration=timedelta(minutes=10)))
    database.update_ddl(["ALTER TABLE Orders ADD COLUMN Paid BOOL"])

    with database.snapshot() as snapshot, pytest.raises(exceptions.InvalidArgument):
        list(snapshot.execute_sql("SELECT Paid FROM Orders"))
    rows_emulator.clock.advance(timedelta(minutes=10))
    with database.snapshot() as snapshot:
        rows = list(snapshot.execute_sql("SELECT Paid FROM Orders"))

    assert [] == rows


def test_a_database_is_dropped_with_its_rows(rows_emulator: RowsEmulator) -> None:
    """A database that is dropped and made again has no rows."""
    database = rows_emulator.make()
    insert(database, 3)
    database.drop()

    with pytest.raises(exceptions.NotFound) as refused:
        count_of(rows_emulator.database("orders"))
    again = rows_emulator.make()

    assert f"Database not found: {again.name}" in refused.value.message
    assert 0 == count_of(again)


def test_an_instance_is_deleted_with_its_rows(rows_emulator: RowsEmulator) -> None:
    """An instance that is deleted and made again has no rows."""
    database = rows_emulator.make()
    insert(database, 3)
    rows_emulator.instance.delete()

    with pytest.raises(exceptions.NotFound):
        count_of(rows_emulator.database("orders"))
    assert 0 == count_of(rows_emulator.make())


def test_a_postgresql_database(rows_emulator: RowsEmulator) -> None:
    """A database of the PostgreSQL dialect has its rows, too."""
    rows_emulator.make("other")
    database = rows_emulator.instance.database("postgres", database_dialect=2)
    database.create()
    rows_emulator.clock.advance(timedelta(hours=1))
    database.update_ddl(['CREATE TABLE "Orders" (id bigint primary key, name text)'])
    rows_emulator.clock.advance(timedelta(hours=1))

    with database.batch() as batch:
        batch.insert("Orders", ["id", "name"], [[1, "one"]])
    with database.snapshot() as snapshot:
        rows = list(snapshot.execute_sql('SELECT name FROM "Orders"'))

    assert [["one"]] == rows


def test_a_database_that_is_being_created(rows_emulator: RowsEmulator) -> None:
    """There are no sessions on a database until it is created."""
    rows_emulator.make("other")
    database = rows_emulator.instance.database("late", ddl_statements=SCHEMA)
    database.create()

    with pytest.raises(exceptions.FailedPrecondition):
        count_of(database)
    rows_emulator.clock.advance(timedelta(hours=1))

    assert 0 == count_of(database)


def test_details_of_errors_come_through(rows_emulator: RowsEmulator) -> None:
    """An error of Google's emulator arrives with its code, text and details."""
    database = rows_emulator.make()
    with open_channel(rows_emulator.admin.endpoint) as channel:
        get: Any = channel.unary_unary(
            f"{_SPANNER}GetSession", request_serializer=spanner_types.GetSessionRequest.serialize
        )
        request = spanner_types.GetSessionRequest(name=f"{database.name}/sessions/none")
        with pytest.raises(grpc.RpcError) as refused:
            get(request, timeout=30)

    assert grpc.StatusCode.NOT_FOUND is refused.value.code()
    assert f"Session not found: {database.name}/sessions/none" == refused.value.details()
    came: Any = refused.value.trailing_metadata()
    status = status_pb2.Status.FromString(dict(came)["grpc-status-details-bin"])
    info = error_details_pb2.ResourceInfo()
    assert status.details[0].Unpack(info)
    assert "type.googleapis.com/google.spanner.v1.Session" == info.resource_type


def test_a_request_that_is_none(rows_emulator: RowsEmulator) -> None:
    """Bytes that are no request are refused, and nothing else happens."""
    database = rows_emulator.make()
    with open_channel(rows_emulator.admin.endpoint) as channel:
        for method in ("CreateSession", "Commit", "ExecuteStreamingSql"):
            call: Any = channel.unary_stream(f"{_SPANNER}{method}")
            with pytest.raises(grpc.RpcError) as refused:
                list(call(b"\xff\xff no request", timeout=30))
            assert refused.value.code() in (
                grpc.StatusCode.INTERNAL,
                grpc.StatusCode.INVALID_ARGUMENT,
            )

    assert 0 == count_of(database)


def test_a_method_that_nobody_knows(rows_emulator: RowsEmulator) -> None:
    """A method that Google's emulator does not know is not implemented."""
    rows_emulator.make()
    with open_channel(rows_emulator.admin.endpoint) as channel:
        call: Any = channel.unary_unary(f"{_SPANNER}InventRows")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"", timeout=30)

    assert grpc.StatusCode.UNIMPLEMENTED is refused.value.code()


@pytest.mark.slow
def test_open_streams_do_not_hold_up_the_admin_plane(rows_emulator: RowsEmulator) -> None:
    """While a hundred streams are open that nobody reads, admin calls are answered."""
    database = rows_emulator.make()
    text = "x" * 500_000
    with database.batch() as batch:
        batch.insert("Orders", ["Id", "Name"], [[number, text] for number in range(4)])
    with ExitStack() as stack:
        channel = stack.enter_context(open_channel(rows_emulator.admin.endpoint))
        create: Any = channel.unary_unary(
            f"{_SPANNER}CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
            response_deserializer=spanner_types.Session.deserialize,
        )
        session = create(spanner_types.CreateSessionRequest(database=database.name), timeout=30)
        read: Any = channel.unary_stream(
            f"{_SPANNER}StreamingRead",
            request_serializer=spanner_types.ReadRequest.serialize,
            response_deserializer=spanner_types.PartialResultSet.deserialize,
        )
        request = spanner_types.ReadRequest(
            session=session.name,
            table="Orders",
            columns=["Id", "Name"],
            key_set=spanner_types.KeySet(all_=True),
        )
        for _ in range(_STREAMS):
            opened = read(request)
            stack.callback(opened.cancel)
            next(opened)

        assert [database.name] == [each.name for each in rows_emulator.instance.list_databases()]


def test_a_deadline_goes_through(rows_emulator: RowsEmulator) -> None:
    """A call whose time is over is ended, also while it waits here."""
    database = rows_emulator.make()
    rows_emulator.admin.faults.delay(60, method="CreateSession")
    with open_channel(rows_emulator.admin.endpoint) as channel:
        create: Any = channel.unary_unary(
            f"{_SPANNER}CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
        )
        with pytest.raises(grpc.RpcError) as refused:
            create(spanner_types.CreateSessionRequest(database=database.name), timeout=0.2)

    assert grpc.StatusCode.DEADLINE_EXCEEDED is refused.value.code()


def test_faults_happen_to_data_calls(rows_emulator: RowsEmulator) -> None:
    """A fault by the name of a data call happens to it, and the log of calls tells."""
    database = rows_emulator.make()
    insert(database, 1)
    rows_emulator.admin.faults.fail(
        method="ExecuteStreamingSql", code=Code.PERMISSION_DENIED, message="Not you."
    )

    with pytest.raises(exceptions.PermissionDenied, match="Not you"):
        count_of(database)

    assert 1 == count_of(database)
    codes = [each.code for each in rows_emulator.admin.calls.of("ExecuteStreamingSql")]
    assert [Code.PERMISSION_DENIED, Code.OK] == codes


def test_a_statement_that_only_we_accept(
    rows_emulator: RowsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Data calls of a database are told which statement Google's emulator refuses, and why."""
    statement = (
        "CREATE TABLE Odd (Id INT64, Up STRING(MAX) AS (NO_SUCH_FUNCTION('x')) STORED) "
        "PRIMARY KEY (Id)"
    )
    database = rows_emulator.make("orders", *SCHEMA, statement)

    with pytest.raises(exceptions.FailedPrecondition) as refused:
        count_of(database)

    assert f"does not execute {statement!r}" in refused.value.message
    assert 1 == sum(
        "Data calls of database orders are refused" in e.message for e in caplog.records
    )
    assert 0 == count_of(rows_emulator.make("other"))


def test_what_rows_do_without_is_left_out(rows_emulator: RowsEmulator) -> None:
    """A statement that has nothing to do with rows does not cost them if it is refused."""
    database = rows_emulator.make(
        "orders", *SCHEMA, "CREATE ROLE reader", "GRANT SELECT ON TABLE Orders TO ROLE reader"
    )
    insert(database, 2)

    assert 2 == count_of(database)


def test_google_s_emulator_dies(
    rows_emulator: RowsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """When it is killed, data calls say so in one sentence, and the admin plane goes on."""
    database = rows_emulator.make()
    insert(database, 1)
    assert rows_emulator.admin.data is not None
    os.kill(rows_emulator.admin.data.pid, signal.SIGKILL)

    with open_channel(rows_emulator.admin.endpoint) as channel:
        create: Any = channel.unary_unary(
            f"{_SPANNER}CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
        )
        with pytest.raises(grpc.RpcError) as refused:
            create(spanner_types.CreateSessionRequest(database=database.name), timeout=30)
    rows_emulator.admin.create_database(rows_emulator.name_of("later"), SCHEMA)

    assert grpc.StatusCode.UNAVAILABLE is refused.value.code()
    gone = "Google's Spanner emulator is gone, and the rows with it: it has ended (signal 9)."
    assert str(refused.value.details()).startswith(gone)
    assert 1 == sum(each.message.startswith(gone) for each in caplog.records)
    names = [each.name for each in rows_emulator.instance.list_databases()]
    assert [rows_emulator.name_of("later"), database.name] == names


def test_a_second_start_begins_without_rows(rows_emulator: RowsEmulator) -> None:
    """After a stop and a start the databases are there, empty."""
    database = rows_emulator.make()
    insert(database, 3)
    rows_emulator.admin.stop()
    rows_emulator.admin.start()

    assert 0 == count_of(rows_emulator.reconnected().database("orders"))


@pytest.mark.parametrize("how", ["reset", "restore"])
def test_another_world_has_no_rows(
    rows_emulator: RowsEmulator, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When the world is made again, its databases have schemas and no rows, which is said."""
    database = rows_emulator.make()
    snapshot = rows_emulator.admin.snapshot()
    insert(database, 3)
    if how == "reset":
        rows_emulator.admin.reset()
        database = rows_emulator.make()
    else:
        rows_emulator.admin.restore(snapshot)

    assert 0 == count_of(rows_emulator.database("orders"))
    told = [each for each in caplog.records if each.message.startswith("Rows are gone")]
    assert (how == "restore") == (len(told) == 1)
