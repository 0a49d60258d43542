# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Work that is done at once and answered late, whether or not its client waits for the answer."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from google.cloud import spanner_admin_database_v1 as database_v1
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import FaultKind, SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import ManualClock
    from tests.emulator.conftest import GetOperation

    Start = Callable[..., grpc.Future[operations_pb2.Operation]]

PATH = "/google.spanner.admin.database.v1.DatabaseAdmin/CreateBackup"
LONG = 60.0
"""Seconds for which nobody waits here."""
SOON = 10.0
"""Seconds within which things happen even on a busy machine."""
GIVEN_UP = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNKNOWN, Code.INTERNAL]


@pytest.fixture
def start(emulator: SpannerAdminEmulator, channel: grpc.Channel, clock: ManualClock) -> Start:
    """Return a function that starts the backup, and does not wait for the answer."""
    assert emulator.running
    call: grpc.UnaryUnaryMultiCallable[database_v1.CreateBackupRequest, operations_pb2.Operation]
    call = channel.unary_unary(
        PATH,
        request_serializer=database_v1.CreateBackupRequest.serialize,
        response_deserializer=operations_pb2.Operation.FromString,
    )
    backup = {"database": DATABASE, "expire_time": clock.now() + timedelta(days=1)}
    request = database_v1.CreateBackupRequest(parent=INSTANCE, backup_id="nightly", backup=backup)

    def send(*, timeout: float = LONG) -> grpc.Future[operations_pb2.Operation]:
        return call.future(request, timeout=timeout)

    return send


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    limit = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < limit
        threading.Event().wait(0.01)


def emulator_threads() -> list[threading.Thread]:
    """Return the threads of emulators of ours; Google's may run for other tests meanwhile."""
    running = threading.enumerate()
    return [each for each in running if "emulator" in each.name and "google" not in each.name]


def wait_for_work(emulator: SpannerAdminEmulator, method: str = "CreateBackup") -> None:
    """Wait until a call of a method is in the log."""
    wait_until(lambda: bool(emulator.calls.of(method)))


def test_everybody_sees_work_whose_answer_is_held_back(
    emulator: SpannerAdminEmulator, start: Start, get_operation: GetOperation
) -> None:
    """Before the answer, the operation runs, others find it, and the log has the call."""
    emulator.faults.answer_late(LONG, method="CreateBackup")
    held = start()
    wait_for_work(emulator)
    (view,) = emulator.operations()

    assert not held.done()
    assert (OperationState.RUNNING, BACKUP) == (view.state, view.target)
    assert view.name == get_operation(view.name).name
    assert [(BACKUP, Code.OK)] == [
        (call.resource, call.code) for call in emulator.calls.of("CreateBackup")
    ]
    held.cancel()


def test_a_cancel_counts_while_the_answer_is_held_back(
    emulator: SpannerAdminEmulator, start: Start, databases: database_v1.DatabaseAdminClient
) -> None:
    """Who finds the operation can end it before its starter knows its name."""
    emulator.faults.answer_late(LONG, method="CreateBackup")
    held = start()
    wait_for_work(emulator)
    (view,) = emulator.operations()
    databases.cancel_operation({"name": view.name})

    assert [OperationState.CANCELLED] == [each.state for each in emulator.operations()]
    assert not held.done()
    held.cancel()


def test_the_answer_comes_in_the_end(emulator: SpannerAdminEmulator, start: Start) -> None:
    """It is that of the work, so many real seconds later; the next one comes at once."""
    emulator.faults.answer_late(0.3, method="CreateBackup")
    begin = time.monotonic()
    operation = start().result(timeout=SOON)
    taken = time.monotonic() - begin
    (view,) = emulator.operations()

    assert view.name == operation.name
    assert taken >= 0.3
    assert () == emulator.faults.pending()


def test_work_stays_done_when_the_client_leaves(
    emulator: SpannerAdminEmulator, start: Start
) -> None:
    """Its deadline passes, and the operation goes on to its end."""
    emulator.faults.answer_late(LONG, method="CreateBackup")
    held = start(timeout=1.0)
    code = held.code()  # type: ignore[attr-defined]  # the future is the call, too
    (view,) = emulator.run_until_done()

    assert grpc.StatusCode.DEADLINE_EXCEEDED is code
    assert (OperationState.SUCCEEDED, BACKUP) == (view.state, view.target)
    assert [Code.OK] == [call.code for call in emulator.calls.of("CreateBackup")]


def test_a_delay_is_another_thing(emulator: SpannerAdminEmulator, start: Start) -> None:
    """A call that is held back before its work is forgotten with its client."""
    emulator.faults.delay(LONG, method="CreateBackup", times=1)
    held = start()
    wait_until(lambda: not emulator.faults.pending())
    held.cancel()
    wait_for_work(emulator)

    assert [Code.CANCELLED] == [call.code for call in emulator.calls.of("CreateBackup")]
    assert () == emulator.operations()


def test_stopping_waits_for_no_held_answer(emulator: SpannerAdminEmulator, start: Start) -> None:
    """The client hears that nobody is there, no thread is left, and the work stays done."""
    emulator.faults.answer_late(LONG)
    held = start()
    wait_for_work(emulator)
    begin = time.monotonic()
    emulator.stop()
    taken = time.monotonic() - begin

    assert taken < 1
    assert grpc.StatusCode.UNAVAILABLE is held.code()  # type: ignore[attr-defined]  # as above
    assert not emulator_threads()
    assert [OperationState.RUNNING] == [view.state for view in emulator.operations()]


def test_cut_connections_end_held_answers(emulator: SpannerAdminEmulator, start: Start) -> None:
    """The client sees its connection break, and finds the work done when it comes again."""
    emulator.faults.answer_late(LONG)
    held = start()
    wait_for_work(emulator)
    emulator.drop_connections()

    assert grpc.StatusCode.UNAVAILABLE is held.code()  # type: ignore[attr-defined]  # as above
    with open_channel(emulator.endpoint) as again:
        grpc.channel_ready_future(again).result(timeout=SOON)
    assert 1 == len(emulator.operations())


@pytest.mark.parametrize("code", GIVEN_UP)
@pytest.mark.parametrize("seconds", [0, 0.2])
def test_an_answer_can_be_lost_with_any_code(
    emulator: SpannerAdminEmulator, start: Start, code: Code, seconds: float
) -> None:
    """The work is done and the client is told an error, at once or when it has waited."""
    emulator.faults.lose_answer(method="CreateBackup", code=code)
    emulator.faults.answer_late(seconds, method="CreateBackup")
    begin = time.monotonic()
    told = start().code()  # type: ignore[attr-defined]  # as above

    assert grpc.StatusCode[code.name] is told
    assert time.monotonic() - begin >= seconds
    assert [code] == [call.code for call in emulator.calls.of("CreateBackup")]
    assert 1 == len(emulator.operations())


def test_a_refused_call_leaves_a_late_answer_pending(
    emulator: SpannerAdminEmulator, start: Start
) -> None:
    """Where no work is done no answer to it can come late: the next call's does."""
    emulator.faults.answer_late(0.3, method="CreateBackup")
    emulator.faults.fail(method="CreateBackup")
    refused = start().code()  # type: ignore[attr-defined]  # as above
    left = [(fault.kind, fault.times) for fault in emulator.faults.pending()]
    begin = time.monotonic()
    start().result(timeout=SOON)

    assert grpc.StatusCode.UNAVAILABLE is refused
    assert [(FaultKind.ANSWER_LATE, 1)] == left
    assert time.monotonic() - begin >= 0.3


def test_errors_are_answered_late_as_well(emulator: SpannerAdminEmulator, start: Start) -> None:
    """What the work says is held back, whatever it is."""
    start().result(timeout=SOON)
    emulator.faults.answer_late(0.3)
    begin = time.monotonic()
    code = start().code()  # type: ignore[attr-defined]  # as above

    assert grpc.StatusCode.ALREADY_EXISTS is code
    assert time.monotonic() - begin >= 0.3


@pytest.mark.slow
def test_held_answers_of_those_who_left_hold_nobody_back(
    emulator: SpannerAdminEmulator,
    channel: grpc.Channel,
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """However many answers are held back, others are answered once those clients have gone."""
    emulator.faults.answer_late(LONG, method="GetDatabase", times=None)
    slow: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        PATH.replace("CreateBackup", "GetDatabase")
    )
    given_up = [slow.future(b"", timeout=0.2) for _ in range(200)]
    codes = {call.code() for call in given_up}
    emulator.faults.clear()

    assert {grpc.StatusCode.DEADLINE_EXCEEDED} == codes
    assert DATABASE == databases.get_database(name=DATABASE, timeout=SOON).name


def test_held_answers_of_those_who_wait_hold_nobody_back(
    emulator: SpannerAdminEmulator,
    channel: grpc.Channel,
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """Three times as many as there are threads wait for their answers, and others get theirs."""
    emulator.faults.answer_late(LONG, method="GetDatabase", times=None)
    slow: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        PATH.replace("CreateBackup", "GetDatabase")
    )
    held = [slow.future(b"", timeout=LONG) for _ in range(200)]
    wait_until(lambda: len(emulator.calls.of("GetDatabase")) == len(held))
    begin = time.monotonic()
    found = [each.name for each in databases.list_databases(parent=INSTANCE, timeout=SOON)]
    emulator.stop()
    taken = time.monotonic() - begin

    assert DATABASE in found
    assert taken < SOON
    assert {grpc.StatusCode.UNAVAILABLE} == {call.code() for call in held}
    assert not emulator_threads()


def test_a_retry_meets_what_was_done_for_who_left(
    emulator: SpannerAdminEmulator, start: Start
) -> None:
    """The work is done once: whoever asks again is told that it is there."""
    emulator.faults.answer_late(LONG, method="CreateBackup")
    held = start(timeout=1.0)
    assert grpc.StatusCode.DEADLINE_EXCEEDED is held.code()  # type: ignore[attr-defined]  # as above
    again = start().code()  # type: ignore[attr-defined]  # as above

    assert grpc.StatusCode.ALREADY_EXISTS is again
    assert [BACKUP] == [view.target for view in emulator.operations()]


@pytest.mark.slow
def test_rest_calls_that_are_held_back_hold_nobody_back(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """More of them wait than there are threads, and a list is answered at once."""
    rest_emulator.faults.delay(LONG, method="GetDatabase", times=None)
    count = 100

    def get() -> None:
        # the emulator stops in the end
        with suppress(httpx.TransportError):
            httpx.get(f"{rest.base_url}{DATABASE}", timeout=LONG)

    clients = [threading.Thread(target=get) for _ in range(count)]
    for client in clients:
        client.start()
    wait_until(lambda: held_threads() >= count)
    answer = rest.get(f"/{INSTANCE}/databases", timeout=SOON)
    rest_emulator.stop()
    for client in clients:
        client.join(timeout=SOON)

    assert 200 == answer.status_code
    assert not [client for client in clients if client.is_alive()]


def held_threads() -> int:
    """Return how many threads the emulator has, each of which answers a call."""
    return len(emulator_threads())


def test_rest_answers_late_as_well(rest: httpx.Client, rest_emulator: SpannerAdminEmulator) -> None:
    """A database is gone while the answer to its drop is held back, and after the client left."""
    rest_emulator.faults.answer_late(LONG, method="DropDatabase")
    with pytest.raises(httpx.ReadTimeout):
        rest.delete(f"/{DATABASE}", timeout=1.0)
    wait_for_work(rest_emulator, "DropDatabase")

    assert [Code.OK] == [call.code for call in rest_emulator.calls.of("DropDatabase")]
    assert 404 == rest.get(f"/{DATABASE}").status_code


def test_rest_stops_with_a_held_answer(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator
) -> None:
    """Nobody waits for the answer, neither the emulator nor the client, and the work stays done."""
    rest_emulator.faults.answer_late(LONG, method="DropDatabase")

    def drop() -> None:
        # it may hear of the stop, or only see its connection end
        with suppress(httpx.TransportError):
            rest.delete(f"/{DATABASE}", timeout=LONG)

    client = threading.Thread(target=drop)
    client.start()
    wait_for_work(rest_emulator, "DropDatabase")
    begin = time.monotonic()
    rest_emulator.stop()
    taken = time.monotonic() - begin
    client.join(timeout=SOON)

    assert taken < 2
    assert not client.is_alive()
    assert DATABASE not in {view.name for view in rest_emulator.resources()}


@pytest.mark.parametrize(("code", "status"), [(Code.DEADLINE_EXCEEDED, 504), (Code.UNKNOWN, 500)])
def test_rest_loses_answers_with_any_code(
    rest: httpx.Client, rest_emulator: SpannerAdminEmulator, code: Code, status: int
) -> None:
    """The work is done, and the client is told the HTTP status of the code."""
    rest_emulator.faults.lose_answer(method="DropDatabase", code=code)
    answer = rest.delete(f"/{DATABASE}")

    assert (status, code.name) == (answer.status_code, answer.json()["error"]["status"])
    assert 404 == rest.get(f"/{DATABASE}").status_code
