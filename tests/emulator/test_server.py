# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The server as a thing: starting, stopping, faults, plans, the call log, and bugs."""

from __future__ import annotations

import logging
import socket
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import (
    EmulatorStartError,
    ManualClock,
    Plan,
    SpannerAdminEmulator,
    SystemClock,
)
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from google.cloud import spanner_admin_database_v1 as database_v1

    from tests.emulator.conftest import StartBackup

SERVICE = "google.spanner.admin.database.v1.DatabaseAdmin"


def raw_call(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
    """Return a callable that sends bytes as they are."""
    return channel.unary_unary(f"/{SERVICE}/{method}", request_serializer=bytes)


def test_it_stops_quickly_and_leaves_no_thread() -> None:
    """Stopping takes under a second even while a call is held back, and ends the thread."""
    others = set(threading.enumerate())
    emulator = SpannerAdminEmulator()
    emulator.start()
    emulator.faults.delay(60)
    with open_channel(emulator.endpoint) as channel:
        pending = raw_call(channel, "GetDatabase").future(b"")
        with pytest.raises(grpc.FutureTimeoutError):
            pending.exception(timeout=0.1)
        begin = time.monotonic()
        emulator.stop()

    assert time.monotonic() - begin < 1
    left = set(threading.enumerate()) - others
    assert not [each for each in left if "emulator" in each.name]


def test_a_taken_port_is_an_error_that_says_so(empty_emulator: SpannerAdminEmulator) -> None:
    """The error names the port and what to do."""
    with pytest.raises(EmulatorStartError, match=str(empty_emulator.port)) as caught:
        SpannerAdminEmulator(port=empty_emulator.port).start()

    assert "choose another port" in str(caught.value)


def test_it_can_be_started_again() -> None:
    """A stopped emulator starts again on its port, with its world as it was."""
    emulator = SpannerAdminEmulator()
    with emulator:
        emulator.create_instance(INSTANCE)
        port = emulator.port
    with emulator:
        socket.create_connection((emulator.host, port), timeout=5).close()

        assert [INSTANCE] == [view.name for view in emulator.resources()]


def test_a_running_emulator_cannot_be_started(empty_emulator: SpannerAdminEmulator) -> None:
    """Starting twice is a mistake of the caller."""
    with pytest.raises(RuntimeError, match="runs already"):
        empty_emulator.start()


def test_calls_can_be_refused(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """So many calls of a method fail, others do not, and then all is well."""
    emulator.faults.fail(method="GetDatabase", code=Code.RESOURCE_EXHAUSTED, times=2)
    outcomes = []
    for _ in range(3):
        try:
            databases.get_database(name=DATABASE, retry=None)
            outcomes.append(Code.OK)
        except exceptions.ResourceExhausted:
            outcomes.append(Code.RESOURCE_EXHAUSTED)

    assert [Code.RESOURCE_EXHAUSTED, Code.RESOURCE_EXHAUSTED, Code.OK] == outcomes
    assert outcomes == [call.code for call in emulator.calls.of("GetDatabase")]


def test_a_fault_can_be_about_one_resource(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Only calls about that resource are refused."""
    emulator.create_database(f"{INSTANCE}/databases/other")
    emulator.faults.fail(resource=DATABASE, code=Code.PERMISSION_DENIED, times=None)
    databases.get_database(name=f"{INSTANCE}/databases/other")

    with pytest.raises(exceptions.PermissionDenied):
        databases.get_database(name=DATABASE)


def test_an_answer_can_be_lost(emulator: SpannerAdminEmulator, start_backup: StartBackup) -> None:
    """The client sees UNAVAILABLE, and the work is done all the same."""
    emulator.faults.lose_answer(method="CreateBackup")
    with pytest.raises(exceptions.ServiceUnavailable):
        start_backup()

    assert 1 == len(emulator.operations())


def test_an_outage_lasts_as_long_as_its_context(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Every call fails during an outage, and none after it."""
    with emulator.faults.outage(), pytest.raises(exceptions.ServiceUnavailable):
        databases.get_database(name=DATABASE, retry=None)

    assert DATABASE == databases.get_database(name=DATABASE).name


def test_faults_can_be_forgotten(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """After a clear, nothing is pending any more."""
    emulator.faults.fail(times=None)
    emulator.faults.delay(60)
    emulator.faults.clear()

    assert DATABASE == databases.get_database(name=DATABASE, retry=None, timeout=5).name


def test_the_log_tells_who_asked_what_and_when(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A call is logged with what it was about, in emulated and in real time."""
    before = time.time()
    start_backup()
    (call,) = emulator.calls.of("CreateBackup")

    assert f"{INSTANCE}/backups/nightly" == call.resource
    assert clock.now() == call.at
    assert before <= call.real_time <= time.time()
    assert Code.OK is call.code
    emulator.clear_calls()
    assert () == emulator.calls


def test_the_latest_plan_that_fits_counts(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Plans are chosen by kind, target and number of times; a missing duration is the usual one."""
    emulator.plan(Plan(duration=timedelta(hours=10)), kind=CREATE_BACKUP, target="*/backups/slow*")
    emulator.plan(Plan(duration=timedelta()), target="*/backups/instant", times=1)
    instant = start_backup("instant").done()
    usual, slow = start_backup("usual"), None
    clock.advance(25 * 60)
    slow = start_backup("slow-one")
    clock.advance(9 * 3600)

    assert instant
    assert usual.done()
    assert not slow.done()


def test_an_immediate_operation_is_done_in_its_first_answer(
    emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """With a plan of no duration a client need not poll."""
    emulator.plan(Plan(duration=timedelta()))
    operation = start_backup()

    assert operation.operation.done
    assert 0 == len(emulator.calls.of("GetOperation"))


@pytest.mark.usefixtures("emulator")
def test_a_bug_answers_internal(
    databases: database_v1.DatabaseAdminClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A handler that raises answers INTERNAL, logs a traceback, and the server goes on."""
    monkeypatch.setattr(
        "airflow_spanner_lro.emulator.databases.service.database_message",
        lambda *_, **__: 1 / 0,
    )
    with caplog.at_level(logging.ERROR), pytest.raises(exceptions.InternalServerError) as caught:
        databases.get_database(name=DATABASE)

    assert "ZeroDivisionError" in caught.value.message
    assert "Traceback" in caplog.text
    assert [] == list(databases.list_backups(parent=INSTANCE))


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x05ab"])
@pytest.mark.usefixtures("emulator")
def test_malformed_bytes_are_an_invalid_argument(channel: grpc.Channel, data: bytes) -> None:
    """A request that is no message is the client's mistake, not an emulator's bug."""
    with pytest.raises(grpc.RpcError) as caught:
        raw_call(channel, "GetDatabase")(data)

    assert grpc.StatusCode.INVALID_ARGUMENT is caught.value.code()


def test_a_request_can_be_too_long(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Administrative requests have a limit; schema changes have another one."""
    emulator.change_limits(request_bytes=200)
    column = "C" * 100
    statement = f"CREATE TABLE T ({column} INT64) PRIMARY KEY ({column})"
    databases.update_database_ddl(database=DATABASE, statements=[statement])

    with pytest.raises(exceptions.InvalidArgument, match="may have 200"):
        databases.get_database(name=f"{DATABASE}{'x' * 200}", retry=None)


def test_an_unknown_method_says_so(emulator: SpannerAdminEmulator, channel: grpc.Channel) -> None:
    """What the emulator lacks is UNIMPLEMENTED, by name, and in the log."""
    with pytest.raises(grpc.RpcError, match="MakeTea is not implemented"):
        raw_call(channel, "MakeTea")(b"")

    assert [Code.UNIMPLEMENTED] == [call.code for call in emulator.calls]


def test_a_system_clock_can_run_faster() -> None:
    """At a scale of a million, a moment is hours."""
    clock = SystemClock(scale=1_000_000)
    first = clock.now()
    while (second := clock.now()) == first:
        pass

    assert second > first


@pytest.mark.parametrize("scale", [0, -1])
def test_time_goes_forwards(scale: float) -> None:
    """No clock runs backwards, or can be set back."""
    clock = ManualClock()

    with pytest.raises(ValueError, match="forwards"):
        SystemClock(scale=scale)
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="go back"):
        clock.set(clock.now() - timedelta(seconds=1))
