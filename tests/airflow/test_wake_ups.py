# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A triggerer that hears of ends on a subscription, by Google's client, against a double."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_spanner_lro.admin import pubsub
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling.wake_ups import MOST_BYTES
from airflow_spanner_lro.triggers import wake_ups
from airflow_spanner_lro.triggers.wake_ups import WakeUps
from tests.airflow.listening import (
    OPERATION,
    SUBSCRIPTION,
    TOPIC,
    Recorder,
    effects,
    entry,
    nameless,
    until,
    warnings,
)
from tests.airflow.stats_recorder import StatsRecorder
from tests.support.garbage import no_collections
from tests.support.log_lines import logged
from tests.support.pubsub import PubSubDouble, running_pubsub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LONGEST_TURN = 0.2
"""Of what all turns together take; 0.005 to 0.03 were measured."""


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[PubSubDouble]:
    """Run a Pub/Sub with the subscription that is configured, and with little patience."""
    monkeypatch.setattr(wake_ups, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(wake_ups, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(pubsub, "STEADY_AFTER", 0.3)
    with running_pubsub() as running:
        running.create_subscription(SUBSCRIPTION, topic=TOPIC)
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.address)
        monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION", SUBSCRIPTION)
        yield running


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> StatsRecorder:
    """Return what Airflow's stats are told."""
    return StatsRecorder.behind_stats(monkeypatch)


@pytest.fixture
def poller() -> Recorder:
    """Return a poller that keeps what wakes it."""
    return Recorder()


@pytest.fixture
async def listening(double: PubSubDouble, poller: Recorder) -> AsyncIterator[WakeUps]:
    """Listen until the test is over."""
    del double
    heard = WakeUps(lambda: [poller])
    heard.start()
    yield heard
    heard.stop()


async def break_often(double: PubSubDouble, poller: Recorder, *, times: int) -> None:
    """Break the stream after each of some entries, and return when it is open again."""
    for number in range(times):
        # what was not acknowledged before a break comes twice, so numbers tell nothing
        name = OperationName.parse(f"{OPERATION}{number}")
        double.publish(TOPIC, entry(operation={"id": str(name), "last": True}))
        await until(lambda: name in [each.operation for each in poller.woken])  # noqa: B023  # now
        double.break_streams()
    await until(lambda: double.streams(SUBSCRIPTION))


@pytest.mark.usefixtures("listening")
async def test_end_wakes(double: PubSubDouble, poller: Recorder, stats: StatsRecorder) -> None:
    """An entry about an end wakes each poller, is acknowledged, counted, and its delay timed."""
    double.publish(TOPIC, entry())

    await until(lambda: double.acknowledged(SUBSCRIPTION))

    (woken,) = poller.woken
    assert OPERATION == str(woken.operation)
    assert {"woken": 1} == effects(stats)
    (delay,) = stats.timings["spanner_lro.wake_up_delay"]
    assert timedelta(seconds=2) <= delay < timedelta(seconds=20)


@pytest.mark.usefixtures("listening")
async def test_whether_it_works_is_told_once(
    double: PubSubDouble, poller: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sets it up reads that it listens, and that the first entry has arrived."""
    caplog.set_level(logging.INFO)
    await break_often(double, poller, times=2)

    assert [
        f"Wake-ups: listening to Spanner's audit log. {SUBSCRIPTION}",
        "Wake-ups arrive: the first operation is polled because of one.",
    ] == logged(caplog, wake_ups.__name__, level=logging.INFO)


@pytest.mark.usefixtures("listening")
async def test_start_wakes_nobody(
    double: PubSubDouble, poller: Recorder, stats: StatsRecorder
) -> None:
    """An entry about a start is counted, and is no reason to look."""
    double.publish(TOPIC, entry(operation={"id": OPERATION, "first": True}))

    await until(lambda: effects(stats))

    assert {"not_last": 1} == effects(stats)
    assert [] == poller.woken


@pytest.mark.usefixtures("listening")
async def test_doubled_messages(
    double: PubSubDouble, poller: Recorder, stats: StatsRecorder
) -> None:
    """Each copy of a message wakes; what is not watched any more is counted as that."""
    double.publish(TOPIC, entry())
    await until(lambda: poller.woken)
    poller.watched = 0
    for _ in range(3):
        double.publish(TOPIC, entry())

    await until(lambda: sum(effects(stats).values()) == 4)

    assert {"woken": 1, "not_watched": 3} == effects(stats)


@pytest.mark.usefixtures("listening")
async def test_what_is_no_entry_is_dropped(
    double: PubSubDouble,
    poller: Recorder,
    stats: StatsRecorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever is published there is counted, acknowledged, and does nothing; entries go on."""
    poison = [
        b"",
        b"{",
        b"\xff" * 100,
        b"x" * (MOST_BYTES + 1),
        b'{"protoPayload": {"@type": "something else"}}',
        entry(protoPayload={"@type": "type.googleapis.com/google.cloud.audit.AuditLog"}),
        entry(operation={}),
        entry(operation={"id": "x", "last": True}, protoPayload=nameless()),
    ]
    for data in (*poison, entry()):
        double.publish(TOPIC, data)

    await until(lambda: len(double.acknowledged(SUBSCRIPTION)) == len(poison) + 1)
    await until(lambda: poller.woken)

    assert {
        "not_json": 3,
        "too_large": 1,
        "not_audit": 1,
        "not_spanner": 1,
        "not_operation": 1,
        "names_nothing": 1,
        "woken": 1,
    } == effects(stats)
    assert [] == warnings(caplog)


@pytest.mark.slow
@pytest.mark.usefixtures("listening")
async def test_flood_leaves_the_loop_to_others(
    double: PubSubDouble, poller: Recorder, stats: StatsRecorder
) -> None:
    """Five thousand messages at once hold nobody else up for long, and are all acknowledged."""
    await until(lambda: double.streams(SUBSCRIPTION))
    turns, data = [0.0], entry()
    await asyncio.to_thread(lambda: [double.publish(TOPIC, data) for _ in range(5_000)])

    with no_collections():
        while sum(effects(stats).values()) < 5_000:
            # of this thread, so that other processes do not count
            before = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    await until(lambda: not double.unacknowledged(SUBSCRIPTION))
    assert 5_000 == len(poller.woken)
    assert max(turns) < LONGEST_TURN * sum(turns)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "role roles/pubsub.subscriber"),
        (grpc.StatusCode.UNAUTHENTICATED, "valid credentials into connection 'google_cloud_def"),
        (grpc.StatusCode.INTERNAL, "PUBSUB_EMULATOR_HOST names 127.0.0.1:"),
    ],
)
async def test_refused(
    double: PubSubDouble,
    poller: Recorder,
    caplog: pytest.LogCaptureFixture,
    *,
    code: grpc.StatusCode,
    advice: str,
) -> None:
    """A refusal is told once, with what to do; it is tried again, and told when it is over."""
    caplog.set_level(logging.INFO)
    double.refuse("StreamingPull", code, "said Pub/Sub")
    heard = WakeUps(lambda: [poller])
    heard.start()
    await until(lambda: warnings(caplog))
    tried = double.calls.count("StreamingPull")
    await until(lambda: double.calls.count("StreamingPull") >= tried + 3)
    (warning,) = warnings(caplog)
    lost = poller.lost

    double.allow("StreamingPull")
    double.publish(TOPIC, entry())
    await until(lambda: poller.woken)
    heard.stop()

    assert f"triggerer-0 cannot be listened to ({code.name}: said Pub/Sub). " in warning
    assert advice in warning
    assert warning.endswith(SUBSCRIPTION)
    assert lost
    assert 1 == sum("Wake-ups are back" in each.getMessage() for each in caplog.records)
    assert [warning] == warnings(caplog)


@pytest.mark.usefixtures("listening")
async def test_subscription_that_is_deleted_and_made_again(
    double: PubSubDouble, poller: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a subscription there is one warning; with a new one entries arrive again."""
    await until(lambda: double.streams(SUBSCRIPTION))

    double.delete_subscription(SUBSCRIPTION)
    await until(lambda: warnings(caplog))
    double.create_subscription(SUBSCRIPTION, topic=TOPIC)
    double.publish(TOPIC, entry())
    await until(lambda: poller.woken)

    (warning,) = warnings(caplog)
    assert "(NOT_FOUND: Resource not found: " in warning
    assert "Create it, or correct [spanner_lro] wake_subscription." in warning


@pytest.mark.usefixtures("listening")
async def test_quiet_stream_is_known_to_be_back(
    double: PubSubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that brings nothing, and no error, is open: that is told after a warning as well."""
    caplog.set_level(logging.INFO)
    double.refuse("StreamingPull", grpc.StatusCode.PERMISSION_DENIED)
    double.break_streams()
    await until(lambda: warnings(caplog))

    double.allow("StreamingPull")

    await until(lambda: "Wake-ups are back" in caplog.text)


@pytest.mark.usefixtures("listening")
async def test_broken_stream_is_opened_again(
    double: PubSubDouble, poller: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Pub/Sub ends every stream now and then: the next one is opened without a word."""
    await break_often(double, poller, times=3)

    assert [] == warnings(caplog)
    assert 0 == poller.lost


@pytest.mark.usefixtures("listening")
async def test_pubsub_that_restarts(
    double: PubSubDouble, poller: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """While nobody answers there is one warning, and afterwards entries arrive again."""
    await until(lambda: double.streams(SUBSCRIPTION))
    await asyncio.to_thread(double.stop)
    await until(lambda: warnings(caplog))

    again = PubSubDouble(port=double.port)
    again.create_subscription(SUBSCRIPTION, topic=TOPIC)
    again.start()
    again.publish(TOPIC, entry())
    await until(lambda: poller.woken)
    again.stop()

    (warning,) = warnings(caplog)
    assert "(UNAVAILABLE: " in warning


@pytest.mark.usefixtures("listening")
async def test_second_trouble_is_told_as_well(
    double: PubSubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has put one thing right hears of the next."""
    double.refuse("StreamingPull", grpc.StatusCode.NOT_FOUND)
    double.break_streams(grpc.StatusCode.NOT_FOUND)
    await until(lambda: warnings(caplog))

    double.refuse("StreamingPull", grpc.StatusCode.PERMISSION_DENIED)
    await until(lambda: len(warnings(caplog)) == 2)

    assert "PERMISSION_DENIED" in warnings(caplog)[1]


async def test_no_emulator_in_production(
    double: PubSubDouble,
    poller: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where no emulator is allowed, a leftover variable is told, and nothing is asked there."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__ALLOW_EMULATOR", "False")
    heard = WakeUps(lambda: [poller])

    heard.start()
    await until(lambda: warnings(caplog))
    heard.stop()

    (warning,) = warnings(caplog)
    assert "PUBSUB_EMULATOR_HOST names" in warning
    assert [] == double.calls


async def test_connection_that_does_not_exist(
    double: PubSubDouble,
    poller: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A connection that is missing is told once, and read again until it is there."""
    del double
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST")
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_CONNECTION", "nobody")
    heard = WakeUps(lambda: [poller])

    heard.start()
    await until(lambda: poller.lost >= 3)
    heard.stop()

    (warning,) = warnings(caplog)
    assert "gcp_conn_id='nobody': there is no such connection" in warning


@pytest.mark.parametrize("subscription", ["", " "])
async def test_without_a_subscription_nothing_runs(
    double: PubSubDouble,
    poller: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    subscription: str,
) -> None:
    """By default nobody listens: no task, no client, no call."""
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION", subscription)
    before = asyncio.all_tasks()

    WakeUps(lambda: [poller]).start()

    assert before == asyncio.all_tasks()
    assert [] == double.calls


async def test_nothing_stays_behind(double: PubSubDouble, poller: Recorder) -> None:
    """One stream however often it is started; when it is stopped, no stream and no task is left."""
    before = asyncio.all_tasks()
    heard = WakeUps(lambda: [poller])
    heard.start()
    heard.start()
    await until(lambda: double.streams(SUBSCRIPTION))

    heard.stop()
    await until(lambda: not double.streams(SUBSCRIPTION))
    await until(lambda: asyncio.all_tasks() == before)

    assert 1 == double.calls.count("StreamingPull")


async def test_it_can_be_started_again(double: PubSubDouble, poller: Recorder) -> None:
    """When something waits again, it is listened to again."""
    heard = WakeUps(lambda: [poller])
    heard.start()
    await until(lambda: double.streams(SUBSCRIPTION))
    heard.stop()
    await until(lambda: not double.streams(SUBSCRIPTION))

    heard.start()
    double.publish(TOPIC, entry())
    await until(lambda: poller.woken)

    heard.stop()


def test_loop_that_ends(double: PubSubDouble, poller: Recorder) -> None:
    """A loop that ends takes the stream along, though nobody stops it, and no thread stays."""

    async def listen() -> None:
        WakeUps(lambda: [poller]).start()
        await until(lambda: double.streams(SUBSCRIPTION))

    asyncio.run(listen())
    threads = threading.active_count()
    for _ in range(3):
        asyncio.run(listen())

    double.wait_until(lambda: not double.streams(SUBSCRIPTION))
    double.wait_until(lambda: threading.active_count() <= threads)
